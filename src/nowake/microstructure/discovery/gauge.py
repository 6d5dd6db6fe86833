"""Who leads right now: shares of the last rows, or of all with older ones fading, one grid row at a time.

The same model and shares as `discover`, without intervals: S = sum w_t v_t v_t' of `vecm` is kept up to date, a row
costs one outer product whatever the history, and shares are made of S when they are asked for. With a window the row
that leaves is taken away again, and sums carry what rounding lost beside them (two-sum, Knuth, The Art of Computer
Programming 2, section 4.2.2), so that no error piles up however long it runs. `recent_shares` is the same over a whole
grid.

Wrong as `discover` is, and blind: it does not test cointegration. Use it beside a `discover` of the same markets that
held."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.discovery import shares
from nowake.microstructure.discovery.estimation import ROWS_A_NUMBER
from nowake.microstructure.discovery.grid import Grid
from nowake.microstructure.discovery.vecm import Layout, estimate, vectors

Floats = npt.NDArray[np.float64]


class SharesNow(NamedTuple):
    """Shares (m,) of each market; NaN until they can be known."""

    information_low: Floats
    information_high: Floats
    component: Floats
    modified: Floats
    rows: float


class SharesGauge:
    """Shares of markets, told one row of a grid after another.

    Parameters
    ----------
    markets
        How many.
    lags
        Past steps in the model.
    every_ns
        The grid's step: rows that are further apart begin a new stretch, whose lags do not reach back.
    window
        Usable rows that count; all by default.
    half_life
        Rows after which one counts half; never by default. Not together with a window.

    Raises
    ------
    BadParameter
        When a number is out of its range.
    """

    def __init__(
        self,
        markets: int,
        *,
        lags: int,
        every_ns: int = 1_000_000_000,
        window: int | None = None,
        half_life: float | None = None,
    ) -> None:
        _check(markets, lags, window, half_life)
        if every_ns <= 0:
            raise BadParameter(f"every_ns {every_ns} must be above 0, for example 1_000_000_000 for a second")
        self._layout, self._every_ns = Layout(markets, lags), every_ns
        self._window, self._decay = window, _decay(half_life)
        self._sums, self._lost = (np.zeros((self._layout.size,) * 2) for _ in range(2))
        self._rows = 0.0
        self._time_ns: int | None = None
        self._origin: Floats | None = None
        self._recent: deque[Floats] = deque(maxlen=lags + 2)
        self._counted: deque[Floats] = deque()

    def on_prices(self, time_ns: int, log_prices: Sequence[float] | Floats) -> None:
        """The next row of the grid; one with a NaN is passed over and begins a new stretch.

        Raises
        ------
        BadData
            When it is not after the last by a step at least, or has another number of markets.
        """
        row = np.asarray(log_prices, np.float64)
        if row.shape != (self._layout.markets,):
            raise BadData(f"a row of {row.size} prices is not of {self._layout.markets} markets")
        if self._time_ns is not None and time_ns < self._time_ns + self._every_ns:
            raise BadData(
                f"a row at {time_ns} is less than a step ({self._every_ns} ns) after the last, at {self._time_ns}; "
                "give rows of one grid, in time order"
            )
        if self._time_ns is not None and time_ns > self._time_ns + self._every_ns:
            self._recent.clear()
        self._time_ns = time_ns
        if not np.isfinite(row).all():
            self._recent.clear()
            return
        self._origin = row if self._origin is None else self._origin
        self._recent.append(row - self._origin)
        if len(self._recent) == self._layout.lags + 2:
            self._count(vectors(np.array(self._recent), lags=self._layout.lags)[0])

    @property
    def value(self) -> float:
        """Half-way between the bounds of the first market's information share; NaN until it can be known."""
        now = self.shares
        return float((now.information_low[0] + now.information_high[0]) / 2)

    @property
    def shares(self) -> SharesNow:
        """All of them."""
        return _shares_of(self._sums + self._lost, self._rows, self._layout)

    def _count(self, v: Floats) -> None:
        self._sums *= self._decay
        self._lost *= self._decay
        self._add(np.outer(v, v))
        self._rows = self._rows * self._decay + 1.0
        if self._window is not None:
            self._counted.append(v)
            if len(self._counted) > self._window:
                gone = self._counted.popleft()
                self._add(-np.outer(gone, gone))
                self._rows -= 1.0

    def _add(self, term: Floats) -> None:
        total = self._sums + term
        back = total - self._sums
        self._lost += (self._sums - (total - back)) + (term - back)
        self._sums = total


def recent_shares(grid: Grid, *, lags: int, window: int | None = None, half_life: float | None = None) -> SharesNow:
    """Shares of the last `window` usable rows of a grid, or of all with those older than a half-life counting less.

    Raises
    ------
    BadParameter
        When a number is out of its range.
    """
    m = grid.log_prices.shape[1]
    _check(m, lags, window, half_life)
    layout = Layout(m, lags)
    v = vectors(grid.log_prices - grid.log_prices[:1], lags=lags, stretch=grid.stretch)
    v = v if window is None else v[-window:]
    weights = _decay(half_life) ** np.arange(len(v) - 1, -1, -1.0)
    return _shares_of((v * weights[:, None]).T @ v, float(weights.sum()), layout)


def _shares_of(sums: Floats, rows: float, layout: Layout) -> SharesNow:
    unknown = np.full(layout.markets, np.nan)
    if rows < ROWS_A_NUMBER * layout.markets * (layout.lags + 1):
        return SharesNow(unknown, unknown, unknown, unknown, rows)
    try:
        fit = estimate(sums, rows, markets=layout.markets, lags=layout.lags, most_lags=layout.lags)
        information = shares.information_shares(fit.psi, fit.omega)
        modified = shares.modified_shares(fit.psi, fit.omega)
    except (Unidentified, BadData):
        return SharesNow(unknown, unknown, unknown, unknown, rows)
    return SharesNow(information.low, information.high, shares.component_shares(fit.psi), modified, rows)


def _decay(half_life: float | None) -> float:
    return 1.0 if half_life is None else float(0.5 ** (1.0 / half_life))


def _check(markets: int, lags: int, window: int | None, half_life: float | None) -> None:
    if not 2 <= markets <= shares.MOST_MARKETS:
        raise BadParameter(f"{markets} markets must be 2 to {shares.MOST_MARKETS}")
    if lags < 0:
        raise BadParameter(f"lags {lags} must be 0 or more")
    need = ROWS_A_NUMBER * markets * (lags + 1)
    if window is not None and half_life is not None:
        raise BadParameter(f"window {window} and half_life {half_life:g} exclude each other; give one")
    if window is not None and window < need:
        raise BadParameter(f"window {window} must be {need} rows or more for {lags} lags of {markets} markets")
    if half_life is not None and not half_life * 1.4427 >= need:
        raise BadParameter(f"half_life {half_life:g} must be {need / 1.4427:.0f} rows or more for {lags} lags")
