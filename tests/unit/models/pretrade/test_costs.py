"""The vectorised core: arrays against one by one, every doubt against a simulation of it, intervals that cover."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.contracts.static_models import STATIC_MODELS
from tests.contracts.transient_models import TRANSIENT_MODELS
from tests.unit.models.makers import DAY_SECONDS, instrument, order, trades, walk

from nowake.domain.errors import BadParameter
from nowake.models.doubt import Doubt
from nowake.models.estimate import estimate
from nowake.models.impact import Impact, Linear, SquareRoot
from nowake.models.market import MarketState
from nowake.models.pretrade.costs import CostParts, costs
from nowake.models.pretrade.fees import Fees
from nowake.models.pretrade.seen import Seen
from nowake.models.terms import Terms

MODELS = [*STATIC_MODELS, *TRANSIENT_MODELS]
MARKET = {
    "volatility": 0.02,
    "daily_volume": 1e6,
    "price": 50.0,
    "spread_bps": 4.0,
    "trade_size": 250.0,
    "shares_outstanding": 2e8,
}
DOUBT = Doubt(volatility=0.004, spread_bps=1.0, daily_volume=2e5)


def terms(quantity: object = 1e4, days: object = 0.25, **changed: object) -> Terms:
    return Terms(quantity=quantity, days=days, **(MARKET | changed))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_arrays_of_orders_cost_what_each_costs(model: Impact) -> None:
    sizes, days, spreads = np.array([1e3, 1e4, 2e5]), np.array([0.1, 0.5, 1.0]), np.array([2.0, 8.0, 0.0])
    fees = Fees(per_share=0.005, minimum=20)
    (many,) = costs([model], terms(sizes, days, spread_bps=spreads), doubt=DOUBT, fees=fees)
    for k in range(3):
        asked = terms(float(sizes[k]), float(days[k]), spread_bps=float(spreads[k]))
        (one,) = costs([model], asked, doubt=DOUBT, fees=fees)
        for part in CostParts.__struct_fields__:
            assert getattr(many, part)[k] == pytest.approx(getattr(one, part), rel=1e-9), part


def test_parts_are_those_of_the_model_itself() -> None:
    model = Linear(gamma=1e-7, eta=1e-6, epsilon=0.03).known_to(gamma=1e-8, eta=2e-7)
    (found,) = costs([model], terms())
    assert found.spread_bps == pytest.approx(0.03 / 50 * 1e4)
    assert found.temporary_bps == pytest.approx(1e-6 * 4e4 / 50 * 1e4)
    assert found.permanent_bps == pytest.approx(0.5e-7 * 1e4 / 50 * 1e4)
    assert found.parameter_sd_bps == pytest.approx(math.hypot(1e-8 * 5e3, 2e-7 * 4e4) / 50 * 1e4)
    assert (found.name, found.version) == (model.name, model.version)


def test_doubt_about_each_input_is_that_of_a_simulation_of_it() -> None:
    rng = np.random.default_rng(11)
    model = SquareRoot()
    base = {"volatility": 0.02, "spread_bps": 4.0, "daily_volume": 1e6}
    for name, sd in (("volatility", 0.004), ("spread_bps", 1.0), ("daily_volume", 1e5)):
        log_sd = math.sqrt(math.log1p((sd / base[name]) ** 2))
        drawn = base[name] * np.exp(rng.normal(-(log_sd**2) / 2, log_sd, 200_000))
        if name != "daily_volume":
            drawn = np.clip(rng.normal(base[name], sd, 200_000), 1e-9, None)
        moved = Terms(quantity=1e4, days=0.25, price=50.0, **(base | {name: drawn}))
        simulated = float(np.std(model.half_spread_bps(moved) + model.total_bps(moved)))
        (found,) = costs([model], Terms(quantity=1e4, days=0.25, price=50.0, **base), doubt=Doubt(**{name: sd}))
        assert found.input_sd_bps == pytest.approx(simulated, rel=0.02)


def test_doubt_about_volume_moves_the_volume_of_the_window_with_it() -> None:
    """TwoPart's temporary cost goes with the window's volume: by the half power, ten percent is five."""
    model = next(each for each in STATIC_MODELS if type(each).__name__ == "TwoPart")
    model = type(model)(alpha=0.3, beta=0.5, gamma=0.0)
    (found,) = costs([model], terms(window_volume=2e5), doubt=Doubt(daily_volume=1e5))
    assert found.input_sd_bps == pytest.approx(0.05 * found.temporary_bps, rel=0.01)


@pytest.mark.parametrize("model", [*STATIC_MODELS[1:4], *STATIC_MODELS[9:10], *STATIC_MODELS[14:17]], ids=str)
def test_both_tails_of_an_interval_hold_what_they_should_where_the_volume_is_poorly_known(model: Impact) -> None:
    """Log-normal volumes with a deviation of 30 %: a symmetric interval left 6 % above and nothing below."""
    rng = np.random.default_rng(3)
    exact = model.with_values(model.values)
    log_sd = math.sqrt(math.log1p(0.3**2))
    drawn = 1e6 * np.exp(rng.normal(-(log_sd**2) / 2, log_sd, 100_000))
    truth = exact.total_bps(terms(1e5, 0.5, daily_volume=drawn)) + 2.0
    low, high = costs([exact], terms(1e5, 0.5), doubt=Doubt(daily_volume=3e5))[0].expected_interval()
    assert float((truth > high).mean()) == pytest.approx(0.025, abs=0.012)
    assert float((truth < low).mean()) == pytest.approx(0.025, abs=0.012)


def test_an_interval_from_volume_alone_ends_where_the_volumes_quantiles_take_the_cost() -> None:
    found = costs([SquareRoot(covariance=())], terms(1e5, spread_bps=0.0), doubt=Doubt(daily_volume=5e5))[0]
    log_sd = math.sqrt(math.log1p(0.25))
    ends = [
        float(SquareRoot().total_bps(terms(1e5, daily_volume=1e6 * math.exp(k * log_sd)))) for k in (2.5758, -2.5758)
    ]
    assert found.expected_interval(0.99) == pytest.approx(ends, rel=1e-4)


def test_intervals_of_the_expectation_and_of_the_order_cover() -> None:
    """Truth drawn as the doubts say: the estimate's 95 % intervals hold it 95 times in a hundred."""
    rng = np.random.default_rng(5)
    repeats = 4_000
    y = rng.normal(1.0, 0.1, repeats)
    sigma = rng.normal(0.02, 0.002, repeats)
    asked = terms(spread_bps=4.0)
    truth = 2.0 + y * sigma * 1e4 * math.sqrt(1e4 / 1e6)
    (found,) = costs([SquareRoot().known_to(y=0.1)], asked, doubt=Doubt(volatility=0.002))
    low, high = found.expected_interval()
    assert np.mean((truth > low) & (truth < high)) == pytest.approx(0.95, abs=0.012)
    realised = truth + rng.normal(0, 0.02 * math.sqrt(0.25 / 3) * 1e4, repeats)
    low, high = found.interval()
    assert np.mean((realised > low) & (realised < high)) == pytest.approx(0.95, abs=0.012)


