"""What the micro-price is fitted to: how the states of the best quotes follow each other, counted quote by quote.

A state is a class of spread and a bucket of imbalance I = q_b / (q_b + q_a) (Stoikov 2018). Spread classes have an
upper end in ticks each, and one more class takes whatever is wider, so no quote falls off the table. Buckets are of
even width and odd in number, so a balanced book has one of its own, and told in whole numbers: the mirror image of a
book is always in the mirrored bucket. The last quote of a stamp counts; one-sided, crossed and locked ones are passed
over and the chain goes on from the last that stood.

Counts are kept in blocks of quotes for the bootstrap: at most 120, of 64 quotes each at first, and neighbours are
joined whenever there are more. So counting quote by quote and counting a day at once give the same table."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.domain.market import Quotes
from nowake.microstructure.flow.orderflow import forward
from nowake.microstructure.market_orders import two_sided_touch

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_BLOCKS = 120
_FIRST_BLOCK = 64


class Grid(NamedTuple):
    """The states: `bounds` are the widest spread of each class in ticks, `buckets` an odd number."""

    bounds: tuple[int, ...]
    buckets: int

    @property
    def states(self) -> int:
        """How many there are, the class of wider spreads included."""
        return (len(self.bounds) + 1) * self.buckets

    def state(self, bid_ticks: Ints, bid_lots: Ints, ask_ticks: Ints, ask_lots: Ints) -> Ints:
        """The state of each quote; all must be two-sided and neither crossed nor locked."""
        kind = np.searchsorted(np.array(self.bounds, np.int64), ask_ticks - bid_ticks, side="left")
        smaller = self.buckets * np.minimum(bid_lots, ask_lots) // (bid_lots + ask_lots)
        bucket = np.where(bid_lots > ask_lots, self.buckets - 1 - smaller, smaller)
        return np.asarray(kind * self.buckets + bucket)

    @property
    def mirror(self) -> Ints:
        """The state of each state's book seen from the other side."""
        states = np.arange(self.states).reshape(-1, self.buckets)
        return states[:, ::-1].ravel()


class Counts(NamedTuple):
    """Transitions in blocks of `block` of them: (B, S, S) without and with a move of the mid, and moves, (B, S).

    `moved_half_ticks` sums, over the transitions out of a state, how far the mid went in half ticks.
    """

    grid: Grid
    block: int
    stayed: Ints
    went: Ints
    moved_half_ticks: Ints
    passed_over: int

    @property
    def transitions(self) -> int:
        """How many were counted."""
        return int(self.stayed.sum() + self.went.sum())


def check_grid(bounds: tuple[int, ...], buckets: int) -> Grid:
    """A grid of states.

    Raises
    ------
    BadParameter
        When spread bounds are not increasing from 1 tick on, or buckets are even or fewer than 3.
    """
    if buckets < 3 or buckets % 2 == 0:
        raise BadParameter(f"buckets {buckets} must be odd and 3 or more, so that a balanced book has one of its own")
    if not bounds or bounds[0] < 1 or any(after <= before for before, after in itertools.pairwise(bounds)):
        raise BadParameter(f"spread_ticks {bounds} must be whole numbers that increase from 1 or more")
    return Grid(tuple(int(each) for each in bounds), buckets)


def spread_classes(quotes: Quotes, *, most: int = 4) -> tuple[int, ...]:
    """Bounds that put about as many quotes into each of `most` classes of spread, and the rest into the widest.

    A market whose spread is one tick nearly always gets the bounds 1, 2, ... and few of the others.
    """
    touch = two_sided_touch(quotes)
    spread = (touch.ask_ticks - touch.bid_ticks)[touch.ask_ticks > touch.bid_ticks]
    if not len(spread):
        return (1,)
    shares = np.arange(1, most + 1) / (most + 1)
    quantiles = np.quantile(spread, shares, method="inverted_cdf").astype(np.int64)
    return tuple(np.unique(np.append(quantiles, spread.min())).tolist())


