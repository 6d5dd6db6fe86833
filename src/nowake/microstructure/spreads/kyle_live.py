"""Kyle's lambda beside a live market: the regression of `kyle` by its sums, which a bar adds to and nothing takes from.

    m_{k+1} - m_k = a + lambda q_k + u_k,     in ticks for a lot of signed flow (or its root, print by print)

Bars are of one length of time and begin at its multiples since the epoch. A bar's flow is what came after its begin, up
to and with its end; mids are those that stand at its ends. The error is White's, with n - 2 (HC1: MacKinnon & White
1985, Journal of Econometrics 29), from sums of the fourth order. Sums are kept as fractions, exactly: in floats those
of one-sided flow would lose the number in the difference of large ones. The error does not allow for noise that
remembers, which `kyle.kyle_lambda` does. Wrong where there is such noise."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes, Trades
from nowake.microstructure.market_orders import two_sided_touch
from nowake.microstructure.prevailing import Prevailing
from nowake.microstructure.spreads.later import rows_at
from nowake.microstructure.whole import whole
from nowake.statistics.regression import MIN_ROWS, Line, line

_Polynomial: TypeAlias = dict[tuple[int, int], Fraction]

# Powers (of flow, of the move of the mid) whose sums tell the slope and its error.
_POWERS = tuple((p, q) for q in range(3) for p in range(5 - q) if (p, q) != (0, 0))


def kyle_by_bars(
    quotes: Quotes,
    trades: Trades,
    *,
    bar_ns: int,
    root: bool = False,
    side: npt.NDArray[np.integer] | None = None,
    least: int = MIN_ROWS,
    level: float = 0.95,
) -> Line:
    """Lambda in ticks for a lot, over bars of time from the first quote to the last stamp.

    Parameters
    ----------
    bar_ns
        Length of a bar.
    root
        Whether sizes enter as square roots.
    side
        int[n]: who took; by default the feed's aggressor. 0 counts for nothing.
    least
        Bars below which it refuses, 3 or more.

    Raises
    ------
    BadParameter
        When the bar is not above 0.
    BadData
        When there is no usable quote, fewer bars than `least`, or neither flow nor mid changes.
    """
    _check(bar_ns, least)
    touch = two_sided_touch(quotes)
    if not len(touch.time_ns):
        raise BadData(f"none of {len(quotes)} quotes has two sides that do not cross; there is no mid to move")
    told = np.asarray(trades.aggressor if side is None else side, dtype=np.int64)
    first = -(-int(touch.time_ns[0]) // bar_ns)
    end = max([int(quotes.time_ns[-1]), *trades.time_ns[-1:].tolist()])
    edges = np.arange(first, -(-end // bar_ns), dtype=np.int64) * bar_ns
    mids = touch.mid_ticks[rows_at(touch.time_ns, edges, (0,))[0]]
    pushes = told * (np.sqrt(trades.lots) if root else trades.lots)
    done = np.append(0.0, np.cumsum(pushes))[np.searchsorted(trades.time_ns, edges, side="right")]
    return line(np.diff(done), np.diff(mids), least=least, level=level)


class KyleGauge:
    """Lambda of the bars so far. `value` is in ticks for a lot of signed flow; NaN until `least` bars differ.

    Parameters
    ----------
    bar_ns, root, least
        See `kyle_by_bars`.
    """

    def __init__(self, bar_ns: int, *, root: bool = False, least: int = MIN_ROWS) -> None:
        _check(bar_ns, least)
        self.bar_ns, self.root, self.least = int(bar_ns), root, least
        self.bars = 0
        self.unsigned = 0
        self._sums = dict.fromkeys(_POWERS, Fraction(0))
        self._prevailing = Prevailing()
        self._edge: int | None = None  # The end of the bar that is being filled.
        self._mid = math.nan
        self._flow = 0.0
        self._last_ns = -math.inf

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these."""
        self._until(time_ns)
        self._prevailing.on_quote(time_ns, bid_ticks, bid_lots, ask_ticks, ask_lots)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002
        """A print; its price is not looked at."""
        time_ns, lots, side = whole(time_ns=time_ns, lots=lots, side=side)
        if side not in (-1, 0, 1) or lots <= 0:
            raise BadData(
                f"a print of {lots} lots, side {side}: give a size above 0, and a side of +1, -1, or 0 for unknown"
            )
        self._until(time_ns)
        self.unsigned += side == 0
        self._flow += side * (math.sqrt(lots) if self.root else lots)

    @property
    def value(self) -> float:
        """Lambda in ticks for a lot (for its root), as of the last whole bar."""
        spread_x, product, _ = self._centred()
        return float(product / spread_x) if spread_x > 0 else math.nan

    @property
    def standard_error(self) -> float:
        """White's, with n - 2."""
        spread_x, product, _ = self._centred()
        if not spread_x > 0:
            return math.nan
        n, sums = self.bars, self._sums
        slope, mean = product / spread_x, sums[1, 0] / n
        intercept = sums[0, 1] / n - slope * mean
        # (x - mean)^2 (y - intercept - slope x)^2, multiplied out.
        leverage = {(2, 0): Fraction(1), (1, 0): -2 * mean, (0, 0): mean**2}
        residual = {(0, 1): Fraction(1), (0, 0): -intercept, (1, 0): -slope}
        terms = _times(leverage, _times(residual, residual))
        meat = sum(factor * (n if power == (0, 0) else sums[power]) for power, factor in terms.items())
        return math.sqrt(meat * n / (n - 2) / spread_x**2)

    def _centred(self) -> tuple[Fraction, Fraction, Fraction]:
        """Sums of squares and products about the means; zeros before there are enough bars."""
        n, sums = self.bars, self._sums
        if n < self.least:
            return Fraction(0), Fraction(0), Fraction(0)
        spread_y = sums[0, 2] - sums[0, 1] ** 2 / n
        if spread_y <= 0:
            return Fraction(0), Fraction(0), Fraction(0)
        return sums[2, 0] - sums[1, 0] ** 2 / n, sums[1, 1] - sums[1, 0] * sums[0, 1] / n, spread_y

    def _until(self, time_ns: int) -> None:
        """Ends the bars whose ends lie before an instant."""
        if time_ns < self._last_ns:
            raise BadData(f"an event at {time_ns} is before the last one, at {self._last_ns:.0f}; sort by time")
        self._last_ns = time_ns
        if self._edge is None:
            self._edge = -(-time_ns // self.bar_ns) * self.bar_ns
        passed = (time_ns - 1 - self._edge) // self.bar_ns + 1
        if passed <= 0:
            return
        quote = self._prevailing.before(self._edge + 1)
        mid = math.nan if quote is None else (quote.bid_ticks + quote.ask_ticks) / 2
        if not math.isnan(self._mid):
            self._add(self._flow, mid - self._mid)
        if not math.isnan(mid):
            # Nothing happened in the bars after it: no flow, no move.
            self.bars += passed - 1
        self._mid, self._flow = mid, 0.0
        self._edge += passed * self.bar_ns

    def _add(self, flow: float, move: float) -> None:
        self.bars += 1
        x, y = Fraction(flow), Fraction(move)
        for p, q in _POWERS:
            self._sums[p, q] += x**p * y**q


def _times(one: _Polynomial, other: _Polynomial) -> _Polynomial:
    """The product of two polynomials in flow and move."""
    product: _Polynomial = {}
    for (p, q), left in one.items():
        for (r, s), right in other.items():
            product[p + r, q + s] = product.get((p + r, q + s), Fraction(0)) + left * right
    return product


def _check(bar_ns: int, least: int) -> None:
    if not bar_ns > 0 or bar_ns % 1:
        raise BadParameter(f"bar_ns {bar_ns} must be whole nanoseconds above 0, for example 60_000_000_000 for minutes")
    if least < 3:
        raise BadParameter(f"least {least} must be 3 bars or more; two always lie on a line")
