"""Prices of one asset at several markets, brought to one grid: the last price each market had told by then.

    x_j(t) = log p_j(last change at or before t)       at t = start, start + every, ... while all markets are there

Previous tick: Dacorogna, Gencay, Muller, Olsen & Pictet 2001, "An introduction to high-frequency finance", section
2.1; never interpolated, which would look ahead. Logs make ticks, lot sizes and constant exchange rates a constant,
which a basis may have. The grid spans what all markets cover and no more; it breaks between sessions, and where a
price is older than it may be, so that no overnight step and no dead feed is taken for a move.

Wrong where stamps are of clocks that disagree (see `clocks`); and on a fine grid a slow market repeats its price,
which is told by `idle`, for it makes it look late: that is then a fact about its quotes, not about who knew first."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Bars, Quotes, Trades
from nowake.microstructure.market_orders import two_sided_touch

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Strings = tuple[str, ...]

MIN_ROWS = 100
MOST_ROWS = 10_000_000  # Of one stretch of a grid.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Market:
    """What one market said an asset is worth, and when.

    Parameters
    ----------
    name
        Shown in results.
    time_ns
        int64[n], strictly increasing.
    log_price
        float64[n], natural logs of prices in any unit: ticks and currency differ by a constant.
    left_out
        Rows of the table it was made of that tell no price.

    Raises
    ------
    BadData
        When times are not increasing, lengths differ or a price is not finite.
    """

    name: str
    time_ns: Ints
    log_price: Floats
    left_out: int = 0

    def __post_init__(self) -> None:
        if self.time_ns.shape != self.log_price.shape or self.time_ns.ndim != 1:
            raise BadData(f"{self.name}: {self.time_ns.shape} times and {self.log_price.shape} prices; give one each")
        back = np.flatnonzero(np.diff(self.time_ns) <= 0)
        if len(back):
            row = int(back[0]) + 1
            raise BadData(
                f"{self.name}: row {row} at {self.time_ns[row]} is not after {self.time_ns[row - 1]} in the row above; "
                "sort by time and keep the last of each stamp"
            )
        odd = np.flatnonzero(~np.isfinite(self.log_price))
        if len(odd):
            raise BadData(f"{self.name}: row {odd[0]}: log price {self.log_price[odd[0]]} is no number; leave it out")

    def __len__(self) -> int:
        return len(self.time_ns)

    @classmethod
    def of_prices(cls, name: str, time_ns: Ints, price: Floats) -> Self:
        """Prices above 0 in any unit; of rows with one stamp the last counts, and NaN tells nothing and is left out.

        Raises
        ------
        BadData
            When a price is 0 or below: it has no log, and a share of its variance no meaning.
        """
        time_ns, price = np.asarray(time_ns, np.int64), np.asarray(price, np.float64)
        if time_ns.shape != price.shape:
            raise BadData(f"{name}: {time_ns.shape} times and {price.shape} prices; give one each")
        low = np.flatnonzero(price <= 0)
        if len(low):
            raise BadData(
                f"{name}: row {low[0]}: price {price[low[0]]:g} has no log; price discovery needs prices above 0"
            )
        known = np.flatnonzero(np.isfinite(price))
        known = known[np.append(np.diff(time_ns[known]) != 0, True)] if len(known) else known
        return cls(name, time_ns[known], np.log(price[known]), left_out=len(price) - len(known))

    @classmethod
    def of_quotes(cls, name: str, quotes: Quotes) -> Self:
        """Mids of quotes; one-sided and crossed ones are left out, locked ones stay."""
        touch = two_sided_touch(quotes)
        made = cls.of_prices(name, touch.time_ns, touch.mid_ticks)
        return dataclasses.replace(made, left_out=len(quotes) - len(made))

    @classmethod
    def of_trades(cls, name: str, trades: Trades) -> Self:
        """Prices of prints, the last of each stamp; of auctions and hidden ones are left out.

        They carry the bounce between bid and ask: mids are better where there are any.
        """
        seen = ~(trades.hidden | trades.auction)
        made = cls.of_prices(name, trades.time_ns[seen], trades.price_ticks[seen].astype(np.float64))
        return dataclasses.replace(made, left_out=len(trades) - len(made))

    @classmethod
    def of_bars(cls, name: str, bars: Bars) -> Self:
        """Closes of bars, known from when each bar ends."""
        return cls.of_prices(name, bars.end_ns, bars.close)

    def shifted(self, by_ns: int) -> Self:
        """The same with all stamps later by `by_ns`."""
        return dataclasses.replace(self, time_ns=self.time_ns + by_ns)


@dataclasses.dataclass(frozen=True, slots=True)
class Staleness:
    """How fresh a market's prices are on a grid.

    Parameters
    ----------
    market
        Its name.
    median_age_ns, most_age_ns
        Time since the last update, over the rows of the grid.
    idle
        Share of grid steps without an update.
    """

    market: str
    median_age_ns: int
    most_age_ns: int
    idle: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Log prices of m markets at n even instants.

    Parameters
    ----------
    names
        Of the markets.
    time_ns
        int64[n].
    log_prices
        float64[n, m].
    stretch
        int64[n]: rows without a break between them carry one number.
    every_ns
        The step.
    staleness
        One a market; empty where the rows were given, not made.
    """

    names: Strings
    time_ns: Ints
    log_prices: Floats
    stretch: Ints
    every_ns: int
    staleness: tuple[Staleness, ...] = ()

    def __len__(self) -> int:
        return len(self.time_ns)

    @classmethod
    def of_rows(cls, log_prices: Floats, *, names: Sequence[str] = (), every_ns: int = 1_000_000_000) -> Self:
        """Rows that are on one grid already, (n, m); a row with NaN breaks it.

        Raises
        ------
        BadParameter
            When there are fewer than two markets or the names do not fit.
        """
        rows = np.asarray(log_prices, np.float64)
        if rows.ndim != 2 or rows.shape[1] < 2:
            raise BadParameter(f"prices of shape {rows.shape} must be (rows, markets) of at least 2 markets")
        known = np.isfinite(rows).all(axis=1)
        labels = tuple(names) or tuple(f"market {j + 1}" for j in range(rows.shape[1]))
        _check_names(labels, rows.shape[1])
        time_ns = np.arange(len(rows), dtype=np.int64) * every_ns
        return cls(labels, time_ns[known], rows[known], np.cumsum(~known, dtype=np.int64)[known], every_ns)


