"""What queues, quotes and signs lean to, and what the mid does about it."""

from __future__ import annotations

import msgspec
import numpy as np

from nowake.domain.market import Quotes, select
from nowake.domain.units import NS_PER_SECOND
from nowake.microstructure.flow.autocorrelation import autocorrelation
from nowake.microstructure.flow.levels import LevelResponse, level_response
from nowake.microstructure.flow.memory import memory_exponent
from nowake.microstructure.flow.microprice import MicroPriceErrors, fit_microprice, microprice_errors
from nowake.microstructure.flow.orderflow import flow_bars
from nowake.microstructure.flow.queue import ImbalanceResponse, imbalance_response
from nowake.microstructure.flow.slope import OrderFlowSlope, orderflow_slope
from nowake.microstructure.reading.heard import Heard, Part, Row, attempt, known
from nowake.microstructure.touch import two_sided_touch
from nowake.statistics.regression import scaled

_SHORT_NS = 900 * NS_PER_SECOND
_LAGS = (1, 10, 100)
_LATER_S = (1.0, 5.0, 30.0, 60.0, 300.0)


class FlowFound(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that could be told."""

    slope: OrderFlowSlope | None = None
    levels: LevelResponse | None = None
    response: ImbalanceResponse | None = None
    micro: MicroPriceErrors | None = None


def find_flow(heard: Heard, refusals: list[str]) -> FlowFound:
    """Everything of this part; what cannot be told goes to the list."""
    return FlowFound(
        slope=attempt(refusals, "order flow", lambda: _slope(heard)),
        levels=None if heard.depth is None else attempt(refusals, "levels", lambda: _levels(heard)),
        response=attempt(refusals, "queue imbalance", lambda: _response(heard)),
        micro=attempt(refusals, "micro-price", lambda: _micro(heard)),
    )


def _slope(heard: Heard) -> OrderFlowSlope:
    bar_s = 10.0 if heard.end_ns - heard.start_ns >= _SHORT_NS else 1.0
    return orderflow_slope(heard.tape, heard.quotes, bar_s=bar_s, level=heard.options.level)


def _levels(heard: Heard) -> LevelResponse:
    assert heard.depth is not None
    bars = flow_bars(heard.depth, bar_s=10.0, start_ns=heard.start_ns, end_ns=heard.end_ns)
    return level_response(bars, level=heard.options.level, seed=heard.options.seed)


def _response(heard: Heard) -> ImbalanceResponse:
    return imbalance_response(
        heard.quotes,
        start_ns=heard.start_ns,
        end_ns=heard.end_ns,
        level=heard.options.level,
        seed=heard.options.seed,
    )


def _micro(heard: Heard) -> MicroPriceErrors:
    """Fitted on the first half of the quotes, held against the second."""
    half = len(heard.quotes) // 2
    early, late = select(heard.quotes, slice(half)), select(heard.quotes, slice(half, None))
    table = fit_microprice(early, level=heard.options.level, seed=heard.options.seed)
    horizon_s = _horizon_s(early)
    return microprice_errors(table, late, horizon_s=horizon_s, level=heard.options.level, seed=heard.options.seed)


def _horizon_s(quotes: Quotes) -> float:
    """What the mid takes to move twice, in round numbers: much sooner, whatever leans to a move only errs."""
    mids = two_sided_touch(quotes).mid_ticks
    moves = max(1, int(np.count_nonzero(np.diff(mids))))
    length_s = (int(quotes.time_ns[-1]) - int(quotes.time_ns[0])) / NS_PER_SECOND
    return next((each for each in _LATER_S if each * moves >= 2 * length_s), _LATER_S[-1])


def order_flow(heard: Heard, found: FlowFound, refusals: list[str]) -> Part:
    """The part."""
    rows: list[Row] = []
    notes = []
    if found.slope is not None:
        per_unit = scaled(found.slope.slope, 1 / heard.instrument.quantity(1.0))
        rows += [("order-flow slope", "ticks/unit", per_unit)]
        rows += [("  times twice the depth", "1 in even book", found.slope.against_depth)]
        notes.append(
            f"Over {found.slope.bar_s:g} s, order flow at the best quotes explains {found.slope.r2:.0%} of the mid's "
            f"moves, signed trades {found.slope.trade_r2:.0%}."
        )
    if found.levels is not None:
        best, deep = found.levels.fits[0], found.levels.fits[-1]
        rows += [(f"R² out of sample, {best.levels} level", "of moves", best.r2_out)]
        rows += [(f"  with {deep.levels} levels", "of moves", deep.r2_out)]
    if found.response is not None:
        rows += [("next move told by the queues", "right", found.response.right)]
        notes.append(f"The next move is told on {found.response.held_out:,} moves that the fit had not seen.")
    if found.micro is not None:
        after = f"{found.micro.horizon_s:g} s"
        rows += [(f"micro-price saves of the mid's error, {after}", "of it", found.micro.saved_of_mid)]
        rows += [("  of the weighted mid's", "of it", found.micro.saved_of_weighted)]
    tape = attempt(refusals, "memory of signs", lambda: heard.tape)
    if tape is not None:
        lags = tuple(lag for lag in _LAGS if lag < len(tape) // 10)
        signs = attempt(refusals, "signs", lambda: autocorrelation(tape.sign, lags, level=heard.options.level))
        rows += [
            (f"autocorrelation of signs, {lag} later", "", each) for lag, each in zip(lags, signs or (), strict=False)
        ]
        memory = attempt(refusals, "memory of signs", lambda: memory_exponent(tape.sign, level=heard.options.level))
        rows += [("memory of signs, gamma", "C(l) ~ l^-gamma", memory)]
    return Part("Order flow", known(rows), tuple(notes))
