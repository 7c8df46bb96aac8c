"""``mtasts local languages``: hosts for YAML, TypeScript and Go, and generators of SDKs.

Only an engine that was built from source needs them; others have their own. They are built once,
and only on request, because a stack of this repository needs none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.localcloud.cached_builds import go_build, kept, progress
from mtasts.localcloud.engine import BUILT_VERSION, MODULE, cache_folder
from mtasts.localcloud.languages.names import EXEC_SCRIPT, GENERATOR
from mtasts.localcloud.lifecycle import link, write_script

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mtasts.localcloud.engine import Engine

# The version that `yaml_module/go.mod` requires.
YAML_VERSION = "1.25.0"
_YAML_MODULE = MODULE.with_name("yaml_module")
_YAML = "pulumi-language-yaml"
_GENERATOR = "generate_sdk"
_HOSTS = ("python", "nodejs", "go")


def build(environment: Mapping[str, str], say: Callable[[str], None]) -> Path:
    """The cache folder with Pulumi's host for YAML and the generators, built with Go if missing.

    ``say`` gets lines of progress.

    Raises:
        BuildError: there is no Go on PATH, or a build fails.
    """

    def make(target: Path) -> None:
        with progress(say, f"building Pulumi's YAML host {YAML_VERSION} and generators (once)"):
            package = f"github.com/pulumi/pulumi-yaml/cmd/{_YAML}"
            go_build(environment, _YAML_MODULE, package, target / _YAML)
            go_build(environment, MODULE, f"./{_GENERATOR}", target / _GENERATOR)

    name = f"languages-{BUILT_VERSION}-{YAML_VERSION}"
    return kept(cache_folder(environment) / name, _GENERATOR, make)


def install(
    binaries: Path, engine: Engine, environment: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Put the hosts into ``binaries``, the folder of the engine, unless it has its own hosts.

    Raises:
        BuildError: there is no Go on PATH, or a build fails.
    """
    if engine.exec_script is None:
        return
    built = build(environment, say)
    # The host for YAML starts plugins itself, and looks for their hosts in its own folder.
    (binaries / _YAML).unlink(missing_ok=True)
    link(built / _YAML, binaries / _YAML)
    variables = {EXEC_SCRIPT: str(engine.exec_script), GENERATOR: str(built / _GENERATOR)}
    for language in _HOSTS:
        module = f"mtasts.localcloud.languages.{language}"
        write_script(binaries / f"pulumi-language-{language}", module, variables)
