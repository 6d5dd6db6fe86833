"""A simulated world that fits engine.ports, a bare matching engine, and strategies compiled into a replay.

Names are loaded on first use, so importing the room costs nothing."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nowake.sim.compiled import run_compiled
    from nowake.sim.latency import Latency
    from nowake.sim.legs import Backlog, Constant, Draws, Table
    from nowake.sim.matching import MatchingEngine, match
    from nowake.sim.queue_models import LogProbability, PowerProbability, Proportional, RiskAverse
    from nowake.sim.queue_scores import queue_score
    from nowake.sim.strategies import strategy
    from nowake.sim.sweeps import sweep

_HOMES = {
    "Backlog": "legs",
    "Constant": "legs",
    "Draws": "legs",
    "Latency": "latency",
    "LogProbability": "queue_models",
    "MatchingEngine": "matching",
    "PowerProbability": "queue_models",
    "Proportional": "queue_models",
    "RiskAverse": "queue_models",
    "Table": "legs",
    "match": "matching",
    "queue_score": "queue_scores",
    "run_compiled": "compiled",
    "strategy": "strategies",
    "sweep": "sweeps",
}

__all__ = [
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


def __getattr__(name: str) -> Any:
    """Load a public name from its file on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nowake.sim' has no attribute {name!r}; it offers {', '.join(__all__)}")
    value = getattr(importlib.import_module(f"nowake.sim.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
