"""Cox's regression of the time to a fill, with tied times and with errors that hold for blocks of dependent orders.

    hazard(t | x) = h0(t) exp(beta' x)           Cox 1972, "Regression models and life-tables"
    tied fills share their risk set evenly       Efron 1977, "The efficiency of Cox's likelihood function for censored
                                                 data"
    covariance from each order's influence,      Lin and Wei 1989, "The robust inference for the Cox proportional
    summed by block                              hazards model"
    do effects change with time? Residuals       Grambsch and Therneau 1994, "Proportional hazards tests and
    on time                                      diagnostics based on weighted residuals"

`fit_cox` stops every life at a horizon. Where effects do change with time, the fit stopped at a horizon still gives
close to the right probability BY that horizon (van Houwelingen 2007, "Dynamic prediction by landmarking in event
history analysis"): that is why `FillModel` keeps a fit for each horizon. Wrong for what happens on the way there."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_STEPS = 30
_SMALL = 1e-10  # Newton's decrement at which the maximum is found.
_CONDITION = 1e12  # Of the information, beyond which rounding decides.
_VAGUE = 30.0  # Standard error of a standardised covariate's effect at which nothing is known of it.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class CoxFit:
    """Effects and baseline of lives stopped at a horizon.

    Parameters
    ----------
    coefficients
        float64[p], log hazard ratios.
    log_hazard
        Log of the baseline's cumulated hazard at the horizon, at x = 0.
    covariance
        float64[p + 1, p + 1] of the coefficients and, last, `log_hazard`: by block where blocks were given.
    likelihood
        Efron's partial log likelihood at the maximum.
    information
        float64[p, p], minus its second derivative: its inverse is the covariance of independent orders.
    residuals
        float64[p, fills], Schoenfeld's, in order of `fill_s`.
    fill_s
        float64[fills], seconds to each fill, increasing.
    orders, blocks
        Rows, and blocks of time among them.
    """

    coefficients: Floats
    log_hazard: float
    covariance: Floats
    likelihood: float
    information: Floats
    residuals: Floats
    fill_s: Floats
    orders: int
    blocks: int

    @property
    def fills(self) -> int:
        """Orders that were filled by the horizon."""
        return len(self.fill_s)


def fit_cox(
    x: Floats,
    wait_s: Floats,
    filled: Bools,
    *,
    horizon_s: float = math.inf,
    block: Ints | None,
    start: Floats | None = None,
) -> CoxFit:
    """Fit the effects of covariates on the hazard of a fill up to a horizon.

    Parameters
    ----------
    x
        float64[n, p], standardised: mean about 0, standard deviation about 1.
    wait_s, filled
        Seconds to a fill (True) or to the end of being followed (False).
    horizon_s
        Where every life is stopped.
    block
        Which block of time each order belongs to, counting from 0; None where orders are independent.
    start
        Where to look for the coefficients first; the end is the same, for the likelihood has one top.

    Raises
    ------
    BadData
        When the fills cannot tell the effects: none, or fewer than covariates; one covariate a sum of others; or a
        covariate that parts filled from unfilled, so that its effect has no end.
    """
    filled = filled & (wait_s <= horizon_s)
    risk = _Risk.of(x, np.minimum(wait_s, horizon_s), filled)
    p = x.shape[1]
    if len(risk.fill_group) <= p:
        raise BadData(f"{len(risk.fill_group)} fills cannot tell {p} effects; take a longer time or fewer covariates")
    beta, last = _climbed(risk, np.zeros(p) if start is None else start)
    influence = _influence(risk, beta, last)
    if block is None:
        count, sums = len(x), influence
    else:
        count = int(block.max()) + 1
        if count < 2:
            raise BadData("all orders are of one block of time, so nothing says how blocks differ; take a longer time")
        sums = np.stack([np.bincount(block, weights=each, minlength=count) for each in influence.T], axis=1)
    return CoxFit(
        coefficients=beta,
        log_hazard=math.log(float(last.hazard.sum())),
        covariance=np.asarray(sums.T @ sums * (1.0 if block is None else count / (count - 1))),
        likelihood=last.likelihood,
        information=last.information,
        residuals=(risk.x[risk.fill_row] - last.mean_of_fill).T,
        fill_s=risk.time_s[risk.fill_group],
        orders=len(x),
        blocks=count,
    )


def hazards_are_proportional(fit: CoxFit) -> tuple[float, Floats]:
    """Whether effects stay the same over time: the probability of such residuals if they did, of all and of each.

    Grambsch and Therneau's test against the rank of the time of the fill, orders taken as independent, so it is a
    warning light: with many fills it goes on for changes that do not matter.
    """
    from scipy.special import gammaincc  # noqa: PLC0415

    d, p = fit.fills, len(fit.coefficients)
    rank = np.searchsorted(fit.fill_s, fit.fill_s, side="left").astype(np.float64)
    rank -= rank.mean()
    slope = fit.residuals @ rank  # Of the residuals on time, not yet scaled.
    spread = float(np.sum(rank**2))
    if spread == 0.0:
        return 1.0, np.ones(p)
    inverse = np.linalg.inv(fit.information)
    each = d * (inverse @ slope) ** 2 / (np.diag(inverse) * spread)
    together = d * float(slope @ inverse @ slope) / spread
    return float(gammaincc(p / 2, together / 2)), np.asarray(gammaincc(0.5, each / 2))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Risk:
    """Lives sorted by time, and who is at risk when somebody is filled.

    `order`: the caller's row of each sorted one. `time_s`: distinct times of fills; `first`: the first row at risk at
    each, `size`: how many are filled then. `place`: for each row, how many of these times are not after its own.
    `fill_row`, `fill_group`: of each fill, its row and its time; `share`: (place among the ties) / ties, Efron's.
    """

    x: Floats
    filled: Bools
    order: Ints
    time_s: Floats
    first: Ints
    size: Ints
    place: Ints
    fill_row: Ints
    fill_group: Ints
    share: Floats

    @classmethod
    def of(cls, x: Floats, wait_s: Floats, filled: Bools) -> _Risk:
        order = np.argsort(wait_s, kind="stable")
        waits, is_fill = wait_s[order], filled[order]
        fill_row = np.flatnonzero(is_fill)
        time_s, begin, group, size = np.unique(
            waits[fill_row], return_index=True, return_inverse=True, return_counts=True
        )
        return cls(
            x=x[order],
            filled=is_fill,
            order=order,
            time_s=time_s,
            first=np.searchsorted(waits, time_s, side="left"),
            size=size,
            place=np.searchsorted(time_s, waits, side="right"),
            fill_row=fill_row,
            fill_group=group,
            share=(np.arange(len(fill_row)) - begin[group]) / size[group],
        )

    def by_group(self, values: Floats) -> Floats:
        """Sums over the fills of each time, of float64[fills] or float64[fills, p]."""
        total = np.zeros((len(self.time_s), *values.shape[1:]))
        np.add.at(total, self.fill_group, values)
        return total

    def upto(self, of_fill: Floats) -> Floats:
        """For each row, the sum of something of every fill at or before its time, its own tie counting in part."""
        total = np.concatenate((np.zeros((1, *of_fill.shape[1:])), np.cumsum(self.by_group(of_fill), axis=0)))
        mine = total[self.place]
        share = self.share if of_fill.ndim == 1 else self.share[:, None]
        mine[self.fill_row] -= self.by_group(share * of_fill)[self.fill_group]
        return mine


class _State(NamedTuple):
    """What the likelihood and its derivatives are made of, at one beta."""

    likelihood: float
    score: Floats
    information: Floats
    weight: Floats  # exp(beta' x) of each row.
    hazard: Floats  # By fill: what it adds to the cumulated baseline.
    mean_of_fill: Floats  # By fill: average covariates of who was at risk.
    upto: Floats  # By row: the baseline's hazard cumulated up to its time.


def _state(risk: _Risk, beta: Floats) -> _State:
    eta = risk.x @ beta
    weight = np.exp(eta)
    weighted = weight[:, None] * risk.x
    group, share = risk.fill_group, risk.share
    tied, tied_x = risk.by_group(weight[risk.fill_row])[group], risk.by_group(weighted[risk.fill_row])[group]
    at_risk = _from_the_end(weight)[risk.first][group] - share * tied
    mean = (_from_the_end(weighted)[risk.first][group] - share[:, None] * tied_x) / at_risk[:, None]
    hazard = 1 / at_risk
    upto = risk.upto(hazard)
    return _State(
        likelihood=float(eta[risk.fill_row].sum() - np.log(at_risk).sum()),
        score=risk.x[risk.fill_row].sum(axis=0) - mean.sum(axis=0),
        information=risk.x.T @ (weighted * upto[:, None]) - mean.T @ mean,
        weight=weight,
        hazard=hazard,
        mean_of_fill=mean,
        upto=upto,
    )


def _climbed(risk: _Risk, beta: Floats) -> tuple[Floats, _State]:
    """The maximum of the partial likelihood: Newton's steps, halved while they go down."""
    state = _state(risk, beta)
    if not _is_told(state.information):
        raise BadData("one covariate is a sum of others among the orders at risk; leave one of them out")
    for _ in range(_STEPS):
        if not _is_told(state.information):
            break
        step = np.linalg.solve(state.information, state.score)
        if float(step @ state.score) < _SMALL:
            return beta, state
        for _ in range(_STEPS):
            trial = _state(risk, beta + step)
            if trial.likelihood >= state.likelihood - _SMALL:
                break
            step = step / 2
        beta, state = beta + step, trial
    raise BadData(
        "a covariate parts the filled orders from the others, so that its effect has no end; leave it out, or take "
        "more orders"
    )


