"""The probability that an order was filled by a horizon, where many were cancelled or are still resting.

Two questions, two answers:

- *Left standing*: what if nobody had cancelled? Kaplan and Meier (1958, "Nonparametric estimation from incomplete
  observations"): 1 - prod(1 - d/Y), a cancel as censoring. Greenwood's variance (1926) on the scale log(-log S)
  (Kalbfleisch and Prentice 1980). Right only where those who cancel would have been filled like those who
  stay; traders who pull orders about to be run over make it too high or too low, and no data can tell.
- *As posted*: what share was filled, with people cancelling as they do? Aalen and Johansen (1978, "An empirical
  transition matrix for non-homogeneous Markov chains based on censored observations"): sum of S(u-) d/Y, where S falls
  by fills and cancels alike. Needs nothing of cancels; only the end of sight must be independent.

Whatever cancels mean, the left-standing probability lies between the incidence of fills and that of any end (Peterson
1976, "Bounds for a joint distribution function with fixed sub-distribution functions").

Intervals come from the influence of each order (the infinitesimal jackknife; for independent orders its sum of squares
IS Greenwood's), added up by blocks of time. Where everybody was followed all the way it is a share with Wilson's
interval (1927) at the effective count; where none or all were filled it is Wilson's too, a block counting once where
orders come in blocks: orders that all agree do not prove that all would."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.models.fills.blocks import Clustered, clustered
from nowake.models.fills.lifetimes import CENSORED, FILLED
from nowake.statistics.measurement import Measurement, check_level, wilson, z_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Causes = npt.NDArray[np.int8]

KM = "Kaplan-Meier, cancels as censoring"
AJ = "Aalen-Johansen, cancels as an end of their own"


@dataclasses.dataclass(frozen=True, slots=True)
class Survival:
    """The probability of a fill by one horizon, and what it was made of.

    Parameters
    ----------
    horizon_s
        Seconds after posting.
    filled
        The probability with its interval; `n` counts all orders.
    fills, others, at_risk
        Orders filled by the horizon, ended otherwise by then (cancelled, or lost from sight), and followed beyond it.
    n_effective
        As many independent orders would be as sure.
    blocks
        Blocks of time the interval was made of; as many as orders where they were taken as independent.
    """

    horizon_s: float
    filled: Measurement
    fills: int
    others: int
    at_risk: int
    n_effective: float
    blocks: int


def kaplan_meier(
    wait_s: npt.ArrayLike,
    cause: npt.ArrayLike,
    horizons_s: Sequence[float],
    *,
    block: Ints | None = None,
    level: float = 0.95,
) -> tuple[Survival, ...]:
    """The probability of a fill by each horizon had nobody cancelled.

    Parameters
    ----------
    wait_s
        Seconds from posting to the outcome, 0 or more.
    cause
        CENSORED, FILLED or CANCELLED: what the outcome was.
    horizons_s
        Seconds, above 0.
    block
        Which block of time each order belongs to (`blocks_of`); None where orders are independent.
    level
        Confidence of the intervals.

    Raises
    ------
    BadData
        When there is no order, or a time is negative or NaN.
    BadParameter
        When a horizon or the level is out of range.

    Examples
    --------
    >>> (by_3,) = kaplan_meier([1, 2, 3, 4], [1, 0, 1, 2], [3.0])
    >>> round(by_3.filled.value, 4)  # 1 - 3/4 * 1/2
    0.625
    """
    table = _Table.of(wait_s, cause)
    return tuple(
        _answer(table, horizon_s, *_left_standing(table, horizon_s), block=block, level=level, method=KM)
        for horizon_s in _checked(horizons_s, level)
    )


def incidence(
    wait_s: npt.ArrayLike,
    cause: npt.ArrayLike,
    horizons_s: Sequence[float],
    *,
    of: int = FILLED,
    block: Ints | None = None,
    level: float = 0.95,
) -> tuple[Survival, ...]:
    """The share of posted orders that ended by a cause (filled, unless said) by each horizon, as people cancel.

    Parameters and errors as for `kaplan_meier`.

    Examples
    --------
    >>> (by_3,) = incidence([1, 2, 3, 4], [1, 2, 1, 0], [3.0])
    >>> by_3.filled.value  # Two of four.
    0.5
    """
    table = _Table.of(wait_s, cause)
    return tuple(
        _answer(table, horizon_s, *_as_posted(table, horizon_s, of), block=block, level=level, method=AJ, of=of)
        for horizon_s in _checked(horizons_s, level)
    )


def ended(
    wait_s: npt.ArrayLike, cause: npt.ArrayLike, horizons_s: Sequence[float], *, level: float = 0.95
) -> tuple[Survival, ...]:
    """The share of posted orders that ended either way by each horizon: Peterson's upper bound."""
    causes = np.asarray(cause)
    return kaplan_meier(wait_s, np.where(causes == CENSORED, CENSORED, FILLED), horizons_s, level=level)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Orders counted by distinct time of an outcome that is no censoring.

    `wait_s`, `cause`: of each order. `time_s`: increasing; `at_risk`, `filled`, `over` (filled or cancelled): counts at
    each. `place`: for each order, how many of the times are at or before its own.
    """

    wait_s: Floats
    cause: Causes
    time_s: Floats
    at_risk: Floats
    over: Floats
    place: Ints

    @classmethod
    def of(cls, wait_s: npt.ArrayLike, cause: npt.ArrayLike) -> _Table:
        waits, causes = np.asarray(wait_s, np.float64), np.asarray(cause, np.int8)
        if not len(waits):
            raise BadData("no orders, so nothing was filled or not filled")
        if len(waits) != len(causes):
            raise BadData(f"{len(waits)} times and {len(causes)} outcomes; give one of each an order")
        bad = ~((waits >= 0) & (waits < math.inf))
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise BadData(f"row {row}: {waits[row]} s must be 0 or more and finite ({int(bad.sum())} such rows)")
        is_over = causes != CENSORED
        times = np.unique(waits[is_over])
        ordered = np.sort(waits)
        at_risk = len(waits) - np.searchsorted(ordered, times, side="left")
        over = np.bincount(np.searchsorted(times, waits[is_over]), minlength=len(times))
        place = np.searchsorted(times, waits, side="right")
        return cls(waits, causes, times, at_risk.astype(np.float64), over.astype(np.float64), place)

    def survived(self, horizon_s: float) -> float:
        """Share that had ended in no way by a horizon."""
        upto = int(np.searchsorted(self.time_s, horizon_s, side="right"))
        return float(np.prod(1 - self.over[:upto] / self.at_risk[:upto]))

    def count(self, cause: int) -> Floats:
        """Orders that ended by a cause at each time."""
        mine = self.cause == cause
        return np.bincount(self.place[mine] - 1, minlength=len(self.time_s)).astype(np.float64)


def _left_standing(table: _Table, horizon_s: float) -> tuple[float, Floats]:
    """1 - S, and the influence of each order on log S."""
    upto = int(np.searchsorted(table.time_s, horizon_s, side="right"))
    d, y = table.count(FILLED)[:upto], table.at_risk[:upto]
    if np.any((d > 0) & (d == y)):
        return 1.0, np.full(len(table.wait_s), math.nan)  # The last one followed was filled.
    survived = float(np.exp(np.sum(np.log1p(-d / y))))
    paid = np.concatenate(([0.0], np.cumsum(d / (y * (y - d + (d == 0))))))
    influence = paid[np.minimum(table.place, upto)]
    mine = (table.cause == FILLED) & (table.wait_s <= horizon_s)
    at = table.place[mine] - 1
    influence[mine] -= 1 / (y[at] - d[at])
    return 1 - survived, influence


def _as_posted(table: _Table, horizon_s: float, of: int) -> tuple[float, Floats]:
    """The incidence F, and the influence of each order on log(1 - F)."""
    upto = int(np.searchsorted(table.time_s, horizon_s, side="right"))
    d, over, y = table.count(of)[:upto], table.over[:upto], table.at_risk[:upto]
    before = np.concatenate(([1.0], np.cumprod(1 - over / y)))[:upto]  # S(u-), of any end.
    step = before * d / y
    total = float(step.sum())
    # Where the last one ends, S is 0 and no later step can follow: its influence on S is never asked for.
    last = over == y
    paid = np.cumsum(np.where(last, 0.0, over / (y * np.where(last, 1.0, y - over))))
    paid_before = np.concatenate(([0.0], paid))[:upto]  # Influence on log S(u-) of one who is still there.
    place = np.minimum(table.place, upto)
    own = np.concatenate(([0.0], np.cumsum(step * paid_before - step / y)))
    later = total - np.concatenate(([0.0], np.cumsum(step)))
    influence = own[place] + later[place] * np.concatenate(([0.0], paid))[place]
    is_over = (table.cause != CENSORED) & (table.wait_s <= horizon_s)
    at = table.place[is_over] - 1
    influence[is_over] -= later[at + 1] / np.where(last[at], 1.0, y[at] - over[at])
    mine = (table.cause == of) & (table.wait_s <= horizon_s)
    at = table.place[mine] - 1
    influence[mine] += before[at] / y[at]
    return total, -influence / (1 - total) if total < 1 else np.full(len(influence), math.nan)


def _answer(
    table: _Table,
    horizon_s: float,
    value: float,
    influence: Floats,
    *,
    block: Ints | None,
    level: float,
    method: str,
    of: int = FILLED,
) -> Survival:
    early = table.wait_s <= horizon_s
    fills = int(np.count_nonzero(early & (table.cause == of)))
    count = len(table.wait_s)
    # Who is last seen at the horizon itself was followed all the way.
    at_risk = int(np.count_nonzero(~early | ((table.wait_s == horizon_s) & (table.cause == CENSORED))))
    blocks = count if block is None else int(np.max(block)) + 1
    others = count - fills - at_risk
    in_blocks = "" if block is None else f", {blocks} blocks of time"
    if not 0 < value < 1:
        worth = min(at_risk if value == 0 else fills, blocks)
        low, high = wilson(value, worth, level) if worth else (0.0, 1.0)
        how = f"{method}; Wilson of {worth:,} {'orders' if block is None else 'blocks of time'}"
        measured = Clustered(math.nan, math.nan, count / max(worth, 1), blocks)
    else:
        measured = clustered(influence, block, level)
        if others or not math.isfinite(measured.sd):
            low, high = _log_log(1 - value, measured)
            how = f"{method}; log-log{in_blocks}"
        else:  # Everybody was followed all the way: a share, whose few blocks widen it as Student's quantile does.
            effective = count / measured.design_effect
            low, high = wilson(value, effective * (z_of(level) / measured.quantile) ** 2, level)
            how = f"share; Wilson of {effective:,.0f} effective orders{in_blocks}"
    left = 1 - value if method == KM else table.survived(horizon_s)
    if at_risk == 0 and left > 0:  # The curve ends before the horizon: whoever was left may have been filled since.
        high, how = max(high, min(value + left, 1.0)), f"{how}; nobody was followed so far"
    return Survival(
        horizon_s=horizon_s,
        filled=Measurement(value=value, low=min(low, value), high=max(high, value), level=level, n=count, method=how),
        fills=fills,
        others=others,
        at_risk=at_risk,
        n_effective=count / measured.design_effect,
        blocks=blocks,
    )


def _log_log(survived: float, measured: Clustered) -> tuple[float, float]:
    """The interval of 1 - S: symmetric in log(-log S), so that it stays between 0 and 1."""
    if not math.isfinite(measured.sd):
        return 0.0, 1.0
    # Beyond some hundreds the ends are 0 and 1 to the last bit, and exp would overflow.
    half = min(measured.quantile * measured.sd / -math.log(survived), 700.0)
    hazard = -math.log(survived)
    return -math.expm1(-hazard * math.exp(-half)), -math.expm1(-min(hazard * math.exp(half), 1e300))


def _checked(horizons_s: Sequence[float], level: float) -> Sequence[float]:
    check_level(level)
    for horizon_s in horizons_s:
        if not 0 < horizon_s < math.inf:
            raise BadParameter(f"horizon of {horizon_s} s must be above 0 and finite")
    return horizons_s
