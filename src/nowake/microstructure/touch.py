"""The best bid and ask that count, and which of them stood just before an instant.

One-sided and crossed states say nothing about where a fair price is, and within one stamp the order of events is not
known: left are two-sided, uncrossed states, the last of each stamp. Locked ones stay. While a market stays crossed or
one-sided, what stood before it did counts on; the counts tell how often."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from nowake.domain.market import Quotes
from nowake.microstructure.tables import check_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Touch:
    """Two-sided, uncrossed states of the best quotes, the last of each stamp, in time order.

    `time_ns` strictly increases; `one_sided` and `crossed` count the states passed over. Locked ones stay.
    """

    time_ns: Ints
    bid_ticks: Ints
    bid_lots: Ints
    ask_ticks: Ints
    ask_lots: Ints
    one_sided: int
    crossed: int

    @property
    def mid_ticks(self) -> Floats:
        """Half-way between bid and ask."""
        return (self.bid_ticks + self.ask_ticks) / 2.0

    def before(self, time_ns: Ints) -> Ints:
        """Row that stood just before each instant, strictly; -1 where there was none."""
        return np.searchsorted(self.time_ns, time_ns, side="left") - 1

    def at(self, time_ns: Ints) -> Ints:
        """Row that stands at each instant, a change of that very stamp included; -1 where there is none."""
        return np.searchsorted(self.time_ns, time_ns, side="right") - 1


def two_sided_touch(quotes: Quotes) -> Touch:
    """Quotes without one-sided and crossed states, one a stamp."""
    check_table(quotes, Quotes, "give best bids and asks, for example day.quotes")
    both = (quotes.bid_lots > 0) & (quotes.ask_lots > 0)
    crossed = both & (quotes.ask_ticks < quotes.bid_ticks)
    last = np.append(np.diff(quotes.time_ns) > 0, True) if len(quotes) else np.zeros(0, np.bool_)
    use = both & ~crossed & last
    return Touch(
        time_ns=quotes.time_ns[use],
        bid_ticks=quotes.bid_ticks[use],
        bid_lots=quotes.bid_lots[use],
        ask_ticks=quotes.ask_ticks[use],
        ask_lots=quotes.ask_lots[use],
        one_sided=int((~both).sum()),
        crossed=int(crossed.sum()),
    )
