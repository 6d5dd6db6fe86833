"""Order processing, adverse selection and inventory in the spread (Huang & Stoll 1997, "The components of the bid-ask
spread: a general approach", Review of Financial Studies 10).

Two ways, from trades alone (equation 5), S constant:

    P_t - P_{t-1} = (S / 2) (Q_t - Q_{t-1}) + lambda (S / 2) Q_{t-1} + e_t,    lambda = alpha + beta

Three ways, from the quotes that stood just before each trade (equations 24 and 25):

    E[Q_{t-1} | Q_{t-2}] = (1 - 2 pi) Q_{t-2}
    M_t - M_{t-1} = (alpha + beta) (S_{t-1} / 2) Q_{t-1} - alpha (1 - 2 pi) (S_{t-2} / 2) Q_{t-2} + e_t

alpha is adverse selection, beta inventory, 1 - alpha - beta order processing, each a share of the half-spread S / 2; pi
is the probability that the next trade is of the other side. As many moment conditions as parameters: least squares,
with joint Newey-West errors. Shares sum to 1 and are never clamped.

pi = 1/2 is the end of it: the older quote then tells nothing and alpha and beta cannot be told apart, which is refused;
and it is what the two ways need, for sides that remember move the mid by more than the last one.

Wrong where: orders come in slices, which makes pi small. Huang & Stoll then found alpha below 0, and took trades of one
side and price without a change of the quotes between them as one (their section 5); `bunch` does so here. But with pi
below a half even so, alpha is what the surprise in an order moves and beta what its expected part does, no dealer's
inventory; and where the tick binds and quotes hardly move, bunched orders turn round because they were bunched."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from nowake.domain.errors import BadData, Unidentified
from nowake.domain.market import Quotes, Trades
from nowake.microstructure.market_orders import two_sided_touch
from nowake.microstructure.prevailing import Prevailing
from nowake.microstructure.toxicity.chain import (
    Ints,
    Sums,
    added,
    linked,
    no_sums,
    orders_of,
    product,
    solve,
    sums_of,
)
from nowake.microstructure.toxicity.moments import Stacked, check_half_spread, ratio
from nowake.microstructure.whole import whole
from nowake.statistics.measurement import Measurement, check_level

MIN_ROWS = 100
_STEP, _NOW, _BEFORE = range(3)  # Of trades alone.
_MOVE, _PUSH, _PUSH_BEFORE, _SIDE, _SIDE_BEFORE = range(5)  # With quotes.
_COLUMNS = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TwoWay:
    """Components from trades alone.

    Parameters
    ----------
    half_spread_ticks
        S / 2, the traded one.
    informed_share
        lambda: adverse selection and inventory together, as a share of it.
    processing_share
        1 - lambda.
    rows, lags
        Pairs of orders fitted to, and rows that noise may remember.
    unsigned
        Orders without a side, which broke the chain.
    """

    half_spread_ticks: Measurement
    informed_share: Measurement
    processing_share: Measurement
    rows: int
    lags: int
    unsigned: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ThreeWay:
    """Components from trades and the quotes they met.

    Parameters
    ----------
    adverse_share, inventory_share, processing_share
        alpha, beta and the rest, as shares of the half-spread; they sum to 1.
    reversal
        pi, the probability that the next order is of the other side.
    half_spread_ticks
        Mean half-spread that orders met.
    orders, merged
        Orders, and how many were merged into the ones before them.
    rows, lags
        Triples of orders fitted to, and rows that noise may remember.
    unsigned, before_quotes
        Orders without a side, and those before the first quote; both broke the chain.
    """

    adverse_share: Measurement
    inventory_share: Measurement
    processing_share: Measurement
    reversal: Measurement
    half_spread_ticks: float
    orders: int
    merged: int
    rows: int
    lags: int
    unsigned: int
    before_quotes: int

    @property
    def sensible(self) -> bool:
        """Whether all shares are in [0, 1]."""
        shares = self.adverse_share, self.inventory_share, self.processing_share
        return all(0 <= share.value <= 1 for share in shares)

    @property
    def reverses(self) -> bool:
        """Whether orders turn round more often than not, as the model of inventory wants."""
        return self.reversal.value > 0.5


def huang_stoll_two_way(
    trades: Trades, *, merge: bool = True, level: float = 0.95, lags: int | None = None, least: int = MIN_ROWS
) -> TwoWay:
    """Order processing against all else, from prices and sides. Parameters and errors as for `glosten_harris`."""
    check_level(level)
    orders = orders_of(trades, merge=merge)
    at = linked(orders.side)
    columns = orders.price_ticks[at] - orders.price_ticks[at - 1], orders.side[at], orders.side[at - 1]
    if len(at) < least:
        raise Unidentified(f"{len(at)} pairs of orders with sides are fewer than {least}; look at a longer time")
    found = solve(sums_of(columns), 3, (_NOW, _BEFORE), _STEP)
    if found is None or not columns[_STEP].any():
        what = "sides hardly change" if found is None else "the price never changed"
        raise Unidentified(f"{what} over {len(at):,} pairs of orders; look at a longer time")
    design = np.column_stack(columns[1:]).astype(np.float64)
    stacked = Stacked([(design, columns[_STEP] - design @ found)], level=level, lags=lags)
    half = stacked.figure(found[0], (1, 0))
    check_half_spread(half)
    share, slope = ratio(found.sum(), found[0], (1, 1), (1, 0))
    return TwoWay(
        half_spread_ticks=half,
        informed_share=stacked.figure(share, slope),
        processing_share=stacked.figure(1 - share, -slope),
        rows=len(at),
        lags=stacked.lags,
        unsigned=int((orders.side == 0).sum()),
    )


def huang_stoll(
    quotes: Quotes,
    trades: Trades,
    *,
    bunch: bool = True,
    level: float = 0.95,
    lags: int | None = None,
    least: int = MIN_ROWS,
) -> ThreeWay:
    """Adverse selection, inventory and order processing.

    Parameters
    ----------
    bunch
        Whether orders of one side, one after the other, that met the same best prices are one; else only prints of one
        stamp and side are.
    lags
        Rows that noise may remember; by default the rule of thumb.
    least
        Triples of orders below which it refuses.

    Raises
    ------
    BadData
        When a print has less than one lot.
    Unidentified
        When there are too few triples, the mid never moves, the spread is always 0, sides are all one, or the next side
        is not surely other than a coin's toss.
    """
    check_level(level)
    columns, counts = _columns(quotes, trades, bunch=bunch)
    rows = len(columns[_MOVE])
    if rows < least:
        raise Unidentified(f"{rows} triples of orders with sides are fewer than {least}; look at a longer time")
    if not columns[_MOVE].any():
        raise Unidentified(f"the mid never moved over {rows:,} orders; look at a longer time")
    found = _fit(sums_of(columns))
    if found is None:
        raise Unidentified(f"sides or spreads hardly change over {rows:,} orders; are the sides right?")
    push, push_before, rho = found
    design = np.column_stack(columns[_PUSH : _PUSH_BEFORE + 1]).astype(np.float64)
    follow = columns[_SIDE_BEFORE][:, None].astype(np.float64)
    residual = columns[_MOVE] - design @ np.array([push, push_before])
    stacked = Stacked([(design, residual), (follow, columns[_SIDE] - rho * follow[:, 0])], level=level, lags=lags)
    memory = stacked.figure(rho, (0, 0, 1))
    if memory.low <= 0 <= memory.high:
        raise Unidentified(
            f"the next side is other than this one with probability {(1 - rho) / 2:.4g}, which may be a half: "
            "adverse selection and inventory cannot be told apart; use huang_stoll_two_way"
        )
    alpha, of_alpha = ratio(-push_before, rho, (0, -1, 0), (0, 0, 1))
    of_sum = np.array([1.0, 0.0, 0.0])
    return ThreeWay(
        adverse_share=stacked.figure(alpha, of_alpha),
        inventory_share=stacked.figure(push - alpha, of_sum - of_alpha),
        processing_share=stacked.figure(1 - push, -of_sum),
        reversal=stacked.figure((1 - rho) / 2, (0, 0, -0.5)),
        rows=rows,
        lags=stacked.lags,
        **counts,  # type: ignore[arg-type]
    )


def huang_stoll_share(quotes: Quotes, trades: Trades, *, bunch: bool = True, least: int = MIN_ROWS) -> float:
    """alpha without its interval; NaN where it cannot be known."""
    columns, _ = _columns(quotes, trades, bunch=bunch)
    return _alpha(sums_of(columns), rows=len(columns[_MOVE]), least=least)


class HuangStollGauge:
    """alpha, event by event: `huang_stoll_share`, to the last digit, for its sums are whole numbers.

    Parameters and errors as for `huang_stoll`; NaN until `least` triples.
    """

    def __init__(self, *, bunch: bool = True, least: int = MIN_ROWS) -> None:
        self.bunch, self.least = bunch, least
        self.rows = 0
        self._sums = no_sums(_COLUMNS)
        self._quotes = Prevailing()
        self._print: tuple[int, int] | None = None
        self._last: tuple[_Met, ...] = ()
        self._now_ns: int | None = None

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these.

        Raises
        ------
        BadData
            When time goes back.
        """
        self._tick(time_ns)
        self._quotes.on_quote(time_ns, bid_ticks, bid_lots, ask_ticks, ask_lots)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002
        """A print; one without a side, or before the first quote, breaks the chain.

        Raises
        ------
        BadData
            When time goes back, or it has less than one lot.
        """
        time_ns, lots, side = whole(time_ns=time_ns, lots=lots, side=side)
        if lots <= 0:
            raise BadData(f"a print at {time_ns} is of {lots} lots; it must be of 1 or more")
        self._tick(time_ns)
        same, self._print = (time_ns, side) == self._print and side != 0, (time_ns, side)
        if same:
            return
        quote = self._quotes.before(time_ns)
        now = _Met(side, 0, 0, False) if quote is None else _Met(side, quote.bid_ticks, quote.ask_ticks, True)
        if self.bunch and self._last and side and now.quoted and now == self._last[-1]:
            return
        self._last = (*self._last[-2:], now)
        if len(self._last) == 3 and all(met.quoted for met in self._last) and self._last[0].side and self._last[1].side:
            self.rows += 1
            self._sums = added(self._sums, _row(*self._last))

    @property
    def value(self) -> float:
        """Adverse selection as a share of the half-spread."""
        return _alpha(self._sums, rows=self.rows, least=self.least)

    def _tick(self, time_ns: int) -> None:
        if self._now_ns is not None and time_ns < self._now_ns:
            raise BadData(f"an event at {time_ns} is before the last one, at {self._now_ns}; sort by time")
        self._now_ns = time_ns


