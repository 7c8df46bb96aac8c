"""How templates are found, and what they may and may not write."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jinja2 import TemplateAssertionError, UndefinedError

from mtasts import templating
from mtasts.escapes import UnfitValueError
from mtasts.policy import Mode, Policy

if TYPE_CHECKING:
    from jinja2 import Template

ROOT = Path(__file__).parents[2]
RENDER = """
import sys
sys.path.insert(0, sys.argv[1])
import mtasts
from mtasts.policy import Mode, Policy
from mtasts.render.worker import worker_source
from mtasts.templating import folder
assert mtasts.__file__.startswith(sys.argv[1]), mtasts.__file__
assert str(folder()).startswith(sys.argv[1]), folder()
body = Policy(Mode.NONE, 86400).render()
assert worker_source("example.gov", body, 60)
sys.stdout.buffer.write(body)
"""


def test_an_installed_package_has_its_templates_and_pages(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, check=True, cwd=ROOT, capture_output=True)
    (wheel,) = tmp_path.glob("mtasts-*.whl")
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    words = [sys.executable, "-I", "-c", RENDER, str(unpacked)]
    ran = subprocess.run(words, check=True, cwd=tmp_path, capture_output=True)
    assert ran.stdout == Policy(Mode.NONE, 86400).render()
    for name in ("templates", "docs"):
        assert files_below(unpacked / "mtasts" / name) == files_below(ROOT / name)


def files_below(folder: Path) -> set[Path]:
    return {each.relative_to(folder) for each in folder.rglob("*") if each.is_file()}


def of(source: str, language: str = "html") -> Template:
    return templating.environment(language).from_string(source)


@pytest.mark.parametrize(
    "source",
    ["{{ value }}", "{{ value.missing }}", "{% if value %}{% endif %}", "{{ a.value }}"],
)
def test_a_value_that_was_not_given_is_no_empty_text(source: str) -> None:
    with pytest.raises(UndefinedError):
        of(source).render(a={})


@pytest.mark.parametrize("value", [None, True, 1.5, [1], {"a": 1}, b"a", object()])
def test_what_is_neither_text_nor_whole_number_is_refused(value: object) -> None:
    with pytest.raises(UnfitValueError, match="takes texts and whole numbers"):
        of("{{ value }}").render(value=value)


@pytest.mark.parametrize("name", ["safe", "escape", "e", "tojson", "xmlattr", "urlize"])
def test_no_filter_turns_the_escape_off(name: str) -> None:
    with pytest.raises(TemplateAssertionError):
        of(f"{{{{ value | {name} }}}}")


@pytest.mark.parametrize(
    ("source", "expect"),
    [
        pytest.param("{{ value }}{{ 7 * 7 }}", "&lt;b&gt;49", id="value"),
        pytest.param("{% autoescape false %}{{ value }}{% endautoescape %}", "&lt;b&gt;", id="off"),
        pytest.param(
            "{% macro m(x) %}<i>{{ x }}{% endmacro %}{{ m(value) }}", "<i>&lt;b&gt;", id="macro"
        ),
        pytest.param("{% set x %}<i>{{ value }}{% endset %}{{ x }}", "<i>&lt;b&gt;", id="block"),
        pytest.param("{{ [value, value] | join(', ') }}", "&lt;b&gt;, &lt;b&gt;", id="join"),
        pytest.param("{{ value | length }}", "3", id="length"),
    ],
)
def test_a_value_is_escaped_once(source: str, expect: str) -> None:
    assert of(source).render(value="<b>") == expect


def test_a_template_is_compiled_once() -> None:
    assert templating._template("mta-sts.txt") is templating._template("mta-sts.txt")