class MicroPriceCounts:
    """Counts of the states of the best quotes, told one quote at a time or a table at once.

    Parameters
    ----------
    spread_ticks
        Widest spread of each class, increasing; wider ones have a class of their own.
    buckets
        Of imbalance, an odd number.

    Raises
    ------
    BadParameter
        When the grid cannot be.
    """

    def __init__(self, spread_ticks: tuple[int, ...] = (1, 2, 3), buckets: int = 9) -> None:
        self.grid = check_grid(spread_ticks, buckets)
        states = self.grid.states
        self.passed_over = 0
        self._now_ns: int | None = None
        self._pending: tuple[int, int] | None = None  # State and twice the mid; it counts when its stamp is over.
        self._last: tuple[int, int] | None = None
        self._block, self._told = _FIRST_BLOCK, 0
        self._stayed = np.zeros((1, states, states), np.int64)
        self._went = np.zeros((1, states, states), np.int64)
        self._moved = np.zeros((1, states), np.int64)

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these; it counts once the next stamp is told."""
        before = self._now_ns
        self._now_ns = forward(before, time_ns)
        if before is not None and time_ns > before:
            self._settle()
        self._pending = None
        if bid_lots <= 0 or ask_lots <= 0 or bid_ticks >= ask_ticks:
            self.passed_over += 1
            return
        kind = next((k for k, bound in enumerate(self.grid.bounds) if ask_ticks - bid_ticks <= bound), None)
        kind = len(self.grid.bounds) if kind is None else kind
        bucket = self.grid.buckets * min(bid_lots, ask_lots) // (bid_lots + ask_lots)
        bucket = self.grid.buckets - 1 - bucket if bid_lots > ask_lots else bucket
        self._pending = (kind * self.grid.buckets + bucket, bid_ticks + ask_ticks)

    def on_quotes(self, quotes: Quotes) -> None:
        """A table of quotes, all at once."""
        if not len(quotes):
            return
        start = forward(self._now_ns, int(quotes.time_ns[0]))
        if self._now_ns is not None and start > self._now_ns:
            self._settle()
        bid, ask = quotes.bid_ticks, quotes.ask_ticks
        good = (quotes.bid_lots > 0) & (quotes.ask_lots > 0) & (bid < ask)
        self.passed_over += int((~good).sum())
        over = np.append(np.diff(quotes.time_ns) > 0, False)
        use = good & over
        rows = self.grid.state(bid[use], quotes.bid_lots[use], ask[use], quotes.ask_lots[use])
        self._add(rows, (bid + ask)[use])
        self._now_ns, self._pending = int(quotes.time_ns[-1]), None
        if good[-1]:
            last = self.grid.state(bid[-1:], quotes.bid_lots[-1:], ask[-1:], quotes.ask_lots[-1:])
            self._pending = (int(last[0]), int(bid[-1] + ask[-1]))

    @property
    def counts(self) -> Counts:
        """What was counted, the quote that stands now included."""
        whole = self._copy()
        whole._settle()
        return Counts(whole.grid, whole._block, whole._stayed, whole._went, whole._moved, self.passed_over)

    def _copy(self) -> MicroPriceCounts:
        other = MicroPriceCounts(self.grid.bounds, self.grid.buckets)
        other._pending, other._last, other._block, other._told = self._pending, self._last, self._block, self._told
        other._stayed, other._went, other._moved = self._stayed.copy(), self._went.copy(), self._moved.copy()
        return other

    def _settle(self) -> None:
        """The quote of the stamp that is over is the next state."""
        if self._pending is None:
            return
        (state, twice_mid), last = self._pending, self._last
        self._last, self._pending = self._pending, None
        if last is None:
            return
        if self._told + 1 > MOST_BLOCKS * self._block:
            self._join()
        block = self._told // self._block
        self._grow(block + 1)
        self._told += 1
        table = self._stayed if twice_mid == last[1] else self._went
        table[block, last[0], state] += 1
        self._moved[block, last[0]] += twice_mid - last[1]

    def _add(self, states: Ints, twice_mid: Ints) -> None:
        """States one after another."""
        if not len(states):
            return
        if self._last is not None:
            states, twice_mid = np.append(self._last[0], states), np.append(self._last[1], twice_mid)
        self._last = (int(states[-1]), int(twice_mid[-1]))
        moves = np.diff(twice_mid)
        if not len(moves):
            return
        while self._told + len(moves) > MOST_BLOCKS * self._block:
            self._join()
        block = (self._told + np.arange(len(moves))) // self._block
        self._grow(int(block[-1]) + 1)
        self._told += len(moves)
        for table, chosen in ((self._stayed, moves == 0), (self._went, moves != 0)):
            np.add.at(table, (block[chosen], states[:-1][chosen], states[1:][chosen]), 1)
        np.add.at(self._moved, (block, states[:-1]), moves)

    def _join(self) -> None:
        """Blocks of twice the length."""
        self._block *= 2
        starts = np.arange(0, len(self._stayed), 2)
        self._stayed = np.add.reduceat(self._stayed, starts, axis=0)
        self._went = np.add.reduceat(self._went, starts, axis=0)
        self._moved = np.add.reduceat(self._moved, starts, axis=0)

    def _grow(self, blocks: int) -> None:
        missing = blocks - len(self._stayed)
        if missing > 0:
            states = self.grid.states
            self._stayed = np.concatenate((self._stayed, np.zeros((missing, states, states), np.int64)))
            self._went = np.concatenate((self._went, np.zeros((missing, states, states), np.int64)))
            self._moved = np.concatenate((self._moved, np.zeros((missing, states), np.int64)))
