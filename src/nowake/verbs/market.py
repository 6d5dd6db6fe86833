"""The market an order meets: measured on a day's quotes and prints or on its bars, with what is given coming first.

Bars tell price, volatility and volume, and no spread: that must be given. Volatility is the root of the summed squared
returns of at least five minutes, its interval that of a sum of squares of independent normal returns; where the bars
begin late or end early, volume and variance are scaled to a whole session by time."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.data.day import Day
from nowake.domain.errors import BadData
from nowake.domain.market import Bars, select
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_MINUTE
from nowake.models.market import MarketState, days_of
from nowake.models.volatility.diurnal import bucket_returns
from nowake.models.volume.buckets import DayVolume
from nowake.statistics.measurement import Measurement, z_of
from nowake.verbs.checks import check_numbers

_LEVEL = 0.95
_BUCKET_NS = 5 * NS_PER_MINUTE
_ALL_FOUR = (
    "give the market: --price, --volatility, --daily-volume and --spread-bps together, or "
    "Given(price=..., volatility=..., daily_volume=..., spread_bps=...)"
)


class Given(NamedTuple):
    """What somebody says of a market; None leaves it to be measured.

    `price` in currency, `volatility` a fraction of it per sqrt(session), `daily_volume` in shares, `spread_bps` ask
    less bid.
    """

    price: float | None = None
    volatility: float | None = None
    daily_volume: float | None = None
    spread_bps: float | None = None


NOTHING = Given()


def market_of(
    order: ParentOrder,
    day: Day,
    *,
    look_ahead: bool = True,
    shares_outstanding: float | None = None,
    given: Given = NOTHING,
) -> MarketState:
    """The market an order meets on a day, from the whole session or only from what came before its start.

    Raises
    ------
    BadData
        When the day does not tell what is not given: without quotes nobody knows the spread.
    BadParameter
        When a given number is out of its range.
    """
    told = {name: value for name, value in given._asdict().items() if value is not None}
    check_numbers(told)
    price, volatility, daily_volume, spread_bps = given
    if price is not None and volatility is not None and daily_volume is not None and spread_bps is not None:
        market = MarketState.given(
            price=price, daily_volatility=volatility, daily_volume=daily_volume, spread_bps=spread_bps
        )
        return msgspec.structs.replace(market, shares_outstanding=shares_outstanding)
    market = _measured(order, day, None if look_ahead else order.start_ns, given)
    if daily_volume is not None:
        # The measured volume of the window is of another day's scale.
        told["window_volume"] = None if market.window_volume is None else market.window_volume * (
            daily_volume / market.daily_volume
        )  # fmt: skip
    for name, ours in (("volatility", "daily_volatility"), ("spread_bps", "spread_bps")):
        if name in told:
            told[ours] = Measurement.given(told.pop(name))
    return msgspec.structs.replace(market, shares_outstanding=shares_outstanding, **told)


def _measured(order: ParentOrder, day: Day, end_ns: int | None, given: Given) -> MarketState:
    has_bars = day.bars is not None and len(day.bars) > 0
    if has_bars and not (len(day.quotes) and len(day.trades)):
        assert day.bars is not None
        if given.spread_bps is None:
            raise BadData(
                f"{day.source!r} has bars and no quotes: price, volatility and volume can be measured, the spread "
                "cannot; give it: --spread-bps, or Given(spread_bps=...)"
            )
        bucket_ns = max(_BUCKET_NS, int((day.bars.end_ns - day.bars.time_ns).max()))
        volume = DayVolume.from_bars(day.bars, order.instrument.session, bucket_ns=bucket_ns)
        if given.daily_volume is None and (volume.is_corrupt or not volume.total > 0):
            raise BadData(
                f"{volume.impossible_bars} of {volume.bars:,} bars of {day.source!r} have no volume although the price "
                "moved, so none of it is to be believed; give it: --daily-volume, or Given(daily_volume=...)"
            )
        return _of_bars(order, day.bars, end_ns, given, bucket_ns)
    session = order.instrument.session
    if end_ns is not None and end_ns <= session.open_ns:
        raise BadData(
            f"the order starts at {session.clock(order.start_ns)}, and nothing of the day comes before that; start "
            f"later, or {_ALL_FOUR}"
        )
    if not len(day.quotes) and len(day.trades):
        raise BadData(
            f"{day.source!r} has prints and no quotes, so that neither the spread nor how far the mid moves can be "
            f"measured; {_ALL_FOUR}"
        )
    return MarketState.measure(order, day.quotes, day.trades, end_ns=end_ns)


def _of_bars(order: ParentOrder, bars: Bars, end_ns: int | None, given: Given, bucket_ns: int) -> MarketState:
    session = order.instrument.session
    until = session.close_ns if end_ns is None else end_ns
    seen = select(bars, (bars.time_ns >= session.open_ns) & (bars.end_ns <= min(until, session.close_ns)))
    if len(seen) < 2 or not (given.daily_volume or seen.volume.sum() > 0):
        raise BadData(
            f"fewer than two bars with volume between {session.clock(session.open_ns)} and {session.clock(until)}; "
            f"begin later, or {_ALL_FOUR}"
        )
    span = int(seen.end_ns[-1] - seen.time_ns[0])
    share = span / (session.close_ns - session.open_ns)
    returns = bucket_returns(seen, session, bucket_ns=bucket_ns)
    n = max(1, round(span / bucket_ns))
    volatility = math.sqrt(float(np.sum(returns**2)) / share)
    factor = math.exp(z_of(_LEVEL) / math.sqrt(2 * n))
    daily_volume = given.daily_volume or float(seen.volume.sum()) / share
    before = np.flatnonzero(seen.end_ns <= order.start_ns)
    is_whole = not given.daily_volume and seen.time_ns[0] <= order.start_ns and order.end_ns <= seen.end_ns[-1]
    notes = ["measured on bars: returns of closing prices, and no quote; the spread was given"]
    if share < 0.98:
        notes.append(f"bars cover {share:.0%} of the session only; volume and volatility are scaled from them")
    return MarketState(
        price=float(seen.close[before[-1]] if len(before) else seen.open[0]),
        daily_volatility=Measurement(
            value=volatility, low=volatility / factor, high=volatility * factor, n=n, method="returns of bars"
        ),
        daily_volume=daily_volume,
        spread_bps=Measurement.given(given.spread_bps or 0.0),
        window_volume=_overlap(seen, order) if is_whole else daily_volume * days_of(order),
        looked_from_ns=int(seen.time_ns[0]),
        looked_to_ns=int(seen.end_ns[-1]),
        look_ahead=int(seen.end_ns[-1]) > order.start_ns,
        notes=tuple(notes),
    )


def _overlap(bars: Bars, order: ParentOrder) -> float:
    """Volume inside the order's window, of a bar across its edge in proportion to time."""
    inside = np.minimum(bars.end_ns, order.end_ns) - np.maximum(bars.time_ns, order.start_ns)
    return float((bars.volume * np.clip(inside, 0, None) / (bars.end_ns - bars.time_ns)).sum())
