"""VPIN, the share of volume that is one-sided, in volume time.

    VPIN = sum over the last n buckets of |V^B - V^S| / (n V)

Easley, Lopez de Prado & O'Hara 2012 ("Flow toxicity and liquidity in a high-frequency world", Review of Financial
Studies 25(5), section 1.3): volume is cut into buckets of V lots, exactly, a print or bar that straddles two being
split; the last, partial one is left out. A ratio of sums over the same buckets, so that it is in [0, 1] always. The
paper takes V a fiftieth of a day's volume and n = 50: a day.

V^B comes from sides (`vpin`, of any rule of `nowake.microstructure.classify`; a print without a side is half of each,
counted) or from changes of price (`vpin_of_bars`, bulk volume). They differ several-fold, as buckets of other sizes do:
`vpin_sensitivity` shows it, and a level of VPIN means nothing without saying how it was made. Even balanced flow has a
VPIN well above 0: of k prints of one size a bucket and sides of a coin about sqrt(2 / (pi k)).

Intervals resample blocks of buckets (`nowake.statistics.blocks`). Wrong as a probability of informed trading in
spite of its name, and after volatility and volume are allowed for its bulk form foretells little (Andersen & Bondarenko
2014, Journal of Financial Markets 17)."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes, Trades
from nowake.microstructure.classify.bulk import (
    MINUTE_NS,
    BulkBars,
    Sigma,
    bulk_bought,
    time_bars,
    volume_bars,
)
from nowake.microstructure.classify.classification import classify
from nowake.microstructure.classify.rules import RULES
from nowake.microstructure.tables import check_table
from nowake.microstructure.toxicity.buckets import Buckets, Floats, Ints, pour_bars, pour_prints
from nowake.statistics.blocks import LEAST, block_edges, resampled, with_interval
from nowake.statistics.measurement import Measurement, check_level

WINDOW = 50
_FEWEST = 5
_REPEATS, _SEED = 400, 12


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Vpin:
    """VPIN through a history.

    Parameters
    ----------
    bucket_lots, window
        V and n.
    sides
        How volume was signed, in words.
    value
        float64[m]: VPIN after each bucket, NaN before the window is full.
    end_ns
        int64[m]: when each bucket was full.
    signed
        (m,): lots bought less lots sold in each bucket.
    filled_by
        int64[m]: the print or bar that filled it.
    mean, latest
        Over all buckets, and over the last window.
    undecided_lots, left_over_lots
        Volume of prints without a side, and of the partial bucket at the end, which counts nowhere.
    """

    bucket_lots: int
    window: int
    sides: str
    value: Floats
    end_ns: Ints
    signed: Ints | Floats
    filled_by: Ints
    mean: Measurement
    latest: Measurement
    undecided_lots: int
    left_over_lots: int

    def __len__(self) -> int:
        return len(self.signed)

    @property
    def imbalance(self) -> Floats:
        """float64[m]: |bought - sold| / V of each bucket, in [0, 1]: what VPIN averages, and an alarm's score."""
        return np.abs(self.signed) / self.bucket_lots

    def rank(self, history: Floats | None = None) -> Floats:
        """float64[m]: the paper's CDF(VPIN), the share of a history's values at or below each; NaN as the values.

        Without a history of earlier days it ranks among all its own values, later ones too.
        """
        past = self.value if history is None else history
        known = np.sort(past[np.isfinite(past)])
        if not len(known):
            raise BadData("a history without any value ranks nothing; give VPIN of earlier days")
        ranks = np.searchsorted(known, self.value, side="right") / len(known)
        return np.where(np.isfinite(self.value), ranks, np.nan)

    def __str__(self) -> str:
        return (
            f"VPIN of {len(self):,} buckets of {self.bucket_lots:,} lots, window {self.window}, by {self.sides}\n"
            f"  all     {self.mean}\n  latest  {self.latest}\n"
            f"  undecided {self.undecided_lots:,} lots, left over {self.left_over_lots:,}"
        )


