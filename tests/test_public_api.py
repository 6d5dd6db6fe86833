"""The public names, pinned: adding or removing one is a decision, not an accident."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import nowake as nw

NAMES = [
    "Day",
    "Estimate",
    "Fit",
    "Instrument",
    "Latency",
    "Limits",
    "MarketState",
    "NowakeError",
    "ParentOrder",
    "Patience",
    "Plan",
    "Recalibration",
    "Replay",
    "Report",
    "Run",
    "Session",
    "Side",
    "VolumeCurve",
    "__version__",
    "algos",
    "curves",
    "demo",
    "discover",
    "estimate",
    "fills",
    "fit",
    "flow",
    "load_basket",
    "load_day",
    "load_orders",
    "models",
    "plan",
    "plan_basket",
    "recalibrate",
    "replay",
    "report",
    "schedules",
    "sim",
    "simulate",
    "tape",
]


def test_the_public_names_are_these_and_each_of_them_is_there() -> None:
    assert nw.__all__ == NAMES
    assert dir(nw) == NAMES
    for name in NAMES:
        assert getattr(nw, name) is not None


def test_every_algorithm_and_schedule_is_where_the_readme_says() -> None:
    assert nw.algos.__all__ == [
        "Adaptive",
        "Algorithm",
        "Follow",
        "Iceberg",
        "Participate",
        "Post",
        "Shortfall",
        "Twap",
        "Vwap",
    ]
    assert {"AlmgrenChriss", "Twap", "Vwap"} <= set(nw.schedules.__all__)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(AttributeError, match="offers Day, Estimate"):
        nw.backtest  # noqa: B018


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
    assert nw.__version__ == project["project"]["version"]


def test_importing_nowake_loads_nothing_heavy() -> None:
    heavy = ("numpy", "numba", "llvmlite", "polars", "pandas", "matplotlib", "rich", "jinja2", "exchange_calendars")
    code = f"import sys, nowake; print([name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
