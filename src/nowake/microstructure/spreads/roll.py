"""The spread from the bounce of closes between bid and ask (Roll 1984, "A simple implicit measure of the effective
bid-ask spread in an efficient market", Journal of Finance 39).

    S^2 = -4 cov(r_t, r_{t-1}),    r_t = log c_t - log c_{t-1},    cov with n - 1

Convention: where the covariance is at or above 0 no spread is known, and none is given; the signed root is kept beside.
In a year of daily returns that is often so, by noise alone (Harris 1990, "Statistical properties of the Roll serial
covariance bid/ask spread estimator", Journal of Finance 45). Wrong where: a buy tends to follow a buy (too low then),
prices drift or revert for other reasons, or most bars have no trade."""

from __future__ import annotations

import numpy as np

from nowake.microstructure.market_orders import Flags, Floats
from nowake.microstructure.spreads.bar_spreads import (
    CLOSE,
    BarSpread,
    BarSpreadGauge,
    Estimator,
    bars_of,
    measured,
    rolling,
    signed_root,
)


def _terms(bars: Floats) -> Floats:
    """(r, r before, their product, 1) of three closes in a row."""
    change = np.diff(np.log(bars[:, CLOSE]))
    now, before = change[1:], change[:-1]
    terms = np.column_stack((now, before, now * before, np.ones(len(now))))
    return np.where(np.isfinite(now * before)[:, None], terms, 0.0)


def _signed(sums: Floats) -> Floats:
    now, before, product, count = np.moveaxis(np.asarray(sums), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = (product - now * before / count) / (count - 1)
    # Prices that stand still have a covariance of 0, which says nothing of a spread.
    return np.where((count >= 2) & (covariance != 0), signed_root(-4 * covariance), np.nan)


ROLL = Estimator("Roll", 3, _terms, _signed, 3)


def roll(
    close: Floats, *, breaks: Flags | None = None, level: float = 0.95, repeats: int = 500, seed: int = 0
) -> BarSpread:
    """Roll's spread of closes, or of prints one after another.

    Parameters
    ----------
    close
        float64[n]: prices above 0, in any unit; NaN where missing.
    others
        See `bar_spreads.measured`, whose errors these are, and `bars_of`.
    """
    return measured(ROLL, bars_of(close, close, close, close), breaks=breaks, level=level, repeats=repeats, seed=seed)


def roll_rolling(close: Floats, *, window: int, breaks: Flags | None = None) -> Floats:
    """float64[n]: the signed spread in basis points of each window of bars; NaN where not known."""
    return rolling(ROLL, bars_of(close, close, close, close), window=window, breaks=breaks)


class RollGauge(BarSpreadGauge):
    """Roll's spread, told one price after another.

    Parameters
    ----------
    window
        How many of the last prices count; None for all.
    """

    def __init__(self, *, window: int | None = None) -> None:
        super().__init__(ROLL, window=window)

    def update(self, number: float) -> None:
        """The next price."""
        self.on_bar(number, number, number, number)