def test_the_spread_doubt_stops_at_zero_and_keeps_its_size() -> None:
    (found,) = costs([SquareRoot()], terms(spread_bps=0.5), doubt=Doubt(spread_bps=2.0))
    assert found.input_sd_bps == pytest.approx(1.0)


def test_risk_adjusted_cost_adds_lambda_times_risk_and_lambda_times_variance() -> None:
    (found,) = costs([SquareRoot()], terms())
    risk = 0.02 * math.sqrt(0.25 / 3) * 1e4
    assert found.timing_risk_bps == pytest.approx(risk)
    assert found.risk_adjusted_bps(0.5) == pytest.approx(found.expected_bps + 0.5 * risk)
    value = 5e5
    variance = (risk / 1e4 * value) ** 2
    wanted = (found.expected_bps / 1e4 * value + 1e-6 * variance) / value * 1e4
    assert found.variance_adjusted_bps(1e-6, value=value) == pytest.approx(wanted)
    with pytest.raises(BadParameter, match="risk aversion -1 must be finite and 0 or more"):
        found.risk_adjusted_bps(-1)


@pytest.mark.parametrize(
    ("fees", "wanted"),
    [
        (Fees(), 0.0),
        (Fees(bps=0.5), 0.5),
        (Fees(per_share=0.005), 1.0),
        (Fees(per_share=0.005, bps=0.5), 1.5),
        (Fees(per_share=0.005, minimum=100.0), 2.0),
        (Fees(per_share=-0.002), -0.4),
    ],
)
def test_fees_of_ten_thousand_shares_at_fifty(fees: Fees, wanted: float) -> None:
    assert fees.cost_bps(terms()) == pytest.approx(wanted)


