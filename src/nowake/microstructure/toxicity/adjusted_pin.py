"""Adjusted PIN: what is left of PIN when shocks that bring buyers and sellers alike are told from news.

Duarte & Young 2009, "Why is PIN priced?", Journal of Financial Economics 91, equations 6 to 8:

    a day has news with probability alpha, bad with probability delta
    good news adds Pois(mu_buy) buys, bad news Pois(mu_sell) sells
    a shock comes with probability theta without news and theta_news with it, and adds
    Pois(shock_buy) buys and Pois(shock_sell) sells, to Pois(eps_buy) and Pois(eps_sell) uninformed ones of any day
    AdjPIN = alpha ((1 - delta) mu_buy + delta mu_sell) / T
    PSOS   = (shock_buy + shock_sell) ((1 - alpha) theta + alpha theta_news) / T,    T = all expected trades

(Duarte & Young's d is the probability of GOOD news; ours is of bad, as in `pin`.) The likelihood is that of a tree of
six kinds of days, see `pin_likelihood`; it has many hills and is climbed from a grid of moments and from the PIN fit.

PIN is the model with theta = theta_news = 0 and mu_buy = mu_sell. There theta lies on its bound and the size of shocks
means nothing, so that the likelihood ratio is NOT chi-squared; `against_pin` simulates its law under PIN instead.

Wrong where: days are few (ten parameters; a quarter is little); trades cluster (`dispersion`)."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter, Unidentified
from nowake.microstructure.toxicity.pin import TWO_RATES, corner_words, simulate, starting_values
from nowake.microstructure.toxicity.pin_intervals import measure, parameter, share_of_trades
from nowake.microstructure.toxicity.pin_likelihood import (
    MIN_DAYS,
    Summit,
    Tree,
    check_days,
    climb,
    dispersion,
)
from nowake.statistics.measurement import Measurement, check_level, wilson

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def _tree() -> Tree:
    """No, good and bad news, each without and with a shock."""
    kinds = list(itertools.product(range(3), (0, 1)))
    flags = [
        (
            news > 0,
            news == 2,
            shock and not news,
            shock and news > 0,
            not news,
            news == 1,
            not shock and not news,
            not shock and news > 0,
        )
        for news, shock in kinds
    ]
    table = np.array(flags, np.float64)
    ones, zeros = np.ones(6), np.zeros(6)
    news = np.array([news for news, _ in kinds])
    shock = np.array([shock for _, shock in kinds], np.float64)
    words = ("no news", "good news", "bad news")
    return Tree(
        probabilities=("alpha", "delta", "theta", "theta_news"),
        rates=("mu_buy", "mu_sell", "eps_buy", "eps_sell", "shock_buy", "shock_sell"),
        kinds=tuple(words[each] + (", shock" if shocked else "") for each, shocked in kinds),
        hits=table[:, :4],
        misses=table[:, 4:],
        buy=np.column_stack((news == 1, zeros, ones, zeros, shock, zeros)).astype(np.float64),
        sell=np.column_stack((zeros, news == 2, zeros, ones, zeros, shock)).astype(np.float64),
    )


SIX_KINDS = _tree()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedPinModel:
    """Parameters of the model, checked: probabilities in [0, 1], trades a day 0 or more, uninformed ones above 0.

    Raises
    ------
    BadParameter
        When one is not.
    """

    alpha: float
    delta: float
    theta: float
    theta_news: float
    mu_buy: float
    mu_sell: float
    eps_buy: float
    eps_sell: float
    shock_buy: float
    shock_sell: float

    def __post_init__(self) -> None:
        for name in SIX_KINDS.probabilities:
            if not 0 <= getattr(self, name) <= 1:
                raise BadParameter(f"{name} {getattr(self, name)} must be a probability, from 0 to 1")
        for name in SIX_KINDS.rates:
            if not 0 <= getattr(self, name) < np.inf or (name[0] == "e" and getattr(self, name) == 0):
                raise BadParameter(f"{name} {getattr(self, name)} must be trades a day, 0 or more, eps above 0")

    @property
    def vector(self) -> Floats:
        """In the order of `SIX_KINDS.names`."""
        return np.array([getattr(self, name) for name in SIX_KINDS.names])

    @property
    def adjusted_pin(self) -> float:
        """Share of trades expected from the informed."""
        return self.alpha * ((1 - self.delta) * self.mu_buy + self.delta * self.mu_sell) / self._trades

    @property
    def psos(self) -> float:
        """Share of trades expected from shocks to both sides."""
        return self._shocks / self._trades

    @property
    def _shocks(self) -> float:
        often = (1 - self.alpha) * self.theta + self.alpha * self.theta_news
        return often * (self.shock_buy + self.shock_sell)

    @property
    def _trades(self) -> float:
        informed = self.alpha * ((1 - self.delta) * self.mu_buy + self.delta * self.mu_sell)
        return informed + self._shocks + self.eps_buy + self.eps_sell

    def simulate(self, days: int, *, seed: int) -> tuple[Ints, Ints]:
        """Buys and sells of days of the model, int64[days] each."""
        return simulate(SIX_KINDS, self.vector, days, seed=seed)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AdjustedPin:
    """A fitted model of Duarte & Young.

    Parameters
    ----------
    adjusted_pin, psos
        Share of trades from the informed, and from shocks to both sides.
    figures
        Every parameter by its name, with its interval.
    log_likelihood, pin_log_likelihood
        Of this model and of PIN on the same days, with factorials.
    days
        float64[n, 6]: probability of each kind of day, see `SIX_KINDS.kinds`.
    corners
        Parameters whose best value lies on a bound.
    dispersion
        Mean squared residual over Poisson's.
    starts, hills
        Starting values climbed from, and different maxima their best ended on.
    """

    adjusted_pin: Measurement
    psos: Measurement
    figures: dict[str, Measurement]
    log_likelihood: float
    pin_log_likelihood: float
    days: Floats
    corners: tuple[str, ...]
    dispersion: float
    starts: int
    hills: int

    @property
    def ratio(self) -> float:
        """Likelihood ratio against PIN, 2 (log L - log L of PIN), 0 or more; see `against_pin` for its law."""
        return 2 * (self.log_likelihood - self.pin_log_likelihood)

    def __str__(self) -> str:
        rows = {"AdjPIN": self.adjusted_pin, "PSOS": self.psos, **self.figures}
        return "\n".join(
            (
                *(f"{name:<11}{found}" for name, found in rows.items()),
                f"{'residual':<11}{self.dispersion:.4g} times Poisson's",
                f"{'ratio':<11}{self.ratio:.4g} against PIN",
                *(f"{'corner':<11}{word}" for word in self.corners),
            )
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RatioTest:
    """Whether days have shocks that PIN does not know.

    Parameters
    ----------
    ratio
        The likelihood ratio seen.
    p
        How often it is as large under PIN, with Wilson's interval of so many repeats.
    critical
        What it stays below under PIN with the level's probability.
    repeats
        Samples simulated from the PIN fit.
    """

    ratio: float
    p: Measurement
    critical: float
    repeats: int


def fit_adjusted_pin(
    buys: npt.ArrayLike,
    sells: npt.ArrayLike,
    *,
    robust: bool = False,
    level: float = 0.95,
    least: int = MIN_DAYS,
) -> AdjustedPin:
    """Maximum likelihood from many starting values. Parameters and errors as for `fit_pin`."""
    check_level(level)
    b, s = check_days(buys, sells, least=least)
    plain, top = _both(b, s)
    figures = {name: parameter(at) for at, name in enumerate(SIX_KINDS.names)}
    figures["adjusted_pin"] = share_of_trades(SIX_KINDS, ("mu_buy", "mu_sell"))
    figures["psos"] = share_of_trades(SIX_KINDS, ("shock_buy", "shock_sell"))
    found = measure(SIX_KINDS, top, b, s, figures=figures, level=level, robust=robust)
    return AdjustedPin(
        adjusted_pin=found["adjusted_pin"],
        psos=found["psos"],
        figures={name: found[name] for name in SIX_KINDS.names},
        log_likelihood=top.log_likelihood,
        pin_log_likelihood=plain.log_likelihood,
        days=top.posterior,
        corners=corner_words(SIX_KINDS, top),
        dispersion=dispersion(SIX_KINDS, top, b, s),
        starts=top.starts,
        hills=top.hills,
    )


def against_pin(
    buys: npt.ArrayLike, sells: npt.ArrayLike, *, seed: int, repeats: int = 99, level: float = 0.95
) -> RatioTest:
    """Whether PIN is enough: the likelihood ratio beside its law under the PIN fit, by simulation.

    Each repeat fits both models to as many days of the PIN fit, a tenth of a second or two.

    Raises
    ------
    BadParameter
        When there are fewer than 19 repeats.
    """
    check_level(level)
    if repeats < 19:
        raise BadParameter(f"repeats {repeats} must be 19 or more; so few cannot show a p of 5 %")
    b, s = check_days(buys, sells)
    plain, top = _both(b, s)
    ratio = 2 * (top.log_likelihood - plain.log_likelihood)
    seeds = np.random.SeedSequence(seed).generate_state(repeats).tolist()
    under = np.array([_ratio_under(plain, len(b), seed=each) for each in seeds])
    p = float((1 + (under >= ratio).sum()) / (1 + repeats))
    low, high = wilson(p, repeats + 1, level)
    shown = Measurement(value=p, low=low, high=high, level=level, n=repeats, method="simulated under PIN")
    return RatioTest(ratio=ratio, p=shown, critical=float(np.quantile(under, level)), repeats=repeats)


def _ratio_under(plain: Summit, days: int, *, seed: int) -> float:
    buys, sells = (column.astype(np.float64) for column in simulate(TWO_RATES, plain.parameters, days, seed=seed))
    try:
        check_days(buys, sells)
    except Unidentified:
        return 0.0
    narrow, wide = _both(buys, sells)
    return 2 * (wide.log_likelihood - narrow.log_likelihood)


def _both(buys: Floats, sells: Floats) -> tuple[Summit, Summit]:
    """The tops of PIN and of the larger model, which is climbed from PIN's too and so is never lower."""
    plain = climb(TWO_RATES, buys, sells, starting_values(buys, sells))
    return plain, climb(SIX_KINDS, buys, sells, adjusted_starting_values(plain.parameters, buys, sells))


