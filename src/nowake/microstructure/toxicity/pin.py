"""PIN: the probability that a trade comes from someone who knows, from numbers of buys and sells a day.

Easley, Kiefer, O'Hara & Paperman 1996, "Liquidity, information, and infrequently traded stocks", Journal of Finance 51;
with rates of uninformed buys and sells apart, Easley, Hvidkjaer & O'Hara 2002, Journal of Finance 57:

    a day has news with probability alpha, and news is BAD with probability delta
    no news    buys ~ Pois(eps_buy)        sells ~ Pois(eps_sell)
    good news  buys ~ Pois(eps_buy + mu)   sells ~ Pois(eps_sell)
    bad news   buys ~ Pois(eps_buy)        sells ~ Pois(eps_sell + mu)
    PIN = alpha mu / (alpha mu + eps_buy + eps_sell)

(delta is elsewhere the probability of good news: the R package InfoTrad takes it so in one of its two likelihoods.)
Starting values: the grid of Yan & Zhang 2012 (Journal of Banking & Finance 36) and days split by the size of their
imbalance, after Ersan & Alici 2016 (Journal of International Financial Markets 43). A best fit on a bound is told in
`corners`, and its intervals are those of the profile likelihood.

Wrong where: trades of a day cluster or the stock grows busier (`dispersion` far above 1, as on real days: then most of
PIN is that, and intervals that are not `robust` are far too narrow); shocks hit both sides (see `adjusted_pin`); sides
are guessed badly, which makes buys and sells alike and PIN small."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.microstructure.toxicity.pin_intervals import measure, parameter, share_of_trades
from nowake.microstructure.toxicity.pin_likelihood import (
    EDGE,
    MIN_DAYS,
    Summit,
    Tree,
    check_days,
    climb,
    dispersion,
    posterior,
)
from nowake.statistics.measurement import Measurement, check_level

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KINDS = ("no news", "good news", "bad news")
_HITS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
_MISSES = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])

TWO_RATES = Tree(
    probabilities=("alpha", "delta"),
    rates=("mu", "eps_buy", "eps_sell"),
    kinds=KINDS,
    hits=_HITS,
    misses=_MISSES,
    buy=np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]),
    sell=np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 0.0, 1.0]]),
)
ONE_RATE = Tree(
    probabilities=("alpha", "delta"),
    rates=("mu", "eps"),
    kinds=KINDS,
    hits=_HITS,
    misses=_MISSES,
    buy=np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0]]),
    sell=np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 1.0]]),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PinModel:
    """Parameters of the model, checked.

    Parameters
    ----------
    alpha
        Probability that a day has news.
    delta
        Probability that news is bad.
    mu
        Informed trades on a day with news.
    eps_buy, eps_sell
        Uninformed buys and sells a day, above 0.

    Raises
    ------
    BadParameter
        When a probability is outside [0, 1], or a rate is not.
    """

    alpha: float
    delta: float
    mu: float
    eps_buy: float
    eps_sell: float

    def __post_init__(self) -> None:
        for name in ("alpha", "delta"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadParameter(f"{name} {getattr(self, name)} must be a probability, from 0 to 1")
        if not 0 <= self.mu < np.inf:
            raise BadParameter(f"mu {self.mu} must be 0 or more trades a day")
        for name in ("eps_buy", "eps_sell"):
            if not 0 < getattr(self, name) < np.inf:
                raise BadParameter(f"{name} {getattr(self, name)} must be above 0 trades a day")

    @property
    def vector(self) -> Floats:
        """In the order of `TWO_RATES.names`."""
        return np.array([self.alpha, self.delta, self.mu, self.eps_buy, self.eps_sell])

    @property
    def pin(self) -> float:
        """Share of trades expected from the informed."""
        informed = self.alpha * self.mu
        return informed / (informed + self.eps_buy + self.eps_sell)

    def kinds(self, buys: npt.ArrayLike, sells: npt.ArrayLike, *, elapsed: float = 1.0) -> Floats:
        """Probability of no, good and bad news given numbers of trades so far: (n, 3), by Bayes's rule.

        Parameters
        ----------
        elapsed
            Share of a day's usual trading that is behind, in (0, 1].

        Raises
        ------
        BadParameter
            When `elapsed` is outside (0, 1].
        """
        if not 0 < elapsed <= 1:
            raise BadParameter(f"elapsed {elapsed} must be a share of the day above 0 and up to 1")
        columns = np.atleast_1d(np.asarray(buys, np.float64)), np.atleast_1d(np.asarray(sells, np.float64))
        return posterior(TWO_RATES, self.vector, *columns, elapsed=elapsed)

    def simulate(self, days: int, *, seed: int) -> tuple[Ints, Ints]:
        """Buys and sells of days of the model, int64[days] each."""
        return simulate(TWO_RATES, self.vector, days, seed=seed)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pin:
    """A fitted PIN model.

    Parameters
    ----------
    pin
        Share of trades that come from the informed.
    alpha, delta
        Probability of news, and that news is bad.
    mu, eps_buy, eps_sell
        Trades a day: informed ones on days with news, uninformed buys and sells.
    model
        The same parameters without intervals.
    log_likelihood
        With factorials, natural logarithm.
    parameters
        How many were fitted: 5, or 4 with one uninformed rate.
    days
        float64[n, 3]: probability of no, good and bad news, day by day.
    corners
        Parameters whose best value lies on a bound, with what that says; empty where none does.
    dispersion
        Mean squared residual over what Poisson numbers would have; far above 1 the model does not hold.
    starts, hills
        Starting values climbed from, and different maxima their best ended on.
    """

    pin: Measurement
    alpha: Measurement
    delta: Measurement
    mu: Measurement
    eps_buy: Measurement
    eps_sell: Measurement
    model: PinModel
    log_likelihood: float
    parameters: int
    days: Floats
    corners: tuple[str, ...]
    dispersion: float
    starts: int
    hills: int

    def __str__(self) -> str:
        names = ("pin", "alpha", "delta", "mu", "eps_buy", "eps_sell")
        lines = [f"{name:<9}{getattr(self, name)}" for name in names]
        tail = [f"{'residual':<9}{self.dispersion:.4g} times Poisson's", *(f"corner   {word}" for word in self.corners)]
        return "\n".join((*lines, *tail))


def fit_pin(
    buys: npt.ArrayLike,
    sells: npt.ArrayLike,
    *,
    one_rate: bool = False,
    robust: bool = False,
    level: float = 0.95,
    least: int = MIN_DAYS,
) -> Pin:
    """Maximum likelihood from many starting values.

    Parameters
    ----------
    buys, sells
        int[n]: trades of each day that buyers and sellers started.
    one_rate
        Whether uninformed buys and sells come at one rate, as in the paper of 1996.
    robust
        Whether intervals do without the model: for real days, whose trades cluster more than Poisson.
    level
        Confidence of the intervals.
    least
        Days below which it refuses.

    Raises
    ------
    BadData
        When a number is NaN, negative or not whole.
    Unidentified
        When there are too few days, one side has no trades at all, or every day is the same.
    """
    check_level(level)
    b, s = check_days(buys, sells, least=least)
    tree = ONE_RATE if one_rate else TWO_RATES
    starts = starting_values(b, s)
    if one_rate:
        starts = np.column_stack((starts[:, :3], starts[:, 3:].mean(axis=1)))
    top = climb(tree, b, s, starts)
    figures = {name: parameter(at) for at, name in enumerate(tree.names)}
    figures["pin"] = share_of_trades(tree, ("mu",))
    found = measure(tree, top, b, s, figures=figures, level=level, robust=robust)
    if one_rate:
        found["eps_buy"] = found["eps_sell"] = found.pop("eps")
    return Pin(
        **found,
        model=_model_of(found),
        log_likelihood=top.log_likelihood,
        parameters=len(tree.names),
        days=top.posterior,
        corners=corner_words(tree, top),
        dispersion=dispersion(tree, top, b, s),
        starts=top.starts,
        hills=top.hills,
    )


def _model_of(found: dict[str, Measurement]) -> PinModel:
    values = {name: found[name].value for name in TWO_RATES.names}
    # A rate on its bound is 0; the model wants it above, however little.
    return PinModel(**values | {name: max(values[name], EDGE) for name in ("eps_buy", "eps_sell")})


def starting_values(buys: Floats, sells: Floats) -> Floats:
    """Where to climb from, (m, 5): Yan & Zhang's grid of moments, and days split by the size of their imbalance."""
    return np.concatenate((_grid(buys.mean(), sells.mean()), _splits(buys, sells)))


