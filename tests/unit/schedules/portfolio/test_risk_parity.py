import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.schedules.portfolio.desk import line, two_sided

from nowake.domain.errors import BadParameter
from nowake.models.covariance import Covariance
from nowake.schedules.portfolio import Auction, Basket, EvenBasket, Limits, RiskParityBasket
from nowake.schedules.portfolio.risk_parity import Risks, shares_at

T = 8


def shares_of(plan: object) -> np.ndarray:
    """(T, N) each line's share of the risk of what is left, while anything is."""
    by_line = plan.risk_left[:-1]
    return by_line / by_line.sum(axis=1, keepdims=True)


def one_sided(count: int = 5, *, correlation: float = 0.4, ends: tuple[float, ...] = ()) -> Basket:
    lines = tuple(
        msgspec.structs.replace(each, side=1, end_days=ends[i] if ends else 1.0)
        for i, each in enumerate(two_sided(count).lines)
    )
    return Basket(lines=lines, covariance=Covariance.alike(two_sided(count).covariance.volatilities, correlation))


def test_equal_shares_of_uncorrelated_lines_are_in_inverse_proportion_to_their_risk() -> None:
    """Maillard, Roncalli & Teiletche 2010, section 2.3: without correlations weights are as 1 / sigma."""
    own = np.array([1.0, 4.0, 25.0])
    y = shares_at(Risks(np.zeros((3, 0)), own), np.full(3, 1 / 3), np.full(3, 1e9), 1.0)
    np.testing.assert_allclose(y, 1 / np.sqrt(3 * own))


def test_equal_shares_under_one_correlation_are_too() -> None:
    """The same, equation (4): with one correlation for all pairs the correlation has no part in it."""
    sigma = np.array([0.1, 0.2, 0.3, 0.4])
    y = shares_at(Risks((np.sqrt(0.5) * sigma)[:, None], 0.5 * sigma**2), np.full(4, 0.25), np.full(4, 1e9), 1.0)
    np.testing.assert_allclose(y * sigma, (y * sigma)[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("rho", "weights"),
    [
        (np.eye(4), [48, 24, 16, 12]),
        ([[1, 0.8, 0, 0], [0.8, 1, 0, 0], [0, 0, 1, -0.5], [0, 0, -0.5, 1]], [38.4, 19.2, 24.3, 18.2]),
    ],
)
def test_four_assets_have_the_weights_of_the_paper(rho: object, weights: list[float]) -> None:
    """Maillard, Roncalli & Teiletche 2010, page 65: volatilities 10 to 40 %, weights in percent."""
    sigma = np.array([0.1, 0.2, 0.3, 0.4])
    covariance = Covariance.full(np.array(rho) * np.outer(sigma, sigma))
    y = shares_at(Risks(covariance.loadings, covariance.specific), np.full(4, 0.25), np.full(4, 1e9), 1.0)
    np.testing.assert_allclose(weights, y / y.sum() * 100, atol=0.05)
    np.testing.assert_allclose(y * (covariance.matrix @ y), 0.25, rtol=1e-9)


def test_kept_shares_of_one_deadline_are_kept_by_one_pace_even_where_lines_hedge() -> None:
    plan = RiskParityBasket(buckets=T, shares="kept").plan(two_sided())
    assert shares_of(plan)[0].min() < 0
    np.testing.assert_allclose(shares_of(plan), np.tile(shares_of(plan)[0], (T, 1)), atol=2e-4)
    total = plan.risk_left.sum(axis=1)
    np.testing.assert_allclose(total / total[0], 1 - np.arange(T + 1) / T, atol=1e-4)


def test_kept_shares_of_one_deadline_are_the_even_plan_and_that_is_said() -> None:
    basket = two_sided()
    plan, even = RiskParityBasket(buckets=T, shares="kept").plan(basket), EvenBasket(buckets=T).plan(basket)
    np.testing.assert_array_equal(even.lots, plan.lots)
    said = "shares of risk are kept by working them at one pace, evenly in time"
    assert any(note.endswith(said) for note in plan.notes)
    shared = RiskParityBasket(buckets=T).plan(basket)
    assert (shared.lots != even.lots).any()
    assert not any("one pace" in note for note in shared.notes)
    assert (plan.name, shared.name) == ("Kept shares of risk", "Risk parity")
    assert "risk_aversion" not in shared.inputs


def test_risk_falls_along_the_path_given() -> None:
    plan = RiskParityBasket(buckets=4, shares="kept", path=(1.0, 0.3, 0.0)).plan(two_sided())
    total = plan.risk_left.sum(axis=1)
    np.testing.assert_allclose(total / total[0], [1, 0.65, 0.3, 0.15, 0], atol=1e-4)


def test_equal_shares_are_reached_as_larger_lines_come_down() -> None:
    plan = RiskParityBasket(buckets=40, shares="equal").plan(one_sided())
    found = shares_of(plan)
    np.testing.assert_allclose(found[-2], 0.2, atol=1e-3)
    # No line below an equal share is traded while others are above it.
    first = plan.lots[0]
    assert (first[found[0] < 0.2 * 0.9] == 0).all()
    assert plan.lots.min() >= 0
    total = plan.risk_left.sum(axis=1)
    np.testing.assert_allclose(total / total[0], 1 - np.arange(41) / 40, atol=1e-4)
    assert any("have less than their share of risk" in note for note in plan.notes)


def test_equal_shares_of_sectors_work_each_at_one_pace() -> None:
    basket = one_sided(6)
    plan = RiskParityBasket(buckets=40, shares="equal", by="sector").plan(basket)
    sectors = np.array([each.sector for each in basket.lines])
    last = plan.risk_left[30]
    by_sector = [last[sectors == name].sum() / last.sum() for name in sorted(set(sectors))]
    np.testing.assert_allclose(by_sector, 1 / 3, atol=1e-3)
    left = plan.left[20] / basket.quantities
    for name in set(sectors):
        assert np.ptp(left[sectors == name]) < 1e-3


def test_lines_done_earlier_leave_their_shares_to_the_others_in_proportion() -> None:
    basket = one_sided(4, correlation=0.2, ends=(0.5, 1.0, 1.0, 1.0))
    plan = RiskParityBasket(buckets=T, shares="kept").plan(basket)
    found = shares_of(plan)
    assert plan.finish_days[0] == 0.5
    start = found[0]
    late = found[6]
    np.testing.assert_allclose(late[1:], start[1:] / start[1:].sum(), atol=2e-3)


def test_nothing_is_traded_in_auctions() -> None:
    close = Auction(name="close", at=1.0, volume_share=0.1)
    plan = RiskParityBasket(buckets=T, auctions=(close,)).plan(two_sided())
    assert not plan.lots[-1].any()


def numbers(count: int) -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(0.05, 1.0), min_size=count, max_size=count)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 6).flatmap(lambda n: st.tuples(numbers(n), numbers(n), numbers(n), numbers(n))), st.floats(0.1, 1)
)
def test_shares_under_caps_are_a_minimum(tables: tuple[list[float], ...], part: float) -> None:
    """Checked by the conditions of the minimum, and by the cost of any other point, not by how it was found."""
    f, d, budget, caps = (np.array(each) for each in tables)
    signs = np.where(np.arange(len(f)) % 2, 1.0, -1.0)
    risks = Risks((signs * f)[:, None], d**2)
    risk = part * np.sqrt(risks.variance(caps))
    y = shares_at(risks, budget, caps, float(risk))
    assert (y > 0).all()
    assert (y <= caps * (1 + 1e-9)).all()
    assert np.sqrt(risks.variance(y)) == pytest.approx(risk, rel=1e-6)
    matrix = np.outer(signs * f, signs * f) + np.diag(d**2)
    per_share = y * (matrix @ y) / budget
    free = y < caps * (1 - 1e-6)
    if free.any():
        np.testing.assert_allclose(per_share[free], per_share[free].max(), rtol=1e-4)
        assert (per_share[~free] <= per_share[free].max() * (1 + 1e-4)).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"path": (1.0, 0.2)}, "must fall from 1 to 0"),
        ({"path": (1.0, 0.2, 0.4, 0.0)}, "must fall from 1 to 0"),
        ({"path": (0.9, 0.0)}, "must fall from 1 to 0"),
        ({"shares": "alike"}, "not 'alike' by 'line'"),
        ({"by": "country"}, "not 'equal' by 'country'"),
    ],
)
def test_a_path_or_word_that_is_none_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        RiskParityBasket(**changes)


