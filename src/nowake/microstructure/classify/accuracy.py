"""How often a rule is right, against the true side: by prints and by volume, with intervals, by place in the spread.

    share right = sum w [side = truth] / sum w        over prints that have a truth and that the rule decided

w = 1 or the lots of a print. Undecided prints are counted apart, not as wrong ones. Errors of a rule come in runs (one
wrong print makes the tick test wrong until the price moves), so the interval is Wilson's (1927) with the effective
number of prints

    n_eff = p (1 - p) / Var(p),      Var(p) = B^2 / ((B-1)(B-2)) max(S_0 + 2 S_1, S_0) / (sum w)^2

    S_k = sum_b u_b u_{b+k},         u_b = sum_b w (right - p)

over up to 60 blocks in time order, each with the one beside (as in `spreads.means`), never more than Kish's
(sum w)^2 / sum w^2; few blocks are made up for by Student's quantile. Wrong where errors remember longer than a block,
which is a sixtieth of the history and 20 prints or more."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData
from nowake.microstructure.classify.bulk import BulkBars, check_lots
from nowake.microstructure.classify.classification import Place
from nowake.statistics.blocks import LEAST, block_edges
from nowake.statistics.measurement import Measurement, check_level, t_of, wilson, z_of

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.integer]

_A_BLOCK = 20  # Prints that a block of errors has at least, where there are enough.


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """Right among decided, by prints and by volume; None where no print was decided.

    `prints` have a truth, `undecided` of them the rule did not sign; `lots` and `undecided_lots` are their volume.
    """

    by_prints: Measurement | None
    by_volume: Measurement | None
    prints: int
    undecided: int
    lots: int
    undecided_lots: int


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule gets right.

    Parameters
    ----------
    overall
        Of all prints that have a truth.
    by_place
        The same for each place in the spread that has prints.
    confusion
        Prints by (truth, told): truth +1 or -1, told +1, -1 or 0.
    without_truth
        Prints that the feed gives no side: left out of all of it.
    """

    overall: Share
    by_place: dict[Place, Share]
    confusion: dict[tuple[int, int], int]
    without_truth: int

    def __str__(self) -> str:
        rows = [("all", self.overall), *((place.words, share) for place, share in self.by_place.items())]
        return "\n".join(f"{name:20} {_in_words(share)}" for name, share in rows)


def _in_words(share: Share) -> str:
    right = "none decided" if share.by_prints is None else f"right {share.by_prints.value:.1%}"
    if share.by_volume is not None:
        right += f", {share.by_volume.value:.1%} of volume"
    return f"{share.prints:>9,} prints, {right}, {share.undecided:,} undecided"


def accuracy(side: Whole, truth: Whole, lots: Whole, *, place: Whole | None = None, level: float = 0.95) -> Accuracy:
    """How often `side` is `truth`.

    Parameters
    ----------
    side, truth
        (n,) of +1, -1 and 0 for undecided or unknown, in time order.
    lots
        (n,), 0 or more.
    place
        (n,) of `Place`, to have it by place too.

    Raises
    ------
    BadData
        When lengths differ, a side is none, lots are negative or too many to count, or no print has a truth.
    """
    check_level(level)
    _check(side, truth, lots, place)
    known = truth != 0
    if not known.any():
        raise BadData(f"none of {len(truth):,} prints has a true side; accuracy needs a feed that tells the aggressor")
    side, truth, lots = side[known], truth[known], lots[known]
    places: Mapping[Place, Flags] = {}
    if place is not None:
        places = {each: place[known] == each for each in Place}
    return Accuracy(
        overall=_share(side, truth, lots, level=level),
        by_place={
            each: _share(side[here], truth[here], lots[here], level=level)
            for each, here in places.items()
            if here.any()
        },
        confusion={
            (real, told): int(((truth == real) & (side == told)).sum()) for real in (1, -1) for told in (1, -1, 0)
        },
        without_truth=int((~known).sum()),
    )


def bulk_accuracy(bars: BulkBars, bought: Floats, *, level: float = 0.95) -> Measurement:
    """The share of volume that bulk volume puts on its true side: sum V (1 - |bought - truly bought|) / sum V.

    That is the paper's sum of min(V^B, true V^B) + min(V^S, true V^S) over all volume. A split in half has more of it
    the more balanced bars are: compare with `bought` all 0.5 before calling a share high.

    Parameters
    ----------
    bars
        With `truly_bought`, see `time_bars` and `volume_bars`.
    bought
        float64[n], from `bulk_bought`.

    Raises
    ------
    BadData
        When the bars have no truth or no volume, or lengths differ.
    """
    check_level(level)
    if bars.truly_bought is None:
        raise BadData("the bars have no true sides; accuracy needs prints of a feed that tells the aggressor")
    if len(bought) != len(bars):
        raise BadData(f"{len(bought)} shares of {len(bars)} bars; give one for each")
    found = share_of(1 - np.abs(bought - bars.truly_bought), bars.lots.astype(np.float64), level=level)
    if found is None:
        raise BadData("the bars have no volume; give a longer history")
    return found


def _share(side: Whole, truth: Whole, lots: Whole, *, level: float) -> Share:
    decided = side != 0
    right = (side == truth)[decided].astype(np.float64)
    weights = lots[decided].astype(np.float64)
    return Share(
        by_prints=share_of(right, np.ones(len(right)), level=level),
        by_volume=share_of(right, weights, level=level),
        prints=len(side),
        undecided=int((~decided).sum()),
        lots=int(lots.sum()),
        undecided_lots=int(lots[~decided].sum()),
    )


def share_of(right: Floats, weights: Floats, *, level: float) -> Measurement | None:
    """Weighted share of what is right, with Wilson's interval at its effective number; None without any weight."""
    total = float(weights.sum())
    if total == 0:
        return None
    value = min(1.0, float(weights @ right) / total)
    kish = total * total / float(weights @ weights)
    effective, blocks = kish, 0
    if len(right) >= LEAST * 2 and 0 < value < 1:
        edges = block_edges(len(right), _A_BLOCK)
        blocks = len(edges) - 1
        pulls = np.add.reduceat(weights * (right - value), edges[:-1])
        own, beside = float(pulls @ pulls), float(pulls[1:] @ pulls[:-1])
        lost = (1 - 1 / blocks) * (1 - 2 / blocks)
        widened = (t_of(level, blocks - 1) / z_of(level)) ** 2 / lost
        variance = max(own + 2 * beside, own) / total**2 * widened
        effective = min(kish, value * (1 - value) / variance) if variance > 0 else kish
    low, high = wilson(value, effective, level)
    method = f"Wilson's interval on {math.floor(effective):,} effective prints, from {blocks} blocks"
    return Measurement(value=value, low=low, high=high, level=level, n=len(right), method=method)


def _check(side: Whole, truth: Whole, lots: Whole, place: Whole | None) -> None:
    lengths = {len(column) for column in (side, truth, lots, *(() if place is None else (place,)))}
    if len(lengths) != 1:
        raise BadData(f"columns of {sorted(lengths)} prints; give sides, truths, lots and places of the same prints")
    for name, column in (("side", side), ("truth", truth)):
        wrong = np.flatnonzero(~np.isin(column, (-1, 0, 1)))
        if len(wrong):
            raise BadData(f"print {wrong[0]}: {name} {column[wrong[0]]} must be +1, -1, or 0 for unknown")
    check_lots(lots)