def vpin(
    trades: Trades,
    side: npt.NDArray[np.integer[Any]] | None = None,
    *,
    bucket_lots: int,
    window: int = WINDOW,
    level: float = 0.95,
    sides: str | None = None,
) -> Vpin:
    """VPIN of prints.

    Parameters
    ----------
    trades
        In time order.
    side
        (n,) of +1, -1 and 0, for example `classify(trades, quotes).side`; by default what the feed tells.
    bucket_lots
        V; see `daily_bucket_lots`.
    window
        n.
    sides
        How sides were told, in words, to be shown.

    Raises
    ------
    BadParameter
        When the bucket or window is empty, the level is none, or `trades` are no table of prints.
    BadData
        When sides or lots are none, or there are fewer full buckets than the window.
    """
    check_table(trades, Trades, "give prints, for example day.trades")
    told = trades.aggressor if side is None else side
    words = sides or ("true side" if side is None else "sides given")
    _check(window, level)
    buckets = pour_prints(trades.lots, told, bucket_lots)
    return _measured(buckets, trades.time_ns, bucket_lots=bucket_lots, window=window, level=level, sides=words)


def vpin_of_bars(
    bars: BulkBars,
    *,
    bucket_lots: int,
    window: int = WINDOW,
    sigma: Sigma = "sample",
    dof: float | None = None,
    level: float = 0.95,
) -> Vpin:
    """VPIN of volume signed in bulk; the paper's are of one-minute bars, `time_bars(trades)`.

    Parameters
    ----------
    bars
        See `nowake.microstructure.classify`: `time_bars`, `volume_bars`, or `bulk_bars` of a feed's own.
    sigma, dof
        Of the change of price from bar to bar, and Student's degrees of freedom; see `bulk_bought`.

    Raises
    ------
    BadParameter, BadData
        As `vpin`.
    """
    _check(window, level)
    bought = bulk_bought(bars, sigma=sigma, dof=dof)
    buckets = pour_bars(bars.lots, bought, bucket_lots)
    words = f"bulk volume, {'normal' if dof is None else f'Student {dof:g}'}, sigma {sigma}"
    return _measured(buckets, bars.end_ns, bucket_lots=bucket_lots, window=window, level=level, sides=words)


