"""Bertsimas-Lo within limits: the best trade when no trade may go back and each has a most, by dynamic programming.

Under limits there is no formula, for the value of what is left bends where a limit will bind (Bertsimas & Lo 1998, who
propose this way). The state is the cells left and the signal, which is kept to a few levels whose mean and variance a
bucket on are those of X' = rho X + eta exactly (K. Rouwenhorst 1995, "Asset pricing implications of equilibrium
business cycle models"; G. Kopecky and R. Suen 2010, "Finite state Markov-chain approximations to highly persistent
processes", Review of Economic Dynamics 13).

Cutting the free rule off at the limits is simpler and can be dear: where a strong signal would have sold within a
purchase, 25 % of what a signal saves was lost by it in our trials, 3 to 7 % where the largest trade was the limit.

Between levels and cells the answer is interpolated. Wrong for |rho| = 1 with news, which has no standing spread of
levels, and far outside the levels, where it takes the last."""

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
from nowake.schedules.dynamic import DynamicProgramme, DynamicSolution, certified, check_states


class LimitedRule(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What to trade with any quantity left and any signal, bucket by bucket.

    Parameters
    ----------
    levels
        (M,) increasing signals.
    unit
        Shares of a cell.
    fixed
        Cost of the whole that no rule changes, currency.
    solution
        Cells to trade and cost to come.
    certificate
        Of the mean over levels at the start, kind "grid".
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
        return min(left, max(0.0, self.unit * self._at(self.solution.trades[bucket], left, signal)))

    def expected_cost(self, signal: float = 0.0) -> float:
        """Expected cost of the whole against the price before, currency, from a signal at the start."""
        whole = self.unit * (self.solution.trades.shape[2] - 1)
        return self.fixed + self._at(self.solution.values[0], whole, signal)

    def _at(self, table: Floats, left: float, signal: float) -> float:
        cells = min(max(left / self.unit, 0.0), table.shape[1] - 1.0)
        k = min(int(cells), table.shape[1] - 2)
        part = cells - k
        column = table[:, k] * (1 - part) + (table[:, k + 1] * part if part else 0.0)
        return float(np.interp(signal, self.levels, column))


def limited(
    law: LinearLaw, quantity: float, buckets: int, *, most: float = math.inf, cells: int = 2000, levels: int = 15
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
        How finely the quantity and the signal are cut. The signal has 2 levels or more.

    Raises
    ------
    BadParameter
        When the largest trade cannot finish, the signal has no standing spread, or the grid is too large.
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
    check_states(n, levels, cells)
    signals, chances = signal_levels(law, levels)

    def programme(size: int) -> DynamicProgramme:
        unit = quantity / size
        trades = np.arange(math.floor(min(size, most / unit) + 1e-9) + 1) * unit
        left = np.arange(size + 1) * unit
        drift = law.gamma * signals[:, None]
        # The bucket's move is paid by what is traded in it and by what is left after it.
        return DynamicProgramme(
            trade=np.broadcast_to(0.5 * law.psi * trades**2 + drift * trades, (n, len(signals), len(trades))),
            holding=np.broadcast_to(drift * left, (n, len(signals), size + 1)),
            cells=size,
            chances=chances,
        )

    solution, certificate = certified(programme, cells, regime=len(signals) // 2)
    fixed = 0.5 * law.theta * quantity**2
    return LimitedRule(levels=signals, unit=quantity / cells, fixed=fixed, solution=solution, certificate=certificate)


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
        As for `limited`.
    """

    quantity: float
    days: float
    buckets: int
    eta: float
    half_life_days: float
    signal_sd: float
    most_per_day: float = math.inf
    cells: int = 1000
    levels: int = 15

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
        return limited(law, self.quantity, self.buckets, most=most, cells=self.cells, levels=self.levels)

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


def signal_levels(law: LinearLaw, levels: int) -> tuple[Floats, Floats]:
    """(M,) levels of the signal and (M, M) chances from one to the next, by Rouwenhorst's method."""
    if levels < 2:
        raise BadParameter(f"levels {levels} of a signal must be 2 or more")
    if not abs(law.rho) < 1 or not law.signal_sd > 0:
        raise BadParameter(
            f"a signal with rho {law.rho:g} and news of {law.signal_sd:g} has no standing spread of levels; "
            "rho must be within -1 and 1 and signal_sd above 0 (without news `allocate` is exact)"
        )
    p = 0.5 * (1 + law.rho)
    chances = np.array([[p, 1 - p], [1 - p, p]])
    for size in range(3, levels + 1):
        grown = np.zeros((size, size))
        grown[:-1, :-1] += p * chances
        grown[:-1, 1:] += (1 - p) * chances
        grown[1:, :-1] += (1 - p) * chances
        grown[1:, 1:] += p * chances
        grown[1:-1] /= 2
        chances = grown
    spread = law.signal_sd / math.sqrt(1 - law.rho**2) * math.sqrt(levels - 1)
    return np.linspace(-spread, spread, levels), chances
