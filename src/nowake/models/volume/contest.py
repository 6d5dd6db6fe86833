"""Is the dynamic forecast better than the static average? Told on days it had not seen, with a test.

The origin rolls: each day is forecast from those before it, the model is fitted anew every few days and folds the days
between in. Every forecast is of the bucket that comes next. Measured for both: relative error of bucket volumes (mean
absolute, and root mean square over the day's mean), error of bucket shares, and how far the price of an order spread
by the forecast shares ends from the day's VWAP, which is what a desk pays for. A dynamic order gives the next bucket
its share of what is left (Chen, Feng, Palomar 2016, dynamic VWAP). Losses of days are compared by the test of
Diebold & Mariano 1995 with the small-sample correction of Harvey, Leybourne, Newbold 1997 at one step."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.models.volume.buckets import DayVolume
from nowake.models.volume.dynamic import LEAST_DAYS, DynamicVolume
from nowake.statistics.measurement import Measurement, t_of

LEAST_HELD_OUT = 5

Floats = npt.NDArray[np.float64]


class Losses(NamedTuple):
    """One day's losses of one method."""

    volume_mape: float
    volume_rmse: float
    share_error: float
    vwap_bps: float


class Comparison(NamedTuple):
    """One loss of both methods over the held-out days.

    `gain` is the part of the static loss that the dynamic forecast saves, negative where it loses more; `p_value` that
    of Diebold and Mariano's two-sided test of equal losses.
    """

    name: str
    static: float
    dynamic: float
    gain: Measurement
    p_value: float

    @property
    def verdict(self) -> str:
        """Which one is better, where that is significant at the level of the interval."""
        if self.p_value > 1 - self.gain.level:
            return "no significant difference"
        return "dynamic is better" if self.gain.value > 0 else "static is better"


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Contest:
    """What both methods lost on each held-out day: `static` and `dynamic` are float64[days, 4] as in `Losses`."""

    dates: tuple[dt.date, ...]
    static: Floats
    dynamic: Floats
    comparisons: tuple[Comparison, ...]

    def __str__(self) -> str:
        rows = [
            f"{each.name:<12} static {each.static:8.4g}  dynamic {each.dynamic:8.4g}  saves {each.gain.value:6.1%} "
            f"[{each.gain.low:.1%}, {each.gain.high:.1%}], p = {each.p_value:.3g}: {each.verdict}"
            for each in self.comparisons
        ]
        return "\n".join([f"{len(self.dates)} held-out days, {self.dates[0]} to {self.dates[-1]}", *rows])


def contest(
    days: Sequence[DayVolume],
    *,
    gaps: Sequence[int] = (),
    train: int = 20,
    refit_every: int = 5,
    window: int = 60,
    level: float = 0.95,
) -> Contest:
    """Forecast every day from the `train`-th on with both methods.

    Parameters
    ----------
    days, gaps
        As for `DynamicVolume.fit`.
    train
        Days before the first forecast.
    refit_every
        Days after which the dynamic model is fitted anew.
    window
        Most days that either method looks back.

    Raises
    ------
    BadData
        With fewer than five days to hold out.
    BadParameter
        When `train` or `refit_every` is out of range.
    """
    if train < LEAST_DAYS or refit_every < 1 or window < train:
        raise BadParameter(
            f"train {train}, refit_every {refit_every}, window {window}: train on {LEAST_DAYS} days or more, refit "
            "after 1 or more, and look back at least as far as the first forecast does"
        )
    if len(days) - train < LEAST_HELD_OUT:
        raise BadData(
            f"{len(days)} days leave {max(len(days) - train, 0)} to hold out after {train}; "
            f"a comparison needs {LEAST_HELD_OUT}"
        )
    steps = list(gaps) or [1] * len(days)
    static, dynamic = [], []
    model: DynamicVolume | None = None
    for k in range(train, len(days)):
        past = slice(max(0, k - window), k)
        if model is None or (k - train) % refit_every == 0:
            model = DynamicVolume.fit(days[past], gaps=steps[past], level=level)
        static.append(losses_of(days[k], *static_forecast(days[past])))
        dynamic.append(losses_of(days[k], *dynamic_forecast(model, days[k], steps[k])))
        model = model.folded(days[k], sessions_ahead=steps[k])
    ours, theirs = np.array(dynamic), np.array(static)
    return Contest(
        dates=tuple(day.date for day in days[train:]),
        static=theirs,
        dynamic=ours,
        comparisons=tuple(
            _compared(name, theirs[:, k], ours[:, k], level)
            for k, name in enumerate(("volume MAPE", "volume RMSE", "share error", "VWAP, bps"))
        ),
    )


