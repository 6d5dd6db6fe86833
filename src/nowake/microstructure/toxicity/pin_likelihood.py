"""Days of several kinds, each with its own Poisson numbers of buys and sells: the likelihood all PIN models share.

    L = prod over days of  sum_k w_k Pois(B; b_k) Pois(S; s_k)

    w_k = prod_i p_i^hits_ki (1 - p_i)^misses_ki,    b_k = sum_j buy_kj r_j,    s_k = sum_j sell_kj r_j

Easley, Kiefer, O'Hara & Paperman 1996 (Journal of Finance 51, equation 9) have three kinds of days, Duarte & Young 2009
(Journal of Financial Economics 91, equation 6) six; a `Tree` says which. Each day's sum is taken by log-sum-exp, which
holds for any number of trades; Easley, Hvidkjaer & O'Hara 2010 and Lin & Ke 2011 factor out particular terms for the
same end, and Lin & Ke's is the one that equals it. Factorials are kept, so that models can be compared.

The maximum is climbed from many starting values at once by expectation-maximisation (a day's trades are split among the
sources they may come from, so that every step has a closed form and stays inside the bounds), then from the best of
them by Newton's method with the exact gradient and Hessian (Louis 1982, Journal of the Royal Statistical Society B 44)
projected on the bounds. Wrong where trades of a day cluster, for then they are not Poisson: see `Summit.dispersion`."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter, Unidentified

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_DAYS = 20
EDGE = 1e-9  # Closest that a probability comes to 0 or 1, and a rate to 0 as a share of the mean day.
_AT_EDGE = 1e-6
_ROUNDS = ((8, 30), (22, 30))  # Steps of EM, and how many of the best go on.
_CLIMBED, _NEWTON_STEPS = 6, 200
_FLAT = 1e-8  # Least curvature a step believes, in units of each parameter's own.
_ONE_HILL = 1e-3  # Of log-likelihood, between tops of different hills.
_TINY = 1e-6  # Relative step of Newton's from which two more end at rounding.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """Kinds of days and what they are made of.

    Parameters
    ----------
    probabilities, rates
        Names of the parameters, P probabilities and R rates.
    kinds
        Names of the K kinds of days.
    hits, misses
        float64[K, P]: whether a kind is of the event that a probability is of, or of its opposite.
    buy, sell
        float64[K, R]: whether a rate adds to the buys and to the sells of a kind.
    """

    probabilities: tuple[str, ...]
    rates: tuple[str, ...]
    kinds: tuple[str, ...]
    hits: Floats
    misses: Floats
    buy: Floats
    sell: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters, probabilities first: the order of every vector of parameters."""
        return self.probabilities + self.rates

    def split(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Probabilities and rates of vectors (..., P + R)."""
        cut = len(self.probabilities)
        return parameters[..., :cut], parameters[..., cut:]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Summit:
    """The highest likelihood found.

    Parameters
    ----------
    parameters
        float64[P + R], in the order of `Tree.names`.
    log_likelihood
        With factorials, natural logarithm.
    posterior
        float64[n, K]: probability of each kind, day by day, by Bayes's rule.
    hessian
        float64[P + R, P + R] of the log-likelihood.
    corners
        Flags of the parameters that lie on their bounds.
    starts, hills
        Starting values climbed from, and different hills their best ended on.
    others
        float64[m, P + R]: tops of the other hills.
    passed
        float64[m, P + R]: places the climb came by, on ridges too.
    """

    parameters: Floats
    log_likelihood: float
    posterior: Floats
    hessian: Floats
    corners: npt.NDArray[np.bool_]
    starts: int
    hills: int
    others: Floats
    passed: Floats


def check_days(buys: npt.ArrayLike, sells: npt.ArrayLike, *, least: int = MIN_DAYS) -> tuple[Floats, Floats]:
    """Numbers of trades a day as floats.

    Raises
    ------
    BadData
        When the two differ in length, or a number is NaN, negative or not whole.
    Unidentified
        When there are fewer days than `least`, no buys or no sells at all, or every day is the same.
    """
    columns = np.asarray(buys, np.float64), np.asarray(sells, np.float64)
    for name, column in zip(("buys", "sells"), columns, strict=True):
        wrong = np.flatnonzero(~np.isfinite(column) | (column < 0) | (column != np.floor(column)))
        if column.ndim != 1 or len(wrong):
            day = int(wrong[0]) if len(wrong) else 0
            shown = column[day] if column.ndim == 1 else f"of shape {column.shape}"
            raise BadData(f"{name} of day {day}: {shown} must be a whole number of trades, 0 or more")
    if len(columns[0]) != len(columns[1]):
        raise BadData(f"{len(columns[0])} days of buys and {len(columns[1])} of sells; give one of each a day")
    if len(columns[0]) < max(least, 2):
        raise Unidentified(
            f"{len(columns[0])} days are fewer than {max(least, 2)}; give numbers of trades of a quarter or so, 60 days"
        )
    for name, column in zip(("buys", "sells"), columns, strict=True):
        if not column.any():
            raise Unidentified(f"no {name} in {len(column)} days; are the sides of the trades known?")
    if all(np.ptp(column) == 0 for column in columns):
        raise Unidentified(
            f"each of {len(columns[0])} days has {columns[0][0]:g} buys and {columns[1][0]:g} sells; "
            "days that never differ cannot tell news from none"
        )
    return columns


def log_joint(tree: Tree, parameters: Floats, buys: Floats, sells: Floats, *, elapsed: float = 1.0) -> Floats:
    """log of w_k Pois(B; b_k) Pois(S; s_k) without factorials: float64[..., n, K] for parameters (..., P + R).

    Parameters
    ----------
    elapsed
        Share of the day that the numbers are of.
    """
    probabilities, rates = tree.split(parameters)
    with np.errstate(divide="ignore"):
        log_p, log_q = np.log(probabilities), np.log1p(-probabilities)
        weight = _products(tree.hits, log_p) + _products(tree.misses, log_q)
        b, s = rates @ tree.buy.T, rates @ tree.sell.T
        constant = weight - elapsed * (b + s)
        return np.asarray(
            constant[..., None, :] + _times(buys, np.log(b)[..., None, :]) + _times(sells, np.log(s)[..., None, :])
        )


def log_likelihood(tree: Tree, parameters: Floats, buys: Floats, sells: Floats) -> Floats:
    """Natural logarithm of the likelihood, factorials included, for each vector of parameters (..., P + R)."""
    return np.asarray(_height(tree, parameters, buys, sells) - _factorials(buys, sells))


def posterior(tree: Tree, parameters: Floats, buys: Floats, sells: Floats, *, elapsed: float = 1.0) -> Floats:
    """Probability of each kind of day given the numbers: float64[..., n, K], rows sum to 1."""
    joint = log_joint(tree, parameters, buys, sells, elapsed=elapsed)
    return np.asarray(np.exp(joint - _summed(joint)[..., None]))


def climb(tree: Tree, buys: Floats, sells: Floats, starts: Floats) -> Summit:
    """The highest maximum reached from starting values (m, P + R).

    Raises
    ------
    BadParameter
        When there is no starting value.
    """
    if not len(starts):
        raise BadParameter("no starting value; give one or more")
    low, high = bounds(tree, buys, sells)
    at, passed = np.clip(starts, low, high), []
    for steps, kept in _ROUNDS:
        for _ in range(steps):
            at = np.clip(_em_step(tree, at, buys, sells), low, high)
        passed.append(at)
        at = at[np.argsort(-_height(tree, at, buys, sells), kind="stable")][:kept]
    tops = [_newton(tree, at[row], buys, sells, low=low, high=high) for row in _apart(at, high)]
    heights = np.array([float(_height(tree, top, buys, sells)) for top in tops])
    best = int(np.argmax(heights))
    lower = np.array(tops)[heights < heights[best] - _ONE_HILL]
    return summit(
        tree,
        tops[best],
        buys,
        sells,
        starts=len(starts),
        hills=_distinct(heights),
        others=lower,
        passed=np.concatenate(passed),
    )


def summit(
    tree: Tree,
    parameters: Floats,
    buys: Floats,
    sells: Floats,
    *,
    starts: int = 1,
    hills: int = 1,
    others: Floats | None = None,
    passed: Floats | None = None,
) -> Summit:
    """What is to be known at given parameters."""
    low, high = bounds(tree, buys, sells)
    width = high - low
    probability = np.arange(len(parameters)) < len(tree.probabilities)
    corners = parameters - low <= _AT_EDGE * np.where(probability, 1.0, width)
    corners |= probability & (high - parameters <= _AT_EDGE)
    _, hessian = slopes(tree, parameters, buys, sells)
    return Summit(
        parameters=parameters,
        log_likelihood=float(log_likelihood(tree, parameters, buys, sells)),
        posterior=posterior(tree, parameters, buys, sells),
        hessian=hessian,
        corners=corners,
        starts=starts,
        hills=hills,
        others=np.zeros((0, len(parameters))) if others is None else others,
        passed=np.zeros((0, len(parameters))) if passed is None else passed,
    )


def bounds(tree: Tree, buys: Floats, sells: Floats) -> tuple[Floats, Floats]:
    """Lowest and highest values a parameter may take, (P + R,) each."""
    most = float(max(buys.max(), sells.max()))
    count, rates = len(tree.probabilities), len(tree.rates)
    low = np.concatenate((np.full(count, EDGE), np.full(rates, EDGE * most)))
    return low, np.concatenate((np.full(count, 1 - EDGE), np.full(rates, 2 * most)))


def slopes(tree: Tree, parameters: Floats, buys: Floats, sells: Floats) -> tuple[Floats, Floats]:
    """Gradient (P + R,) and Hessian (P + R, P + R) of the log-likelihood.

    A day's gradient is the posterior mean of those of its kinds, g_k; its Hessian the mean of theirs plus their
    variance: E[H_k] + E[g_k g_k'] - E[g_k] E[g_k]'.
    """
    p, r = tree.split(parameters)
    b, s = tree.buy @ r, tree.sell @ r
    share, each = _by_kind(tree, parameters, buys, sells)
    mean = (share[:, None, :] @ each)[:, 0, :]
    rows = (share[:, :, None] * each).reshape(-1, each.shape[2])
    curve = rows.T @ each.reshape(rows.shape) - mean.T @ mean
    cut = len(p)
    curve[range(cut), range(cut)] -= share.sum(axis=0) @ (tree.hits / p**2 + tree.misses / (1 - p) ** 2)
    bent_b, bent_s = share.T @ buys / b**2, share.T @ sells / s**2
    curve[cut:, cut:] -= tree.buy.T @ (bent_b[:, None] * tree.buy) + tree.sell.T @ (bent_s[:, None] * tree.sell)
    return mean.sum(axis=0), curve


def scores(tree: Tree, parameters: Floats, buys: Floats, sells: Floats) -> Floats:
    """Gradient of each day's log-likelihood, (n, P + R)."""
    share, each = _by_kind(tree, parameters, buys, sells)
    return np.asarray((share[:, None, :] @ each)[:, 0, :])


def _by_kind(tree: Tree, parameters: Floats, buys: Floats, sells: Floats) -> tuple[Floats, Floats]:
    """Probability of each day's kinds (n, K), and the gradient of log w_k Pois Pois for each, (n, K, P + R)."""
    p, r = tree.split(parameters)
    b, s = tree.buy @ r, tree.sell @ r
    of_weights = tree.hits / p - tree.misses / (1 - p)
    of_rates = (buys[:, None] / b - 1)[:, :, None] * tree.buy + (sells[:, None] / s - 1)[:, :, None] * tree.sell
    each = np.concatenate((np.broadcast_to(of_weights, (len(buys), *of_weights.shape)), of_rates), axis=2)
    return posterior(tree, parameters, buys, sells), each


def dispersion(tree: Tree, top: Summit, buys: Floats, sells: Floats) -> float:
    """Pearson's mean squared residual of the numbers beside the rates of each day's likeliest kind: 1 if Poisson.

    Far above 1 the trades cluster beyond what kinds of days explain, and intervals are too narrow.
    """
    _, r = tree.split(top.parameters)
    likeliest = top.posterior.argmax(axis=1)
    b, s = (tree.buy @ r)[likeliest], (tree.sell @ r)[likeliest]
    return float(np.mean(((buys - b) ** 2 / b + (sells - s) ** 2 / s) / 2))


def _em_step(tree: Tree, at: Floats, buys: Floats, sells: Floats) -> Floats:
    """One step of expectation-maximisation for each of m vectors: probabilities from counts of days, rates from splits.

    A buy on a day of kind k comes from source j with probability buy_kj r_j / b_k.
    """
    share = posterior(tree, at, buys, sells)
    _, r = tree.split(at)
    days = share.sum(axis=-2)
    hits, misses = days @ tree.hits, days @ tree.misses
    b, s = r @ tree.buy.T, r @ tree.sell.T
    bought = np.swapaxes(share, -1, -2) @ buys / b
    sold = np.swapaxes(share, -1, -2) @ sells / s
    probabilities = hits / np.maximum(hits + misses, 1e-300)
    exposure = days @ (tree.buy + tree.sell)
    rates = r * (bought @ tree.buy + sold @ tree.sell) / np.maximum(exposure, 1e-300)
    return np.concatenate((probabilities, rates), axis=-1)


def _newton(tree: Tree, at: Floats, buys: Floats, sells: Floats, *, low: Floats, high: Floats) -> Floats:
    """Newton's steps on the parameters that are not held by their bounds; steps of EM where they would not climb."""
    height = float(_height(tree, at, buys, sells))
    for _ in range(_NEWTON_STEPS):
        step = _uphill(tree, at, buys, sells, low=low, high=high)
        if (np.abs(step) <= _TINY * np.abs(at)).all():
            # Heights no longer tell steps apart; the slope still does.
            at = np.clip(at + step, low, high)
            return np.clip(at + _uphill(tree, at, buys, sells, low=low, high=high), low, high)
        better = _line(tree, at, step, buys, sells, low=low, high=high, height=height)
        if better is None:
            better = np.clip(_em_step(tree, at, buys, sells), low, high)
        risen = float(_height(tree, better, buys, sells))
        if not risen > height:
            break
        at, height = better, risen
    return at


def _uphill(tree: Tree, at: Floats, buys: Floats, sells: Floats, *, low: Floats, high: Floats) -> Floats:
    """Newton's step on the parameters their bounds do not hold; where the ground bends up, as far the other way.

    (With the absolute values of the curvatures a saddle is left instead of sought.)
    """
    gradient, hessian = slopes(tree, at, buys, sells)
    free = ~(((at <= low) & (gradient <= 0)) | ((at >= high) & (gradient >= 0)))
    scale = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
    bends, along = np.linalg.eigh((-hessian / np.outer(scale, scale))[np.ix_(free, free)])
    part = along.T @ (gradient / scale)[free] / np.maximum(np.abs(bends), _FLAT)
    step = np.zeros_like(gradient)
    step[free] = along @ part / scale[free]
    return step


def _line(
    tree: Tree, at: Floats, step: Floats, buys: Floats, sells: Floats, *, low: Floats, high: Floats, height: float
) -> Floats | None:
    """The first of ten halvings of a step, cut at the bounds, that climbs."""
    lengths = 0.5 ** np.arange(10)
    tried = np.clip(at + lengths[:, None] * step, low, high)
    rising = np.flatnonzero(_height(tree, tried, buys, sells) > height)
    return tried[rising[0]] if len(rising) else None


def _apart(ordered: Floats, scale: Floats) -> list[int]:
    """Rows of the best few vectors, those that differ by more than a hundredth of the scale somewhere."""
    kept: list[int] = []
    for row, vector in enumerate(ordered):
        if all((np.abs(vector - ordered[other]) > 0.01 * scale).any() for other in kept):
            kept.append(row)
        if len(kept) == _CLIMBED:
            break
    return kept


def _distinct(heights: Floats) -> int:
    """How many heights differ by more than a thousandth of a unit of log-likelihood."""
    return 1 + int((np.diff(np.sort(heights)) > _ONE_HILL).sum())


def _height(tree: Tree, parameters: Floats, buys: Floats, sells: Floats) -> Floats:
    """The log-likelihood without factorials, which no parameter changes."""
    return np.asarray(_summed(log_joint(tree, parameters, buys, sells)).sum(axis=-1))


def _summed(joint: Floats) -> Floats:
    """log-sum-exp over the last axis."""
    top = joint.max(axis=-1)
    return np.asarray(top + np.log(np.exp(joint - top[..., None]).sum(axis=-1)))


def _products(flags: Floats, logs: Floats) -> Floats:
    """flags @ logs over the last axis, where a flag of 0 silences a logarithm of 0."""
    return np.asarray(np.where(flags > 0, logs[..., None, :], 0.0).sum(axis=-1))


def _times(counts: Floats, logs: Floats) -> Floats:
    """counts x logs, (..., n, K), where no trades silence a rate of 0."""
    return np.asarray(np.where(counts[:, None] > 0, counts[:, None] * np.where(counts[:, None] > 0, logs, 0.0), 0.0))


def _factorials(buys: Floats, sells: Floats) -> float:
    return math.fsum(math.lgamma(count + 1) for count in (*buys.tolist(), *sells.tolist()))
