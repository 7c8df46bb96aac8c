"""A template and values, made into a text in another language (docs/templates.md).

Templates are code that is written in another language: they lie in ``templates/`` at the top of the
repository, to which a link in the package leads. Nothing else of this machine enters a
text. They and Jinja2 are read with the first text, since most commands make none.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.resources.abc import Traversable

    from jinja2 import Environment, Template

SUFFIX = ".j2"
# Of Jinja2's own filters: the others make markup by the rules of HTML, or turn its escape off.
_BUILT_IN = ("join", "length")


class _Written(str):
    """A value as the language of its template spells it, which nothing escapes again."""

    __slots__ = ()

    def __html__(self) -> str:
        """By this method Jinja2 knows it."""
        return self


class Picture(_Written):
    """An SVG that goes into a page unescaped: its maker must have checked every part of it."""

    __slots__ = ()


def render(name: str, /, **values: object) -> str:
    """The text of the template ``name``, such as ``mta-sts.txt``, each value escaped.

    What the name ends in is the language (`mtasts.escapes.ESCAPES`).

    Raises:
        UnfitValueError: a value cannot be written in that language.
        jinja2.UndefinedError: the template uses a value that was not given, which is a mistake of
            this program.
    """
    return _template(name).render(values)


def verbatim(name: str, /) -> bytes:
    """A file of ``templates/`` that takes no values, as it is."""
    return (folder() / name).read_bytes()


def folder() -> Traversable:
    """Where the templates lie in the package."""
    from importlib.resources import files  # 15 ms

    return files("mtasts") / "templates"


@cache
def _template(name: str) -> Template:
    return environment(name.rpartition(".")[2]).get_template(name)


@cache
def environment(language: str) -> Environment:
    """All that is said of one language; its templates cannot turn its escape off."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # 20 to 60 ms

    from mtasts.escapes import ESCAPES, FILTERS

    made = Environment(
        loader=FunctionLoader(_load),
        autoescape=True,
        finalize=partial(_finalize, ESCAPES[language]),
        undefined=StrictUndefined,
        # The lines of a policy end in CRLF (RFC 8461 section 3.2).
        newline_sequence="\r\n" if language == "txt" else "\n",
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    own = FILTERS.get(language, {})
    made.filters = {name: made.filters[name] for name in _BUILT_IN}
    made.filters |= {name: _marked(filter_) for name, filter_ in own.items()}
    return made


def _load(name: str) -> str:
    return (folder() / f"{name}{SUFFIX}").read_text("utf-8")


def _finalize(escape: Callable[[str], str], value: object) -> object:
    """A value as its language spells it; what a macro or a filter has written stays as it is."""
    from mtasts.escapes import UnfitValueError

    if hasattr(value, "__html__"):
        return value
    text = str(value)  # raises where it is undefined
    if isinstance(value, int) and not isinstance(value, bool):
        return _Written(text)
    if not isinstance(value, str):
        raise UnfitValueError(f"a template takes texts and whole numbers, not {value!r}")
    return _Written(escape(text))


def _marked(filter_: Callable[..., str]) -> Callable[..., _Written]:
    return lambda *values: _Written(filter_(*values))
