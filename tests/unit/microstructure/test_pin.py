import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import poisson

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.toxicity.adjusted_pin import SIX_KINDS, AdjustedPinModel
from nowake.microstructure.toxicity.pin import TWO_RATES, PinModel, fit_pin, starting_values
from nowake.microstructure.toxicity.pin_intervals import parameter, profile, share_of_trades
from nowake.microstructure.toxicity.pin_likelihood import check_days, climb, log_likelihood, slopes

BUSY = PinModel(alpha=0.4, delta=0.4, mu=150, eps_buy=200, eps_sell=220)
QUIET = PinModel(alpha=0.3, delta=0.3, mu=25, eps_buy=30, eps_sell=35)
SHOCKED = AdjustedPinModel(
    alpha=0.4,
    delta=0.4,
    theta=0.3,
    theta_news=0.5,
    mu_buy=150,
    mu_sell=120,
    eps_buy=200,
    eps_sell=180,
    shock_buy=90,
    shock_sell=110,
)


@pytest.mark.parametrize(
    ("tree", "model"), [(TWO_RATES, QUIET), (SIX_KINDS, SHOCKED)], ids=["three kinds", "six kinds"]
)
def test_gradient_and_hessian_are_those_of_differences(tree, model) -> None:
    buys, sells = (column.astype(float) for column in model.simulate(25, seed=1))
    at = model.vector * 1.03
    gradient, hessian = slopes(tree, at, buys, sells)
    steps = 1e-6 * at
    numeric = approx_fprime(at, lambda x: float(log_likelihood(tree, x, buys, sells)), steps)
    np.testing.assert_allclose(gradient, numeric, rtol=2e-4, atol=1e-4)
    numeric = np.array(
        [approx_fprime(at, lambda x, i=i: slopes(tree, x, buys, sells)[0][i], steps) for i in range(len(at))]
    )
    np.testing.assert_allclose(hessian, numeric, rtol=2e-3, atol=1e-3)


