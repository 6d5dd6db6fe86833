"""Run one benchmark: `python benchmarks/run.py replay_orders`. Builds the environment first, in .bench/<name>.

Needs nothing but the standard library: the environment it builds, from the pinned `requirements.txt`, holds the
peer and what ours needs, never the project's own environment. The last line printed is one JSON object."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NAMES = (
    "replay_orders",
    "replay_levels",
    "cold_start",
    "matching",
    "read_rate",
    "impact_fit",
    "estimate",
    "schedule",
    "vpin",
    "flow",
    "discovery",
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare nowake with a peer, in one run, per CPU-second.")
    parser.add_argument("name", choices=NAMES, help="which comparison")
    arguments, rest = parser.parse_known_args()
    folder = ROOT / ".bench" / arguments.name
    python = build_environment(folder)
    # Ours runs from the tree, not from an installed copy, so that what is measured is what is being edited.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
    command = [str(python), "-m", f"benchmarks.{arguments.name}", "--folder", str(folder), *rest]
    return subprocess.run(command, env=environment, cwd=folder, check=False).returncode


def build_environment(folder: Path) -> Path:
    """The python of an environment that holds `requirements.txt`; built again only when that file changes."""
    requirements = HERE / "requirements.txt"
    environment = folder / "env"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    stamp = folder / "env.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"building {environment} from {requirements.name} ...", flush=True)
    uv = shutil.which("uv")
    if uv:
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(environment)], check=True)
        install = [uv, "pip", "install", "--quiet", "--python", str(python)]
    else:
        venv.create(environment, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", str(requirements)], check=True)
    stamp.write_text(wanted)
    return python


if __name__ == "__main__":
    sys.exit(main())
