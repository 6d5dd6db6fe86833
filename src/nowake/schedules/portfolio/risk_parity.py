"""A basket worked so that its risk falls along a path while lines, or sectors, come to share it alike, or keep shares.

With y_g the part of group g that is left, X_g the group's positions and Q_gh = X_g' C X_h, group g adds
y_g (Q y)_g / (y' Q y) to the variance of what is left. Given shares b > 0, the y that has them is, up to its size, the
one minimum of the convex

    y' Q y / 2 - c sum_g b_g log y_g                    (Spinu 2013, "An algorithm for computing risk parity weights")

(equal shares: Maillard, Roncalli & Teiletche 2010, "The properties of equally weighted risk contribution portfolios",
Journal of Portfolio Management 36), and c sets its size: risk rises with it. Nothing is traded back, so y never exceeds
what was left before: the minimum is taken under those caps, and a group that is at its cap, untraded, has less than its
share until the others have come down to it (bounded risk budgets: Richard & Roncalli 2019, "Constrained risk budgeting
portfolios"). Newton's steps under caps, and the root of c at the risk wanted.

Where all groups end together, shares that are kept are kept by working all at one pace: with a straight path that is
trading every line evenly in time. So equal shares are the default.

It minimises no cost: it is for desks that must show where their risk is, and a path to hold an optimum against.

Wrong where cost matters: an illiquid line is sold as fast as a liquid one of the same risk. Shares below 0 (a line that
hedges the others) can only be kept by working all lines at one pace."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.portfolio.basket import SHOWN, Basket
from nowake.schedules.portfolio.costing import Costing, Setting
from nowake.schedules.portfolio.even import over_caps, uncapped
from nowake.schedules.portfolio.exposures import exposures_of
from nowake.schedules.portfolio.limits import Limits
from nowake.schedules.portfolio.plan import BasketPlan
from nowake.schedules.portfolio.timeline import SAME
from nowake.schedules.portfolio.whole_lots import plan_of

MOST_STEPS = 200
EXACT = 1e-12


class RiskParityBasket(Setting, frozen=True, kw_only=True, eq=False):
    """Policy: share the risk, let its total fall.

    Parameters
    ----------
    shares
        "equal": all groups the same, as soon as those with more have come down.
        "kept": each group's share stays what it was at the start; as groups are done, the others share in proportion.
        Until the first is done that is one pace for all.
    by
        Whose shares: each "line", or each "sector" (inside one all lines are worked at one pace).
    path
        Share of the risk at the start that may be left, at instants evenly spaced from the start (where it is 1) to
        the last deadline (where it is 0), linear between them; empty for the straight line.
    risk_aversion, limits
        As for `EvenBasket`: what the plan is looked at by.

    Others as for `Setting`.

    Raises
    ------
    BadParameter
        When the path does not fall from 1 to 0, or a word is none of these.
    """

    shares: Literal["equal", "kept"] = "equal"
    by: Literal["line", "sector"] = "line"
    path: tuple[float, ...] = ()
    risk_aversion: float = 0.0
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if self.shares not in ("equal", "kept") or self.by not in ("line", "sector"):
            raise BadParameter(
                f'shares are "equal" or "kept", by "line" or "sector"; not {self.shares!r} by {self.by!r}'
            )
        steps = np.diff(np.array(self.path or (1.0, 0.0)))
        if self.path and (len(self.path) < 2 or self.path[0] != 1 or self.path[-1] != 0 or not (steps <= 0).all()):
            raise BadParameter(f"path {self.path[:8]} of risk left must fall from 1 to 0, and never rise")

    def plan(self, basket: Basket) -> BasketPlan:
        """The plan in whole lots.

        Raises
        ------
        BadParameter
            As for `Setting.costing`; when lines start apart, a sector's lines end apart, a line has no sector where
            sectors are asked for, or the shares cannot be kept.
        """
        costs = self.costing(basket)
        left, short = self._left(basket, costs)
        trades = -np.diff(left, axis=0, prepend=1.0) * basket.quantities
        notes = over_caps(basket, costs, trades, self.limits)
        if self.shares == "kept" and len({line.end_days for line in basket.lines}) == 1:
            even = "" if self.path else ", evenly in time"
            notes = (f"all lines end together: shares of risk are kept by working them at one pace{even}", *notes)
        if short:
            notes = (
                f"in {short} of {len(trades)} buckets some {self.by}s have less than their share of risk: more would "
                "need trading back",
                *notes,
            )
        return plan_of(
            "Risk parity" if self.shares == "equal" else "Kept shares of risk",
            basket,
            costs,
            trades,
            limits=self.limits,
            largest=uncapped(costs),
            exposures=exposures_of(basket, costs, self.limits),
            risk_aversion=self.risk_aversion,
            inputs={"exponent": self.exponent},
            notes=notes,
        )

    def _left(self, basket: Basket, costs: Costing) -> tuple[Floats, int]:
        """(T, N) part of each line left after each bucket, and in how many some group has less than its share."""
        groups = _groups(basket, self.by)
        risks = _risks(basket, groups)
        budget = _budget(risks, self.shares)
        whole = math.sqrt(risks.variance(np.ones(len(budget))))
        path = self.path or (1.0, 0.0)
        times = np.linspace(0.0, basket.horizon_days, len(path))
        done = np.zeros(len(budget))
        np.maximum.at(done, groups, np.array([line.end_days for line in basket.lines]))
        now, short, rows = np.ones(len(budget)), 0, []
        for auction, end in zip(costs.timeline.auctions, costs.timeline.ends_days, strict=True):
            if auction is None:
                active = done > end + SAME
                now = np.where(active, now, 0.0)
                wanted = float(np.interp(end, times, path)) * whole
                if self.shares == "kept" and active.all():
                    now = np.full(len(budget), wanted / whole)
                elif wanted == 0:
                    now = np.zeros(len(budget))
                elif active.any():
                    _check_positive(basket, budget, active)
                    y = shares_at(Risks(risks.loadings[active], risks.own[active]), budget[active], now[active], wanted)
                    short += bool((y >= now[active] * (1 - 1e-9)).any())
                    now[active] = y
            rows.append(now[groups])
        return np.array(rows), short


class Risks(NamedTuple):
    """Q = loadings loadings' + diag(own) of G groups: (G, K) and (G,), currency."""

    loadings: Floats
    own: Floats

    def variance(self, y: Floats) -> float:
        """y' Q y."""
        return float(((self.loadings.T @ y) ** 2).sum() + self.own @ y**2)

    def pull(self, y: Floats) -> Floats:
        """Q y."""
        return np.asarray(self.loadings @ (self.loadings.T @ y) + self.own * y)


