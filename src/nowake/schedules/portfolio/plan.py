"""The plan of a basket: whole lots for every line and bucket, what they are expected to cost and risk, and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate
from nowake.schedules.portfolio.basket import SHOWN, Basket
from nowake.schedules.portfolio.costing import Costing
from nowake.schedules.portfolio.exposures import Exposure
from nowake.schedules.portfolio.timeline import SAME, Timeline, available
from nowake.schedules.schedule import Schedule

if TYPE_CHECKING:
    import polars as pl

Counts = npt.NDArray[np.int64]


class Rounding(msgspec.Struct, frozen=True, kw_only=True):
    """What whole lots and the smallest trade cost: the objective, in currency, before and after.

    Before is the least there is within the limits where the plan is optimal, so that the difference is the most that
    rounding can have lost.

    Parameters
    ----------
    before, after
        The objective.
    smallest_trade
        Of their difference, what comes of the smallest trade, and not of whole lots alone.
    above_cap
        By what share of its cap a trade in whole lots exceeds it at most; 0 where all caps are kept, or none is to be.
    """

    before: float
    after: float
    smallest_trade: float = 0.0
    above_cap: float = 0.0

    @property
    def cost(self) -> float:
        """Currency, of both."""
        return self.after - self.before

    def said(self, currency: str) -> str:
        """In words, each part by its name."""
        lots = f"{self.cost - self.smallest_trade:+,.2f} {currency} of the objective"
        small = f", the smallest trade {self.smallest_trade:+,.2f}" if self.smallest_trade else ""
        return lots + small + (f"; a cap is exceeded by {self.above_cap:.1%}" if self.above_cap else "")


class BasketPlan(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """When to trade how much of every line.

    Parameters
    ----------
    name
        The kind of plan, for tables.
    basket
        What it serves.
    lots
        (T, N) whole lots in each line's own direction; each column sums to the line's lots. Below 0 a bucket trades
        against the line.
    costs
        By what it is costed; its `timeline` holds the T buckets.
    line_costs
        Part of the expected cost -> (N,) currency: "spread", "temporary", "permanent", and "cross", "drift" where there
        are such. Of the whole lots.
    risk
        One standard deviation of the cost in currency, of the whole lots, traded evenly inside each bucket.
    exposures
        Net value, cash, beta, sectors, factors, with their bands.
    risk_aversion
        Currency of expected cost worth one currency^2 of variance; what the objective weighs risk by.
    certificate
        How it is known that nothing is better, before rounding; None where nothing is minimised.
    binding
        Limits that hold the plan back -> in how many buckets.
    rounding
        What whole lots and the smallest trade cost.
    inputs
        What made it: name -> value.
    notes
        What was assumed, replaced or not kept, one sentence each.
    """

    name: str
    basket: Basket
    lots: Counts
    costs: Costing
    line_costs: dict[str, Floats]
    risk: float
    exposures: tuple[Exposure, ...]
    rounding: Rounding
    risk_aversion: float = 0.0
    certificate: Certificate | None = None
    binding: dict[str, int] = {}
    inputs: dict[str, float] = {}
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lots = np.array([line.lots for line in self.basket.lines])
        if self.lots.shape != (len(self.timeline), len(lots)):
            raise BadParameter(f"lots {self.lots.shape} of a plan must be {(len(self.timeline), len(lots))}")
        wrong = np.flatnonzero(self.lots.sum(axis=0) != lots)
        if len(wrong):
            i = int(wrong[0])
            raise BadParameter(
                f"lots of {self.basket.symbols[i]} sum to {self.lots[:, i].sum()}; they must sum to {lots[i]}"
            )

    @property
    def timeline(self) -> Timeline:
        """The buckets."""
        return self.costs.timeline

    @property
    def trades(self) -> Floats:
        """(T, N) signed units."""
        return trades_of(self.basket, self.lots)

    @property
    def left(self) -> Floats:
        """(T + 1, N) signed units left at the start and after each bucket."""
        return np.vstack((self.basket.quantities, self.basket.quantities - np.cumsum(self.trades, axis=0)))

    @property
    def times_days(self) -> Floats:
        """(T + 1,) sessions from the start: of `left`, of `exposure` and of `risk_left`."""
        return np.concatenate((self.timeline.starts_days[:1], self.timeline.ends_days))

    @property
    def participation(self) -> Floats:
        """(T, N) trade over the volume expected without us; 0 where nothing is traded."""
        traded = np.abs(self.trades)
        return np.divide(traded, self.costs.volume, out=np.zeros_like(traded), where=self.costs.volume > 0)

    @property
    def finish_days(self) -> Floats:
        """(N,) when each line is done, sessions from the start."""
        last = len(self.timeline) - 1 - np.argmax(self.lots[::-1] != 0, axis=0)
        return np.asarray(self.timeline.ends_days[last])

    # Cost and risk.

    @property
    def cost_parts(self) -> dict[str, float]:
        """Part -> currency; they sum to `expected_cost`."""
        return {part: float(by_line.sum()) for part, by_line in self.line_costs.items()}

    @property
    def expected_cost(self) -> float:
        """Currency."""
        return math.fsum(self.cost_parts.values())

    @property
    def cost_parts_bps(self) -> dict[str, float]:
        """Part -> basis points of gross value."""
        return {part: cost / self.basket.gross * 1e4 for part, cost in self.cost_parts.items()}

    @property
    def expected_cost_bps(self) -> float:
        """Basis points of gross value."""
        return self.expected_cost / self.basket.gross * 1e4

    @property
    def risk_bps(self) -> float:
        """One standard deviation in basis points of gross value."""
        return self.risk / self.basket.gross * 1e4

    @property
    def risk_by_line(self) -> Floats:
        """(N,) what each line adds to `risk`, currency; below 0 for one that hedges. They sum to it."""
        return self.costs.risk_by_line(self.basket.quantities, self.trades)

    @property
    def risk_left(self) -> Floats:
        """(T + 1, N) what each line adds to the risk a session of all that is left, currency; rows sum to that risk."""
        worths = self.basket.worths
        return np.array([self.basket.covariance.contributions(row * worths) for row in self.left])

    def exposure(self, name: str) -> Floats:
        """(T + 1,) an exposure through time, currency.

        Raises
        ------
        BadParameter
            When there is none of that name.
        """
        for each in self.exposures:
            if each.name == name:
                return each.values(self.basket.quantities, self.left)
        raise BadParameter(f"no exposure {name!r}; there are {', '.join(each.name for each in self.exposures)}")

    # What it is for.

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """A schedule for each line's parent order, in the order of the lines.

        An auction takes one nanosecond of the schedule, at its instant.

        Raises
        ------
        BadParameter
            When a line stands for no parent order.
        """
        missing = [line.symbol for line in self.basket.lines if line.order is None]
        if missing:
            raise BadParameter(
                f"{', '.join(missing[:8])} ({len(missing)}) stand(s) for no parent order; make the basket with "
                "Basket.of(orders, ...)"
            )
        return tuple(self._schedule(i) for i in range(len(self.basket)))

    def to_frame(self) -> pl.DataFrame:
        """One row for each line and bucket in which it trades: when, how much, what is left."""
        import polars as pl  # noqa: PLC0415

        buckets, lines = np.nonzero(self.lots)
        trades, left = self.trades, self.left
        symbols, names = np.array(self.basket.symbols), np.array(self.timeline.names)
        sides = np.array([line.side.name.lower() for line in self.basket.lines])
        columns: dict[str, Any] = {
            "symbol": symbols[lines],
            "side": sides[lines],
            "bucket": buckets + 1,
            "auction": names[buckets],
            "start_days": self.timeline.starts_days[buckets],
            "end_days": self.timeline.ends_days[buckets],
            "lots": self.lots[buckets, lines],
            "quantity": np.abs(trades[buckets, lines]),
            "value": np.abs(trades[buckets, lines]) * self.basket.worths[lines],
            "left": np.abs(left[buckets + 1, lines]),
            "participation": self.participation[buckets, lines],
        }
        return pl.DataFrame(columns)

    def _schedule(self, i: int) -> Schedule:
        line = self.basket.lines[i]
        order = line.order
        assert order is not None
        edges, lots = self._edges_ns(i)
        parts = {part: float(by_line[i]) / line.value * 1e4 for part, by_line in self.line_costs.items()}
        return Schedule(
            name=self.name,
            order=order,
            times_ns=tuple(edges),
            lots=tuple(lots),
            expected_cost_bps=sum(parts.values()),
            cost_risk_bps=self.costs.risk_alone(i, line.signed, self.trades[:, i]) / line.value * 1e4,
            cost_parts=parts,
            certificate=self.certificate,
            inputs={**self.inputs, "buckets": float(len(lots))},
            notes=(f"one of {len(self.basket)} lines of a basket, which is planned as a whole; its risk is its own",),
        )

    def _edges_ns(self, i: int) -> tuple[list[int], list[int]]:
        """Bucket edges of a line inside its order's window, and lots between them."""
        line, start_ns = self.basket.lines[i], self.basket.start_ns
        order = line.order
        assert order is not None
        assert start_ns is not None
        session = order.instrument.session.close_ns - order.instrument.session.open_ns
        edges, lots = [order.start_ns], []
        for t in np.flatnonzero(available(self.timeline, (line,))[:, 0] > 0):
            if self.timeline.auctions[t] is None:
                ends = float(self.timeline.ends_days[t])
                last = ends >= line.end_days - SAME
                end = order.end_ns if last else max(start_ns + round(ends * session), edges[-1] + 1)
            else:
                end = edges[-1] + 1
                if end > order.end_ns:
                    edges[-1], end = edges[-1] - 1, order.end_ns
            edges.append(end)
            lots.append(int(self.lots[t, i]))
        if edges[-1] < order.end_ns:
            edges.append(order.end_ns)
            lots.append(0)
        return edges, lots

    def __str__(self) -> str:
        parts = ", ".join(f"{part} {bps:.2f}" for part, bps in self.cost_parts_bps.items())
        currency = self.basket.currency
        rows = [
            f"{self.name}: {self.basket}",
            f"expected cost  {self.expected_cost:,.0f} {currency} = {self.expected_cost_bps:.2f} bps ({parts})",
            f"risk           {self.risk:,.0f} {currency} = {self.risk_bps:.2f} bps",
            f"whole lots     {self.rounding.said(currency)}",
        ]
        if self.certificate is not None:
            rows.append(f"certificate    {self.certificate}")
        if self.binding:
            shown = [f"{name} ({count})" for name, count in list(self.binding.items())[:SHOWN]]
            more = len(self.binding) - len(shown)
            rows.append(f"binding        {'; '.join(shown)}" + (f"; and {more:,} more" if more else ""))
        return "\n".join([*rows, *self.notes])


def trades_of(basket: Basket, lots: Counts) -> Floats:
    """(T, N) signed units of (T, N) lots in each line's direction."""
    return np.asarray(lots * np.array([line.side * line.lot_size for line in basket.lines]))
