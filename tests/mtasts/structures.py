"""What a reader of each language makes of a text: its structure, without the values in it."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import yaml
from markdown_it import MarkdownIt

from mtasts.rulings import Ruling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# What GitHub makes links of without any markup, in the source; and mentions, in the page.
_LINK = re.compile(r"(?i)://|www\.")
_MENTION = re.compile(r"(?<!\w)[@#]\w")
# Where it makes none: code, tags and comments, the target of a link.
_CODE = re.compile(r"(?ms)^(`{3,}).*?^\1$|`[^`]*`|<[^>]*>|(?<=\])\([^)]*\)")
_LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*')


def poisoned(value: Any, text: str) -> Any:
    """``value`` with ``text`` for every text in it, however deep; words of an enum stay."""
    if type(value) is str:
        return text
    if type(value) in (tuple, list):
        return type(value)(poisoned(each, text) for each in value)
    if type(value) is dict:
        return {key: poisoned(each, text) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        # A ruling's id is one of a table, or there is no ruling.
        known = {"id"} if isinstance(value, Ruling) else set()
        names = [each.name for each in fields(value) if each.init and each.name not in known]
        return replace(value, **{name: poisoned(getattr(value, name), text) for name in names})
    return value


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(f"{tag} {' '.join(name for name, _ in attrs)}")
        assert not [name for name, _ in attrs if name.startswith("on")]
        assert not any((value or "").startswith("javascript:") for _, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        assert ">" not in data
        self.found.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.found.append(decl)

    def unknown_decl(self, data: str) -> None:
        self.found.append(data)

    def handle_pi(self, data: str) -> None:
        self.found.append(data)


def of_markup(text: str) -> list[str]:
    """Tags, names of attributes, comments."""
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text)
    tags = _Tags()
    tags.feed(text)
    tags.close()
    return tags.found


def of_markdown(text: str) -> list[str]:
    """Blocks and what is in them; a piece of HTML as the tags in it."""
    found = []
    for token in _flat(_MARKDOWN.parse(text)):
        if token.type in ("html_inline", "html_block"):
            found += [each for each in of_markup(token.content) if token.content != "<!-- -->"]
        elif token.type == "code_inline":
            found += ["code ", "/code"]
        elif not token.type.startswith("text"):
            found.append(f"{token.type} {token.info}")
        else:
            assert not _MENTION.search(token.content)
    assert not _LINK.search(_CODE.sub("", text))
    return found


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.type == "inline":
            yield from _flat(token.children or [])
        else:
            yield token


def of_javascript(text: str) -> str:
    """All but what is in literals and comments."""
    return _LITERAL.sub(lambda found: '""' if found[0][0] == '"' else "//", text)


def of_yaml(text: str) -> Any:
    """Lists and maps, all texts made one."""
    return poisoned(yaml.safe_load(text), "")


STRUCTURES: dict[str, Callable[[str], Any]] = {
    "html": of_markup,
    "js": of_javascript,
    "md": of_markdown,
    "svg": of_markup,
    "yaml": of_yaml,
}
"""By the language of a template."""