def static_forecast(past: Sequence[DayVolume]) -> tuple[Floats, Floats]:
    """Average volume of each bucket, and average shares: the same all day."""
    volume = np.nanmean([day.volume for day in past], axis=0)
    shares = np.nanmean([day.shares for day in past], axis=0)
    return volume, shares / shares.sum()


def dynamic_forecast(model: DynamicVolume, day: DayVolume, sessions_ahead: int = 1) -> tuple[Floats, Floats]:
    """Each bucket's volume forecast just before it, and the shares an order gets that follows these forecasts."""
    live = model.start(day.session, sessions_ahead=sessions_ahead)
    volume, shares, left = np.empty(len(day.volume)), np.empty(len(day.volume)), 1.0
    for k, traded in enumerate(day.volume.tolist()):
        expected = live.expected()
        volume[k] = expected[0]
        shares[k] = left * live.next_share()
        left -= shares[k]
        live = live.update(k, traded)
    return volume, shares


def losses_of(day: DayVolume, volume: Floats, shares: Floats) -> Losses:
    """How far forecasts of a day's buckets were from what traded."""
    traded, price = day.volume, day.price
    there = np.nan_to_num(traded) > 0
    off = volume[there] - traded[there]
    priced = there & ~np.isnan(price)
    vwap = float(np.sum(traded[priced] * price[priced]) / np.sum(traded[priced]))
    # An order is not filled where nothing trades: its shares go to the other buckets in proportion.
    paid = float(np.sum(shares[priced] * price[priced]) / np.sum(shares[priced]))
    return Losses(
        volume_mape=float(np.mean(np.abs(off) / traded[there])),
        volume_rmse=math.sqrt(float(np.mean(off**2))) / float(np.mean(traded[there])),
        share_error=float(np.sum(np.abs(shares[there] - day.shares[there])) / 2),
        vwap_bps=abs(paid / vwap - 1) * 1e4,
    )


def _compared(name: str, static: Floats, dynamic: Floats, level: float) -> Comparison:
    n, better, base = len(static), static - dynamic, float(static.mean())
    gain = float(better.mean()) / base
    # Over the static loss as it was, so that the interval holds 0 exactly where the test cannot tell them apart.
    half = t_of(level, n - 1) * float(np.std(better, ddof=1)) / math.sqrt(n) / base
    measured = Measurement(
        value=gain, low=gain - half, high=gain + half, level=level, n=n, method="rolling origin, by day"
    )
    return Comparison(name, base, float(dynamic.mean()), measured, diebold_mariano(better))


def diebold_mariano(difference: Floats) -> float:
    """Two-sided p-value of the test that two one-step forecasts lose the same on average.

    Parameters
    ----------
    difference
        float64[n]: loss of the one less loss of the other.
    """
    from scipy.special import stdtr  # noqa: PLC0415

    n = len(difference)
    spread = float(np.var(difference))  # The long-run variance at one step is gamma(0), with n below.
    if spread == 0:
        return 1.0 if float(np.mean(difference)) == 0 else 0.0
    statistic = float(np.mean(difference)) / math.sqrt(spread / n) * math.sqrt((n - 1) / n)
    return float(2 * stdtr(n - 1, -abs(statistic)))
