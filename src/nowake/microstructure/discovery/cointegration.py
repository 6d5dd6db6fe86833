"""Whether markets share one price at all: without that, shares of it mean nothing and are refused.

Two tests of the same cross-products (`vecm`). Each basis z = x_1 - x_j, whose form is known, by Dickey & Fuller 1979
with the lags of the model,

    dz_t = c + rho z_{t-1} + sum_i g_i dz_{t-i} + u_t,     t = rho / se(rho) below the critical value,

critical values of MacKinnon 2010 ("Critical values for cointegration tests", Queen's working paper 1227, table 2, one
variable with a constant). And Johansen's 1991 trace (Econometrica 59) of m - 2 or fewer common bases, which chooses
the vectors itself, with the critical values of MacKinnon, Haug & Michelis 1999 (Journal of Applied Econometrics 14,
case III), where it has to say that at most one trend is left. Shares rest on the first test of every basis; the trace
is told beside.

Wrong: noise with a nearly cancelling memory (bid-ask bounce over a slow drift of the basis) makes the first test
reject too often (Schwert 1989), and a break in the basis' mean makes it reject too seldom."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter, Unidentified
from nowake.microstructure.discovery.vecm import Layout

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Cointegration(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests say.

    Parameters
    ----------
    markets
        Names; the first is the one the others are compared with.
    statistics
        Dickey-Fuller t of the basis to each other market.
    critical
        What each must be below at `level`.
    trace, trace_critical
        Johansen's trace against m - 2 common bases, and what it must be above.
    half_lives
        Grid steps in which half of a basis is gone, by its own regression; infinite where it does not revert.
    level
        Chance of taking drifting prices for one.
    lags, rows
        Past steps in the regressions, and rows.
    """

    markets: tuple[str, ...]
    statistics: tuple[float, ...]
    critical: float
    trace: float
    trace_critical: float
    half_lives: tuple[float, ...]
    level: float
    lags: int
    rows: int

    @property
    def holds(self) -> bool:
        """Whether every basis comes back."""
        return all(t < self.critical for t in self.statistics)

    def __str__(self) -> str:
        pairs = ", ".join(
            f"{self.markets[0]} less {other}: {t:.2f}"
            for other, t in zip(self.markets[1:], self.statistics, strict=True)
        )
        verb = "holds" if self.holds else "does not hold"
        return (
            f"cointegration {verb} at {self.level:.0%}: Dickey-Fuller {pairs} (must be below {self.critical:.2f}), "
            f"trace {self.trace:.1f} (above {self.trace_critical:.1f}), {self.rows:,} rows, {self.lags} lags"
        )


def examine(
    sums: Floats, rows: int, *, names: tuple[str, ...], lags: int, most_lags: int, level: float
) -> Cointegration:
    """Both tests from cross-products (q, q) made for `most_lags`.

    Raises
    ------
    BadParameter
        When the level is not one there are critical values for: 0.01, 0.05 or 0.1.
    Unidentified
        When two markets are always the same.
    """
    if level not in _DICKEY_FULLER:
        raise BadParameter(f"test level {level} must be one of {', '.join(map(str, _DICKEY_FULLER))}")
    layout = Layout(len(names), most_lags)
    found = [_dickey_fuller(sums, rows, layout=layout, other=j, lags=lags) for j in range(1, len(names))]
    return Cointegration(
        markets=names,
        statistics=tuple(t for t, _ in found),
        critical=dickey_fuller_critical(rows, level),
        trace=_trace(sums, rows, layout=layout, lags=lags),
        trace_critical=_TRACE[level],
        half_lives=tuple(_half_life(rho) for _, rho in found),
        level=level,
        lags=lags,
        rows=rows,
    )


def refuse(found: Cointegration) -> None:
    """Raise where a basis does not come back.

    Raises
    ------
    Unidentified
        With the test that failed and the way out.
    """
    if not found.holds:
        raise Unidentified(
            f"no common price to share: {found}; look at a longer time, one in which the basis does not drift, or "
            "leave out the market that went its own way"
        )


def dickey_fuller_critical(rows: int, level: float) -> float:
    """Critical value of the t of a unit root with a constant, of so many rows."""
    return float(sum(b / rows**power for power, b in enumerate(_DICKEY_FULLER[level])))


_DICKEY_FULLER = {  # beta_infinity, beta_1, beta_2, beta_3 of MacKinnon 2010, table 2, N = 1, constant.
    0.01: (-3.43035, -6.5393, -16.786, -79.433),
    0.05: (-2.86154, -2.8903, -4.234, -40.040),
    0.1: (-2.56677, -1.5384, -2.809, 0.0),
}
_TRACE = {0.01: 19.9349, 0.05: 15.4943, 0.1: 13.4294}  # Two trends left, unrestricted constant.


def _dickey_fuller(sums: Floats, rows: int, *, layout: Layout, other: int, lags: int) -> tuple[float, float]:
    """t and rho of the basis between the first market and another: a regression in differences of columns of v."""
    m, size = layout.markets, layout.size
    pick = np.zeros((size, lags + 3))
    pick[0, 0] = pick[other, 1] = 1.0
    for lag in range(1, lags + 1):
        pick[1 + m * lag, 1 + lag], pick[1 + m * lag + other, 1 + lag] = 1.0, -1.0
    now = layout.now.start
    pick[now, -1], pick[now + other, -1] = 1.0, -1.0
    inside = pick.T @ sums @ pick
    scale = np.sqrt(np.diag(inside))
    if not np.all(scale > 0):
        raise Unidentified("two markets are always the same, or differ by a constant; there is nothing to tell apart")
    inside = inside / np.outer(scale, scale)
    left, right = inside[:-1, :-1], inside[:-1, -1]
    weights = np.linalg.solve(left, right)
    variance = (inside[-1, -1] - weights @ right) / (rows - lags - 2)
    error = np.sqrt(variance * np.linalg.inv(left)[1, 1])
    return float(weights[1] / error), float(weights[1] * scale[-1] / scale[1])


def _trace(sums: Floats, rows: int, *, layout: Layout, lags: int) -> float:
    """Johansen's trace of the two least canonical correlations of steps and levels, given lags and a constant."""
    m = layout.markets
    now, levels = np.arange(layout.size)[layout.now], np.arange(layout.size)[layout.levels]
    given = np.concatenate(([0], layout.steps(lags)))
    scale = np.sqrt(np.diag(sums))
    inside = sums / np.outer(scale, scale)
    both = np.concatenate((now, levels))
    left = inside[np.ix_(both, both)] - inside[np.ix_(both, given)] @ np.linalg.solve(
        inside[np.ix_(given, given)], inside[np.ix_(given, both)]
    )
    s00, s01, s11 = left[:m, :m], left[:m, m:], left[m:, m:]
    values = np.linalg.eigvals(np.linalg.solve(s11, s01.T) @ np.linalg.solve(s00, s01)).real
    least = np.clip(np.sort(values)[:2], 0.0, 1.0 - 1e-15)
    return float(-rows * np.log1p(-least).sum())


def _half_life(rho: float) -> float:
    """Steps in which a basis that loses -rho of itself a step has halved."""
    if rho >= 0:
        return float("inf")
    return float(np.log(0.5) / np.log1p(rho)) if rho > -1 else 0.0
