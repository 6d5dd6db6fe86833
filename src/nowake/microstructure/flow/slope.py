"""What order flow at the best quotes does to the mid (Cont, Kukanov & Stoikov 2014, "The price impact of order book
events", Journal of Financial Econometrics 12).

Each change of the best quotes adds to the order flow imbalance

    e_n = 1{Pb_n >= Pb_n-1} qb_n - 1{Pb_n <= Pb_n-1} qb_n-1 - 1{Pa_n <= Pa_n-1} qa_n + 1{Pa_n >= Pa_n-1} qa_n-1,

so on an unchanged price both indicators fire and the change of the queue counts. Within half-hours, moves of the mid
in ticks over 10-second bars are regressed on its sum, dP = a + beta OFI + u. A book of one depth D at all prices would
have beta = 1 / (2 D); over the half-hours of a day log beta = log c - lambda log D is fitted beside it. D is theirs:
the queue that a best price is reached with or left behind with, averaged over changes of price.

Wrong where: much is hidden (icebergs, other venues), or bars are so short that the mid hardly moves in one."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes
from nowake.domain.units import NS_PER_MINUTE, NS_PER_SECOND
from nowake.microstructure.market_orders import Floats, Ints, Tape, check_tape
from nowake.statistics.measurement import Measurement
from nowake.statistics.regression import MIN_ROWS, line, mean_of

MIN_WINDOWS = 3
_MIN_WINDOWS_OF_LAW = 8


class ImbalanceWindow(msgspec.Struct, frozen=True):
    """One half-hour: when it began, its slope in ticks a lot with the standard error, its depth in lots, its fit."""

    start_ns: int
    slope: float
    slope_se: float
    depth_lots: float
    r2: float
    trade_r2: float
    bars: int


class OrderFlowSlope(msgspec.Struct, frozen=True, kw_only=True):
    """Slope of the mid on order flow imbalance over a day.

    Parameters
    ----------
    slope
        Mean of the windows' slopes, ticks a lot.
    against_depth
        Mean of 2 beta D: 1 where a book of even depth explains the slope.
    depth_exponent, depth_constant
        lambda and c of beta = c / D^lambda, 1 and 1/2 by the same argument; None with fewer than 8 windows, or where
        the depth hardly differs between them.
    r2, trade_r2
        Mean share of the variance of moves that order flow explains, and that the imbalance of trades explains.
    windows
        What each window gave.
    skipped
        Windows left out, for too few bars, a mid that stood still or a price that never changed.
    bar_s
        Length of a bar in seconds.
    """

    slope: Measurement
    against_depth: Measurement
    depth_exponent: Measurement | None
    depth_constant: Measurement | None
    r2: float
    trade_r2: float
    windows: tuple[ImbalanceWindow, ...]
    skipped: int
    bar_s: float


def orderflow_slope(
    tape: Tape,
    quotes: Quotes,
    *,
    bar_s: float = 10.0,
    window_s: float | None = None,
    level: float = 0.95,
) -> OrderFlowSlope:
    """Slope of moves of the mid on order flow imbalance.

    Parameters
    ----------
    tape
        Says the window to look at, and the trades to compare with.
    quotes
        Every change of the best quotes; one-sided and crossed states are passed over.
    window_s
        Length of a window; by default half an hour, or an eighth of what there is if that is shorter.

    Raises
    ------
    BadParameter
        When bars are not above 0 or fewer than 30 fit a window.
    BadData
        When fewer than three windows can be fitted.
    """
    check_tape(tape)
    if window_s is None:
        length_s = (tape.end_ns - tape.start_ns) / NS_PER_SECOND
        window_s = min(30.0 * NS_PER_MINUTE / NS_PER_SECOND, max(length_s / 8, MIN_ROWS * bar_s))
    if not 0 < bar_s * MIN_ROWS <= window_s:
        raise BadParameter(f"bar_s {bar_s} must be above 0 and at most 1/{MIN_ROWS} of window_s {window_s:g}")
    flow = _flow(tape, quotes)
    per_window = int(window_s / bar_s)
    edges = np.arange(tape.start_ns, tape.end_ns + 1, int(bar_s * NS_PER_SECOND))
    starts = np.arange(0, len(edges) - 1, per_window)
    found = [_window(tape, flow, edges[start : start + per_window + 1], level) for start in starts.tolist()]
    windows = tuple(each for each in found if each is not None)
    if len(windows) < MIN_WINDOWS:
        raise BadData(
            f"of {len(found)} windows of {window_s:g} s {len(windows)} could be fitted, {MIN_WINDOWS} are needed; "
            "look at a longer time or take shorter bars"
        )
    slopes = np.array([each.slope for each in windows])
    depths = np.array([each.depth_lots for each in windows])
    exponent, constant = _law(slopes, depths, level)
    how = f"{bar_s:g}-second bars, mean of windows of {window_s:g} s"
    return OrderFlowSlope(
        slope=mean_of(slopes, level=level, method=how),
        against_depth=mean_of(2 * slopes * depths, level=level, method=how),
        depth_exponent=exponent,
        depth_constant=constant,
        r2=float(np.mean([each.r2 for each in windows])),
        trade_r2=float(np.mean([each.trade_r2 for each in windows])),
        windows=windows,
        skipped=len(found) - len(windows),
        bar_s=bar_s,
    )


def imbalance(bid_ticks: Ints, bid_lots: Ints, ask_ticks: Ints, ask_lots: Ints) -> Ints:
    """(n - 1,) e_n of each change between two states of the best quotes, lots."""
    bid_step, ask_step = np.diff(bid_ticks), np.diff(ask_ticks)
    bid = (bid_step >= 0) * bid_lots[1:] - (bid_step <= 0) * bid_lots[:-1]
    ask = (ask_step <= 0) * ask_lots[1:] - (ask_step >= 0) * ask_lots[:-1]
    return np.asarray(bid - ask)


class _Flow(NamedTuple):
    """Changes of the best quotes: when, running sum of e_n before each, and of depth at changes of price."""

    time_ns: Ints
    mid_ticks: Floats
    running: Floats
    depth: Floats
    changes: Floats


def _flow(tape: Tape, quotes: Quotes) -> _Flow:
    good = (quotes.bid_lots > 0) & (quotes.ask_lots > 0) & (quotes.ask_ticks >= quotes.bid_ticks)
    good &= quotes.time_ns <= tape.end_ns
    bid, bid_lots, ask, ask_lots = (
        column[good] for column in (quotes.bid_ticks, quotes.bid_lots, quotes.ask_ticks, quotes.ask_lots)
    )
    e = imbalance(bid, bid_lots, ask, ask_lots)
    sums, counts = zip(_at_changes(-np.diff(bid), bid_lots), _at_changes(np.diff(ask), ask_lots), strict=True)
    return _Flow(
        time_ns=quotes.time_ns[good],
        mid_ticks=(bid + ask) / 2.0,
        running=np.append(0.0, np.cumsum(e.astype(np.float64))),
        depth=np.column_stack(sums),
        changes=np.column_stack(counts),
    )


def _at_changes(back: Ints, lots: Ints) -> tuple[Floats, Floats]:
    """Running sums of the queue where a best price changes, and of how often: of the new one where it steps back
    (`back` above 0), of the one it leaves behind where it steps ahead."""
    queue = np.where(back > 0, lots[1:], 0) + np.where(back < 0, lots[:-1], 0)
    return np.append(0.0, np.cumsum(queue, dtype=np.float64)), np.append(0.0, np.cumsum(back != 0, dtype=np.float64))


def _window(tape: Tape, flow: _Flow, edges: Ints, level: float) -> ImbalanceWindow | None:
    """The regression inside one window; None where it has too few bars or nothing moves."""
    row = np.searchsorted(flow.time_ns, edges, side="right") - 1
    sums, changes = flow.depth[row[-1]] - flow.depth[row[0]], flow.changes[row[-1]] - flow.changes[row[0]]
    moves, pushed = np.diff(flow.mid_ticks[row]), np.diff(flow.running[row])
    if len(moves) < MIN_ROWS or np.ptp(moves) == 0 or np.ptp(pushed) == 0 or not changes.all():
        return None
    fitted = line(pushed, moves, level=level)
    signed = np.append(0.0, np.cumsum(tape.sign * tape.lots))[np.searchsorted(tape.time_ns, edges, side="right")]
    traded = np.diff(signed)
    return ImbalanceWindow(
        start_ns=int(edges[0]),
        slope=fitted.slope.value,
        slope_se=fitted.slope_se,
        depth_lots=float((sums / changes).mean()),
        r2=fitted.r2,
        trade_r2=line(traded, moves, level=level).r2 if np.ptp(traded) else 0.0,
        bars=fitted.rows,
    )


def _law(slopes: Floats, depths: Floats, level: float) -> tuple[Measurement | None, Measurement | None]:
    """lambda and c of log beta = log c - lambda log D over windows, Student's intervals with HC3 errors."""
    good = (slopes > 0) & (depths > 0)
    if good.sum() < _MIN_WINDOWS_OF_LAW or np.std(np.log(depths[good])) < 0.05:
        return None, None
    fitted = line(np.log(depths[good]), np.log(slopes[good]), level=level, lags=0, least=_MIN_WINDOWS_OF_LAW)
    exponent = msgspec.structs.replace(
        fitted.slope, value=-fitted.slope.value, low=-fitted.slope.high, high=-fitted.slope.low
    )
    value, low, high = (
        float(np.exp(end)) for end in (fitted.intercept.value, fitted.intercept.low, fitted.intercept.high)
    )
    return exponent, msgspec.structs.replace(fitted.intercept, value=value, low=low, high=high)
