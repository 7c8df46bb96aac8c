"""Reads a stack file as the engine does, without trusting its content.

The YAML events are walked here instead of being constructed by PyYAML: that bounds depth and size,
gives each key its line, finds duplicate keys, and leaves numbers and dates to one rule. PyYAML
follows YAML 1.1 and Pulumi's reader mostly 1.2; where the two part (``5:00`` is 300 to one and a
text to the other) a file must not mean different things to `mtasts lint` and to `pulumi up`.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from mtasts.config.credentials import check_secrets_provider
from mtasts.config.fields import PROJECT, FieldError, Unquoted
from mtasts.config.mistakes import Mistake
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Enough for ten thousand domains.
SIZE_LIMIT = 2 * 1024 * 1024
# config > domains > an entry > override is four deep; other programs' keys may nest further.
_DEPTH_LIMIT = 32

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
# A length that every reader holds exactly; longer ones stay texts, and no field accepts them.
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
# What Pulumi's reader turns into a number or a date and hands on in another spelling, observed with
# 3.259.0: 007 as 7, 604_800 as 604800, 1.0 as 1, 2026-01-01 as "2026-01-01 00:00:00 +0000 UTC".
_RESPELT = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\.?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?)"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake and where it was made; ``key`` is empty for the file as a whole."""

    key: str
    error: FieldError
    line: int | None = None


class SourceError(Exception):
    """The file cannot be read as a stack file, so none of its keys can be checked."""

    def __init__(self, problem: Problem) -> None:
        """Keep the reason."""
        self.problem = problem
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Source:
    """The ``config:`` mapping of a stack file, the line of each key path, and misplaced keys.

    ``other_keys`` is what else the file says, such as how its secrets are encrypted.
    """

    values: Mapping[str, object]
    lines: Mapping[str, int]
    problems: tuple[Problem, ...] = ()
    other_keys: Mapping[str, object] = field(default_factory=dict)


def read(path: Path) -> bytes:
    """The bytes of a stack file, at most `SIZE_LIMIT` and one.

    Raises:
        SourceError: the file cannot be read, or is no regular file.
    """
    try:
        # Reading a named pipe would block, and a device may have no end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unreadable("it is no regular file")
        with path.open("rb") as file:
            return file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise _unreadable(error.strerror or type(error).__name__) from error