def _grid(mean_buys: float, mean_sells: float) -> Floats:
    """alpha, delta and the uninformed share of buys over 0.1, 0.3, ... 0.9; the rest from the two means."""
    steps = np.arange(0.1, 1.0, 0.2)
    alpha, delta, gamma = (each.ravel() for each in np.meshgrid(steps, steps, steps, indexing="ij"))
    eps_buy = gamma * mean_buys
    mu = (mean_buys - eps_buy) / (alpha * (1 - delta))
    eps_sell = mean_sells - alpha * delta * mu
    return np.asarray(np.column_stack((alpha, delta, mu, eps_buy, eps_sell))[eps_sell > 0])


def _splits(buys: Floats, sells: Floats) -> Floats:
    """News on the days whose imbalance is furthest from that of the median day, for several shares of days."""
    lean = buys - sells - np.median(buys - sells)
    order = np.argsort(-np.abs(lean), kind="stable")
    rows = []
    for share in (0.1, 0.2, 0.35, 0.5, 0.7, 0.9):
        news = np.zeros(len(buys), np.bool_)
        news[order[: max(1, round(share * len(buys)))]] = True
        good, bad = news & (lean > 0), news & (lean <= 0)
        eps_buy = buys[~good].mean() if not good.all() else buys.min()
        eps_sell = sells[~bad].mean() if not bad.all() else sells.min()
        more = np.concatenate((buys[good] - eps_buy, sells[bad] - eps_sell))
        rows.append((news.mean(), bad.sum() / news.sum(), max(more.mean(), 1.0), eps_buy, eps_sell))
    return np.array(rows)


