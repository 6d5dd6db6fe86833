import numpy as np
import pytest

from nowake.domain.errors import BadParameter, Unidentified
from nowake.microstructure.toxicity.adjusted_pin import SIX_KINDS, AdjustedPinModel, against_pin, fit_adjusted_pin
from nowake.microstructure.toxicity.pin import PinModel, fit_pin
from nowake.microstructure.toxicity.pin_likelihood import log_likelihood, slopes

TRUTH = AdjustedPinModel(
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
PLAIN = PinModel(alpha=0.4, delta=0.4, mu=150, eps_buy=200, eps_sell=220)
FIGURES = ("adjusted_pin", "psos", *SIX_KINDS.names)


def held(found, truth: AdjustedPinModel) -> list[bool]:
    shown = {"adjusted_pin": found.adjusted_pin, "psos": found.psos, **found.figures}
    return [shown[name].low <= getattr(truth, name) <= shown[name].high for name in FIGURES]


def test_truth_is_found() -> None:
    found = fit_adjusted_pin(*TRUTH.simulate(400, seed=1))
    for name in SIX_KINDS.names:
        assert getattr(TRUTH, name) == pytest.approx(found.figures[name].value, rel=0.25), name
    assert TRUTH.adjusted_pin == pytest.approx(found.adjusted_pin.value, rel=0.1)
    assert TRUTH.psos == pytest.approx(found.psos.value, rel=0.1)
    np.testing.assert_allclose(found.days.sum(axis=1), 1, rtol=1e-12)


def test_thousands_of_trades_a_day_are_no_harder() -> None:
    large = AdjustedPinModel(
        **{name: getattr(TRUTH, name) * (100 if name in SIX_KINDS.rates else 1) for name in SIX_KINDS.names}
    )
    found = fit_adjusted_pin(*large.simulate(100, seed=2))
    assert large.adjusted_pin == pytest.approx(found.adjusted_pin.value, rel=0.3)
    assert all(np.isfinite([found.log_likelihood, found.pin_log_likelihood]))


@pytest.mark.parametrize("seed", range(3))
def test_the_top_is_flat_and_never_below_pin(seed: int) -> None:
    buys, sells = (column.astype(float) for column in TRUTH.simulate(60, seed=seed))
    found = fit_adjusted_pin(buys, sells)
    at = np.array([found.figures[name].value for name in SIX_KINDS.names])
    if not found.corners:
        np.testing.assert_allclose(slopes(SIX_KINDS, at, buys, sells)[0] * at, 0, atol=1e-5)
    assert found.log_likelihood >= float(log_likelihood(SIX_KINDS, TRUTH.vector, buys, sells))
    assert fit_pin(buys, sells).log_likelihood == found.pin_log_likelihood <= found.log_likelihood


def test_intervals_of_a_hundred_days_hold_the_truth() -> None:
    shares = np.mean([held(fit_adjusted_pin(*TRUTH.simulate(100, seed=seed)), TRUTH) for seed in range(12)], axis=0)
    assert shares.min() >= 0.7
    assert shares.mean() >= 0.9


@pytest.mark.study
@pytest.mark.parametrize("days", [60, 120])
def test_intervals_hold_the_truth_at_their_level(days: int) -> None:
    rows = [held(fit_adjusted_pin(*TRUTH.simulate(days, seed=seed)), TRUTH) for seed in range(400)]
    shares = dict(zip(FIGURES, np.mean(rows, axis=0), strict=True))
    print(days, shares)
    assert all(0.91 <= share <= 0.985 for share in shares.values()), shares


def test_shocks_to_both_sides_are_not_taken_for_news() -> None:
    """With shocks PIN is far above what the informed trade; adjusted PIN is not."""
    shocks = AdjustedPinModel(
        **{name: getattr(TRUTH, name) for name in SIX_KINDS.names} | {"mu_buy": 40, "mu_sell": 40}
    )
    buys, sells = shocks.simulate(250, seed=3)
    assert fit_pin(buys, sells).pin.low > 1.5 * shocks.adjusted_pin
    found = fit_adjusted_pin(buys, sells)
    assert found.adjusted_pin.low < shocks.adjusted_pin < found.adjusted_pin.high


def test_shocks_are_seen_by_the_likelihood_ratio() -> None:
    seen, again = (against_pin(*TRUTH.simulate(25, seed=1), seed=1, repeats=19) for _ in range(2))
    assert seen == again
    assert seen.p.value == 1 / 20
    assert seen.ratio > 40 > seen.critical


@pytest.mark.study
def test_the_ratio_of_days_without_shocks_is_as_large_as_it_says_as_often_as_it_says() -> None:
    ps = np.array([against_pin(*PLAIN.simulate(60, seed=seed), seed=seed, repeats=19).p.value for seed in range(100)])
    print({level: (ps <= level).mean() for level in (0.05, 0.1, 0.2, 0.5)})
    assert (ps <= 0.05).mean() <= 0.11
    assert 0.35 <= (ps <= 0.5).mean() <= 0.65


def test_too_few_repeats_are_refused() -> None:
    with pytest.raises(BadParameter, match="repeats 5"):
        against_pin(*PLAIN.simulate(25, seed=1), seed=3, repeats=5)


def test_it_prints_as_a_table_with_its_corners() -> None:
    found = fit_adjusted_pin(*PLAIN.simulate(60, seed=1))
    text = str(found)
    assert text.startswith("AdjPIN")
    assert all(word in text for word in (*SIX_KINDS.names, *found.corners, "against PIN"))


def test_days_that_cannot_tell_are_refused() -> None:
    with pytest.raises(Unidentified, match="5 days"):
        fit_adjusted_pin([1, 2, 3, 4, 5], [3, 4, 5, 6, 7])


@pytest.mark.parametrize(("name", "value"), [("theta", 1.5), ("mu_sell", -1), ("eps_buy", 0), ("shock_buy", np.inf)])
def test_parameters_that_are_none_are_refused(name: str, value: float) -> None:
    values = {each: getattr(TRUTH, each) for each in SIX_KINDS.names}
    with pytest.raises(BadParameter, match=name):
        AdjustedPinModel(**values | {name: value})