def _is_told(information: Floats) -> bool:
    """Whether every effect is known to some extent: none without limits, none by a sum with others alone."""
    if not np.all(np.isfinite(information)) or np.linalg.cond(information) > _CONDITION:
        return False
    return float(np.diag(np.linalg.inv(information)).max()) < _VAGUE**2


def _influence(risk: _Risk, beta: Floats, state: _State) -> Floats:
    """float64[n, p + 1] in the caller's order: by how much each order moved the coefficients and the log hazard."""
    group = risk.fill_group
    hazard = state.hazard
    rise = risk.upto(hazard[:, None] * state.mean_of_fill)
    residual = -state.weight[:, None] * (risk.x * state.upto[:, None] - rise)
    average = risk.by_group(state.mean_of_fill) / risk.size[:, None]
    residual[risk.fill_row] += risk.x[risk.fill_row] - average[group]
    moved = np.linalg.solve(state.information, residual.T).T
    total = float(hazard.sum())
    base = -state.weight * risk.upto(hazard**2)
    base[risk.fill_row] += (risk.by_group(hazard) / risk.size)[group]
    base -= moved @ (hazard[:, None] * state.mean_of_fill).sum(axis=0)
    influence = np.empty((len(risk.x), len(beta) + 1))
    influence[risk.order] = np.column_stack((moved, base / total))
    return influence


def _from_the_end(values: Floats) -> Floats:
    """Sums of each row and all after it."""
    return np.cumsum(values[::-1], axis=0)[::-1]
