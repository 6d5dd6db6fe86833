"""Events that beget events: self- and mutually exciting processes, simulated, fitted and judged."""

from nowake.microstructure.hawkes.bootstrap import HawkesBootstrap, bootstrap_hawkes
from nowake.microstructure.hawkes.events import HawkesEvents, hawkes_events, market_order_events
from nowake.microstructure.hawkes.fit import fit_hawkes, select_hawkes
from nowake.microstructure.hawkes.goodness import DimensionGoodness, HawkesGoodness, hawkes_goodness
from nowake.microstructure.hawkes.likelihood import log_likelihood
from nowake.microstructure.hawkes.model import Hawkes, PowerLaw, single
from nowake.microstructure.hawkes.result import HawkesFit
from nowake.microstructure.hawkes.simulate import simulate_hawkes
from nowake.microstructure.hawkes.state import (
    HawkesGauge,
    HawkesState,
    hawkes_intensity,
    hawkes_residuals,
    hawkes_state,
    hawkes_state_of_trades,
)

__all__ = [
    "DimensionGoodness",
    "Hawkes",
    "HawkesBootstrap",
    "HawkesEvents",
    "HawkesFit",
    "HawkesGauge",
    "HawkesGoodness",
    "HawkesState",
    "PowerLaw",
    "bootstrap_hawkes",
    "fit_hawkes",
    "hawkes_events",
    "hawkes_goodness",
    "hawkes_intensity",
    "hawkes_residuals",
    "hawkes_state",
    "hawkes_state_of_trades",
    "log_likelihood",
    "market_order_events",
    "select_hawkes",
    "simulate_hawkes",
    "single",
]
