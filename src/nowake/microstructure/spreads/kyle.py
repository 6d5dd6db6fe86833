"""Kyle's lambda from the tape: how far the mid moves for a share bought, over bars of time or of volume.

    m_{k+1} - m_k = a + lambda q_k + u_k,    q_k = sum of sign x size of the market orders in bar k

Kyle 1985 ("Continuous auctions and insider trading", Econometrica 53) has lambda; the regression is Glosten & Harris's
(1988, Journal of Financial Economics 21) without the part that bounces, for mids do not. With `root`, sizes enter as
square roots, order by order (Hasbrouck 2009, "Trading costs and returns for U.S. equities", Journal of Finance 64).

Wrong where: flow follows price within a bar (momentum), for then lambda holds both directions; quotes come late (the
shortest bars then show too little); or an order is much larger than what a bar has seen, for impact is concave."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.units import NS_PER_SECOND
from nowake.microstructure.market_orders import Floats, Tape, check_tape
from nowake.statistics.measurement import Measurement, check_level
from nowake.statistics.regression import Line, line, scaled

HORIZONS_S = (10.0, 60.0, 300.0)
_LEAST_SHARE = 0.05
_MOST_BARS = 10_000_000


class KyleLambda(msgspec.Struct, frozen=True, kw_only=True):
    """Lambda over bars of one length.

    Parameters
    ----------
    bar
        What a bar is, in words.
    per_share
        Currency per share, per share of net flow; per square root of a share where `root`.
    bps_per_percent
        Basis points of the price for net flow of 1 % of a day's volume; None where `root`, or where a day's volume was
        not given and the tape is less than a twentieth of a session.
    intercept_bps
        What the mid moves in a bar without net flow, basis points.
    r2
        Share of the variance of moves explained.
    hc3_se
        Standard error of `per_share` for noise without memory, to hold beside the interval.
    bars
        Bars fitted to.
    root
        Whether sizes entered as square roots.
    """

    bar: str
    per_share: Measurement
    bps_per_percent: Measurement | None
    intercept_bps: Measurement
    r2: float
    hc3_se: float
    bars: int
    root: bool


def kyle_lambda(
    tape: Tape,
    instrument: Instrument,
    *,
    bar_s: float = 60.0,
    root: bool = False,
    daily_volume: float | None = None,
    level: float = 0.95,
) -> KyleLambda:
    """Lambda over bars of time.

    Parameters
    ----------
    bar_s
        Length of a bar in seconds. Flow of a bar is what came after its begin, up to and with its end; mids are those
        that stand at the two ends, later by as much as the feed shows quotes after trades.
    root
        Whether sizes enter as square roots.
    daily_volume
        Shares of a day; by default the tape's own, scaled from its window to the session by the clock.

    Raises
    ------
    BadParameter
        When the bar is not above 0, or cuts the tape into more than ten million.
    BadData
        When there are fewer than 30 bars, or neither flow nor mid changes.
    """
    check_tape(tape)
    if not 0 < bar_s < math.inf:
        raise BadParameter(f"bar_s {bar_s} must be above 0 and finite, for example 60 for minutes")
    if window_s(tape) > _MOST_BARS * bar_s:
        raise BadParameter(
            f"bar_s {bar_s:g} cuts {window_s(tape):.0f} s into more than {_MOST_BARS:,} bars; take longer"
        )
    edges = np.arange(tape.start_ns, tape.end_ns + 1, max(1, round(bar_s * NS_PER_SECOND)))
    if len(edges) < 2:
        raise BadData(f"{window_s(tape):.0f} s hold no bar of {bar_s:g} s")
    mids = tape.touch.mid_ticks[tape.touch.at(edges + tape.settle_ns)]
    place = np.searchsorted(tape.time_ns, edges, side="right")
    flow = np.diff(np.append(0.0, np.cumsum(_pushes(tape, root=root)))[place])
    fitted = line(flow, np.diff(mids), level=level)
    words = f"{bar_s:g} s"
    return _in_units(fitted, tape, instrument, bar=words, root=root, daily_volume=daily_volume)


def kyle_lambda_by_volume(
    tape: Tape,
    instrument: Instrument,
    *,
    bars: int = 200,
    root: bool = False,
    daily_volume: float | None = None,
    level: float = 0.95,
) -> KyleLambda:
    """Lambda over bars of equal volume: a bar ends with the order that fills it. Errors as for `kyle_lambda`.

    Parameters
    ----------
    bars
        How many to cut the tape into, 30 or more.
    """
    check_tape(tape)
    check_level(level)
    if bars < 2:
        raise BadParameter(f"bars {bars} must be 30 or more")
    done = np.cumsum(tape.lots)
    last = np.unique(np.searchsorted(done, done[-1] * np.arange(1, bars) / bars))
    # The order after the one that fills a bar begins the next; a mid is looked up just before it.
    begins = np.concatenate(([0], last + 1))
    begins = np.unique(begins[begins < len(tape)])
    mids = np.append(tape.mid_ticks[begins], tape.mid_ticks[-1] + tape.moves_ticks[-1])
    flow = np.add.reduceat(_pushes(tape, root=root), begins)
    fitted = line(flow, np.diff(mids), level=level)
    words = f"{instrument.quantity(done[-1] / len(begins)):,.6g} traded"
    return _in_units(fitted, tape, instrument, bar=words, root=root, daily_volume=daily_volume)


def horizons(tape: Tape, bars_s: Sequence[float] = HORIZONS_S) -> tuple[float, ...]:
    """Those bar lengths of which the window holds 40 or more; one second where it holds so few of any."""
    return tuple(bar_s for bar_s in bars_s if window_s(tape) >= 40 * bar_s) or (1.0,)


def window_s(tape: Tape) -> float:
    """Length of the window in seconds."""
    return (tape.end_ns - tape.start_ns) / NS_PER_SECOND


def window_share(tape: Tape, instrument: Instrument) -> float:
    """Share of the session, by the clock, that the window is."""
    session = instrument.session
    return (tape.end_ns - tape.start_ns) / (session.close_ns - session.open_ns)


def daily_volume_of(tape: Tape, instrument: Instrument) -> float:
    """Shares of the tape, scaled from its window to the session by the clock."""
    return instrument.quantity(float(tape.lots.sum())) / window_share(tape, instrument)


def _pushes(tape: Tape, *, root: bool) -> Floats:
    size = np.sqrt(tape.lots) if root else tape.lots.astype(np.float64)
    return np.asarray(tape.sign * size)


def _in_units(
    fitted: Line, tape: Tape, instrument: Instrument, *, bar: str, root: bool, daily_volume: float | None
) -> KyleLambda:
    """From ticks a lot to currency a share, and to basis points for one percent of a day."""
    tick, lot = instrument.price(1.0), instrument.quantity(1.0)
    per_share = tick / (math.sqrt(lot) if root else lot)
    price = instrument.price(float(tape.mid_ticks.mean()))
    percent = 0.01 * (daily_volume_of(tape, instrument) if daily_volume is None else daily_volume)
    scales = daily_volume is not None or window_share(tape, instrument) >= _LEAST_SHARE
    bps = 1e4 / abs(price) if price else math.nan
    return KyleLambda(
        bar=bar,
        per_share=scaled(fitted.slope, per_share),
        bps_per_percent=scaled(fitted.slope, per_share * percent * bps) if scales and not root else None,
        intercept_bps=scaled(fitted.intercept, tick * bps),
        r2=fitted.r2,
        hc3_se=fitted.slope_hc3_se * per_share,
        bars=fitted.rows,
        root=root,
    )