def shares_at(risks: Risks, budget: Floats, caps: Floats, risk: float) -> Floats:
    """(G,) y, none above its cap, with a risk sqrt(y' Q y) and shares in proportion to a budget but at caps.

    Parameters
    ----------
    risks
        Of the groups.
    budget
        (G,) b, above 0.
    caps
        (G,) above 0.
    risk
        Above 0; where the caps have less, they are the answer.

    Raises
    ------
    BadParameter
        When the groups hedge each other so well that some mix of them has no risk.
    """
    if risks.variance(caps) <= risk**2:
        return caps
    y = caps
    at = math.log(risk**2 / float(budget.sum()))  # The root where no cap is met.
    below, above, stride = (-math.inf, -1.0), (math.inf, 1.0), 1.0
    for _ in range(MOST_STEPS):
        y = _least(risks, math.exp(at) * budget, caps, y)
        excess = math.log(risks.variance(y) / risk**2)
        if abs(excess) < EXACT:
            break
        below, above = (below, (at, excess)) if excess > 0 else ((at, excess), above)
        if math.isinf(above[0] - below[0]):
            # The more groups are at their caps, the less c does: longer steps until the root is between two.
            at, stride = at - stride * excess, 2 * stride
        else:
            share = below[1] / (below[1] - above[1])
            at = below[0] + min(max(share, 0.1), 0.9) * (above[0] - below[0])
            if above[0] - below[0] < EXACT:
                break
    return y


def _least(risks: Risks, budget: Floats, caps: Floats, start: Floats) -> Floats:
    """(G,) the minimum of y' Q y / 2 - sum b log y over 0 < y <= caps: groups are put to their caps and taken off."""
    held = np.zeros(len(caps), dtype=bool)
    y = np.minimum(start, caps)
    for _ in range(MOST_STEPS):
        free = ~held
        y = np.where(held, caps, y)
        fixed = risks.loadings[free] @ (risks.loadings[held].T @ caps[held])
        if free.any():
            y[free] = _newton(risks.loadings[free], risks.own[free], fixed, budget[free], y[free])
        # One at its cap is rightly so while it would gain from more.
        wanting = held & (risks.pull(y) * caps > budget * (1 + 1e-9))
        beyond = free & (y > caps * (1 + 1e-12))
        if not wanting.any() and not beyond.any():
            return y
        held = (held | beyond) & ~wanting if not beyond.any() else held | beyond
    raise BadParameter(_HEDGED)