def test_fees_of_a_contract_are_over_its_value_and_need_its_multiplier() -> None:
    assert Fees(per_share=2.5).cost_bps(terms(), 50.0) == pytest.approx(2.5 / (50 * 50) * 1e4)
    assert Fees(bps=1.0).cost_bps(terms(), math.nan) == 1.0
    assert Fees(bps=1.0).cost_bps(terms(np.array([0.0, 5.0]))).tolist() == [0.0, 1.0]
    with pytest.raises(BadParameter, match="give the multiplier, or fees in bps"):
        Fees(per_share=1.0).cost_bps(terms(), math.nan)


def test_fees_out_of_range_are_refused_and_a_tariff_reads_as_one() -> None:
    with pytest.raises(BadParameter, match="minimum -1"):
        Fees(minimum=-1)
    with pytest.raises(BadParameter, match="bps nan"):
        Fees(bps=math.nan)
    assert str(Fees(per_share=0.005, minimum=1)) == "0.005 a share, at least 1"
    assert str(Fees()) == "none"


def test_a_doubt_that_is_negative_is_refused_by_name() -> None:
    with pytest.raises(BadParameter, match=r"doubt about volatility -0\.1"):
        Doubt(volatility=-0.1)


def test_an_order_beyond_what_was_seen_is_told_number_by_number() -> None:
    seen = Seen(
        orders=200, share_of_day=(1e-4, 0.05), speed=(1e-3, 0.2), days=(0.05, 1.0), volatility=(0.01, 0.04),
        spread_bps=(1.0, 10.0),
    )  # fmt: skip
    assert seen.beyond(terms()) == ()
    beyond = seen.beyond(terms(3e5, 2.0))
    assert len(beyond) == 2
    assert "order over the day's volume, 0.3, is outside the 0.0001 to 0.05 of the 200 orders" in beyond[0]
    assert "length in sessions, 2" in beyond[1]


def test_eight_threads_get_the_same_bytes() -> None:
    asked = terms(np.geomspace(1, 1e5, 300), np.full(300, 0.5))

    def answer(_: int) -> bytes:
        return b"".join(cost.interval()[0].tobytes() for cost in costs(MODELS, asked, doubt=DOUBT))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(answer, range(32)))) == 1


@pytest.mark.study
def test_intervals_cover_the_true_expectation_when_the_market_is_measured_and_the_model_fitted() -> None:
    """From quotes to the interval: a year of days of known volatility, a law known to 10 %."""
    rng = np.random.default_rng(17)
    inside, days = 0, 240
    for day in range(days):
        sigma = float(rng.uniform(0.01, 0.03))
        seen = walk(seed=day, step_s=5.0, daily_volatility=sigma, price_ticks=1_000_000, spread=200)
        prints = trades([(600.0 * k, 1_000_000, 1_000) for k in range(1, 39)])
        asked = order(2_000, end_s=DAY_SECONDS // 2, of=instrument(tick="0.0001"))
        market = MarketState.measure(asked, seen, prints)
        model = SquareRoot(y=float(rng.normal(1.0, 0.1))).known_to(y=0.1)
        low, high = estimate(asked, market, model).expected_interval()
        truth = 1.0 + sigma * 1e4 * math.sqrt(2_000 / 38_000)
        inside += low <= truth <= high
    assert inside / days == pytest.approx(0.95, abs=0.03)
