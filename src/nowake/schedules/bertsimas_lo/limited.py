"""Bertsimas-Lo within limits: the best trade when no trade may go back and each has a most, by dynamic programming.

Under limits there is no formula, for the value of what is left bends where a limit will bind (Bertsimas & Lo 1998, who
propose this way). The state is the cells left and the signal, which is kept to even levels. The chance of a level is
the normal density of X' = rho X + eta there, made to sum to 1 (G. Tauchen and R. Hussey 1991, "Quadrature-based methods
for obtaining approximate solutions to nonlinear asset pricing models", Econometrica 59, with even nodes). Even nodes
no farther apart than one standard deviation of the news know its mean and variance to 1e-7, whatever rho (L. Trefethen
and J. Weideman 2014, "The exponentially convergent trapezoidal rule", SIAM Review 56): the longer a signal lasts, the
more levels it has.

Cutting the free rule off at the limits is simpler and can be dear: where a strong signal would have sold within a
purchase, 25 % of what a signal saves was lost by it in our trials, 3 to 7 % where the largest trade was the limit.

Between levels and cells the answer is interpolated. Wrong for |rho| = 1 with news, which has no standing spread of
levels, and beyond four standard deviations of the signal, where it takes the last level."""

from __future__ import annotations

import functools
import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.adaptive.contract import Situation
from nowake.schedules.bertsimas_lo.linear import LinearLaw, check_buckets, persistence
from nowake.schedules.certificate import Certificate
from nowake.schedules.dynamic import MOST_STATES, DynamicProgramme, DynamicSolution, check_states

_REACH = 4.0  # Standard deviations of the signal from 0 to the last level.
_WIDEST = 1.25  # Standard deviations of the news between levels: their variance is then right to 1e-4.
_MOST_LEVELS = 401
_FEWEST_CELLS = 50


