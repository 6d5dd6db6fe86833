"""PIN as in Easley, Kiefer, O'Hara & Paperman 1996 (Journal of Finance 51) and with two rates as in Easley, Hvidkjaer &
O'Hara 2002.

The papers' own days are not printed. What is printed: ten days and their estimates in the manual of the R package
InfoTrad (functions EHO, LK, YZ, GAN, EA), and estimates in the manual of the R package PINstimation (function pin_ea),
whose days are not. (The PIN that InfoTrad prints for Yan & Zhang's start, 0.180108, does not follow from the parameters
beside it, which make 0.1829, and is not used.) Likelihoods and posteriors are also worked by hand.
"""

import math

import numpy as np
import pytest
from scipy.stats import poisson

from nowake.microstructure.toxicity.pin import ONE_RATE, TWO_RATES, PinModel, fit_pin
from nowake.microstructure.toxicity.pin_likelihood import log_likelihood

BUYS = np.array([350, 250, 500, 552, 163, 345, 847, 923, 123, 349], np.float64)
SELLS = np.array([382, 500, 463, 550, 200, 323, 456, 342, 578, 455], np.float64)
FACTORIALS = sum(math.lgamma(count + 1) for count in (*BUYS, *SELLS))

# alpha, delta, mu, eps_b, eps_s, value (without factorials) and PIN, as the manual prints them for Lin & Ke's
# likelihood. In that likelihood of the package delta is the probability of GOOD news.
YAN_ZHANG = (0.3526071, 0.8937947, 438.1156, 265.124, 425.0304, 44371.29, 0.180108)
GAN = (0.3978912, 0.9998532, 435.8395, 259.0336, 420.786, 44371.1, 0.2032458)
ERSAN_ALICI = (0.1297379, 0.9982431, 509.7636, 413.941, 401.0135, 44240.17, 0.07506118)
# The same by its likelihood "EHO", where delta is that of bad news, and whose value is not the model's.
EASLEY = (0.9111102, 0.0001231429, 417.1497, 336.075, 466.2539, 52831.29, 0.3214394)


def model_of(printed: tuple[float, ...], *, good: bool) -> PinModel:
    alpha, delta, mu, eps_buy, eps_sell, _, _ = printed
    return PinModel(alpha=alpha, delta=1 - delta if good else delta, mu=mu, eps_buy=eps_buy, eps_sell=eps_sell)


@pytest.mark.parametrize("printed", [YAN_ZHANG, GAN, ERSAN_ALICI])
def test_the_likelihood_at_printed_estimates_is_the_printed_one(printed: tuple[float, ...]) -> None:
    ours = log_likelihood(TWO_RATES, model_of(printed, good=True).vector, BUYS, SELLS) + FACTORIALS
    assert printed[5] == pytest.approx(float(ours), abs=0.03)


@pytest.mark.parametrize("printed", [GAN, ERSAN_ALICI, EASLEY])
def test_pin_of_printed_parameters_is_the_printed_one(printed: tuple[float, ...]) -> None:
    assert printed[6] == pytest.approx(model_of(printed, good=True).pin, rel=2e-6)


def test_our_maximum_is_above_every_printed_one_and_near_the_best() -> None:
    found = fit_pin(BUYS, SELLS, least=10)
    assert found.log_likelihood + FACTORIALS > YAN_ZHANG[5]
    assert pytest.approx(found.log_likelihood + FACTORIALS, abs=1.0) == YAN_ZHANG[5]
    assert pytest.approx(found.pin.value, abs=0.002) == GAN[6]
    assert pytest.approx(found.mu.value, rel=0.02) == GAN[2]
    assert found.corners == ("delta is 0: news is never bad",)


def test_a_likelihood_with_a_sum_for_a_product_ends_far_below_the_top() -> None:
    """InfoTrad's EHO takes log(X_b + X_s) where Easley, Hvidkjaer & O'Hara 2010 have log X_b + log X_s."""
    theirs = float(log_likelihood(TWO_RATES, model_of(EASLEY, good=False).vector, BUYS, SELLS))
    assert theirs + FACTORIALS < YAN_ZHANG[5] - 50
    assert EASLEY[5] > YAN_ZHANG[5] + 1_000


def test_pin_of_another_packages_estimates_is_the_one_it_prints() -> None:
    model = PinModel(alpha=0.7499975, delta=0.1333342, mu=1193.5179655, eps_buy=357.2659099, eps_sell=328.6291793)
    assert pytest.approx(model.pin, abs=1e-7) == 0.5661721


@pytest.mark.parametrize("counts", [(0, 0), (3, 1), (12, 4), (5, 20)])
def test_the_likelihood_of_a_day_is_the_sum_over_its_kinds(counts: tuple[int, int]) -> None:
    model = PinModel(alpha=0.3, delta=0.4, mu=8.0, eps_buy=4.0, eps_sell=5.0)
    buys, sells = counts
    by_hand = (
        0.7 * poisson.pmf(buys, 4) * poisson.pmf(sells, 5),
        0.3 * 0.6 * poisson.pmf(buys, 12) * poisson.pmf(sells, 5),
        0.3 * 0.4 * poisson.pmf(buys, 4) * poisson.pmf(sells, 13),
    )
    ours = log_likelihood(TWO_RATES, model.vector, np.array([float(buys)]), np.array([float(sells)]))
    assert math.log(sum(by_hand)) == pytest.approx(float(ours), abs=1e-12)
    np.testing.assert_allclose(np.array(by_hand) / sum(by_hand), model.kinds(buys, sells)[0], rtol=1e-12)


def test_one_uninformed_rate_is_the_model_of_1996() -> None:
    narrow = np.array([0.3, 0.4, 8.0, 4.5])
    wide = np.array([0.3, 0.4, 8.0, 4.5, 4.5])
    columns = np.array([3.0, 9.0, 14.0]), np.array([5.0, 4.0, 2.0])
    assert float(log_likelihood(TWO_RATES, wide, *columns)) == float(log_likelihood(ONE_RATE, narrow, *columns))


def test_thousands_of_trades_a_day_do_not_overflow() -> None:
    model = PinModel(alpha=0.4, delta=0.5, mu=30_000, eps_buy=60_000, eps_sell=50_000)
    found = fit_pin(*model.simulate(60, seed=3))
    assert np.isfinite(found.log_likelihood)
    assert found.pin.low < model.pin < found.pin.high
    np.testing.assert_allclose(found.days.sum(axis=1), 1.0, rtol=1e-12)
