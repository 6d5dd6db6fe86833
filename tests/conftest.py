"""What many tests share: where real data are, a generated day made once a process, and no test that asserts a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from nowake.data.day import Day
from nowake.data.generated import generate_day

settings.register_profile("nowake", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nowake")

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--studies", action="store_true", help="run the long simulations too: make studies")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long simulations of known truth (marker `study`) have their own command."""
    if not config.getoption("--studies"):
        studies = [item for item in items if item.get_closest_marker("study")]
        config.hook.pytest_deselected(items=studies)
        items[:] = [item for item in items if item not in set(studies)]


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real market data; tests that need it are skipped, saying so, where it is absent."""
    root = Path(os.environ.get("NOWAKE_DATA") or ROOT / "../shared/data")
    if not root.is_dir():
        pytest.skip(f"no market data at {root}; set NOWAKE_DATA")
    return root


@pytest.fixture(scope="session")
def generated_day() -> Day:
    """A small generated day, the same in every test."""
    return generate_day(seed=3, events=60_000)
