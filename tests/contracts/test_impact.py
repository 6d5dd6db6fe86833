"""What every impact model must keep, a third party's too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest
from tests.contracts.static_models import STATIC_MODELS
from tests.contracts.transient_models import TRANSIENT_MODELS

from nowake.domain.errors import BadParameter
from nowake.models.impact import Impact
from nowake.models.impact.contract import as_covariance
from nowake.models.impact.linear import linearised
from nowake.models.pretrade.plausible import plausible
from nowake.models.terms import Terms

MODELS = [*STATIC_MODELS, *TRANSIENT_MODELS]
MARKET = {
    "volatility": 0.019,
    "daily_volume": 5e6,
    "price": 50.0,
    "spread_bps": 25.0,
    "trade_size": 250.0,
    "shares_outstanding": 2e8,
}
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


def terms(quantity: object = 1e5, days: object = 0.5, **changed: object) -> Terms:
    return Terms(quantity=quantity, days=days, **(MARKET | changed))


@every_model
def test_arrays_cost_what_each_number_costs(model: Impact) -> None:
    sizes, days = np.array([1.0, 1e4, 2e6]), np.array([0.1, 0.5, 1.0])
    for part in (model.temporary_bps, model.permanent_bps, model.total_bps, model.marginal_bps, model.parameter_sd_bps):
        one_by_one = [float(part(terms(float(size), float(day)))) for size, day in zip(sizes, days, strict=True)]
        assert part(terms(sizes, days)).tolist() == pytest.approx(one_by_one, rel=1e-12)


@every_model
def test_nothing_costs_nothing_and_more_costs_more_in_all(model: Impact) -> None:
    sizes = np.concatenate(([0.0], np.geomspace(1, 2e6, 50)))
    total = model.total_bps(terms(sizes)) * sizes
    assert total[0] == 0
    assert np.all(np.diff(total) > 0)


@every_model
def test_marginal_cost_is_the_slope_of_the_whole_cost(model: Impact) -> None:
    for quantity in (1e3, 1e5, 1e6):
        step = quantity * 1e-5
        ends = [model.total_bps(terms(size)) * size for size in (quantity - step, quantity + step)]
        assert model.marginal_bps(terms(quantity)) == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-6)


@every_model
def test_gradient_is_the_slope_by_each_parameter(model: Impact) -> None:
    def cost(values: tuple[float, ...]) -> float:
        moved = model.with_values(values)
        return float(moved.half_spread_bps(terms()) + moved.total_bps(terms()))

    for place, slope in enumerate(model.gradient_bps(terms())):
        step = abs(model.values[place]) * 1e-5 or 1e-7
        up, down = (
            tuple(value + side * step * (k == place) for k, value in enumerate(model.values)) for side in (1, -1)
        )
        assert slope == pytest.approx((cost(up) - cost(down)) / (2 * step), rel=1e-5, abs=1e-9)


@every_model
def test_an_even_schedule_costs_what_the_model_says(model: Impact) -> None:
    """The limit of many steps: in few, a trade of finite length pays the middle of its own move."""
    for quantity in (1e4, 1e6):
        asked = terms(quantity)
        cost = model.response(asked).cost_of(np.full(200, quantity / 200), np.linspace(0, 0.5, 201))
        # Cells of a kernel that bursts at 0 converge slowly.
        assert cost.temporary_bps == pytest.approx(float(model.temporary_bps(asked)), rel=5e-3, abs=1e-9)
        assert cost.permanent_bps == pytest.approx(float(model.permanent_bps(asked)), rel=5e-3, abs=1e-9)


@every_model
def test_a_round_trip_earns_nothing(model: Impact) -> None:
    rng = np.random.default_rng(5)
    response = model.response(terms(1e5))
    for _ in range(50):
        trades = rng.normal(size=12) * 1e4
        trades -= trades.mean()
        assert response.cost_of(trades, np.linspace(0, 0.5, 13)).total_bps > -1e-9


@every_model
def test_selling_mirrors_buying(model: Impact) -> None:
    response, edges = model.response(terms()), np.linspace(0, 0.5, 6)
    buys = np.array([1e4, 3e4, 0.0, 2e4, 4e4])
    assert response.cost_of(-buys, edges) == pytest.approx(response.cost_of(buys, edges))
    at = np.linspace(0, 2, 9)
    assert response.path(-buys, edges, at) == pytest.approx(-response.path(buys, edges, at))


@every_model
def test_volatility_and_volume_carry_the_units(model: Impact) -> None:
    """A model whose parameters have no currency or share in their units answers the same after a stock split."""
    if any(sign in parameter.unit for parameter in model.parameters for sign in ("share", "currency")):
        pytest.skip("parameters in shares or currency")
    split = terms(2e5, daily_volume=1e7, price=25.0, trade_size=500.0, shares_outstanding=4e8)
    assert model.total_bps(split) == pytest.approx(model.total_bps(terms(1e5)), rel=1e-12)


@every_model
def test_linearised_costs_the_same_and_doubts_the_same(model: Impact) -> None:
    line = linearised(model, terms())
    for part in ("temporary_bps", "permanent_bps", "half_spread_bps"):
        assert getattr(line, part)(terms()) == pytest.approx(getattr(model, part)(terms()))
    assert line.parameter_sd_bps(terms()) == pytest.approx(model.parameter_sd_bps(terms()), rel=1e-6)


@every_model
def test_the_share_of_the_spread_paid_is_charged_and_doubted(model: Impact) -> None:
    if model.has_own_spread():
        with pytest.raises(BadParameter, match="spread is its own"):
            msgspec.structs.replace(model, spread_share=4.0)
        return
    exact = msgspec.structs.replace(model, spread_share=4.0, covariance=())
    assert exact.half_spread_bps(terms()) == 100.0
    assert exact.known_to(spread_share=0.2).parameter_sd_bps(terms()) == pytest.approx(0.2 * 25.0)
    p = len(model.parameters)
    root = np.random.default_rng(3).normal(size=(p + 1, p + 1)) * np.append(np.abs(model.values), 0.3)[:, None] * 1e-3
    both = exact.with_values((*exact.values, 4.0), as_covariance(root @ root.T))
    slopes = np.array([*model.gradient_bps(terms()), 25.0])
    assert both.parameter_sd_bps(terms()) == pytest.approx(np.linalg.norm(slopes @ root))
    assert both.se("spread_share") == pytest.approx(np.linalg.norm(root[-1]))
    assert "spread_share" in both.describe()
    assert all(other.spread_share != 4.0 for other in plausible(both, draws=3, seed=1))


@every_model
def test_eight_threads_get_the_same_bytes(model: Impact) -> None:
    asked = terms(np.geomspace(1, 1e6, 500), np.full(500, 0.5))
    with ThreadPoolExecutor(8) as pool:
        answers = {answer.tobytes() for answer in pool.map(lambda _: model.total_bps(asked), range(64))}
    assert answers == {model.total_bps(asked).tobytes()}


@every_model
def test_a_parameter_that_is_not_a_number_is_refused_by_name(model: Impact) -> None:
    for parameter in model.parameters:
        with pytest.raises(BadParameter, match=parameter.name):
            msgspec.structs.replace(model, **{parameter.name: float("nan")})


@pytest.mark.parametrize(("quantity", "days"), [(-1.0, 1.0), (np.nan, 1.0), (np.inf, 1.0), (1.0, 0.0), (1.0, -1.0)])
def test_a_trade_that_cannot_be_is_refused(quantity: float, days: float) -> None:
    with pytest.raises(BadParameter):
        terms(quantity, days)
