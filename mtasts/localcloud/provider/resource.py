"""What every resource of the stand-in is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.provider.differences import as_set
from mtasts.localcloud.provider.properties import UNKNOWN, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.provider.schema import Modelled, Problem


Session = Any  # what a cloud's resources act with; each cloud has its own


class RefusedError(Exception):
    """A call that the cloud refuses; the text is its error code and message."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code apart from the message."""
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as the cloud holds it: its inputs as programs write them, and its outputs.

    An input is None in ``inputs`` where the cloud holds nothing, and left out where it cannot be
    read.
    """

    inputs: Properties
    outputs: Properties = field(default_factory=dict)


class Resource(ABC):
    """One resource type: what it accepts and the calls behind each operation."""

    token: ClassVar[str]
    modelled: ClassVar[Modelled]
    replaces: ClassVar[frozenset[str]]
    """The inputs whose change means a new resource, as in the real provider."""
    computed: ClassVar[tuple[str, ...]] = ()
    """The outputs that are no inputs."""
    volatile: ClassVar[tuple[str, ...]] = ()
    """The computed outputs that an update changes."""
    reported: ClassVar[frozenset[str]] = frozenset()
    """The inputs that the cloud fills in and reports where the program leaves them out: asking for
    what is there already is no change, nor is asking no more."""
    sets: ClassVar[frozenset[str]] = frozenset()
    """The inputs that are lists in which order means nothing."""
    taggable: ClassVar[bool] = False
    """Whether it takes tags; Check adds ``tagsAll``, those of the provider among them."""
    auto_name: ClassVar[str] = ""
    """The input that Check fills in with a name of its own where the program gives none."""
    auto_name_limit: ClassVar[int] = 64

    def automatic(self, name: str, seed: bytes) -> str:
        """The name for a resource called ``name``; the same seed gives the same name."""
        suffix = sha256(seed).hexdigest()[:7]
        return f"{name[: self.auto_name_limit - 8]}-{suffix}"

    def judge(self, inputs: Properties) -> Iterator[Problem]:  # noqa: ARG002 - subclasses use it
        """What is wrong with the values of well-shaped ``inputs``; they may hold unknowns."""
        return iter(())

    def normalise(self, path: str, value: Any) -> Any:  # any JSON value
        """A value in the form in which equal means the same to the cloud."""
        return as_set(value) if path in self.sets else value

    def foreseen(self, inputs: Properties, session: Session) -> Properties:  # noqa: ARG002 - as above
        """Outputs that a preview can already tell from known inputs."""
        return {}

    @abstractmethod
    def create(self, session: Session, inputs: Properties) -> str:
        """Create the resource and give its id."""

    @abstractmethod
    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """The resource as it is, or None if it is gone; ``inputs`` are empty for an import."""

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Bring the resource from ``old`` inputs to ``inputs``."""
        raise NotImplementedError(f"every input of {self.token} replaces it")

    @abstractmethod
    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the resource; one that is gone already is no error."""

    def outputs(self, inputs: Properties, live: Live) -> Properties:
        """The state after an operation: inputs, and what the cloud reports."""
        state = {name: value for name, value in inputs.items() if not name.startswith("__")}
        return state | live.outputs

    def planned(self, session: Session, inputs: Properties) -> Properties:
        """The state as a preview of a creation shows it."""
        state = {name: value for name, value in inputs.items() if not name.startswith("__")}
        return dict.fromkeys(self.computed, UNKNOWN) | state | self.foreseen(inputs, session)


def error_code(error: Exception) -> str:
    """The code of a botocore error, or an empty text; it needs no import of botocore."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
