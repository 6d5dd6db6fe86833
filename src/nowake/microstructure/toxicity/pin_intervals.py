"""How sure a PIN model is of its parameters and of shares of trade made of them.

Inside the bounds, from the observed information by the delta method, on the scale on which estimates are nearly normal:
the logit for probabilities and shares, the logarithm for rates. Where the best fit lies on a bound (no news ever, news
every day, news never bad), so near one that this scale is stretched, or where another hill or no news is nearly as
likely, the expansion does not hold, and the ends are those of the profile likelihood: the lowest and highest value of
the figure over all parameters whose log-likelihood is within half the quantile of chi-squared of the top (Venzon &
Moolgavkar 1988, Applied Statistics 37), looked for from the top, those other places and the way up. On a bound itself
these are a little too wide; where news is weak or rare they held the truth in 84 to 96 % of 50 samples of 60 days only.
They also tell what the days cannot: without news in them PIN may be anything that news every day, always bad, would
make of the same numbers.

Both believe the model, and days whose trades cluster more than Poisson make them far too narrow. `robust` ones do not:
they take White's 1982 covariance (Econometrica 50), H^-1 sum g g' H^-1 with g the gradients of days, inside the bounds,
and on them let the likelihood fall as many times further as the residuals are larger than Poisson's. They are of what
the model comes nearest to, and a little too narrow where it does hold and days are few."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nowake.microstructure.toxicity.pin_likelihood import (
    EDGE,
    Summit,
    Tree,
    bounds,
    dispersion,
    log_joint,
    log_likelihood,
    scores,
    slopes,
)
from nowake.statistics.measurement import Measurement, z_of

Floats = npt.NDArray[np.float64]
Figure = Callable[[Floats], tuple[float, Floats]]
"""A figure made of the parameters: its value and its gradient."""

_STRETCHED = 0.75  # Standard errors of logits and logarithms from which the profile is taken.
_WEAK = 5.0  # Of log-likelihood: the top is no sure hill where another one, or no news, lies less below it.


def parameter(at: int) -> Figure:
    """The figure that is one parameter."""

    def figure(parameters: Floats) -> tuple[float, Floats]:
        gradient = np.zeros(len(parameters))
        gradient[at] = 1.0
        return float(parameters[at]), gradient

    return figure


def share_of_trades(tree: Tree, sources: tuple[str, ...]) -> Figure:
    """The share of all expected trades that comes from some of the rates: PIN is that of the informed.

    A rate makes r_j sum_k w_k (buy_kj + sell_kj) trades a day.
    """
    chosen = np.array([name in sources for name in tree.rates], np.float64)

    def figure(parameters: Floats) -> tuple[float, Floats]:
        p, r = tree.split(parameters)
        none = np.zeros(1)
        weight = np.exp(log_joint(tree, parameters, none, none, elapsed=0.0)[0])
        exposure = tree.buy + tree.sell
        part, whole = weight @ exposure @ (chosen * r), weight @ exposure @ r
        change = weight[:, None] * (tree.hits / p - tree.misses / (1 - p))
        of_part = np.concatenate((change.T @ exposure @ (chosen * r), (weight @ exposure) * chosen))
        of_whole = np.concatenate((change.T @ exposure @ r, weight @ exposure))
        return float(part / whole), np.asarray((of_part * whole - part * of_whole) / whole**2)

    return figure


def measure(
    tree: Tree,
    top: Summit,
    buys: Floats,
    sells: Floats,
    *,
    figures: dict[str, Figure],
    level: float,
    robust: bool = False,
) -> dict[str, Measurement]:
    """Each figure with its interval: those named like a rate on the logarithmic scale, all others on the logit."""
    spread = covariance(tree, top, buys, sells, robust=robust)
    deeper = max(1.0, dispersion(tree, top, buys, sells)) if robust else 1.0
    sure = not top.corners.any() and not len(_rivals(tree, top, buys, sells, reach=deeper * _WEAK))
    found = {}
    for name, figure in figures.items():
        value, gradient = figure(top.parameters)
        rate = name in tree.rates
        # On the scale on which the estimate is nearly normal.
        sd = np.inf
        if spread is not None and sure:
            sd = float(np.sqrt(gradient @ spread @ gradient)) / (value if rate else value * (1 - value))
        if sd < _STRETCHED:
            ends = _transformed(value, z_of(level) * sd, rate=rate)
            how = "errors that do not believe the model" if robust else "observed information"
        else:
            ends = profile(tree, top, buys, sells, figure=figure, level=level, deeper=deeper)
            how = f"profile likelihood, {deeper:.3g} times as deep" if robust else "profile likelihood"
        if name in tree.names and top.corners[tree.names.index(name)]:
            value = 0.0 if rate else float(round(value))
        found[name] = Measurement(
            value=value,
            low=min(ends[0], value),
            high=max(ends[1], value),
            level=level,
            n=len(buys),
            method=f"maximum likelihood, {how}",
        )
    return found


def covariance(tree: Tree, top: Summit, buys: Floats, sells: Floats, *, robust: bool = False) -> Floats | None:
    """Inverse of the observed information, or White's covariance; None where the information is not definite."""
    scale = np.sqrt(np.maximum(np.diag(-top.hessian), 1e-300))
    information = -top.hessian / np.outer(scale, scale)
    try:
        np.linalg.cholesky(information - 1e-10 * np.eye(len(scale)))
    except np.linalg.LinAlgError:
        return None
    inverse = np.linalg.inv(information)
    if robust:
        of_days = scores(tree, top.parameters, buys, sells) / scale
        count, free = of_days.shape
        inverse = inverse @ (of_days.T @ of_days) @ inverse * (count / (count - free))
    return np.asarray(inverse / np.outer(scale, scale))


