"""Volume that is signed in bulk: so much of a bar is bought as its change of price is likely to exceed.

    V^B = V Z(dP / sigma_dP)

Easley, Lopez de Prado & O'Hara 2012 ("Flow toxicity and liquidity in a high-frequency world", Review of Financial
Studies 25(5), equation 5), Z the normal distribution function; in 2016 ("Discerning information from trade data",
Journal of Financial Economics 120(2)) Student's with 0.25 degrees of freedom. dP is from one bar's last price to the
next one's; the first bar has none and is split in half, as are all bars while sigma is 0.

The papers take sigma over the whole history, which looks ahead: "sample". "running" takes it over the changes up to and
with the bar's own, which a gauge can follow. Both are about the mean, over n - 1.

Wrong as a way to sign trades: it says how price moved, not who took (Andersen & Bondarenko 2014, "VPIN and the flash
crash", Journal of Financial Markets 17, find it inferior to the tick rule, and its VPIN a volatility measure). A
constant price gives exactly half and half, whatever the flow."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Bars, Trades
from nowake.microstructure.classify.rules import Ints

Floats = npt.NDArray[np.float64]
Sigma: TypeAlias = Literal["sample", "running"] | float

MINUTE_NS = 60_000_000_000
MOST_LOTS = 2**62  # Sums of more would run over int64.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class BulkBars:
    """Volume and last price of bars that traded, in time order.

    Parameters
    ----------
    end_ns
        int64[n]: when each was known to be over, for a time bar its end, for a volume bar the print that filled it.
    lots
        int64[n].
    close
        float64[n]: last price, in ticks or currency.
    truly_bought
        float64[n]: the share of each that the feed says buyers took, unknown sides half; None where it says nothing.
    """

    end_ns: Ints
    lots: Ints
    close: Floats
    truly_bought: Floats | None = None

    def __len__(self) -> int:
        return len(self.lots)


def bulk_bought(bars: BulkBars, *, sigma: Sigma = "sample", dof: float | None = None) -> Floats:
    """float64[n]: the share of each bar's volume that was bought, in [0, 1].

    Parameters
    ----------
    sigma
        Standard deviation of the change of price from bar to bar: "sample", "running", or a number in the bars' unit.
    dof
        Degrees of freedom of Student's distribution; None for the normal one.

    Raises
    ------
    BadParameter
        When sigma is no positive number or word, or dof is not above 0.
    BadData
        When a price is not finite.
    """
    check_bulk(sigma, dof)
    if not np.isfinite(bars.close).all():
        row = int(np.flatnonzero(~np.isfinite(bars.close))[0])
        raise BadData(f"bar {row}: last price {bars.close[row]}; leave bars without a price out")
    change = np.diff(bars.close, prepend=bars.close[:1])
    return share_bought(change, _sigmas(change, sigma), dof)


def check_bulk(sigma: Sigma, dof: float | None) -> None:
    """Refuse a sigma or degrees of freedom that mean nothing."""
    if isinstance(sigma, str):
        if sigma not in {"sample", "running"}:
            raise BadParameter(f"sigma {sigma!r} must be 'sample', 'running' or a number above 0")
    elif not (math.isfinite(sigma) and sigma > 0):
        raise BadParameter(f"sigma {sigma} must be above 0, in the unit of the prices")
    if dof is not None and not dof > 0:
        raise BadParameter(f"dof {dof} must be above 0; 0.25 is the papers' choice, None the normal distribution")


def share_bought(change: Floats | float, sigma: Floats | float, dof: float | None) -> Floats:
    """Z(dP / sigma), half where sigma is 0."""
    from scipy import special  # noqa: PLC0415

    moved = np.asarray(sigma) > 0
    z = np.divide(change, sigma, out=np.zeros(np.shape(change)), where=moved)
    return np.asarray(special.ndtr(z) if dof is None else special.stdtr(dof, z), dtype=np.float64)


def _sigmas(change: Floats, sigma: Sigma) -> Floats:
    if not isinstance(sigma, str):
        return np.full(len(change), float(sigma))
    running = running_deviation(change[1:])
    if sigma == "running":
        return np.concatenate((np.zeros(min(1, len(change))), running))
    return np.full(len(change), running[-1] if len(running) else 0.0)


def running_deviation(values: Floats) -> Floats:
    """float64[n]: standard deviation, over n - 1, of the values up to and with each; 0 for the first."""
    spread = Spread()
    return np.sqrt(np.array([spread.add(value) for value in values.tolist()], dtype=np.float64))


@dataclasses.dataclass(slots=True)
class Spread:
    """Variance of numbers told one by one (Welford 1962)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> float:
        """The variance, over n - 1, with one more; 0 for the first."""
        self.count += 1
        off = value - self.mean
        self.mean += off / self.count
        self.squares += off * (value - self.mean)
        return self.squares / (self.count - 1) if self.count > 1 else 0.0


