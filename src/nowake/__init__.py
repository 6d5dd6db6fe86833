"""nowake plans, executes and measures large orders so that they leave as little wake in the market as possible.

The verbs, and the nouns they need. Everything is loaded on first use, so importing nowake costs nothing."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nowake.domain.version import VERSION as __version__  # noqa: N811

if TYPE_CHECKING:
    from nowake import algos, models, schedules, sim
    from nowake.data.day import Day
    from nowake.domain.errors import NowakeError
    from nowake.domain.instrument import Instrument, Session
    from nowake.domain.order import ParentOrder
    from nowake.domain.side import Side
    from nowake.engine.gate import Limits
    from nowake.engine.reconcile import Patience
    from nowake.models.market import MarketState
    from nowake.models.volume import VolumeCurve
    from nowake.sim.latency import Latency
    from nowake.verbs.curves import curves
    from nowake.verbs.demo import demo
    from nowake.verbs.discover import discover
    from nowake.verbs.estimate import Estimate, estimate
    from nowake.verbs.fills import fills
    from nowake.verbs.fit import Fit, fit
    from nowake.verbs.flow import flow
    from nowake.verbs.load import load_day
    from nowake.verbs.load_basket import load_basket
    from nowake.verbs.load_orders import load_orders
    from nowake.verbs.plan import Plan, plan
    from nowake.verbs.plan_basket import plan_basket
    from nowake.verbs.recalibrate import Recalibration, recalibrate
    from nowake.verbs.replay import Replay, replay
    from nowake.verbs.report import Report, report
    from nowake.verbs.simulate import Run, simulate
    from nowake.verbs.tape import tape

_HOMES = {
    "Day": "data.day",
    "Estimate": "verbs.estimate",
    "Fit": "verbs.fit",
    "Instrument": "domain.instrument",
    "Latency": "sim.latency",
    "Limits": "engine.gate",
    "MarketState": "models.market",
    "NowakeError": "domain.errors",
    "ParentOrder": "domain.order",
    "Patience": "engine.reconcile",
    "Plan": "verbs.plan",
    "Recalibration": "verbs.recalibrate",
    "Replay": "verbs.replay",
    "Report": "verbs.report",
    "Run": "verbs.simulate",
    "Session": "domain.instrument",
    "Side": "domain.side",
    "VolumeCurve": "models.volume",
    "curves": "verbs.curves",
    "demo": "verbs.demo",
    "discover": "verbs.discover",
    "estimate": "verbs.estimate",
    "fills": "verbs.fills",
    "fit": "verbs.fit",
    "flow": "verbs.flow",
    "load_basket": "verbs.load_basket",
    "load_day": "verbs.load",
    "load_orders": "verbs.load_orders",
    "plan": "verbs.plan",
    "plan_basket": "verbs.plan_basket",
    "recalibrate": "verbs.recalibrate",
    "replay": "verbs.replay",
    "report": "verbs.report",
    "simulate": "verbs.simulate",
    "tape": "verbs.tape",
}
_ROOMS = ("algos", "models", "schedules", "sim")

__all__ = [
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


def __getattr__(name: str) -> Any:
    """Load a public name from its room on first use (PEP 562)."""
    if name in _ROOMS:
        return importlib.import_module(f"nowake.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'nowake' has no attribute {name!r}; it offers {', '.join(__all__)}")
    value = getattr(importlib.import_module(f"nowake.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