def profile(
    tree: Tree, top: Summit, buys: Floats, sells: Floats, *, figure: Figure, level: float, deeper: float = 1.0
) -> tuple[float, float]:
    """Lowest and highest value of a figure where the log-likelihood is within `deeper` z^2 / 2 of the top."""
    from scipy.optimize import minimize  # noqa: PLC0415  Seldom needed, and slow to load.

    low, high = bounds(tree, buys, sells)
    # One step of the solver is one standard error, wherever the curvature says what that is.
    unit = np.minimum(1 / np.sqrt(np.maximum(-np.diag(top.hessian), 1e-300)), (high - low) / 4)
    start, gradient = figure(top.parameters)
    size = max(float(np.abs(gradient * unit).max()), 1e-12)
    half = deeper * z_of(level) ** 2 / 2
    room = {
        "type": "ineq",
        "fun": lambda u: half - top.log_likelihood + float(log_likelihood(tree, u * unit, buys, sells)),
        "jac": lambda u: slopes(tree, u * unit, buys, sells)[0] * unit,
    }
    rivals = np.concatenate(
        (_rivals(tree, top, buys, sells, reach=half), _within(tree, top, top.passed, buys, sells, reach=half))
    )
    values = [figure(rival)[0] for rival in rivals]
    ends = [start, *values]
    for sign, pick in ((1.0, np.argmin), (-1.0, np.argmax)):
        for begin in (top.parameters, *(rivals[[int(pick(values))]] if values else ())):
            done = minimize(
                lambda u, sign=sign: sign * (figure(u * unit)[0] - start) / size,
                begin / unit,
                jac=lambda u, sign=sign: sign * figure(u * unit)[1] * unit / size,
                bounds=np.column_stack((low / unit, high / unit)),
                constraints=[room],
                method="SLSQP",
                options={"maxiter": 200, "ftol": 1e-9},
            )
            at = np.clip(done.x * unit, low, high)
            if top.log_likelihood - float(log_likelihood(tree, at, buys, sells)) <= 1.001 * half:
                ends.append(figure(at)[0])
    return min(ends), max(ends)


def _rivals(tree: Tree, top: Summit, buys: Floats, sells: Floats, *, reach: float) -> Floats:
    """Other places that are nearly as high as the top, (m, P + R): of other hills, and of days that are all alike."""
    low, high = bounds(tree, buys, sells)
    places = np.clip(np.concatenate((top.others, _all_alike(tree, buys.mean(), sells.mean()))), low, high)
    return _within(tree, top, places, buys, sells, reach=reach)


def _within(tree: Tree, top: Summit, places: Floats, buys: Floats, sells: Floats, *, reach: float) -> Floats:
    """Those of some places whose log-likelihood is within reach of the top."""
    return np.asarray(places[top.log_likelihood - log_likelihood(tree, places, buys, sells) <= reach])


def _all_alike(tree: Tree, mean_buys: float, mean_sells: float) -> Floats:
    """Every day of one kind with the mean numbers, of which some, half or all come from one source that is not always
    there; the uninformed trade the rest."""
    rows = []
    always = np.array([name.startswith("eps") for name in tree.rates])
    for corner in itertools.product((EDGE, 1 - EDGE), repeat=len(tree.probabilities)):
        p = np.array(corner)
        kind = int((tree.hits @ np.log(p) + tree.misses @ np.log1p(-p)).argmax())
        side = np.column_stack((tree.buy[kind], tree.sell[kind])) > 0
        for source, share in itertools.product(np.flatnonzero(~always), (0.0, 0.5, 1 - 1e-6)):
            left = np.array([mean_buys, mean_sells])
            rates = np.zeros(len(always))
            if side[source].any():
                rates[source] = share * left[side[source]].min()
                left = left - rates[source] * side[source]
            rates[always] = [left[fed].min() for fed in side[always]]
            rows.append((*corner, *rates))
    return np.array(rows)


def _transformed(value: float, half: float, *, rate: bool) -> tuple[float, float]:
    """Ends that are `half` away on the logarithmic scale, or on the logit."""
    factor = float(np.exp(half))
    if rate:
        return value / factor, value * factor
    odds = value / (1 - value)
    return odds / factor / (1 + odds / factor), odds * factor / (1 + odds * factor)
