"""Are quotes and prints of one clock? If not, prints meet the touch of another moment better than that of their own.

Shown is the shift of the quotes at which most prints trade exactly at the best bid or ask. Late reports move it by
milliseconds; a shift far from 0 that many more prints agree with says that one of the clocks is wrong. Wrong where the
price stands still for as long as the clocks are apart, for then any shift does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nowake.domain.market import Quotes, Trades
from nowake.domain.units import NS_PER_MS
from nowake.microstructure.touch import two_sided_touch

_SHIFTS_NS = tuple(
    sign * ms * NS_PER_MS
    for ms in (10, 30, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000)
    for sign in (-1, 1)
)
_FEWEST, _MOST = 200, 20_000
_MUCH = 0.1


class ClocksApart(NamedTuple):
    """Prints meet the touch better if quotes are moved later by `shift_ns`: the share of them that do, then and now."""

    shift_ns: int
    share: float
    share_now: float


def clocks_apart(trades: Trades, quotes: Quotes) -> ClocksApart | None:
    """The shift that fits much better than none; None where none does, or there are too few prints to tell.

    Much better: a tenth more of all prints trade exactly at the touch.
    """
    touch = two_sided_touch(quotes)
    every = max(1, len(trades) // _MOST)
    price, time_ns = trades.price_ticks[::every], trades.time_ns[::every]
    if len(price) < _FEWEST or len(touch.time_ns) < _FEWEST:
        return None

    def share(shift_ns: int) -> float:
        row = touch.before(time_ns - shift_ns)
        met = row >= 0
        at_touch = (price == touch.bid_ticks[row]) | (price == touch.ask_ticks[row])
        return float(np.mean(at_touch[met])) if met.mean() > 1 / 2 else 0.0

    now = share(0)
    best = max(_SHIFTS_NS, key=share)
    found = ClocksApart(best, share(best), now)
    return found if found.share > now + _MUCH else None