def _newton(f: Floats, d: Floats, fixed: Floats, budget: Floats, start: Floats) -> Floats:
    """(G,) the minimum of y' (f f' + diag d) y / 2 + fixed' y - sum b log y over y above 0."""
    # At the right size for its shape: far from it b / y^2 drowns.
    y = start * math.sqrt(float(budget.sum()) / max(Risks(f, d).variance(start), 1e-300))

    def value(at: Floats) -> float:
        return float(((f.T @ at) ** 2).sum() / 2 + d @ at**2 / 2 + fixed @ at - budget @ np.log(at))

    for _ in range(MOST_STEPS):
        slope = f @ (f.T @ y) + d * y + fixed - budget / y
        step = _solve(f, d + budget / y**2, slope)
        gain = float(slope @ step)
        if gain <= EXACT * 1e-8 * float(budget.sum()):
            return y
        longest = float((step / y).max())
        size = min(1.0, 0.95 / longest) if longest > 0 else 1.0
        before = value(y)
        while value(y - size * step) > before - 0.1 * size * gain and gain * size > EXACT * abs(before):
            size /= 2
        y = y - size * step
        if not np.isfinite(y).all():
            break
    raise BadParameter(_HEDGED)


def _solve(f: Floats, diagonal: Floats, of: Floats) -> Floats:
    """(G,) of (f f' + diag) x = of, by Woodbury's identity where there are fewer factors than groups."""
    if f.shape[1] >= len(f):
        return np.asarray(np.linalg.solve(f @ f.T + np.diag(diagonal), of))
    weighted, x = f / diagonal[:, None], of / diagonal
    inner = np.eye(f.shape[1]) + f.T @ weighted
    return np.asarray(x - weighted @ np.linalg.solve(inner, f.T @ x))


_HEDGED = (
    "shares of risk cannot be had: the lines hedge each other so well that some mix of them has next to no risk; check "
    "the covariance, or plan with OptimalBasket"
)


def _check_positive(basket: Basket, budget: Floats, active: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    bad = active & (budget <= 0)
    if bad.any():
        g = int(np.argmax(bad))
        raise BadParameter(
            f"{basket.symbols[g] if len(budget) == len(basket) else f'sector {g + 1}'} lowers the basket's risk (a "
            f"share of {budget[g]:.1%}): that cannot be kept when other lines are done earlier; give all lines one "
            "deadline, or shares='equal'"
        )


def _groups(basket: Basket, by: Literal["line", "sector"]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(N,) number of each line's group."""
    if len({line.start_days for line in basket.lines}) > 1:
        raise BadParameter("shares of risk need lines that start together; plan those that start later as a basket")
    if by == "line":
        return np.arange(len(basket))
    missing = [line.symbol for line in basket.lines if not line.sector]
    if missing:
        raise BadParameter(f"{', '.join(missing[:SHOWN])} ({len(missing)}) has no sector; give one, or by='line'")
    names = sorted({line.sector for line in basket.lines})
    for name in names:
        if len({line.end_days for line in basket.lines if line.sector == name}) > 1:
            raise BadParameter(f"lines of sector {name} end apart and cannot be worked at one pace; use by='line'")
    return np.array([names.index(line.sector) for line in basket.lines])


def _risks(basket: Basket, groups: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Risks:
    covariance, count = basket.covariance, int(groups.max()) + 1
    loadings = np.zeros((count, covariance.loadings.shape[1]))
    np.add.at(loadings, groups, covariance.loadings * basket.values[:, None])
    own = np.zeros(count)
    np.add.at(own, groups, covariance.specific * basket.values**2)
    return Risks(loadings, own)


def _budget(risks: Risks, shares: Literal["kept", "equal"]) -> Floats:
    """(G,) shares of risk that sum to 1."""
    ones = np.ones(len(risks.own))
    whole = risks.variance(ones)
    if not whole > 0:
        raise BadParameter("the basket has no risk at its start, so there are no shares of it; use OptimalBasket")
    return ones / len(ones) if shares == "equal" else risks.pull(ones) / whole