def align(
    markets: Sequence[Market],
    *,
    every_ns: int,
    sessions: Iterable[tuple[int, int]] | None = None,
    longest_age_ns: int | None = None,
) -> Grid:
    """Last prices of several markets at even instants, multiples of the step since the epoch, both ends included.

    Parameters
    ----------
    markets
        Two or more.
    every_ns
        The step; also to be swept (`sweep`).
    sessions
        (open_ns, close_ns) of times that count; all by default. A price told before a session does not count in it.
    longest_age_ns
        Age beyond which a price tells nothing and the grid breaks; by default it may be any.

    Raises
    ------
    BadParameter
        When the step is not above 0, there are fewer than two markets or two of one name, or sessions overlap.
    BadData
        When a market is empty, or there are fewer than 100 instants at which all have a price.
    """
    if every_ns <= 0:
        raise BadParameter(f"every_ns {every_ns} must be above 0, for example 1_000_000_000 for a second")
    _check_names(tuple(market.name for market in markets), len(markets))
    for market in markets:
        if not len(market):
            raise BadData(f"{market.name} has no price at all; leave it out or give another day")
    first = max(int(market.time_ns[0]) for market in markets)
    last = min(int(market.time_ns[-1]) for market in markets)
    opens = [(first, last)] if sessions is None else checked_sessions(sessions)
    spans = [(max(a, first), min(b, last)) for a, b in opens]
    parts = [_instants(a, b, every_ns) for a, b in spans]
    time_ns = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    begins = np.repeat(np.array([a for a, _ in opens], np.int64), [len(part) for part in parts])
    if sessions is None:
        begins = np.full(len(time_ns), min(int(market.time_ns[0]) for market in markets))
    stretch = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    rows = np.column_stack([np.searchsorted(market.time_ns, time_ns, side="right") - 1 for market in markets])
    stamps = np.column_stack([market.time_ns[rows[:, j]] for j, market in enumerate(markets)])
    age = time_ns[:, None] - stamps
    known = np.asarray((stamps >= begins[:, None]).all(axis=1))
    if longest_age_ns is not None:
        known = known & (age <= longest_age_ns).all(axis=1)
    if known.sum() < MIN_ROWS:
        raise BadData(
            f"{known.sum()} instants at which all of {', '.join(m.name for m in markets)} have a price are fewer than "
            f"{MIN_ROWS}; take a shorter step than {every_ns / 1e9:g} s, or times at which all are open"
        )
    prices = np.column_stack([market.log_price[rows[:, j]] for j, market in enumerate(markets)])
    return Grid(
        names=tuple(market.name for market in markets),
        time_ns=time_ns[known],
        log_prices=prices[known],
        stretch=_renumbered(stretch, known),
        every_ns=every_ns,
        staleness=tuple(_staleness(market.name, age[known, j], every_ns=every_ns) for j, market in enumerate(markets)),
    )


def _staleness(name: str, age_ns: Ints, *, every_ns: int) -> Staleness:
    return Staleness(name, int(np.median(age_ns)), int(age_ns.max()), float(np.mean(age_ns >= every_ns)))


def checked_sessions(sessions: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sessions in time order.

    Raises
    ------
    BadParameter
        When one is inside another or ends before it begins.
    """
    spans = [(int(a), int(b)) for a, b in sessions]
    edges = [edge for span in spans for edge in span]
    if any(later < earlier for earlier, later in pairwise(edges)):
        raise BadParameter(f"sessions {spans[:3]} must be (open_ns, close_ns) in time order, none inside another")
    return spans


def _instants(start_ns: int, end_ns: int, every_ns: int) -> Ints:
    first = -(-start_ns // every_ns)
    if end_ns // every_ns - first > MOST_ROWS:
        raise BadParameter(f"steps of {every_ns} ns make more than {MOST_ROWS:,} rows; take a longer step")
    return np.arange(first, max(end_ns // every_ns + 1, first), dtype=np.int64) * every_ns


def _renumbered(stretch: Ints, known: npt.NDArray[np.bool_]) -> Ints:
    """A new number after each break and each row that is not known."""
    numbers = stretch + np.cumsum(~known)
    return np.asarray(numbers[known], np.int64)


def _check_names(names: Strings, markets: int) -> None:
    if markets < 2:
        raise BadParameter(f"{markets} market cannot be compared; give 2 or more")
    if len(names) != markets or len(set(names)) != markets:
        raise BadParameter(f"names {', '.join(names)} must be {markets} different ones")