def corner_words(tree: Tree, top: Summit) -> tuple[str, ...]:
    """What lies on a bound, in words."""
    held = [
        (name, round(value) if name in tree.probabilities else 0)
        for name, value, corner in zip(tree.names, top.parameters, top.corners, strict=True)
        if corner
    ]
    return tuple(f"{name} is {bound}: {_MEANING[name, bound]}" for name, bound in held)


_MEANING = {
    ("alpha", 0): "no day has news",
    ("alpha", 1): "every day has news",
    ("delta", 0): "news is never bad",
    ("delta", 1): "news is always bad",
    ("theta", 0): "no shock without news",
    ("theta", 1): "a shock on every day without news",
    ("theta_news", 0): "no shock with news",
    ("theta_news", 1): "a shock on every day with news",
    ("mu", 0): "news brings no trades",
    ("mu_buy", 0): "good news brings no trades",
    ("mu_sell", 0): "bad news brings no trades",
    ("shock_buy", 0): "shocks bring no buys",
    ("shock_sell", 0): "shocks bring no sells",
    ("eps_buy", 0): "nobody buys without news",
    ("eps_sell", 0): "nobody sells without news",
    ("eps", 0): "nobody trades without news",
}


def simulate(tree: Tree, parameters: Floats, days: int, *, seed: int) -> tuple[Ints, Ints]:
    """Buys and sells of days of a tree, int64[days] each."""
    if days < 1:
        raise BadParameter(f"days {days} must be 1 or more")
    rng = np.random.default_rng(seed)
    none = np.zeros(1)
    weight = posterior(tree, parameters, none, none, elapsed=0.0)[0]
    kind = rng.choice(len(weight), size=days, p=weight)
    _, r = tree.split(parameters)
    return rng.poisson((tree.buy @ r)[kind]), rng.poisson((tree.sell @ r)[kind])
