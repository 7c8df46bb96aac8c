"""A Go program and the engine share what Go has built, so that a first run need not build it."""

from __future__ import annotations

import re

from pages import ROOT

ENGINE = ROOT / "mtasts" / "localcloud" / "engine_module" / "go.mod"
EXAMPLE = ROOT / "examples" / "go" / "go.mod"
_REQUIRED = re.compile(r"^\s(?P<module>[a-z]\S+) (?P<version>v\S+)", re.MULTILINE)


def test_the_example_has_each_module_in_the_engines_version() -> None:
    engine, example = (
        {found["module"]: found["version"] for found in _REQUIRED.finditer(file.read_text())}
        for file in (ENGINE, EXAMPLE)
    )
    shared = engine.keys() & example.keys()
    assert "google.golang.org/grpc" in shared
    assert {each: example[each] for each in shared} == {each: engine[each] for each in shared}
