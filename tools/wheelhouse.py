"""Collect the wheels for an install without a network, and test that they are enough.

``python tools/wheelhouse.py FOLDER`` (``make wheelhouse``) downloads the packages that
``requirements.lock`` pins, checks their sums, builds the wheel of this checkout, and writes
``SHA256SUMS``. The wheels are for the system and the Python version of this machine.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
SUMS = "SHA256SUMS"
# The extras whose packages are in the lock file.
EXTRAS = "cloudflare,policypack"


def collect(folder: Path) -> Path:
    """Fill ``folder`` with wheels; returns the path of this checkout's own wheel."""
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, "--wheel-dir", str(folder), "--requirement", str(LOCK)], check=True)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    (own,) = folder.glob("mtasts-*.whl")
    rows = (
        f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n"
        for each in sorted(folder.glob("*.whl"))
    )
    (folder / SUMS).write_text("".join(rows))
    return own


def prove(folder: Path, own: Path) -> str:
    """Install from ``folder`` alone into a new environment and use it; returns its version."""
    with tempfile.TemporaryDirectory(prefix="mtasts-") as place:
        venv.create(place, with_pip=True)
        python = Path(place) / "bin" / "python"
        pip = [str(python), "-I", "-m", "pip", "--isolated", "install", "--quiet"]
        pip += ["--no-index", "--no-cache-dir", "--find-links", str(folder)]
        subprocess.run([*pip, f"{own}[{EXTRAS}]"], check=True)
        mtasts = Path(place) / "bin" / "mtasts"
        for words in (
            ("init", "a", "--domain", "a.example", "--mx", "mx.a.example", "--offline"),
            ("lint", "stack", "stacks/Pulumi.a.yaml"),
            ("docs", "air-gapped"),
        ):
            subprocess.run([str(mtasts), *words], check=True, cwd=place, stdout=subprocess.DEVNULL)
        subprocess.run([str(python), "-c", "import mtasts.components.agency"], check=True)
        version = subprocess.check_output([str(mtasts), "--version"], text=True)
    return version.strip()


def main(words: list[str]) -> int:
    """Collect and test; returns the exit code, 2 for wrong arguments."""
    if len(words) != 1:
        sys.stderr.write(__doc__ or "")
        return 2
    folder = Path(words[0]).absolute()
    own = collect(folder)
    version = prove(folder, own)
    wheels = list(folder.glob("*.whl"))
    megabytes = sum(each.stat().st_size for each in wheels) / 1e6
    print(f"{folder}: {len(wheels)} wheels, {megabytes:.0f} MB; installed from it alone: {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