def parse(raw: bytes) -> Source:
    """Read the text of a stack file.

    Raises:
        SourceError: it cannot be read as one.
    """
    if len(raw) > SIZE_LIMIT:
        raise _refused(
            Mistake.FILE_TOO_LARGE,
            f"the file is larger than {SIZE_LIMIT // 1024} KiB",
            "split the agency into several stacks",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(
            Mistake.FILE_NOT_UTF_8,
            f"byte {error.start} is no UTF-8",
            "save the file as UTF-8",
            line=raw[: error.start].count(b"\n") + 1,
        ) from error
    reader = _Reader()
    try:
        root = reader.document(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error).partition("\n")[0]
        if (tab := _tab_before(text, _line(mark))) is not None:
            raise _refused(
                Mistake.YAML_TAB,
                "the line is indented with a tab, which YAML does not allow",
                "write spaces in place of each tab at the start of a line",
                line=tab,
            ) from error
        raise _refused(
            Mistake.YAML_SYNTAX,
            f"this is no YAML: {printable(reason)}",
            "correct the syntax: indentation, quotes and brackets are the usual causes",
            line=_line(mark),
        ) from error
    if not isinstance(root, dict):
        raise _no_stack_file("the file is no mapping", None)
    values = _config(root, reader)
    other_keys = {key: value for key, value in root.items() if key != "config"}
    return Source(values, _below_config(reader.lines), tuple(reader.problems), other_keys)


def _tab_before(text: str, last: int) -> int | None:
    """The first line up to ``last``, counted from 1, whose indentation has a tab."""
    for number, line in enumerate(text.splitlines()[:last], start=1):
        if "\t" in line[: len(line) - len(line.lstrip())]:
            return number
    return None


def _config(root: dict[str, object], reader: _Reader) -> dict[str, object]:
    """The ``config:`` mapping of the document, its keys spelt with their namespace.

    Raises:
        SourceError: the document has no such mapping.
    """
    config = root.get("config")
    if not isinstance(config, dict):
        raise _no_stack_file("there is no mapping named config", reader.lines.get("config"))
    reader.problems.extend(
        Problem(
            printable(key),
            FieldError(
                Mistake.KEY_OUTSIDE_CONFIG,
                "this key stands outside of config:, where Pulumi ignores it",
                "indent it below config:",
            ),
            reader.lines.get(key),
        )
        for key in root
        if ":" in key
    )
    if (wrong := check_secrets_provider(root.get("secretsprovider"))) is not None:
        line = reader.lines.get("secretsprovider")
        reader.problems.append(Problem("secretsprovider", wrong, line))
    values: dict[str, object] = {}
    for key, value in config.items():
        name = namespaced(key)
        if name in values:
            reader.problems.append(_repeated(name, reader.lines.get(_joined("config", key))))
        values.setdefault(name, value)
    return values


def namespaced(key: str) -> str:
    """The full spelling of a config key: Pulumi also reads ``mode`` and ``mtasts:config:mode``."""
    namespace, colon, name = key.partition(":")
    if not colon:
        return f"{PROJECT}:{key}"
    return f"{namespace}:{name.removeprefix('config:')}"


@dataclass(slots=True)
class _Level:
    """One open mapping or list while the events are walked."""

    path: str
    value: dict[str, object] | list[object]
    key: str | None = None


@dataclass(slots=True)
class _Reader:
    """Builds plain values from YAML events without recursion, and remembers lines."""

    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _open: list[_Level] = field(default_factory=list)
    _root: object = None

    def document(self, text: str) -> object:
        """The one document of ``text``; stops at the first thing no stack file may hold.

        Raises:
            SourceError: the thing that no stack file may hold, with its line.
        """
        documents = 0
        for event in _events(text):
            line = _line(event.start_mark)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _refused(
                        Mistake.YAML_SEVERAL_DOCUMENTS,
                        "a second YAML document begins, which Pulumi ignores",
                        "remove it",
                        line=line,
                    )
            elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
                self._node(event, line)
            elif isinstance(event, yaml.AliasEvent):
                raise _alias(line)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
        return self._root

    def _node(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> None:
        """Take one value, or the begin of a list or mapping.

        Raises:
            SourceError: it is spelled in a way that Pulumi and this reader may take differently.
        """
        if event.anchor is not None:
            raise _alias(line)
        if event.tag is not None:
            raise _refused(
                Mistake.YAML_TAG,
                f"the YAML tag {printable(event.tag)} is not allowed",
                "remove the tag",
                line=line,
            )
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
            return
        if len(self._open) >= _DEPTH_LIMIT:
            raise _refused(
                Mistake.YAML_TOO_DEEP,
                f"the values are nested more than {_DEPTH_LIMIT} deep",
                "use fewer levels",
                line=line,
            )
        value: dict[str, object] | list[object]
        value = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._open.append(_Level(self._place(value, line), value))

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        """Take one plain value, or a key.

        Raises:
            SourceError: it is a merge key.
        """
        level = self._open[-1] if self._open else None
        if level is None or isinstance(level.value, list) or level.key is not None:
            self._place(_resolve(event), line)
            return
        key: str = event.value
        if key == "<<":
            # Pulumi's reader merges what follows into the mapping around it: observed with 3.259.0.
            raise _refused(
                Mistake.YAML_MERGE,
                "the merge key << is not allowed",
                "write the keys in each place",
                line=line,
            )
        path = _joined(level.path, key)
        if key in level.value:
            self.problems.append(_repeated(path, line))
        level.key = key
        self.lines.setdefault(path, line)

    def _place(self, value: object, line: int) -> str:
        """Put ``value`` where the walk stands, and return its path.

        Raises:
            SourceError: a key is a list or a mapping.
        """
        if not self._open:
            self._root = value
            return ""
        level = self._open[-1]
        if isinstance(level.value, list):
            path = f"{level.path}[{len(level.value)}]"
            level.value.append(value)
            self.lines[path] = line
            return path
        if level.key is None:
            raise _refused(
                Mistake.YAML_KEY, "a key is a list or a mapping", "use a text as key", line=line
            )
        path = _joined(level.path, level.key)
        level.value.setdefault(level.key, value)
        level.key = None
        return path


def _events(text: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=_Loader)
    return events


def _resolve(event: yaml.ScalarEvent) -> object:
    """The value of a scalar: null, boolean, a canonical integer, and everything else a text."""
    text: str = event.value
    if event.style:
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        return int(text)
    return Unquoted(text) if _RESPELT.fullmatch(text) else text


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _below_config(lines: Mapping[str, int]) -> dict[str, int]:
    return {
        namespaced(path.removeprefix("config.")): line
        for path, line in lines.items()
        if path.startswith("config.")
    }


def _repeated(path: str, line: int | None) -> Problem:
    error = FieldError(Mistake.KEY_REPEATED, "the key appears a second time", "keep one of the two")
    return Problem(printable(path.removeprefix("config.")), error, line)


def _alias(line: int) -> SourceError:
    return _refused(
        Mistake.YAML_ALIAS,
        "YAML anchors and aliases are not allowed",
        "write the value in each place, as pulumi config set does",
        line=line,
    )


def _line(mark: object) -> int:
    """The line of a YAML mark, counted from 1; 0 where the reader kept none.

    libyaml's marks are of a class of their own, so the attribute is all there is to ask for.
    """
    return int(getattr(mark, "line", -1)) + 1


def _no_stack_file(why: str, line: int | None) -> SourceError:
    fix = "write config: at the start of a line and indent the keys below it"
    return _refused(Mistake.FILE_SHAPE, why, fix, line=line)


def _refused(what: Mistake, summary: str, fix: str, *, line: int | None = None) -> SourceError:
    return SourceError(Problem("", FieldError(what, summary, fix), line))


def _unreadable(why: str) -> SourceError:
    return _refused(
        Mistake.FILE_UNREADABLE,
        f"the file cannot be read: {printable(why)}",
        "give the path of a stack file, or write one with mtasts init",
    )
