"""Propagators from the tape: the memory of signs, the response of the mid to them, and the kernel behind both.

In the clock of market orders, epsilon_t the sign and r_t the move of the mid from just before order t to just before
the next, basis points:

    C(l) = E[epsilon_t epsilon_{t+l}],   S(l) = Cov[epsilon_t, r_{t+l}],   R(l) = S(0) + ... + S(l-1),
    S(l) = sum_n g(n) Cov[epsilon_t, epsilon_{t+|l-n|}], l = 0 .. L-1       solved for g, and G(l) = g(0) + ... + g(l-1)

The memory C is taken about 0, for buys and sells are alike in the long run: the mean of a day is memory too, and taking
it off would hide that. The system is taken about the means, as a regression with an intercept is.

Signs are long-remembered, so R holds the followers of a trade too; G is what one trade alone leaves (Bouchaud, Gefen,
Potters & Wyart 2004, "Fluctuations and response in financial markets", Quantitative Finance 4). The system is solved in
increments, S and g instead of R and G (Eisler, Bouchaud & Kockelkoren 2012, Quantitative Finance 12; Taranto and others
2018, Quantitative Finance 18): in levels every row of it would see the same long past, and its errors would add up.
Nothing is smoothed: bands from resampled blocks of orders say how far to trust it, and grow with the lag.

Wrong where: one stamp holds several orders (they are merged), quotes come late (the first lags are too low), or size
matters more than sign. Half as many lags again as are asked for are solved for and let go, for the last ones of a
system carry what is older than it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.flow.memory import memory_exponent
from nowake.microstructure.market_orders import Floats, Ints, Tape
from nowake.models.impact.propagator_events import TIM
from nowake.statistics.blocks import block_edges, ends, resampled, widening, with_interval
from nowake.statistics.measurement import Measurement, check_level

LONGEST, SHORTEST = 200, 20
_ORDERS_PER_LAG = 40
_PEAK_WITHIN = 10
_LEAST_MOVES = 30
_FLATTEST, _STEEPEST = -1.0, 3.0


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """A function of the lag with its band: `lags` in market orders, `value`, `low` and `high` of one length."""

    lags: tuple[int, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class PropagatorFit(msgspec.Struct, frozen=True, kw_only=True):
    """What signs remember, what the mid answers, and the kernel.

    Parameters
    ----------
    memory
        C(1) .. C(L), the autocorrelation of signs.
    response_bps
        R(1) .. R(L): the mean move of the mid behind a buy, its followers included.
    kernel_bps
        G(1) .. G(L): the mean move that one buy leaves, other orders apart.
    model
        The kernel as a model that predicts.
    memory_exponent
        gamma of C ~ l^-gamma (`memory_exponent` of its own file); None where signs show no long memory.
    kernel_exponent
        beta of G ~ l^-beta from its peak on; 0 where it stays. None where it cannot be told.
    permanent_share
        G(horizon) / G(peak): what is left of the impact of an order `horizon` orders later.
    peak, horizon
        Lags of `permanent_share`; the peak is the largest of the first ten.
    r2
        Share of the variance of moves that signs explain.
    orders, repeats, level
        Behind the bands.
    refusals
        Why a part is missing, one sentence each.
    """

    memory: Curve
    response_bps: Curve
    kernel_bps: Curve
    model: TIM
    memory_exponent: Measurement | None
    kernel_exponent: Measurement | None
    permanent_share: Measurement | None
    peak: int
    horizon: int
    r2: float
    orders: int
    repeats: int
    level: float
    refusals: tuple[str, ...] = ()

    @property
    def critical_exponent(self) -> float | None:
        """(1 - gamma) / 2: the beta at which prices would diffuse though signs remember (Bouchaud et al. 2004)."""
        return None if self.memory_exponent is None else (1 - self.memory_exponent.value) / 2


def fit_propagator(
    tape: Tape, *, lags: int | None = None, repeats: int = 400, seed: int = 0, level: float = 0.95
) -> PropagatorFit:
    """Memory, response and kernel of a tape, with bands.

    Parameters
    ----------
    lags
        L, in market orders; by default one for each 40 orders, from 20 to 200.
    repeats, seed
        Of the resampling of blocks.

    Raises
    ------
    BadParameter
        When lags are below 2, or more than a twentieth of the orders.
    BadData
        When the mid moves behind fewer than 30 orders, or is not above 0.
    """
    check_level(level)
    moves_bps = moves_of(tape)
    orders, moved = len(moves_bps), int(np.count_nonzero(moves_bps))
    if moved < _LEAST_MOVES:
        raise BadData(
            f"the mid moves behind {moved} of {orders:,} market orders; a kernel needs {_LEAST_MOVES}, so look at a "
            "longer time"
        )
    count = int(np.clip(orders // _ORDERS_PER_LAG, SHORTEST, LONGEST)) if lags is None else lags
    if not 2 <= count <= orders // 20:
        raise BadParameter(f"lags {count} must be from 2 to a twentieth of the {orders:,} market orders")
    solved = count + count // 2  # What is older than the system falls on its last lags: they are solved and let go.
    edges = block_edges(orders, 2 * count)
    parts = len(edges) - 1
    weights = np.vstack((np.ones(parts), resampled(parts, repeats, seed)))
    signs = tape.sign - tape.sign.mean()
    memory = _lagged(tape.sign, tape.sign, count + 1, edges, weights)[:, 1:]
    covariance = _lagged(signs, signs, solved, edges, weights)
    answer = _lagged(signs, moves_bps - moves_bps.mean(), solved, edges, weights)
    increments = np.array([_solved(row, right) for row, right in zip(covariance, answer, strict=True)])[:, :count]
    kernel, response = np.cumsum(increments, axis=1), np.cumsum(answer[:, :count], axis=1)
    explained, variance = float(increments[0] @ answer[0, :count]), float(moves_bps.var())
    peak = 1 + int(np.argmax(kernel[0, :_PEAK_WITHIN]))
    lag = np.arange(1, count + 1)
    resampling = Resampling(blocks=parts, level=level, orders=orders, repeats=repeats)
    parameters, refusals = _summary(tape.sign, kernel, peak, resampling)
    return PropagatorFit(
        memory=_curve(lag, memory, resampling),
        response_bps=_curve(lag, response, resampling),
        kernel_bps=_curve(lag, kernel, resampling),
        model=TIM(
            increments_bps=increments[0],
            se_bps=increments[1:].std(axis=0, ddof=1) * widening(parts, level),
            noise_bps=float(np.sqrt(max(variance - explained, 0.0))),
            trades=orders,
        ),
        **parameters,
        peak=peak,
        horizon=count,
        r2=explained / variance,
        orders=orders,
        repeats=repeats,
        level=level,
        refusals=refusals,
    )


def moves_of(tape: Tape) -> Floats:
    """Moves of the mid from just before each order to just before the next, in basis points of the first mid.

    Raises
    ------
    BadData
        When a mid is not above 0: there are no basis points of it.
    """
    if not tape.mid_ticks.min() > 0:
        raise BadData(f"a mid of {tape.mid_ticks.min():g} ticks gives no move in basis points; prices must be above 0")
    return np.asarray(tape.moves_ticks / tape.mid_ticks[0] * 1e4)


class Resampling(NamedTuple):
    """What made the repeats."""

    blocks: int
    level: float
    orders: int
    repeats: int

    def measured(self, values: Floats, what: str) -> Measurement:
        """The first of values with the interval that the others give."""
        how = f"{what}, {self.blocks} blocks of orders resampled {self.repeats} times"
        return with_interval(
            float(values[0]), values[1:], level=self.level, blocks=self.blocks, n=self.orders, method=how
        )


def _summary(
    signs: Floats, kernel: Floats, peak: int, resampling: Resampling
) -> tuple[dict[str, Measurement | None], tuple[str, ...]]:
    """Exponents and permanent share; what cannot be told is None, with the reason."""
    lag = np.arange(1, kernel.shape[1] + 1)
    asked: dict[str, Callable[[], Measurement]] = {
        "memory_exponent": lambda: memory_exponent(signs, level=resampling.level),
        "kernel_exponent": lambda: _exponent(lag[peak - 1 :], kernel[:, peak - 1 :], resampling),
        "permanent_share": lambda: _share_left(kernel[:, -1], kernel[:, peak - 1], resampling),
    }
    told: dict[str, Measurement | None] = {}
    refusals = []
    for name, answer in asked.items():
        try:
            told[name] = answer()
        except BadData as reason:
            told[name] = None
            refusals.append(f"{name.replace('_', ' ')}: {reason}")
    return told, tuple(refusals)


def _lagged(one: Floats, other: Floats, count: int, edges: Ints, weights: Floats) -> Floats:
    """Mean of one_t other_{t+l}, l = 0 .. count-1, for every set of weights of the blocks that t lies in."""
    sums = np.empty((len(edges) - 1, count))
    pairs = np.empty_like(sums)
    for lag in range(count):
        products = np.zeros(len(one))
        products[: len(one) - lag] = one[: len(one) - lag] * other[lag:]
        sums[:, lag] = np.add.reduceat(products, edges[:-1])
        pairs[:, lag] = np.diff(np.minimum(edges, len(one) - lag))
    return np.asarray((weights @ sums) / (weights @ pairs))


def _solved(covariance: Floats, answer: Floats) -> Floats:
    """The kernel of a Toeplitz system (Levinson's recursion)."""
    from scipy.linalg import solve_toeplitz  # noqa: PLC0415

    return np.asarray(solve_toeplitz(covariance, answer))


def _curve(lags: Ints, values: Floats, resampling: Resampling) -> Curve:
    low, high = ends(values[0], values[1:], level=resampling.level, blocks=resampling.blocks)
    return Curve(
        lags=tuple(lags.tolist()),
        value=tuple(values[0].tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
    )


def _exponent(lags: Ints, values: Floats, resampling: Resampling) -> Measurement:
    """p of a l^-p through each row of values (B, lags), by least squares with equal weight a decade of lags."""
    powers = np.linspace(_FLATTEST, _STEEPEST, 401)
    shapes = lags[:, None].astype(np.float64) ** -powers
    weight = 1.0 / lags
    height = (values * weight) @ shapes
    gain = np.where(height > 0, height, 0.0) ** 2 / (weight @ shapes**2)
    best = gain.argmax(axis=1)
    at_end = (best == 0) | (best == len(powers) - 1) | (gain.max(axis=1) == 0)
    if at_end[0] or at_end.mean() > 0.05:
        raise BadData("what there is to decay cannot be told from chance")
    return resampling.measured(powers[best], f"power law over lags {lags[0]} to {lags[-1]}")


def _share_left(last: Floats, peak: Floats, resampling: Resampling) -> Measurement:
    if peak[0] <= 0 or np.quantile(peak, (1 - resampling.level) / 2) <= 0:
        raise BadData("orders have no impact that can be told from chance")
    some = peak > 0  # A repeat without the few moves there are has no peak to take a share of.
    return resampling.measured(last[some] / peak[some], "kernel at the horizon over its peak")
