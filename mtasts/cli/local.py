"""``mtasts local``: the embedded local cloud, for hand use."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from argparse import REMAINDER
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.output import Exit, Help
from mtasts.cli.paths import existing, writable
from mtasts.errors import UsageError
from mtasts.extras import require
from mtasts.findings import printable

# The one crossing from the library to the local cloud; this module is loaded for its command only.
from mtasts.localcloud.downloads import SUMS, install_plugins, read_sums
from mtasts.localcloud.engine import find
from mtasts.localcloud.languages.toolchain import install
from mtasts.localcloud.lifecycle import PROVIDERS, environment, running, start, status, stop
from mtasts.localcloud.project import make_stacks
from mtasts.localcloud.shell import enter, leave, outside

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace, _SubParsersAction
    from typing import TypeAlias

    from mtasts.cli.outside import Outside
    from mtasts.localcloud.cloud import Cloud

    _Verbs: TypeAlias = _SubParsersAction[ArgumentParser]

DIRECTORY = Path(".local/cloud")
_STACKS = Path("stacks")


def configure(parser: ArgumentParser) -> None:
    """Add the verbs."""
    parser.epilog = 'example: mtasts local up && eval "$(mtasts local env)" && pulumi up -s NAME'
    verbs: _Verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_engine(verbs)
    _add_cloud(verbs)
    _add_programs(verbs)
    _add_lab(verbs)


def _add_engine(verbs: _Verbs) -> None:
    """The verbs that get an engine and its plugins."""
    engine = _verb(
        verbs,
        "engine",
        "find, download or build the Pulumi engine, and print where it is",
        "MTASTS_ENGINE=build mtasts local engine",
    )
    _add_format(engine)
    plugins = _verb(
        verbs,
        "plugins",
        "install the real providers' plugins, after a check of their sha256 sums",
        "mtasts local plugins aws",
        "Have the pulumi on PATH install the plugins of the real providers, for runs against a "
        "real account. A plugin is refused if its sha256 sum is not the one in "
        "mtasts/localcloud/downloads.sums.",
    )
    plugins.add_argument(
        "providers", metavar="PROVIDER", nargs="*", help="aws or cloudflare (without: both)"
    )
    plugins.add_argument(
        "--sums",
        type=Path,
        default=SUMS,
        metavar="FILE",
        help="a file with your own sha256 sums, in place of the package's",
    )


def _add_cloud(verbs: _Verbs) -> None:
    """The verbs that start, show and stop a local cloud."""
    up = _verb(verbs, "up", "start an empty local cloud in the background", "mtasts local up")
    _add_directory(up)
    up.add_argument(
        "--stacks",
        type=Path,
        metavar="DIR",
        help=f"folder of the stack files; the cloud gets their zones and MX hosts ({_STACKS})",
    )
    _add_format(up)
    status = _verb(
        verbs,
        "status",
        "print whether a local cloud runs, and its addresses",
        "mtasts local status",
    )
    _add_directory(status)
    _add_format(status)
    down = "stop a local cloud; everything in it is deleted"
    _add_directory(_verb(verbs, "down", down, "mtasts local down"))


def _add_programs(verbs: _Verbs) -> None:
    """The verbs for programs that run against a local cloud."""
    languages = _verb(
        verbs,
        "languages",
        "install what programs in YAML, TypeScript and Go need (mtasts docs localcloud)",
        "mtasts local languages",
    )
    _add_directory(languages)
    _verb(
        verbs,
        "preview",
        "preview every stack against a new local cloud, as Markdown; needs no credentials",
        "mtasts local preview",
    )
    env = _verb(
        verbs,
        "env",
        "print the variables that point a shell to the local cloud (sh, bash, zsh)",
        'eval "$(mtasts local env)"',
    )
    _add_directory(env)
    env.add_argument(
        "--unset",
        action="store_true",
        help="print what restores the variables that the shell had before",
    )


def _add_lab(verbs: _Verbs) -> None:
    """The verb that runs a command against a lab."""
    lab = _verb(
        verbs,
        "lab",
        "run a command against a lab of broken domains; without a command, list the domains",
        "mtasts local lab mtasts check host-redirect.lab.example",
        "Run a command against a lab of broken domains. Without a command, list the domains.",
    )
    lab.add_argument("command_words", metavar="COMMAND", nargs=REMAINDER)


def _verb(
    verbs: _Verbs, name: str, help_line: str, example: str, description: str = ""
) -> ArgumentParser:
    """The parser of a verb; without a ``description``, ``help_line`` is that as well."""
    return verbs.add_parser(
        name,
        help=help_line,
        description=description or help_line,
        epilog=f"example: {example}",
        formatter_class=Help,
    )


def _add_directory(verb: ArgumentParser) -> None:
    verb.add_argument(
        "--directory",
        type=Path,
        default=DIRECTORY,
        metavar="DIR",
        help=f"the folder of the local cloud; each folder can have one ({DIRECTORY})",
    )


def _add_format(verb: ArgumentParser) -> None:
    verb.add_argument("--format", choices=("text", "json"), default="text")


def _say(text: str) -> None:
    sys.stderr.write(f"local: {text}\n")
    sys.stderr.flush()


def run(arguments: Namespace, _: Outside) -> int:
    """Run the verb."""
    verbs = {
        "engine": _engine,
        "up": _up,
        "status": _status,
        "down": _down,
        "env": _env,
        "lab": _lab,
        "languages": _languages,
        "plugins": _plugins,
        "preview": _preview,
    }
    return verbs[arguments.verb](arguments)


def _engine(arguments: Namespace) -> int:
    found = find(os.environ, _say)
    row = {"binary": str(found.binary), "version": found.version, "source": found.source}
    if arguments.format == "json":
        sys.stdout.write(json.dumps(row) + "\n")
    else:
        sys.stdout.write(f"engine: Pulumi {found.version} ({found.source}) at {found.binary}\n")
    return Exit.GOOD


def _up(arguments: Namespace) -> int:
    require("local")
    stacks, directory = _stacks(arguments.stacks), writable(arguments.directory)
    cloud = start(directory, find(os.environ, _say), stacks=stacks, with_parent=False, say=_say)
    made = make_stacks(environment(cloud, os.environ), stacks) if stacks else []
    if arguments.format == "json":
        sys.stdout.write(json.dumps(_row(cloud) | {"stacks": made}) + "\n")
        return Exit.GOOD
    quoted = shlex.quote(str(arguments.directory))
    own = "" if arguments.directory == DIRECTORY else f" --directory {quoted}"
    steps = [f'eval "$(mtasts local env{own})"']
    steps += [f"pulumi up -s {made[0]}"] if made else []
    steps += [f"mtasts local down{own}"]
    sys.stdout.write(_describe(cloud) + "\nnext:\n" + "".join(f"  {step}\n" for step in steps))
    return Exit.GOOD


def _stacks(given: Path | None) -> Path | None:
    """The folder of the stack files; None for a program of one's own, which has no such files.

    Raises:
        UsageError: there is no such folder.
    """
    if given is None and Path("Pulumi.yaml").exists() and not _STACKS.exists():
        return None
    return existing(given or _STACKS)


def _status(arguments: Namespace) -> int:
    """Exit code 1 where none runs, 3 where one runs and gives no answer."""
    found = status(arguments.directory)
    state = "running" if found.healthy else "silent" if found.cloud else "down"
    if arguments.format == "json":
        row = {} if found.cloud is None else _row(found.cloud)
        sys.stdout.write(json.dumps({"state": state} | row) + "\n")
    elif found.cloud is None:
        sys.stdout.write(
            f"no local cloud runs in {found.directory}: start one with mtasts local up\n"
        )
    else:
        sys.stdout.write(_describe(found.cloud))
        if not found.healthy:
            sys.stdout.write("it gives no answer: run mtasts local down, then mtasts local up\n")
    return {"running": Exit.GOOD, "silent": Exit.UNDETERMINED, "down": Exit.FINDINGS}[state]


def _down(arguments: Namespace) -> int:
    stop(arguments.directory)
    sys.stdout.write(
        f"the local cloud in {arguments.directory.absolute()} is stopped and deleted\n"
    )
    return Exit.GOOD


def _env(arguments: Namespace) -> int:
    if arguments.unset:
        sys.stdout.write(leave(os.environ))
    else:
        sys.stdout.write(enter(running(arguments.directory), os.environ))
    return Exit.GOOD


def _languages(arguments: Namespace) -> int:
    cloud = running(arguments.directory)
    install(cloud.bin, find(os.environ, _say), os.environ, _say)
    sys.stdout.write(
        f"programs in Python, YAML, TypeScript and Go run in the local cloud in {cloud.directory}\n"
    )
    return Exit.GOOD


def _lab(arguments: Namespace) -> int:
    """Run a command inside the lab, or list its domains; the exit code.

    Raises:
        UsageError: there is no such command.
    """
    require("local")
    from mtasts.localcloud.lab.running import run_inside
    from mtasts.localcloud.lab.setups import setups

    words = arguments.command_words
    if words and shutil.which(words[0]) is None:
        raise UsageError(f"{words[0]}: there is no such command")
    if words:
        return run_inside(words, outside(os.environ))
    sys.stdout.write("".join(f"{each.domain}\n" for each in setups()))
    return Exit.GOOD


def _plugins(arguments: Namespace) -> int:
    """Install the plugins of the providers, each held to its sum; the exit code.

    Raises:
        UsageError: there is no engine on PATH, or no such provider.
    """
    wanted = {each: PROVIDERS.get(each, "") for each in arguments.providers or PROVIDERS}
    if unknown := [each for each, version in wanted.items() if not version]:
        names = ", ".join(map(repr, map(printable, unknown)))
        raise UsageError(f"{names}: no such provider; write {' or '.join(PROVIDERS)}")
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise UsageError(
            "there is no pulumi on PATH: install the Pulumi CLI, or use mtasts local engine"
        )
    for each in install_plugins(pulumi, wanted, sums=_sums(arguments.sums)):
        sys.stdout.write(f"installed {each}; its sha256 sum is the pinned one\n")
    return Exit.GOOD


def _sums(file: Path) -> dict[str, str]:
    """The pinned sums of a file, by name.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return read_sums(file.read_text("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


def _preview(_: Namespace) -> int:
    require("local")
    from mtasts.localcloud.previews import preview_all

    existing(_STACKS)
    return preview_all()


def _row(cloud: Cloud) -> dict[str, object]:
    """A local cloud as JSON values."""
    return {
        "directory": str(cloud.directory),
        "pid": cloud.pid,
        "aws": cloud.aws,
        "dns": cloud.dns,
        "edgePort": cloud.edge_port,
        "ipv6": cloud.ipv6,
        "control": cloud.control,
        "mail": cloud.mail,
        "caFile": str(cloud.ca_file),
        "backend": cloud.backend,
    }


def _describe(cloud: Cloud) -> str:
    edge = f"127.0.0.1:{cloud.edge_port}"
    edge += f" and [::1]:{cloud.edge_port}" if cloud.ipv6 else " (no IPv6: this machine has none)"
    lines = [
        f"a local cloud runs in {cloud.directory} (process {cloud.pid})",
        f"  AWS      {cloud.aws}, account {cloud.account}",
        f"  DNS      {cloud.dns}",
        f"  HTTPS    {edge}",
        f"  mail     {len(cloud.mail)} hosts on 127.0.0.1",
        f"  control  {cloud.control}",
        f"  roots    {cloud.ca_file}",
    ]
    return "".join(f"{line}\n" for line in lines)