def time_bars(trades: Trades, *, width_ns: int = MINUTE_NS, until_ns: int | None = None) -> BulkBars:
    """Bars of equal time that are over: those that end at `until_ns` or before, by default at the last print's stamp.

    They begin at whole multiples of the width since the epoch. A bar without prints is no bar.

    Raises
    ------
    BadParameter
        When the width is not above 0.
    BadData
        When lots are negative, or too many to count.
    """
    check_lots(trades.lots)
    if width_ns <= 0:
        raise BadParameter(f"width_ns {width_ns} must be above 0; a minute is {MINUTE_NS}")
    if not len(trades):
        return _no_bars()
    number = trades.time_ns // width_ns
    first = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
    last = np.append(first[1:], len(number)) - 1
    end_ns = (number[first] + 1) * width_ns
    over = end_ns <= (trades.time_ns[-1] if until_ns is None else until_ns)
    lots = np.add.reduceat(trades.lots, first)
    signed = np.add.reduceat(trades.lots * trades.aggressor, first)
    bought = np.divide(1 + np.divide(signed, lots, out=np.zeros(len(lots)), where=lots > 0), 2)
    return BulkBars(
        end_ns=end_ns[over],
        lots=lots[over],
        close=trades.price_ticks[last][over].astype(np.float64),
        truly_bought=bought[over] if trades.aggressor.any() else None,
    )


def volume_bars(trades: Trades, *, bar_lots: int) -> BulkBars:
    """Bars of equal volume that are full. A print that fills more than one bar is split, and is the close of each.

    Raises
    ------
    BadParameter
        When the volume of a bar is not above 0.
    BadData
        When lots are negative, or too many to count.
    """
    check_lots(trades.lots)
    if bar_lots <= 0:
        raise BadParameter(f"bar_lots {bar_lots} must be above 0")
    total = np.cumsum(trades.lots)
    full = int(total[-1]) // bar_lots if len(total) else 0
    by = np.searchsorted(total, bar_lots * np.arange(1, full + 1), side="left")
    edge = bar_lots * np.arange(1, full + 1)
    signed = np.cumsum(trades.lots * trades.aggressor)[by] - (total[by] - edge) * trades.aggressor[by]
    return BulkBars(
        end_ns=trades.time_ns[by],
        lots=np.full(full, bar_lots),
        close=trades.price_ticks[by].astype(np.float64),
        truly_bought=(1 + np.diff(signed, prepend=0) / bar_lots) / 2 if trades.aggressor.any() else None,
    )


def bulk_bars(bars: Bars, *, lot_size: float = 1.0) -> BulkBars:
    """Bars of a feed, volume rounded to whole lots; those without volume are left out.

    Raises
    ------
    BadParameter
        When the lot is not above 0.
    BadData
        When a volume is negative or not finite, or all of it is more lots than can be counted.
    """
    if not lot_size > 0:
        raise BadParameter(f"lot_size {lot_size} must be above 0")
    wrong = np.flatnonzero(~(np.isfinite(bars.volume) & (bars.volume >= 0)))
    if len(wrong):
        raise BadData(f"bar {wrong[0]}: volume {bars.volume[wrong[0]]}; it is 0 or more and finite")
    lots = np.rint(bars.volume / lot_size)
    check_lots(lots, "bar")
    traded = lots > 0
    return BulkBars(bars.end_ns[traded], lots[traded].astype(np.int64), bars.close[traded])


def check_lots(lots: npt.NDArray[Any], what: str = "print") -> None:
    """Refuse volume below 0, and more of it than whole numbers of 64 bits can sum."""
    if not len(lots):
        return
    if lots.min() < 0:
        raise BadData(f"{what} {int(lots.argmin())}: {lots.min()} lots; volume is 0 or more")
    total = float(lots.sum(dtype=np.float64))
    if not total < MOST_LOTS:
        row = int(lots.argmax())
        raise BadData(f"{total:.3g} lots in all, {lots[row]:.3g} of them of {what} {row}; take larger lots")


def _no_bars() -> BulkBars:
    return BulkBars(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