class _Met(NamedTuple):
    """An order's side and the quote just before it."""

    side: int
    bid_ticks: int
    ask_ticks: int
    quoted: bool

    @property
    def push(self) -> int:
        """The spread, with the sign of the order."""
        return self.side * (self.ask_ticks - self.bid_ticks)


def _row(second: _Met, first: _Met, now: _Met) -> tuple[int, ...]:
    """The mid's move twice over, the last two pushes and the last two sides."""
    move = now.bid_ticks + now.ask_ticks - first.bid_ticks - first.ask_ticks
    return move, first.push, second.push, first.side, second.side


def _columns(quotes: Quotes, trades: Trades, *, bunch: bool) -> tuple[tuple[Ints, ...], dict[str, float | int]]:
    """Twice the mid's moves, pushes and sides of each triple, int64[n] each, and counts of the orders behind them."""
    touch, orders = two_sided_touch(quotes), orders_of(trades)
    row = touch.before(orders.time_ns)
    quoted = row >= 0
    bid, ask = (
        np.where(quoted, side[row], 0) if len(side) else np.zeros_like(row)
        for side in (touch.bid_ticks, touch.ask_ticks)
    )
    side = orders.side
    keep = np.ones(len(side), np.bool_)
    if bunch:
        same = (np.diff(side) == 0) & (np.diff(bid) == 0) & (np.diff(ask) == 0)
        keep[1:] = ~(same & (side[1:] != 0) & quoted[1:] & quoted[:-1])
    side, bid, ask, quoted = side[keep], bid[keep], ask[keep], quoted[keep]
    push, twice_mid = side * (ask - bid), bid + ask
    links = (side[1:-1] != 0) & (side[:-2] != 0) & quoted[2:] & quoted[1:-1] & quoted[:-2]
    at = np.flatnonzero(links) + 2
    columns = twice_mid[at] - twice_mid[at - 1], push[at - 1], push[at - 2], side[at - 1], side[at - 2]
    met = quoted & (side != 0)
    return columns, {
        "half_spread_ticks": float((ask - bid)[met].mean() / 2) if met.any() else math.nan,
        "orders": len(side),
        "merged": int((~keep).sum()),
        "unsigned": int((side == 0).sum()),
        "before_quotes": int((~quoted).sum()),
    }


def _fit(sums: Sums) -> tuple[float, float, float] | None:
    """alpha + beta, -alpha rho, and rho = 1 - 2 pi."""
    found = solve(sums, _COLUMNS, (_PUSH, _PUSH_BEFORE), _MOVE)
    if found is None:
        return None
    push, push_before = found.tolist()
    together = product(sums, _COLUMNS, _SIDE, _SIDE_BEFORE)
    memory = together / product(sums, _COLUMNS, _SIDE_BEFORE, _SIDE_BEFORE)
    return push, push_before, memory


def _alpha(sums: Sums, *, rows: int, least: int) -> float:
    found = _fit(sums) if rows >= least else None
    if found is None or found[2] == 0:
        return math.nan
    return -found[1] / found[2]
