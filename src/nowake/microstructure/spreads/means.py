"""Weighted means of what prints cost, group by group, with intervals that neighbours in time do not fool.

    m = sum w x / sum w,    Var m = B^2 / ((B-1)(B-2)) max(S_0 + 2 S_1, S_0) / (sum w)^2

    S_k = sum_b u_b u_{b+k},    u_b = sum_b w (x - m)

over blocks b of equal time: the cluster-robust error of a ratio (Liang & Zeger 1986, "Longitudinal data analysis using
generalized linear models", Biometrika 73) with the block beside at its full weight (Hansen & Hodrick 1980, "Forward
exchange rates as optimal predictors of future spot rates", Journal of Political Economy 88): a later mid overlaps its
neighbours' for as long as its horizon, no block is shorter than that, and so none but neighbours overlap. The factor
gives back what residuals about their own mean lose; the quantile is Student's of B / 2, for a sum with neighbours tells
less than its blocks would alone. That is a rule of thumb: of few blocks without overlap intervals are too wide.

A mean of fewer than twenty prints, or that fewer than five blocks hold, has no interval worth the name and is None; the
count beside it says how many prints there were. Wrong where dependence outlasts two blocks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.microstructure.classify.bulk import check_lots
from nowake.microstructure.market_orders import Floats, Ints
from nowake.statistics.measurement import Measurement, check_level, t_of

Weight = Literal["equal", "share", "value"]
Labels = npt.NDArray[Any]
MIN_BLOCKS, MIN_PRINTS = 5, 20
_BLOCKS = 60

WEIGHTS = {"equal": "each print counts once", "share": "by size", "value": "by size times price"}


class Groups(NamedTuple):
    """Rows sorted into groups: the labels of each group, one a dimension, and the group each row is in."""

    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    of_row: Ints


class Rows(NamedTuple):
    """When n rows were, what each counts for, which group each is in, and the name of the weighting."""

    time_ns: Ints
    weights: Floats
    groups: Groups
    weight: Weight


def weights_of(weight: Weight, lots: Ints, price_ticks: Floats | Ints) -> Floats:
    """What each row counts for.

    Raises
    ------
    BadParameter
        When the weighting is none.
    BadData
        When a size is not above 0, or sizes are too many to count.
    """
    if weight not in WEIGHTS:
        raise BadParameter(f"weight {weight!r} is none; use 'equal', 'share' or 'value'")
    wrong = np.flatnonzero(lots <= 0)
    if len(wrong):
        raise BadData(f"row {wrong[0]}: a size of {lots[wrong[0]]} lots; sizes must be above 0")
    check_lots(lots, "row")
    if weight == "equal":
        return np.ones(len(lots))
    return lots.astype(np.float64) * (price_ticks if weight == "value" else 1.0)


def groups_of(by: Mapping[str, Labels] | None, row: Ints, given: int) -> Groups:
    """Groups of rows that share their labels in every dimension; all rows are one group where there is none.

    Parameters
    ----------
    by
        Dimension -> a label for each of the rows given.
    row
        int64[n]: those of them that are used.
    given
        How many there were.

    Raises
    ------
    BadData
        When a dimension has another length than the rows.
    """
    if not by:
        return Groups((), ((),), np.zeros(len(row), np.int64))
    of_row, labels = np.zeros(len(row), np.int64), [tuple[str, ...]()]
    for name, labelled in by.items():
        column = np.asarray(labelled)
        if column.shape != (given,):
            raise BadData(f"dimension {name!r} is of shape {column.shape}; give one label for each of {given} rows")
        found, code = np.unique(column[row], return_inverse=True)
        # Numbered anew by dimension: never more codes than rows, so that no product of many dimensions overflows.
        used, of_row = np.unique(of_row * len(found) + code, return_inverse=True)
        labels = [(*labels[code // len(found)], str(found[code % len(found)])) for code in used.tolist()]
    return Groups(tuple(by), tuple(labels), np.asarray(of_row, dtype=np.int64))


def blocks_of(time_ns: Ints, least_ns: int = 0) -> Ints:
    """Which block of equal time each instant is in, from 0: 60 of them, fewer where they would be too short."""
    if not len(time_ns):
        return np.zeros(0, np.int64)
    since = time_ns - time_ns.min()
    length = max(int(since.max()) // _BLOCKS + 1, least_ns)
    return np.asarray(since // length, dtype=np.int64)


def group_means(values: Floats, rows: Rows, least_ns: Sequence[int], *, level: float) -> list[list[Measurement | None]]:
    """Mean of each of h columns in each of g groups: a list of g lists of h; None where it cannot be told.

    Parameters
    ----------
    values
        float64[n, h], NaN where not known.
    rows
        What the rows are.
    least_ns
        For each column, the shortest a block of time may be.
    """
    check_level(level)
    columns = [_column(values[:, h], rows, blocks_of(rows.time_ns, least), level) for h, least in enumerate(least_ns)]
    return [[column[g] for column in columns] for g in range(len(rows.groups.labels))]


def _column(values: Floats, rows: Rows, blocks: Ints, level: float) -> list[Measurement | None]:
    """Means of one column in all groups, from sums over cells of group and block."""
    width = int(blocks.max()) + 1 if len(blocks) else 1
    shape = len(rows.groups.labels), width
    known = np.isfinite(values)
    cells = (rows.groups.of_row * width + blocks)[known]
    weights, values = rows.weights[known], values[known]

    def summed(numbers: Floats) -> Floats:
        return np.asarray(np.bincount(cells, numbers, shape[0] * width).reshape(shape))

    mass = summed(weights)
    total = mass.sum(axis=1)
    means = summed(weights * values).sum(axis=1) / np.where(total > 0, total, 1)
    # Summed about the mean, for the difference of large sums would lose what is asked for.
    pushes = summed(weights * (values - means[cells // width]))
    counts = summed(np.ones(len(cells))).sum(axis=1)
    held = (mass > 0).sum(axis=1)
    own, beside = (pushes**2).sum(axis=1), (pushes[:, 1:] * pushes[:, :-1]).sum(axis=1)
    # Blocks that swing against each other may make the sum small by chance; each alone is the least to allow for.
    variance = np.maximum(own + 2 * beside, own)
    method = f"weighted {WEIGHTS[rows.weight]}, {width} blocks of time as clusters"
    found: list[Measurement | None] = []
    for g, blocks_held in enumerate(held.tolist()):
        if blocks_held < MIN_BLOCKS or counts[g] < MIN_PRINTS:
            found.append(None)
            continue
        lost = (1 - 1 / blocks_held) * (1 - 2 / blocks_held)
        error = float(np.sqrt(variance[g] / lost) / total[g])
        half, mean = t_of(level, blocks_held // 2) * error, float(means[g])
        found.append(
            Measurement(value=mean, low=mean - half, high=mean + half, level=level, n=int(counts[g]), method=method)
        )
    return found


def size_classes(lots: Ints, edges: Sequence[int]) -> Labels:
    """A label for each size: "below 100", "100 to 499", "500 and more" of edges 100 and 500."""
    rising = list(edges)
    if not rising or rising != sorted(set(rising)):
        raise BadParameter(f"edges {rising} must rise, without one twice, for example (100, 500)")
    names = [f"below {rising[0]:,}"]
    names += [f"{low:,} to {high - 1:,}" for low, high in itertools.pairwise(rising)]
    names += [f"{rising[-1]:,} and more"]
    return np.array(names)[np.searchsorted(rising, lots, side="right")]


def time_classes(time_ns: Ints, session: Session, edges: Sequence[str]) -> Labels:
    """A label for each time of day: "to 10:00", "10:00 to 15:30", "from 15:30" of edges 10:00 and 15:30, local."""
    at = [session.at(edge) for edge in edges]
    if not at or at != sorted(set(at)):
        raise BadParameter(f"edges {list(edges)} must rise, without one twice, for example ('10:00', '15:30')")
    names = [f"to {edges[0]}", *(f"{low} to {high}" for low, high in itertools.pairwise(edges)), f"from {edges[-1]}"]
    return np.array(names)[np.searchsorted(at, time_ns, side="right")]


def side_names(side: npt.NDArray[np.integer]) -> Labels:
    """ "buy" of +1 and "sell" of -1."""
    return np.where(np.asarray(side) > 0, "buy", "sell")