def daily_bucket_lots(day_lots: float, *, buckets: int = 50) -> int:
    """V of a usual day's volume: a fiftieth of it, in whole lots, 1 at least.

    Raises
    ------
    BadParameter
        When the volume or the number of buckets is not above 0.
    """
    if not (day_lots > 0 and math.isfinite(day_lots) and buckets >= 1):
        raise BadParameter(f"{day_lots} lots a day in {buckets} buckets; both must be above 0")
    return max(1, int(day_lots // buckets))


def _check(window: int, level: float) -> None:
    check_level(level)
    if not window >= 1 or window % 1:
        raise BadParameter(f"window {window} must be a whole number of buckets, 1 or more; 50 is usual")


def _measured(buckets: Buckets, time_ns: Ints, *, bucket_lots: int, window: int, level: float, sides: str) -> Vpin:
    count = len(buckets.signed)
    if count < window:
        raise BadData(_too_few(count, bucket_lots, window, buckets.left_over_lots))
    size = np.abs(buckets.signed)
    value = np.full(count, np.nan)
    value[window - 1 :] = np.minimum(_window_sums(size, window) / (window * bucket_lots), 1.0)
    return Vpin(
        bucket_lots=bucket_lots,
        window=window,
        sides=sides,
        value=value,
        end_ns=time_ns[buckets.filled_by],
        signed=buckets.signed,
        filled_by=buckets.filled_by,
        mean=imbalance(size / bucket_lots, level=level),
        latest=imbalance(size[count - window :] / bucket_lots, level=level),
        undecided_lots=buckets.undecided_lots,
        left_over_lots=buckets.left_over_lots,
    )


def _too_few(count: int, bucket_lots: int, window: int, left_over_lots: int) -> str:
    most = (count * bucket_lots + left_over_lots) // window
    smaller = f"take buckets of at most {most:,} lots" if most else "give a longer history"
    shorter = f", or a window of at most {count}" if count else ""
    return f"{count:,} full buckets of {bucket_lots:,} lots are fewer than the window of {window}; {smaller}{shorter}"


def _window_sums(size: Ints | Floats, window: int) -> Floats:
    """Sums over each full window; of whole lots exactly, else anew each time, for differences of sums drift."""
    if np.issubdtype(size.dtype, np.integer):
        total = np.concatenate((np.zeros(1, np.int64), np.cumsum(size)))
        return np.asarray(total[window:] - total[:-window], dtype=np.float64)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(size, window).sum(axis=1))


def imbalance(shares: Floats, *, level: float) -> Measurement:
    """The mean of |bought - sold| / V over buckets, in [0, 1], with an interval from blocks of them.

    Blocks are of 2 m^(1/3) buckets or more, but there are 12 at least. Fewer than five tell nothing of their luck:
    [0, 1].
    """
    count = len(shares)
    value = min(1.0, float(shares.mean()))
    if count < _FEWEST:
        method = f"fewer than {_FEWEST} buckets, no interval but [0, 1]"
        return Measurement(value=value, low=0.0, high=1.0, level=level, n=count, method=method)
    edges = np.arange(count + 1) if count <= LEAST else block_edges(count, math.ceil(2 * count ** (1 / 3)))
    blocks = len(edges) - 1
    drawn = resampled(blocks, _REPEATS, _SEED)
    repeats = (drawn @ np.add.reduceat(shares, edges[:-1])) / (drawn @ np.diff(edges).astype(np.float64))
    method = f"mean over buckets, interval from {blocks} blocks of them"
    found = with_interval(value, repeats, level=level, blocks=blocks, n=count, method=method)
    return Measurement(
        value=value, low=max(0.0, found.low), high=min(1.0, found.high), level=level, n=count, method=method
    )


@dataclasses.dataclass(frozen=True, slots=True)
class SensitivityRow:
    """VPIN of one way to make it; None with the reason where it is refused."""

    sides: str
    bucket_lots: int
    buckets: int
    mean: Measurement | None
    undecided: float
    refused: str | None = None


def vpin_sensitivity(
    trades: Trades,
    quotes: Quotes | None = None,
    *,
    bucket_lots: Sequence[int],
    window: int = WINDOW,
    lag_ns: int = 0,
    level: float = 0.95,
) -> tuple[SensitivityRow, ...]:
    """VPIN by every way to sign volume that the data allow, and every size of bucket.

    The true side where the feed has any, the rules that do not look ahead (those that ask quotes only with quotes; the
    feed's side not kept), and bulk volume of one-minute bars and of tenths of a bucket.
    """
    names = [name for name, rule in RULES.items() if not rule.looks_ahead and name != "true"]
    ways = {"true": trades.aggressor} if trades.aggressor.any() else {}
    for name in names:
        if quotes is not None or RULES[name].by_quotes is None:
            ways[name] = classify(trades, quotes, rule=name, lag_ns=lag_ns, keep_true=False).side
    make = functools.partial(vpin, window=window, level=level)
    bulk = functools.partial(vpin_of_bars, window=window, level=level)
    minutes = time_bars(trades, width_ns=MINUTE_NS)
    rows = []
    for lots in bucket_lots:
        for name, side in ways.items():
            rows.append(_tried(name, lots, functools.partial(make, trades, side)))
        rows.append(_tried("bulk, minutes", lots, functools.partial(bulk, minutes)))
        tenths = volume_bars(trades, bar_lots=max(1, lots // 10))
        rows.append(_tried("bulk, tenths of a bucket", lots, functools.partial(bulk, tenths)))
    return tuple(rows)


def _tried(name: str, bucket_lots: int, make: Callable[..., Vpin]) -> SensitivityRow:
    try:
        found = make(bucket_lots=bucket_lots)
    except BadData as refusal:
        return SensitivityRow(name, bucket_lots, 0, None, math.nan, str(refusal))
    volume = len(found) * bucket_lots + found.left_over_lots
    return SensitivityRow(name, bucket_lots, len(found), found.mean, found.undecided_lots / volume)
