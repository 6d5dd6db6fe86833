"""A decay kernel: how much of a displacement of the price is left some time after the trade that made it.

    D_t = integral over s < t of f(v_s) G(t - s) ds

v is the rate of trading, f the pressure of a rate (`shapes`), G the kernel and the lag t - s in trading sessions
(Gatheral 2010, "No-dynamic-arbitrage and market impact", Quantitative Finance 10). For rates that are constant inside
buckets the cost, integral of v D dt, needs no midpoint: with H the second antiderivative of G,

    integral over bucket i, integral over bucket j of G(|t - s|)  =  a second difference of H at the four edges

which is exact and finite for kernels that are infinite at 0, and positive definite where the kernel is. Only buckets
that are short against the time between them take G at their middles, for the difference then loses its digits. A trade
pays half of its own move: its bucket with itself holds each pair of instants twice."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.shapes import Shape
from nowake.models.terms import Floats, Size

FAR = 1e4  # Lengths between two buckets from which on their middles stand for them: wrong by 1e-9.


class Exponentials(NamedTuple):
    """A kernel as a sum of exponentials: sum_k weights[k] exp(-rates[k] t), all rates above 0."""

    weights: Floats
    rates: Floats


class Kernel(msgspec.Struct, frozen=True):
    """The base of all kernels. A third party's writes `__call__`, `first` and `second`.

    Which kernel it is does not stand in a record's bytes, for anybody may write one: msgspec writes a model that holds
    a kernel, and cannot read it back.
    """

    def __call__(self, lag_days: Size) -> Size:
        """G at lags of 0 or more."""
        raise NotImplementedError

    def first(self, lag_days: Size) -> Size:
        """Integral of G from 0 to a lag."""
        raise NotImplementedError

    def second(self, lag_days: Size) -> Size:
        """Integral of `first` from 0 to a lag."""
        raise NotImplementedError

    @property
    def bursts(self) -> bool:
        """Whether G is infinite at 0, so that a block costs infinitely much and only rates can be traded."""
        return False

    @property
    def convex(self) -> bool:
        """Whether G is known to fall, convex, to 0 or more.

        Such a kernel is positive definite (Polya), and its best schedule never trades against itself (Alfonsi,
        Schied & Slynko 2012).
        """
        return False

    @property
    def positive_definite(self) -> bool | None:
        """Whether no round trip earns under linear pressure (Bochner); None where no formula says so."""
        return True if self.convex else None

    def exponentials(self, *, shortest_days: float, longest_days: float) -> Exponentials:
        """The kernel as a sum of exponentials, within 1e-6 of itself between two lags; for a simulation step.

        Raises
        ------
        BadParameter
            When the kernel is no sum of exponentials with weights above 0.
        """
        raise BadParameter(
            f"{self} is no sum of decaying exponentials between {shortest_days:g} and {longest_days:g} sessions, so "
            "it cannot be simulated step by step; ask cost_of or path of the whole schedule"
        )

    def matrix(self, edges_days: Floats) -> Floats:
        """(N, N) mean of G(|t - s|) over t in bucket i and s in bucket j; cost is x' matrix x / 2 for f(v) = v."""
        lengths = np.diff(edges_days)
        return np.asarray(self.overlaps(edges_days) / np.outer(lengths, lengths))

    def overlaps(self, edges_days: Floats) -> Floats:
        """(N, N) double integrals of G(|t - s|) over pairs of buckets."""
        edges_days = np.asarray(edges_days, dtype=np.float64)
        at = self.second(np.abs(np.subtract.outer(edges_days, edges_days)))
        found = np.asarray(at[1:, :-1] + at[:-1, 1:] - at[1:, 1:] - at[:-1, :-1])
        lengths, middles = np.diff(edges_days), (edges_days[1:] + edges_days[:-1]) / 2
        apart = np.abs(np.subtract.outer(middles, middles))
        i, j = np.nonzero(apart > FAR * np.maximum.outer(lengths, lengths))
        found[i, j] = self(apart[i, j]) * lengths[i] * lengths[j]
        return found

    def left_of(self, edges_days: Floats, at_days: Floats) -> Floats:
        """(M, N) integrals of G(t - s) over s in bucket j before t, at instants t."""
        lags = np.maximum(np.subtract.outer(at_days, edges_days), 0.0)
        reach = self.first(lags)
        return np.asarray(reach[:, :-1] - reach[:, 1:])

    def gram(self, times_days: Floats) -> Floats:
        """(N, N) G(|t_i - t_j|) of blocks traded at instants; cost is x' gram x / 2 for f(v) = v."""
        return np.asarray(self(np.abs(np.subtract.outer(times_days, times_days))))


def transient_cost(kernel: Kernel, pressure: Shape, quantities: Floats, edges_days: Floats) -> float:
    """What the displacement costs all buckets together: the sum over i of x_i times the mean displacement in i."""
    lengths = np.diff(edges_days)
    rates = quantities / lengths
    before = np.tril(kernel.overlaps(edges_days))
    # Of a bucket with itself, only half of the pairs have the push before the trade.
    np.fill_diagonal(before, np.diagonal(before) / 2)
    return float(rates @ before @ np.asarray(pressure(rates)))
