"""Adjusted PIN of Duarte & Young 2009 (Journal of Financial Economics 91).

The paper's days are not printed. The manual of the R package PINstimation (function adjpin) prints estimates with their
AdjPIN and PSOS, which are checked here; its days are drawn at random and not printed. The likelihood is worked by hand.
"""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import poisson

from nowake.microstructure.toxicity.adjusted_pin import SIX_KINDS, AdjustedPinModel
from nowake.microstructure.toxicity.pin import TWO_RATES
from nowake.microstructure.toxicity.pin_intervals import share_of_trades
from nowake.microstructure.toxicity.pin_likelihood import log_likelihood

PRINTED = AdjustedPinModel(
    alpha=0.4,
    delta=0.791667,
    theta=0.444444,
    theta_news=0.458333,
    eps_buy=4628.58,
    eps_sell=5006.04,
    mu_buy=21160.89,
    mu_sell=22662.14,
    shock_buy=17855,
    shock_sell=14971.37,
)
SMALL = AdjustedPinModel(
    alpha=0.4,
    delta=0.3,
    theta=0.2,
    theta_news=0.6,
    eps_buy=4.0,
    eps_sell=5.0,
    mu_buy=6.0,
    mu_sell=7.0,
    shock_buy=3.0,
    shock_sell=2.0,
)


def test_adjusted_pin_and_psos_of_printed_estimates_are_the_printed_ones() -> None:
    assert pytest.approx(PRINTED.adjusted_pin, abs=1e-6) == 0.268089
    assert pytest.approx(PRINTED.psos, abs=1e-6) == 0.442984


def test_shares_from_the_tree_are_those_of_the_formula() -> None:
    informed, _ = share_of_trades(SIX_KINDS, ("mu_buy", "mu_sell"))(PRINTED.vector)
    shocks, _ = share_of_trades(SIX_KINDS, ("shock_buy", "shock_sell"))(PRINTED.vector)
    assert PRINTED.adjusted_pin == pytest.approx(informed, rel=1e-12)
    assert PRINTED.psos == pytest.approx(shocks, rel=1e-12)


@pytest.mark.parametrize("counts", [(0, 0), (3, 9), (15, 4), (8, 14)])
def test_the_likelihood_of_a_day_is_the_sum_over_six_kinds(counts: tuple[int, int]) -> None:
    m, (buys, sells) = SMALL, counts
    total = 0.0
    for news, shock in itertools.product(("none", "good", "bad"), (False, True)):
        weight = {"none": 1 - m.alpha, "good": m.alpha * (1 - m.delta), "bad": m.alpha * m.delta}[news]
        often = m.theta if news == "none" else m.theta_news
        weight *= often if shock else 1 - often
        buy = m.eps_buy + (news == "good") * m.mu_buy + shock * m.shock_buy
        sell = m.eps_sell + (news == "bad") * m.mu_sell + shock * m.shock_sell
        total += weight * poisson.pmf(buys, buy) * poisson.pmf(sells, sell)
    ours = log_likelihood(SIX_KINDS, m.vector, np.array([float(buys)]), np.array([float(sells)]))
    assert math.log(total) == pytest.approx(float(ours), abs=1e-12)


def test_without_shocks_and_with_one_rate_of_news_it_is_pin() -> None:
    vector = dict(zip(SIX_KINDS.names, SMALL.vector, strict=True)) | {"theta": 0.0, "theta_news": 0.0, "mu_sell": 6.0}
    plain = np.array([SMALL.alpha, SMALL.delta, 6.0, SMALL.eps_buy, SMALL.eps_sell])
    columns = np.array([3.0, 9.0, 14.0]), np.array([5.0, 4.0, 2.0])
    six = log_likelihood(SIX_KINDS, np.array(list(vector.values())), *columns)
    assert float(log_likelihood(TWO_RATES, plain, *columns)) == pytest.approx(float(six), rel=1e-14)
