"""What an order adds to the risk of the portfolio it trades in.

With positions x in currency and the covariance C of returns a session, the portfolio's risk is sqrt(x' C x) and
x_i (C x)_i / sqrt(x' C x) is what position i contributes; contributions sum to the whole (Euler; Litterman 1996, "Hot
Spots and Hedges"). While an order of signed value u (in its own asset only) is worked evenly over T sessions towards
the positions a after it, the portfolio holds a - u (1 - t/T), so that the variance over the window is

    T (a'Ca - a'Cu + u'Cu / 3)

and what the part not yet traded contributes to its root is T (u'Cu / 3 - a'Cu / 2) / root. Where a position is sold
out and nothing else is held (a = 0) this is the timing risk sigma sqrt(T / 3) |u|. Below 0 it says that the portfolio
is safer while the order waits: a buy that adds risk, or one whose absence hedges the rest. This is the risk of the
portfolio as it is held; against the portfolio the order leads to, the risk is the timing risk alone. Volatilities and
correlations are taken as known and as constant through the window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Self

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats


class PortfolioRisk(NamedTuple):
    """Currency, one standard deviation: the portfolio's a session before and after the order, and what the order does.

    `contribution_before` and `contribution_after` are the asset's shares of them. `working` is what the part of the
    order not yet traded contributes to the portfolio's risk over the window.
    """

    before: float
    after: float
    contribution_before: float
    contribution_after: float
    working: float

    @property
    def change(self) -> float:
        """Of the portfolio's risk a session through the order: below 0 where the order hedges."""
        return self.after - self.before

    def __str__(self) -> str:
        return (
            f"portfolio risk {self.before:,.2f} -> {self.after:,.2f} a session ({self.change:+,.2f}); this asset's "
            f"share {self.contribution_before:,.2f} -> {self.contribution_after:,.2f}; {self.working:+,.2f} from what "
            "is not traded yet, over the window"
        )


class Portfolio(msgspec.Struct, frozen=True, kw_only=True):
    """Positions and how their returns move together.

    Parameters
    ----------
    symbols
        One name each.
    positions
        Currency of each, below 0 for a short one, before the order.
    covariance
        Of returns a session (fraction of the price, squared), rows in the order of `symbols`.

    Raises
    ------
    BadParameter
        When lengths differ, names repeat, or the covariance is not finite, symmetric and positive semi-definite.
    """

    symbols: tuple[str, ...]
    positions: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        n = len(self.symbols)
        if not n or len(set(self.symbols)) < n:
            raise BadParameter(f"symbols {self.symbols} of a portfolio must be one name each, at least one")
        if len(self.positions) != n or not all(map(math.isfinite, self.positions)):
            raise BadParameter(f"{n} symbols need {n} finite positions, not {self.positions}")
        if len(self.covariance) != n or any(len(row) != n for row in self.covariance):
            raise BadParameter(f"{n} symbols need a covariance of {n} rows of {n}; align it with the symbols")
        matrix = np.array(self.covariance)
        if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=1e-8, atol=0):
            raise BadParameter("covariance of a portfolio must be finite and symmetric; give (C + C') / 2")
        if np.linalg.eigvalsh(matrix).min() < -1e-10 * max(np.trace(matrix), 0.0):
            raise BadParameter(
                f"covariance of a portfolio must be positive semi-definite; its smallest eigenvalue is "
                f"{np.linalg.eigvalsh(matrix).min():.3g}: estimate it from more days than assets, or shrink it"
            )

    @classmethod
    def of(cls, positions: dict[str, float], covariance: Floats | Sequence[Sequence[float]]) -> Self:
        """From names with positions, and a matrix in the same order."""
        rows = tuple(tuple(float(value) for value in row) for row in np.asarray(covariance, dtype=np.float64))
        return cls(symbols=tuple(positions), positions=tuple(map(float, positions.values())), covariance=rows)

    @property
    def risk(self) -> float:
        """One standard deviation of the portfolio a session, currency."""
        return _root(np.array(self.positions), np.array(self.covariance))

    @property
    def contributions(self) -> tuple[float, ...]:
        """What each position adds to `risk`; they sum to it."""
        x = np.array(self.positions)
        return tuple(map(float, _contributions(x, np.array(self.covariance))))

    def with_order(self, symbol: str, value: float, days: float) -> PortfolioRisk:
        """What an order does to the risk.

        Parameters
        ----------
        symbol
            Of the order.
        value
            Signed currency, above 0 for a buy.
        days
            Sessions over which it is traded evenly.

        Raises
        ------
        BadParameter
            When the symbol is none of the portfolio's, or its value or days are out of range.
        """
        if symbol not in self.symbols:
            raise BadParameter(
                f"{symbol} is not in the portfolio ({', '.join(self.symbols[:8])}); add it with position 0"
            )
        if not (math.isfinite(value) and days > 0):
            raise BadParameter(f"an order of {value} over {days} days must be finite and take some time")
        place, matrix = self.symbols.index(symbol), np.array(self.covariance)
        before = np.array(self.positions)
        traded = np.zeros(len(before))
        traded[place] = value
        after = before + traded
        left, cross = float(traded @ matrix @ traded), float(after @ matrix @ traded)
        variance = days * (float(after @ matrix @ after) - cross + left / 3)
        return PortfolioRisk(
            before=_root(before, matrix),
            after=_root(after, matrix),
            contribution_before=float(_contributions(before, matrix)[place]),
            contribution_after=float(_contributions(after, matrix)[place]),
            working=days * (left / 3 - cross / 2) / math.sqrt(variance) if variance > 0 else 0.0,
        )


def _root(x: Floats, matrix: Floats) -> float:
    return math.sqrt(max(0.0, float(x @ matrix @ x)))


def _contributions(x: Floats, matrix: Floats) -> Floats:
    risk = _root(x, matrix)
    return x * (matrix @ x) / risk if risk > 0 else np.zeros_like(x)