class LimitedRule(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What to trade with any quantity left and any signal, bucket by bucket.

    Parameters
    ----------
    levels
        (M,) increasing signals, evenly.
    unit
        Shares of a cell.
    fixed
        Cost of the whole that no rule changes, currency.
    solution
        Cells to trade and cost to come.
    certificate
        Kind "grid": what doubling the cells has changed the expected cost and doubling the levels would change it,
        of all signals within a standard deviation the most, as a fraction of that without a signal, the objective.
    """

    levels: Floats
    unit: float
    fixed: float
    solution: DynamicSolution
    certificate: Certificate

    def trade(self, bucket: int, left: float, signal: float) -> float:
        """Shares to trade in a bucket (counted from 0); never more than is left."""
        n = len(self.solution.trades)
        if not 0 <= bucket < n:
            raise BadParameter(f"bucket {bucket} must be from 0 to {n - 1}")
        if bucket == n - 1:
            return left
        table, cells = (
            self.solution.trades[bucket],
            min(max(left / self.unit, 0.0), self.solution.trades.shape[2] - 1.0),
        )
        k = min(int(cells), table.shape[1] - 2)
        part = cells - k
        column = table[:, k] * (1 - part) + (table[:, k + 1] * part if part else 0.0)
        return min(left, max(0.0, self.unit * float(np.interp(signal, self.levels, column))))

    def expected_cost(self, signal: float = 0.0) -> float:
        """Expected cost of the whole against the price before, currency, from a signal at the start."""
        return self.fixed + _cubic(signal, self.levels, self.solution.values[0, :, -1])


def limited(
    law: LinearLaw,
    quantity: float,
    buckets: int,
    *,
    most: float = math.inf,
    cells: int = 2000,
    levels: int | None = None,
) -> LimitedRule:
    """The rule of least expected cost with every trade from 0 to a most.

    Parameters
    ----------
    law
        As the price moves; its `signal_sd` is the news of a bucket, 0 for a signal that fades without news.
    quantity, buckets
        W and N.
    most
        Largest trade of a bucket, shares.
    cells, levels
        How finely the quantity and the signal are cut; None for as many levels as the signal needs.

    Raises
    ------
    BadParameter
        When the largest trade cannot finish, the signal has no standing spread, levels are too few for it, or the
        grid is too large.
    """
    n = check_buckets(buckets)
    if not 0 < quantity < math.inf:
        raise BadParameter(f"quantity {quantity} must be above 0 and finite")
    if not most * n >= quantity:
        raise BadParameter(
            f"{n} buckets of at most {most:,.6g} shares trade {most * n:,.6g} of {quantity:,.6g}; "
            f"allow {quantity / n:,.6g} or more, or {math.ceil(quantity / most) if most > 0 else 'more'} buckets"
        )
    if cells < 2:
        raise BadParameter(f"cells {cells} must be 2 or more")
    count = levels_needed(law) if levels is None else _enough(law, levels)
    check_states(n, count, cells)
    rule = _solved(law, quantity, n, most=most, cells=cells, levels=count)
    signals = np.linspace(-1.0, 1.0, 9) * standing_sd(law)
    objective = rule.expected_cost()
    try:
        half, double = (
            _solved(law, quantity, n, most=most, cells=max(2, cells // 2), levels=size)
            for size in (count, 2 * count - 1)
        )
        change = max(_change(rule, half, x) + _change(half, double, x) for x in signals)
    except BadParameter:  # The coarser grid cannot keep a limit.
        change = math.inf
    kept = Certificate(
        method=f"dynamic programming, {cells:,} cells, {count} levels",
        kind="grid",
        value=change / max(abs(objective), np.finfo(float).tiny),
        objective=objective,
    )
    return msgspec.structs.replace(rule, certificate=kept)


def _change(one: LimitedRule, other: LimitedRule, signal: float) -> float:
    return abs(one.expected_cost(signal) - other.expected_cost(signal))


def _solved(law: LinearLaw, quantity: float, n: int, *, most: float, cells: int, levels: int) -> LimitedRule:
    """The rule on one grid, not yet held against another."""
    signals, chances = signal_levels(law, levels)
    unit = quantity / cells
    trades = np.arange(math.floor(min(cells, most / unit) + 1e-9) + 1) * unit
    left = np.arange(cells + 1) * unit
    drift = law.gamma * signals[:, None]
    # The bucket's move is paid by what is traded in it and by what is left after it.
    programme = DynamicProgramme(
        trade=np.broadcast_to(0.5 * law.psi * trades**2 + drift * trades, (n, levels, len(trades))),
        holding=np.broadcast_to(drift * left, (n, levels, cells + 1)),
        cells=cells,
        chances=chances,
    )
    fixed, unproven = 0.5 * law.theta * quantity**2, Certificate(method="", kind="grid", value=math.inf, objective=0.0)
    return LimitedRule(levels=signals, unit=unit, fixed=fixed, solution=programme.solve(), certificate=unproven)


class FollowWithinLimits(msgspec.Struct, frozen=True, kw_only=True, tag=True, dict=True):
    """Rate policy: the best rate within limits under a signal that comes and goes, as plain numbers.

    The signal is the price's drift, currency per share per session. The rule is made when it is first asked.

    Parameters
    ----------
    quantity, days, buckets
        Shares, length of the window in sessions, and how many even buckets it is cut into.
    eta
        Temporary impact, currency per share, per share a session; above 0.
    half_life_days
        Sessions in which the signal loses half, finite.
    signal_sd
        One standard deviation of the signal on any day, above 0.
    most_per_day
        Largest rate, shares a session. Shares that could otherwise not be done in time are traded at it.
    cells, levels
        As for `limited`; None for 1,000 cells, or the fewer that still can be kept.
    """

    quantity: float
    days: float
    buckets: int
    eta: float
    half_life_days: float
    signal_sd: float
    most_per_day: float = math.inf
    cells: int | None = None
    levels: int | None = None

    @functools.cached_property
    def rule(self) -> LimitedRule:
        """What it trades from everywhere, for a buyer; a seller's signal is turned.

        Raises
        ------
        BadParameter
            When a number is out of range.
        """
        if not (0 < self.days < math.inf and 0 < self.eta < math.inf):
            raise BadParameter(f"days {self.days} and eta {self.eta} must be above 0 and finite")
        rho = persistence(self.half_life_days, self.step_days)
        news = self.signal_sd * math.sqrt(1 - rho**2)
        law = LinearLaw(theta=0.0, own=self.eta / self.step_days, gamma=self.step_days, rho=rho, signal_sd=news)
        most = self.most_per_day * self.step_days
        levels = levels_needed(law) if self.levels is None else self.levels
        room = MOST_STATES // (self.buckets * max(1, levels)) - 1
        cells = min(1000, max(_FEWEST_CELLS, room)) if self.cells is None else self.cells
        return limited(law, self.quantity, self.buckets, most=most, cells=cells, levels=levels)

    @property
    def step_days(self) -> float:
        """Length of a bucket, sessions."""
        return self.days / check_buckets(self.buckets)

    def rate(self, situation: Situation) -> float:
        """Shares per session in the order's direction, never below 0; infinite at the end where shares are left."""
        left, days, step = situation.left, situation.left_days, self.step_days
        if left == 0 or days == 0:
            return math.inf if left > 0 else 0.0
        done = min(max(self.buckets - days / step, 0.0), self.buckets - 1.0)
        first = int(done + 1e-9)
        part = max(0.0, done - first)
        # Shares of a bucket over an even share of what is left change little from one bucket to the next.
        pace = (1 - part) * self._pace(first, situation)
        if part > 0:
            pace += part * self._pace(min(first + 1, self.buckets - 1), situation)
        later = self.most_per_day * (days - step) if days > step else 0.0
        owed = max(0.0, left - later) / min(step, days)
        return min(max(pace * left / days, owed), left / min(step, days), self.most_per_day)

    def _pace(self, bucket: int, situation: Situation) -> float:
        even = situation.left / (self.buckets - bucket)
        return self.rule.trade(bucket, situation.left, situation.side * situation.signal) / even


def standing_sd(law: LinearLaw) -> float:
    """Standard deviation of the signal on any day.

    Raises
    ------
    BadParameter
        When it has none.
    """
    if not abs(law.rho) < 1 or not law.signal_sd > 0:
        raise BadParameter(
            f"a signal with rho {law.rho:g} and news of {law.signal_sd:g} has no standing spread of levels; "
            "rho must be within -1 and 1 and signal_sd above 0 (without news `allocate` is exact)"
        )
    return law.signal_sd / math.sqrt(1 - law.rho**2)


def levels_needed(law: LinearLaw) -> int:
    """How many levels are no farther apart than the news, and three or more to a standard deviation of the signal.

    Raises
    ------
    BadParameter
        When there is no standing spread, or it is so wide beside the news that they are more than 401.
    """
    spread = standing_sd(law)
    count = 2 * math.ceil(_REACH * max(3.0, spread / law.signal_sd)) + 1
    if count > _MOST_LEVELS:
        raise BadParameter(
            f"a signal with rho {law.rho:.6g} lasts so long that it needs {count:,} levels, above {_MOST_LEVELS}; "
            "use fewer, longer buckets or a shorter half-life"
        )
    return count


def _enough(law: LinearLaw, levels: int) -> int:
    least = math.ceil(2 * _REACH * max(0.75, standing_sd(law) / law.signal_sd / _WIDEST)) + 1
    if not least <= levels <= _MOST_LEVELS:
        raise BadParameter(
            f"levels {levels} of a signal with rho {law.rho:g} must be {least} to {_MOST_LEVELS}, so close that they "
            "tell its news; None takes as many as it needs"
        )
    return levels


def signal_levels(law: LinearLaw, levels: int) -> tuple[Floats, Floats]:
    """(M,) even levels of the signal and (M, M) chances from one to the next; beyond the last is the last."""
    reach = _REACH * standing_sd(law)
    values, step = np.linspace(-reach, reach, levels, retstep=True)
    beyond = math.ceil(8 * law.signal_sd / step)
    wide = step * (np.arange(-beyond, levels + beyond)) - reach
    density = np.exp(-0.5 * ((wide - law.rho * values[:, None]) / law.signal_sd) ** 2)
    density /= density.sum(axis=1, keepdims=True)
    chances = density[:, beyond:-beyond].copy()
    chances[:, 0] += density[:, :beyond].sum(axis=1)
    chances[:, -1] += density[:, -beyond:].sum(axis=1)
    return values, chances


def _cubic(x: float, nodes: Floats, values: Floats) -> float:
    """Values at four or more even nodes, between them: the cubic through the four nearest; at the ends beyond them."""
    place = min(max((x - nodes[0]) / (nodes[1] - nodes[0]), 0.0), len(nodes) - 1.0)
    first = min(max(int(place) - 1, 0), len(nodes) - 4)
    t = place - first
    weights = (
        -(t - 1) * (t - 2) * (t - 3) / 6,
        t * (t - 2) * (t - 3) / 2,
        -t * (t - 1) * (t - 3) / 2,
        t * (t - 1) * (t - 2) / 6,
    )
    return float(np.dot(weights, values[first : first + 4]))
