"""How a value is written in each language that a template has, so that it stays a value there.

Each function takes a value as text and returns it as the template's language spells it. None of
them cuts anything.
"""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from mtasts.errors import MtaStsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Without brackets, parentheses and an exclamation mark mean nothing.
_MARKS = {character: f"&#{ord(character)};" for character in "\\`*{}[]<>|~&"}
# GitHub looks for mentions and references in the page that Markdown has become, where an entity is
# its character again; a comment between keeps the two apart.
_MARKS |= {character: f"&#{ord(character)};<!-- -->" for character in "@#"}
_MARKDOWN = str.maketrans(_MARKS)
# Links that need no markup: the colon of `://` and the dot of `www.`.
_LINK = re.compile(r"(?i)(?<=www)\.|:(?=//)")
# Within a word, an underscore means nothing.
_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
# What begins a list, a rule or a heading where it is the first of a line.
_FIRST = re.compile(r"\A(?:[-+=]|\d+[.)])(?=\s|\Z)|\A[-=]{2,}")
_QUOTED = re.compile("(`{1,2})([^`]+)\\1")
_POLICY = re.compile(r"[A-Za-z0-9*._-]+")
_TICKS = re.compile("`{3,}")
# What every YAML reader takes for text without quotes: host names, region codes, plain words.
_PLAIN_YAML = re.compile(
    r"[a-z][a-z0-9-]*[.-][a-z0-9.-]*[a-z0-9]|(?!(?:yes|off|true|false|null)\b)[a-z]{3,}"
)


class UnfitValueError(MtaStsError):
    """A value cannot be written in the language of a template, which knows no escape for it.

    Nothing was written. The caller has to refuse such a value where it comes in.
    """


def shown(text: str) -> str:
    """``text`` on one line; what cannot be seen is escaped.

    Letters of any language stay, and escapes that somebody else has made are not escaped again.
    """
    lines = text.splitlines()
    line = " ".join(each.strip() for each in lines) if len(lines) > 1 else text.rstrip("\r\n")
    return "".join(each if each.isprintable() else _python_escape(each) for each in line)


def _python_escape(character: str) -> str:
    """A character as Python spells it in a string, such as U+202E by its number."""
    return character.encode("unicode_escape").decode("ascii")


def markup(text: str) -> str:
    """Text that HTML and XML take for nothing else, in an element or a quoted attribute."""
    return html.escape(shown(text))


def markdown(text: str) -> str:
    """Text that Markdown and HTML take for nothing else: no markup, no mention, no link."""
    line = shown(text).strip()
    first = _FIRST.match(line)
    if first is None:
        return _inline(line)
    last = first.end() - 1
    return f"{line[:last]}&#{ord(line[last])};{_inline(line[last + 1 :])}"


def _inline(line: str) -> str:
    """A piece of a line of Markdown that is not the first of it."""
    line = _UNDERSCORE.sub("&#95;", line.translate(_MARKDOWN))
    return _LINK.sub(lambda found: f"&#{ord(found[0])};", line)


def yaml(text: str) -> str:
    """A scalar that YAML reads as this text: plain where that is certain, else double-quoted.

    Half of a surrogate pair stays as it is: it stands for a byte that was no UTF-8, for which YAML
    has no spelling, and no reader takes it.
    """
    if _PLAIN_YAML.fullmatch(text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else _yaml_escape(each) for each in quoted)


def _yaml_escape(character: str) -> str:
    code = ord(character)
    if 0xD800 <= code < 0xE000:
        return character
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def javascript(text: str) -> str:
    """A string literal of JavaScript, in ASCII; it cannot end a script element of HTML either."""
    return json.dumps(text).replace("</", "<\\/")


def policy(text: str) -> str:
    """The value of a line of a policy: a version, a mode or an mx (RFC 8461 section 3.2).

    Raises:
        UnfitValueError: it is empty or holds what none of them has, such as the end of its line.
    """
    if not _POLICY.fullmatch(text):
        raise UnfitValueError(f"no value of a policy (RFC 8461 section 3.2): {text!a}")
    return text


def _code(text: str) -> str:
    """Text as code within a line of Markdown."""
    line = shown(text).strip()
    if line and not re.search("[`|]", line):
        return f"`{line}`"
    return f"<code>{markdown(line)}</code>"


def _target(text: str) -> str:
    """Where a link of Markdown leads: a path, relative to the page."""
    return quote(text, safe="/", errors="replace")


def _prose(text: str) -> str:
    """A sentence of ours; what stands between backticks in it is code."""
    pieces = _QUOTED.split(text)
    # Three pieces for each match: what is before it, its backticks, and the code.
    said = [_inline(shown(each)) for each in pieces[::3]]
    code = [*map(_code, pieces[2::3]), ""]
    return "".join(f"{before}{within}" for before, within in zip(said, code, strict=True))


def _fenced(lines: Iterable[str], language: str = "") -> str:
    """A block of code of Markdown; its fence is longer than any that a line could close it with."""
    block = [shown(line) for line in lines]
    longest = max((len(run) for line in block for run in _TICKS.findall(line)), default=2)
    fence = "`" * (longest + 1)
    return "\n".join((f"{fence}{language}", *block, fence))


ESCAPES: dict[str, Callable[[str], str]] = {
    "css": policy,
    "html": markup,
    "js": javascript,
    "md": markdown,
    "svg": markup,
    "txt": policy,
    "yaml": yaml,
}
"""By the language of a template, which its name ends in: ``mta-sts.txt.j2`` is ``txt``."""

FILTERS: dict[str, dict[str, Callable[..., str]]] = {
    "js": {"comment": shown},
    "md": {
        "code": _code,
        "comment": markup,
        "fenced": _fenced,
        "prose": _prose,
        "target": _target,
    },
    "yaml": {"comment": shown},
}
"""By language: the other forms that a value can take, each by the name that templates call it."""
