"""What `nowake.sim` offers, each name wherever its file was imported before or not."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from nowake import sim

NAMES = [
    "Backlog",
    "Constant",
    "Draws",
    "Latency",
    "LogProbability",
    "MatchingEngine",
    "PowerProbability",
    "Proportional",
    "RiskAverse",
    "Table",
    "match",
    "queue_score",
    "run_compiled",
    "strategy",
    "sweep",
]


def test_the_names_of_the_room_are_these():
    assert NAMES == sim.__all__ == dir(sim)


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_what_its_file_calls_so_and_no_file_is_called_so(name):
    value = getattr(sim, name)
    assert name == value.__name__
    assert value is getattr(importlib.import_module(value.__module__), name)
    with pytest.raises(ModuleNotFoundError):  # Importing it would put the file in the name's place.
        importlib.import_module(f"nowake.sim.{name}")


def test_a_queue_model_and_a_latency_leg_load_no_numba():
    code = "import sys; from nowake.sim import Backlog, RiskAverse; print('numba' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False" == told.stdout.strip()
