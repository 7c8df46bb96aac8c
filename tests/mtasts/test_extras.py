"""What is said where an extra is not installed: one line, with the command that installs it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mtasts import __version__
from mtasts.extras import MODULES, MissingExtraError, missing_extra, require

ROOT = Path(__file__).parents[2]
# Takes the modules of one extra out of reach, as where it is not installed.
ABSENT = """
import sys
from mtasts.extras import MODULES

class Without:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        is_gone = name.partition(".")[0] in MODULES[sys.argv[1]]
        return None if is_gone else self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Without, sys.meta_path)
"""
# Runs each line of its input as a command.
WITHOUT = """
import contextlib, io, json, shlex
from mtasts.cli.main import COMMANDS, main
told = {}
for line in [*(f"{name} --help" for name in COMMANDS), *sys.argv[2:]]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = int(main(shlex.split(line)))
        except SystemExit as end:
            code = end.code
    told[line] = (code, out.getvalue(), err.getvalue())
print(json.dumps(told))
"""
# What a program of a stack at Cloudflare loads, without that extra.
AT_CLOUDFLARE = """
import types
from mtasts.components.clouds import load_components
from mtasts.errors import MtaStsError
try:
    load_components(types.SimpleNamespace(accounts=["cloudflare"]))
except MtaStsError as error:
    print(f"mtasts: {error}")
"""
# Commands that cannot do their work without an extra, as somebody would type them.
NEEDING = {
    "local": ("demo", "local up", "local lab", "local lab mtasts check a.example"),
    "reports": ("demo", "reports pull --from .", "reports sql summary --dialect spark"),
}


def one_line(extra: str) -> re.Pattern[str]:
    command = rf"\S+ -m pip install 'mtasts\[{extra}\]=={re.escape(__version__)}'"
    what = rf"this needs the extra {extra}, which is not installed \(no module \w+\)"
    return re.compile(rf"mtasts: {what}: {command}\n")


@pytest.mark.parametrize("extra", MODULES)
def test_every_command_without_an_extra_works_or_says_what_to_install(
    extra: str, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", ABSENT + WITHOUT, extra, *NEEDING.get(extra, ())]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path)
    told = json.loads(ran.stdout)
    for line, (code, out, err) in told.items():
        if code == 0:
            assert "example: " in out or "example:\n" in out, line
        else:
            assert code == 2, line
            assert (out, bool(one_line(extra).fullmatch(err))) == ("", True), f"{line}: {err}"
    assert {told[line][0] for line in NEEDING.get(extra, ())} <= {2}
    assert list(tmp_path.iterdir()) == []


def test_a_program_at_cloudflare_without_its_extra_says_what_to_install() -> None:
    words = [sys.executable, "-c", ABSENT + AT_CLOUDFLARE, "cloudflare"]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)
    assert one_line("cloudflare").fullmatch(ran.stdout), ran.stdout


def test_a_module_that_no_extra_brings_is_a_mistake_of_this_program() -> None:
    assert missing_extra(ModuleNotFoundError("no mtasts.absent", name="mtasts.absent")) is None
    assert missing_extra(ModuleNotFoundError("nothing")) is None
    found = missing_extra(ModuleNotFoundError("no", name="moto.server"))
    assert found is not None
    assert (found.extra, "(no module moto)" in str(found)) == ("local", True)


def test_an_extra_is_required_without_being_imported() -> None:
    require("local")
    with pytest.raises(MissingExtraError, match=r"extra reports, .* \(no module imap_tools\)"):
        require("reports", lambda name: None if name == "imap_tools" else name)


def test_the_modules_are_those_of_the_extras_packages() -> None:
    """What the package says of its extras; Pulumi itself brings grpcio and protobuf."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = declared["optional-dependencies"]
    assert extras["all"] == [f"mtasts[{','.join(sorted(MODULES))}]"]
    assert set(extras) - {"all", "dev"} == set(MODULES)
    brought = {Requirement(each).name for each in requires("pulumi") or ()}
    of_module = packages_distributions()
    for extra, modules in MODULES.items():
        packages = {Requirement(each).name for each in extras[extra]} - brought
        assert {canonicalize_name(of_module[module][0]) for module in modules} == packages
