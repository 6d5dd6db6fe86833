"""Does the model say 30 % of what is filled three times in ten? Fitted to the earlier part of a day, held against the
later one.

Orders of the later part are sorted by the probability the model gives them and cut into groups of equal count; each
group's mean prediction stands beside its own survival estimate (`survival`), with the interval of the latter. The model
sees nothing of the later part: lives that reach into it are censored where it begins.

Wrong where one day is not like another: that the afternoon follows the morning does not say that tomorrow will."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.units import NS_PER_SECOND
from nowake.models.fills.blocks import FEWEST, blocks_of
from nowake.models.fills.curves import HORIZONS_S
from nowake.models.fills.lifetimes import CENSORED, Fill, Lifetimes
from nowake.models.fills.model import STATE, Answers, FillModel, fit_fill_model
from nowake.models.fills.survival import kaplan_meier
from nowake.statistics.measurement import Measurement


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Orders of alike prediction: `predicted` is their mean, `seen` what became of them had nobody cancelled."""

    horizon_s: float
    predicted: float
    seen: Measurement
    orders: int
    fills: int

    @property
    def holds(self) -> bool:
        """Whether the prediction lies in the interval of what was seen."""
        return self.seen.low <= self.predicted <= self.seen.high


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Predictions for a later part of a day, held against what happened.

    Parameters
    ----------
    groups
        By horizon, then by prediction.
    fitted, judged
        Orders before and after the cut.
    unseen
        Orders after it in a state that was not seen before it; judged by the nearest one.
    gap
        Mean absolute difference of prediction and outcome, weighted by orders.
    """

    groups: tuple[Group, ...]
    fitted: int
    judged: int
    unseen: int
    gap: float

    def __str__(self) -> str:
        held = sum(group.holds for group in self.groups)
        first = (
            f"fitted to {self.fitted:,} earlier orders, judged by {self.judged:,} later ones: {held} of "
            f"{len(self.groups)} groups hold, {self.gap:.1%} off on average"
        )
        rows = (
            f"by {each.horizon_s:g} s  predicted {each.predicted:.1%}  seen {each.seen.value:.1%} "
            f"[{each.seen.low:.1%}, {each.seen.high:.1%}]  {each.orders:,} orders"
            for each in self.groups
        )
        return "\n".join((first, *rows))


def calibrate(
    lives: Lifetimes,
    *,
    horizons_s: Sequence[float] = HORIZONS_S,
    fill: Fill = "first",
    earlier: float = 0.7,
    groups: int = 5,
) -> Calibration:
    """Fit to the orders of the earlier part of a day, and judge by those of the later part.

    Parameters
    ----------
    lives
        Of one day.
    horizons_s, fill
        As for `fit_fill_model`.
    earlier
        Share of the day's time, from the first order to the last, that is fitted to.
    groups
        How many groups of equal count the later orders are cut into.

    Raises
    ------
    BadParameter
        When the share is not between 0 and 1, or there is no group.
    BadData
        When either part is too thin.
    """
    if not 0 < earlier < 1 or groups < 1:
        raise BadParameter(f"earlier {earlier} must be between 0 and 1, and groups {groups} 1 or more")
    start = lives.start_ns
    cut_ns = int(start[0]) + round(earlier * (int(start[-1]) - int(start[0])))
    before = known_at(lives.only((start < cut_ns) & np.isfinite(lives.queue_lots)), cut_ns)
    after = lives.only((start >= cut_ns) & np.isfinite(lives.queue_lots))
    if not len(after):
        raise BadData(f"none of {len(lives):,} orders with a known queue was posted after the cut; take a longer day")
    model = fit_fill_model(before, horizons_s=horizons_s, fill=fill)
    found: list[Group] = []
    for horizon_s in model.horizons_s:
        if int(blocks_of(after.start_ns, horizon_s).max()) + 1 >= FEWEST:
            found += _groups(model, after, horizon_s, groups)
    if not found:
        raise BadData(f"{len(after):,} later orders span too few blocks of time; take a longer day or shorter horizons")
    weights = np.array([group.orders for group in found])
    gaps = np.array([abs(group.predicted - group.seen.value) for group in found])
    return Calibration(
        groups=tuple(found),
        fitted=len(before),
        judged=len(after),
        unseen=int(_answers(model, after, model.horizons_s[0]).nearest.sum()),
        gap=float(np.average(gaps, weights=weights)),
    )


def known_at(lives: Lifetimes, time_ns: int) -> Lifetimes:
    """What could be known of lives at an instant: those that ended later are still resting."""
    age_s = (time_ns - lives.start_ns) / NS_PER_SECOND
    posted = lives.only(age_s >= 0)
    age_s = age_s[age_s >= 0]
    ended = posted.end_s <= age_s
    return dataclasses.replace(
        posted,
        first_fill_s=np.where(posted.first_fill_s <= age_s, posted.first_fill_s, np.nan),
        end_s=np.minimum(posted.end_s, age_s),
        end=np.where(ended, posted.end, CENSORED).astype(np.int8),
    )


def _groups(model: FillModel, after: Lifetimes, horizon_s: float, groups: int) -> list[Group]:
    predicted = _answers(model, after, horizon_s).value
    wait_s, cause = after.outcome(model.fill)
    found = []
    for part in np.array_split(np.argsort(predicted, kind="stable"), min(groups, len(predicted))):
        rows = np.sort(part)
        block = blocks_of(after.start_ns[rows], horizon_s)
        (seen,) = kaplan_meier(wait_s[rows], cause[rows], [horizon_s], block=block, level=model.level)
        mean = float(predicted[rows].mean())
        found.append(Group(horizon_s=horizon_s, predicted=mean, seen=seen.filled, orders=len(rows), fills=seen.fills))
    return found


def _answers(model: FillModel, lives: Lifetimes, horizon_s: float) -> Answers:
    state = {name: getattr(lives, name) for name in STATE}
    return model.probabilities(horizon_s=horizon_s, **state)
