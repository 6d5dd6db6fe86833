"""Every example runs offline, prints something, and stays short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


def test_there_is_an_example_for_every_verb_there_is() -> None:
    names = [
        "discover",
        "estimate",
        "estimate_list",
        "fills",
        "fit",
        "flow",
        "fuse",
        "latency",
        "plan",
        "plan_basket",
        "replay",
        "report",
        "simulate",
        "sweep_quotes",
        "tape",
        "volume_forecast",
    ]
    assert [path.stem for path in EXAMPLES] == names


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_is_short(path: Path, tmp_path: Path) -> None:
    result = subprocess.run([sys.executable, str(path)], check=False, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) >= 5
    assert len(path.read_text().splitlines()) <= 60
