"""A project of one's own: what lies beside its stack files, as ``mtasts init`` writes it."""

from __future__ import annotations

from mtasts import __version__
from mtasts.templating import render, verbatim

SETTINGS = "Pulumi.yaml"
REQUIREMENTS = "requirements.txt"
# Where the engine looks for the program's Python, from the project's folder.
VIRTUALENV = ".venv"


def project_files(*, cloudflare: bool, virtualenv: str = VIRTUALENV) -> dict[str, bytes]:
    """Every file of a new project by its path, stack files excepted.

    With ``cloudflare`` the requirements name the extra that a stack at Cloudflare needs.
    ``virtualenv`` is the virtual environment that runs it, absolute or from the project's folder.
    """
    settings = render("project/Pulumi.yaml", virtualenv=virtualenv)
    return {
        SETTINGS: settings.encode(),
        "__main__.py": verbatim("project/program"),
        REQUIREMENTS: f"{requirement('cloudflare' if cloudflare else '')}\n".encode(),
        "requirements.lock": verbatim("project/requirements.lock"),
        "downloads.sums": _sums(),
        ".gitignore": verbatim("project/gitignore"),
        ".github/workflows/checks.yml": verbatim("project/checks.yml"),
        ".github/workflows/stacks.yml": verbatim("project/stacks.yml"),
        "evidence/.gitkeep": b"",
    }


def _sums() -> bytes:
    """The sums that this release pins: the project reviews, and extends, a copy of its own."""
    from importlib.resources import files  # 15 ms

    return (files("mtasts") / "localcloud" / "downloads.sums").read_bytes()


def requirement(extra: str = "") -> str:
    """This version of the package as pip installs it, with an extra or without."""
    return f"mtasts[{extra}]=={__version__}" if extra else f"mtasts=={__version__}"
