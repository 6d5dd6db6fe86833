"""A simulated world that fits engine.ports, and a matching engine that runs by itself.

Names are loaded on first use, so importing the room costs nothing."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nowake.sim.matching import MatchingEngine, match

_HOMES = {"MatchingEngine": "matching", "match": "matching"}

__all__ = ["MatchingEngine", "match"]


def __getattr__(name: str) -> Any:
    """Load a public name from its file on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nowake.sim' has no attribute {name!r}; it offers {', '.join(__all__)}")
    value = getattr(importlib.import_module(f"nowake.sim.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
