"""The files of a new project other than stack files, as ``mtasts init`` writes them."""

from __future__ import annotations

from mtasts import __version__
from mtasts.templating import render, verbatim

SETTINGS = "Pulumi.yaml"
REQUIREMENTS = "requirements.txt"
# The folder of the virtual environment that runs the program, relative to the project.
VIRTUALENV = ".venv"


def project_files(*, cloudflare: bool, virtualenv: str = VIRTUALENV) -> dict[str, bytes]:
    """The files of a new project by path, without stack files.

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
    """The sums that this release pins; the project reviews its copy and may add to it."""
    from importlib.resources import files  # 15 ms

    return (files("mtasts") / "localcloud" / "downloads.sums").read_bytes()


def requirement(extra: str = "") -> str:
    """The line of a requirements file that pins this version of the package."""
    return f"mtasts[{extra}]=={__version__}" if extra else f"mtasts=={__version__}"