def adjusted_starting_values(plain: Floats, buys: Floats, sells: Floats) -> Floats:
    """Where to climb from, (m, 10): a grid that shares the excess over quiet days, and the PIN fit with rare shocks."""
    quiet = np.quantile(buys, 0.1), np.quantile(sells, 0.1)
    excess = buys.mean() - quiet[0], sells.mean() - quiet[1]
    rows = []
    for alpha, delta, theta, theta_news, of_news in itertools.product(
        (0.25, 0.6), (0.3, 0.7), (0.2, 0.6), (0.2, 0.6), (0.2, 0.5, 0.8)
    ):
        often = (1 - alpha) * theta + alpha * theta_news
        shocks = tuple((1 - of_news) * each / often for each in excess)
        mu_buy, mu_sell = of_news * excess[0] / (alpha * (1 - delta)), of_news * excess[1] / (alpha * delta)
        rows.append((alpha, delta, theta, theta_news, mu_buy, mu_sell, *quiet, *shocks))
    alpha, delta, mu, eps_buy, eps_sell = plain.tolist()
    for shock in (0.1, 0.5, 1.0):
        sizes = shock * eps_buy, shock * eps_sell
        rows.append((alpha, delta, 1e-9, 1e-9, mu, mu, eps_buy, eps_sell, *sizes))
        rows.append((alpha, delta, 0.2, 0.2, mu, mu, eps_buy, eps_sell, *sizes))
    return np.array(rows)