def test_the_gradient_of_a_share_is_that_of_differences() -> None:
    figure = share_of_trades(SIX_KINDS, ("mu_buy", "mu_sell"))
    numeric = approx_fprime(SHOCKED.vector, lambda x: figure(x)[0], 1e-6 * SHOCKED.vector)
    np.testing.assert_allclose(figure(SHOCKED.vector)[1], numeric, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_no_other_place_is_higher(seed: int) -> None:
    buys, sells = (column.astype(float) for column in QUIET.simulate(60, seed=seed))
    found = fit_pin(buys, sells)
    gradient, _ = slopes(TWO_RATES, found.model.vector, buys, sells)
    np.testing.assert_allclose(gradient * found.model.vector, 0, atol=1e-5)
    rng = np.random.default_rng(seed)
    tried = QUIET.vector * np.exp(rng.normal(0, 0.3, (2_000, 5)))
    tried[:, :2] = np.clip(tried[:, :2], 0.01, 0.99)
    assert log_likelihood(TWO_RATES, tried, buys, sells).max() <= found.log_likelihood


def test_truth_is_found_and_days_are_told_apart() -> None:
    buys, sells = BUSY.simulate(500, seed=2)
    found = fit_pin(buys, sells)
    for name in ("alpha", "delta", "mu", "eps_buy", "eps_sell", "pin"):
        assert getattr(BUSY, name) == pytest.approx(getattr(found, name).value, rel=0.15)
    good = buys > 275
    assert found.days[good, 1].min() > 0.5 > found.days[~good, 1].max()


def test_intervals_of_sixty_days_hold_the_truth() -> None:
    held = []
    for seed in range(25):
        found = fit_pin(*BUSY.simulate(60, seed=seed))
        held.append([getattr(found, name).low <= getattr(BUSY, name) <= getattr(found, name).high for name in HELD])
    assert (np.mean(held, axis=0) >= 0.8).all()


HELD = ("pin", "alpha", "delta", "mu", "eps_buy", "eps_sell")


@pytest.mark.study
@pytest.mark.parametrize("alpha", [0.15, 0.4, 0.7])
@pytest.mark.parametrize("busy", [True, False])
def test_intervals_hold_the_truth_at_their_level(alpha: float, busy: bool) -> None:
    base = BUSY if busy else QUIET
    truth = PinModel(alpha=alpha, delta=0.35, mu=base.mu, eps_buy=base.eps_buy, eps_sell=base.eps_sell)
    held = []
    for seed in range(400):
        found = fit_pin(*truth.simulate(60, seed=seed))
        held.append([getattr(found, name).low <= getattr(truth, name) <= getattr(found, name).high for name in HELD])
    shares = dict(zip(HELD, np.mean(held, axis=0), strict=True))
    print(alpha, busy, shares)
    assert all(0.92 <= share <= 0.985 for share in shares.values()), shares


def test_the_profile_is_the_place_where_the_likelihood_has_fallen_by_half_the_quantile() -> None:
    buys, sells = check_days(*QUIET.simulate(60, seed=5))
    top = climb(TWO_RATES, buys, sells, starting_values(buys, sells))
    low, high = profile(TWO_RATES, top, buys, sells, figure=parameter(3), level=0.95)
    for end in (low, high):
        at, free = top.parameters.copy(), [0, 1, 2, 4]
        at[3] = end
        for _ in range(20):  # Newton's steps to the highest likelihood with eps_buy held at the end.
            gradient, hessian = slopes(TWO_RATES, at, buys, sells)
            at[free] -= np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
        fallen = top.log_likelihood - float(log_likelihood(TWO_RATES, at, buys, sells))
        assert 1.959964**2 / 2 == pytest.approx(fallen, rel=1e-4)


def test_swapping_buys_and_sells_swaps_news() -> None:
    buys, sells = BUSY.simulate(80, seed=4)
    found, turned = fit_pin(buys, sells), fit_pin(sells, buys)
    assert found.pin.value == pytest.approx(turned.pin.value, rel=1e-9)
    assert found.delta.value == pytest.approx(1 - turned.delta.value, rel=1e-7)
    assert (found.eps_buy.value, found.eps_sell.value) == pytest.approx((turned.eps_sell.value, turned.eps_buy.value))
    np.testing.assert_allclose(found.days, turned.days[:, [0, 2, 1]], atol=1e-9)


def test_the_order_of_days_does_not_matter() -> None:
    buys, sells = BUSY.simulate(80, seed=4)
    mixed = np.random.default_rng(0).permutation(80)
    found, other = fit_pin(buys, sells), fit_pin(buys[mixed], sells[mixed])
    assert found.pin.value == pytest.approx(other.pin.value, rel=1e-9)
    np.testing.assert_allclose(found.days[mixed], other.days, atol=1e-9)


def test_news_that_is_never_bad_is_a_corner_with_an_interval_of_its_own() -> None:
    truth = PinModel(alpha=0.4, delta=0.0, mu=150, eps_buy=200, eps_sell=220)
    found = fit_pin(*truth.simulate(60, seed=1))
    assert found.corners == ("delta is 0: news is never bad",)
    assert (found.delta.value, found.delta.low) == (0.0, 0.0)
    assert 0.02 < found.delta.high < 0.2
    assert found.pin.low < truth.pin < found.pin.high
    assert "profile" in found.pin.method


def test_days_without_news_say_that_pin_may_be_nothing() -> None:
    quiet = PinModel(alpha=0.4, delta=0.3, mu=0.0, eps_buy=200, eps_sell=220)
    found = fit_pin(*quiet.simulate(60, seed=1))
    assert found.pin.low < 1e-6
    assert found.pin.high > 0.2  # News every day and always bad would make the same numbers.


def test_busy_days_without_news_leave_every_pin_up_to_a_half() -> None:
    rng = np.random.default_rng(0)
    buys, sells = rng.poisson(20_000, 60), rng.poisson(20_000, 60)
    found = fit_pin(buys, sells)
    # Bad news every day with any mu up to all sells makes the same numbers as no news ever: one law a side, by scipy.
    alike = poisson.logpmf(buys, buys.mean()).sum() + poisson.logpmf(sells, sells.mean()).sum()
    assert found.log_likelihood - alike < 1e-3
    most = max(buys.mean(), sells.mean()) / (buys.mean() + sells.mean())
    assert found.pin.low < 1e-6
    assert most - 1e-4 < found.pin.high < most + 0.01
    for name in ("eps_buy", "eps_sell"):  # 19,998 was the low end of eps_sell where one corner alone was looked at.
        assert getattr(found, name).low < 1.0
    assert fit_pin(sells, buys).pin.high == pytest.approx(found.pin.high, abs=1e-4)


def test_weak_news_gets_the_profile_and_plain_news_the_information() -> None:
    weak = PinModel(alpha=0.4, delta=0.5, mu=4, eps_buy=50, eps_sell=50)
    assert "profile" in fit_pin(*weak.simulate(60, seed=1)).pin.method
    assert "observed information" in fit_pin(*BUSY.simulate(60, seed=1)).pin.method


def test_days_that_cluster_say_that_the_model_does_not_hold() -> None:
    rng = np.random.default_rng(1)
    level = rng.gamma(4, 1 / 4, 60)
    found = fit_pin(rng.poisson(200 * level), rng.poisson(220 * level))
    assert found.dispersion > 5
    assert fit_pin(*BUSY.simulate(60, seed=1)).dispersion < 1.4


def clustered(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Days of BUSY whose level wanders by a tenth or so beside news."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, 100, p=(0.6, 0.24, 0.16))
    level = rng.gamma(100, 1 / 100, (2, 100))
    return rng.poisson(level[0] * (200 + 150 * (kind == 1))), rng.poisson(level[1] * (220 + 150 * (kind == 2)))


def test_robust_intervals_hold_where_trades_cluster_and_others_do_not() -> None:
    plain, robust = [], []
    for seed in range(25):
        days = clustered(seed)
        for held, how in ((plain, False), (robust, True)):
            found = fit_pin(*days, robust=how)
            held.append(
                [getattr(found, name).low <= getattr(BUSY, name) <= getattr(found, name).high for name in RATES]
            )
    assert np.mean(plain) < 0.8
    assert np.mean(robust) > 0.9


RATES = ("mu", "eps_buy", "eps_sell")


def test_robust_and_plain_intervals_agree_where_the_model_holds() -> None:
    days = BUSY.simulate(600, seed=1)
    plain, robust = fit_pin(*days), fit_pin(*days, robust=True)
    for name in HELD:
        assert getattr(plain, name).value == getattr(robust, name).value
        assert getattr(plain, name).sd == pytest.approx(getattr(robust, name).sd, rel=0.15)


def test_robust_intervals_at_a_corner_are_wider() -> None:
    rng = np.random.default_rng(1)
    truth = PinModel(alpha=0.4, delta=0.0, mu=150, eps_buy=200, eps_sell=220)
    days = tuple(rng.poisson(column * rng.gamma(150, 1 / 150, 60)) for column in truth.simulate(60, seed=1))
    plain, robust = fit_pin(*days), fit_pin(*days, robust=True)
    assert plain.corners == robust.corners == ("delta is 0: news is never bad",)
    assert plain.eps_buy.high - plain.eps_buy.low < 0.7 * (robust.eps_buy.high - robust.eps_buy.low)
    assert "times as deep" in robust.pin.method


def test_one_rate_gives_one_rate() -> None:
    truth = PinModel(alpha=0.4, delta=0.4, mu=150, eps_buy=200, eps_sell=200)
    found = fit_pin(*truth.simulate(60, seed=1), one_rate=True)
    assert found.eps_buy == found.eps_sell
    assert found.parameters == 4
    assert found.pin.low < truth.pin < found.pin.high


def test_it_prints_as_a_table() -> None:
    lines = str(fit_pin(*BUSY.simulate(60, seed=1))).splitlines()
    assert ["pin", "alpha", "delta", "mu", "eps_buy", "eps_sell", "residual"] == [line.split()[0] for line in lines]


@pytest.mark.parametrize(
    ("buys", "sells", "kind", "says"),
    [
        ([1] * 19, [2] * 19, Unidentified, "19 days are fewer than 20"),
        ([], [], Unidentified, "0 days are fewer"),
        ([5] * 30, [7] * 30, Unidentified, "each of 30 days has 5 buys and 7 sells"),
        ([0] * 30, [7, 8] * 15, Unidentified, "no buys in 30 days; are the sides of the trades known?"),
        ([3, 4] * 15, [0] * 30, Unidentified, "no sells in 30 days"),
        ([3.0, np.nan] * 15, [1, 2] * 15, BadData, "buys of day 1: nan must be a whole number"),
        ([3, 4] * 15, [1, -2] * 15, BadData, "sells of day 1: -2.0 must be a whole number"),
        ([3.5, 4] * 15, [1, 2] * 15, BadData, "buys of day 0: 3.5 must be a whole number"),
        ([3, 4] * 15, [1, 2] * 14, BadData, "30 days of buys and 28 of sells"),
        ([[3, 4]] * 15, [1, 2] * 14, BadData, "of shape"),
    ],
)
def test_days_that_cannot_tell_are_refused_in_one_line(buys, sells, kind, says: str) -> None:
    with pytest.raises(kind, match=says) as refused:
        fit_pin(buys, sells)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"alpha": 1.2}, "alpha 1.2"),
        ({"delta": float("nan")}, "delta nan"),
        ({"mu": -1}, "mu -1"),
        ({"eps_buy": 0}, "eps_buy 0"),
    ],
)
def test_parameters_that_are_none_are_refused(change: dict[str, float], says: str) -> None:
    values = {"alpha": 0.4, "delta": 0.4, "mu": 150, "eps_buy": 200, "eps_sell": 220}
    with pytest.raises(BadParameter, match=says):
        PinModel(**values | change)


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(BadParameter, match="level"):
        fit_pin([3, 4] * 15, [1, 2] * 15, level=95)
