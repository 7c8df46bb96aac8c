"""The base class of the stand-ins' resources."""

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


Session = Any  # the session of the resource's cloud; each cloud has its own class


class RefusedError(Exception):
    """The cloud, or the stand-in in its place, refuses a call; nothing was changed.

    ``code`` is the error code; the text is code and message.
    """

    def __init__(self, code: str, message: str) -> None:
        """Make the text from code and message."""
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as the cloud has it, in the inputs and outputs of programs.

    An input is None if the cloud has no value for it, and missing if it cannot be read.
    """

    inputs: Properties
    outputs: Properties = field(default_factory=dict)


class Resource(ABC):
    """A resource type: which inputs it accepts, and the calls for each operation."""

    token: ClassVar[str]
    modelled: ClassVar[Modelled]
    replaces: ClassVar[frozenset[str]]
    """The inputs whose change replaces the resource, as in Pulumi's own provider."""
    computed: ClassVar[tuple[str, ...]] = ()
    """The outputs that the cloud computes."""
    volatile: ClassVar[tuple[str, ...]] = ()
    """The computed outputs that an update changes."""
    reported: ClassVar[frozenset[str]] = frozenset()
    """The inputs for which the cloud chooses and reports a value if the program gives none.
    It is no change if a program begins to give that value, or ceases to give it."""
    sets: ClassVar[frozenset[str]] = frozenset()
    """The inputs that are lists without order."""
    taggable: ClassVar[bool] = False
    """Whether it has tags; Check adds ``tagsAll``, which includes the provider's default tags."""
    auto_name: ClassVar[str] = ""
    """The input for which Check makes a name if the program gives none."""
    auto_name_limit: ClassVar[int] = 64

    def automatic(self, name: str, seed: bytes) -> str:
        """An automatic name for the resource ``name``; the same seed gives the same name."""
        suffix = sha256(seed).hexdigest()[:7]
        return f"{name[: self.auto_name_limit - 8]}-{suffix}"

    def judge(self, inputs: Properties) -> Iterator[Problem]:  # noqa: ARG002 - subclasses use it
        """What is wrong with the values of ``inputs``, which have the schema's types.

        A value may be `UNKNOWN` in a preview.
        """
        return iter(())

    def normalise(self, path: str, value: Any) -> Any:  # any JSON value
        """A value in a form in which two values are equal if they mean the same to the cloud."""
        return as_set(value) if path in self.sets else value

    def foreseen(self, inputs: Properties, session: Session) -> Properties:  # noqa: ARG002 - as above
        """The outputs that a preview can compute from the inputs."""
        return {}

    @abstractmethod
    def create(self, session: Session, inputs: Properties) -> str:
        """Create the resource and return its id.

        Raises:
            RefusedError: the cloud refuses.
        """

    @abstractmethod
    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """The resource as the cloud has it, or None if it does not exist.

        ``inputs`` are those of the state, and empty for an import.
        """

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Change the resource from the inputs ``old`` to ``inputs``.

        Raises:
            RefusedError: the cloud refuses.
            NotImplementedError: every change of this resource type replaces it.
        """
        raise NotImplementedError(f"every input of {self.token} replaces it")

    @abstractmethod
    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the resource; it is no error if it does not exist.

        Raises:
            RefusedError: the cloud refuses.
        """

    def outputs(self, inputs: Properties, live: Live) -> Properties:
        """The state after an operation: the inputs, and the outputs that the cloud reports."""
        state = {name: value for name, value in inputs.items() if not name.startswith("__")}
        return state | live.outputs

    def planned(self, session: Session, inputs: Properties) -> Properties:
        """The state that a preview of a creation shows, with `UNKNOWN` for computed outputs."""
        state = {name: value for name, value in inputs.items() if not name.startswith("__")}
        return dict.fromkeys(self.computed, UNKNOWN) | state | self.foreseen(inputs, session)


def error_code(error: Exception) -> str:
    """The error code of botocore's ``ClientError``, or an empty text for another exception.

    It does not import botocore, which takes 0.2 s.
    """
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