def test_shares_that_cannot_be_kept_are_refused_with_the_reason() -> None:
    hedge = Basket(
        lines=(line("A", 1, 10_000), line("B", -1, 5_000), line("C", 1, 5_000, end_days=0.5)),
        covariance=Covariance.alike([0.02] * 3, 0.9),
    )
    with pytest.raises(BadParameter, match=r"B lowers the basket's risk \(a share of -\d+.*one deadline"):
        RiskParityBasket(buckets=T, shares="kept").plan(hedge)
    perfect = Basket(
        lines=(line("A", 1, 10_000), line("B", -1, 10_000)), covariance=Covariance.full(np.full((2, 2), 4e-4))
    )
    with pytest.raises(BadParameter, match="no risk at its start"):
        RiskParityBasket(buckets=T).plan(perfect)
    with pytest.raises(BadParameter, match="start together"):
        RiskParityBasket(buckets=T).plan(
            Basket(lines=(line("A"), line("B", start_days=0.5)), covariance=Covariance.alike([0.02] * 2, 0.5))
        )
    with pytest.raises(BadParameter, match=r"A, B \(2\) has no sector"):
        RiskParityBasket(by="sector").plan(
            Basket(lines=(line("A"), line("B")), covariance=Covariance.alike([0.02] * 2, 0.5))
        )


def test_caps_are_not_kept_and_that_is_said() -> None:
    plan = RiskParityBasket(buckets=T, limits=Limits(max_participation=0.001)).plan(two_sided())
    assert any("this plan does not keep them" in note for note in plan.notes)
