import copy
import math
import pickle

import numpy as np
import pytest
from scipy.stats import poisson

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.domain.market import Trades
from nowake.microstructure.toxicity.pin import PinModel, fit_pin
from nowake.microstructure.toxicity.pin_live import PinDay, PinDays, daily_counts, news_so_far

MODEL = PinModel(alpha=0.3, delta=0.4, mu=60, eps_buy=100, eps_sell=110)
HOUR = 3_600_000_000_000


def prints(times, sides, *, auction=None) -> Trades:
    count = len(times)
    flags = np.zeros(count, np.bool_)
    return Trades(
        time_ns=np.asarray(times, np.int64),
        price_ticks=np.full(count, 100),
        lots=np.ones(count, np.int64),
        aggressor=np.asarray(sides, np.int8),
        hidden=flags,
        auction=flags if auction is None else np.asarray(auction),
    )


def told(gauge: PinDay, times, sides) -> PinDay:
    for time_ns, side in zip(times, sides, strict=True):
        gauge.on_trade(time_ns, 100, 1, side)
    return gauge


def test_a_day_half_over_is_judged_by_half_the_rates() -> None:
    gauge = told(PinDay(MODEL, open_ns=0, close_ns=HOUR), [HOUR // 2] * 130, [1] * 75 + [-1] * 55)
    by_hand = np.array(
        [
            0.7 * poisson.pmf(75, 50) * poisson.pmf(55, 55),
            0.18 * poisson.pmf(75, 80) * poisson.pmf(55, 55),
            0.12 * poisson.pmf(75, 50) * poisson.pmf(55, 85),
        ]
    )
    np.testing.assert_allclose(by_hand / by_hand.sum(), gauge.probabilities, rtol=1e-11)
    assert gauge.value == gauge.probabilities[1] + gauge.probabilities[2]


def test_before_anything_happened_it_says_what_days_are_like() -> None:
    gauge = PinDay(MODEL, open_ns=0, close_ns=HOUR)
    assert (0.7, pytest.approx(0.18), pytest.approx(0.12)) == gauge.probabilities


def test_a_day_that_is_over_is_that_of_the_fit() -> None:
    times = np.linspace(0, HOUR - 1, 265).astype(np.int64).tolist()
    gauge = told(PinDay(MODEL, open_ns=0, close_ns=HOUR), times, [1, -1] * 105 + [1] * 55)
    gauge.on_quote(HOUR, 99, 1, 101, 1)
    np.testing.assert_allclose(MODEL.kinds(160, 105)[0], gauge.probabilities, rtol=1e-11)


def test_time_without_trades_speaks_against_news() -> None:
    gauge = told(PinDay(MODEL, open_ns=0, close_ns=HOUR), [1] * 5, [1] * 5)
    before = gauge.value
    gauge.on_quote(HOUR // 4, 99, 1, 101, 1)
    assert gauge.value < before


def test_a_curve_keeps_a_busy_open_from_being_news() -> None:
    clock = told(PinDay(MODEL, open_ns=0, close_ns=HOUR), [HOUR // 10] * 40, [1, -1] * 20)
    front = PinDay(MODEL, open_ns=0, close_ns=HOUR, curve=(0, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.7, 0.75, 0.85, 1))
    assert told(front, [HOUR // 10] * 40, [1, -1] * 20).value < clock.value
    assert pytest.approx(front.elapsed(HOUR // 20)) == 0.1


def test_prints_without_a_side_or_outside_are_counted_apart() -> None:
    gauge = told(PinDay(MODEL, open_ns=10, close_ns=HOUR), [5, 10, 11, HOUR, HOUR + 1], [1, 0, 1, -1, 1])
    assert (gauge.buys, gauge.sells, gauge.unsigned, gauge.outside) == (1, 0, 1, 3)


def test_its_probabilities_are_right_as_often_as_they_say() -> None:
    """Over days of the model, days told 70 to 90 % news by noon have news 70 to 90 % of the time."""
    rng = np.random.default_rng(1)
    said, true = [], []
    gauge = PinDay(MODEL, open_ns=0, close_ns=HOUR)
    for _ in range(6_000):
        news = rng.choice(3, p=(0.7, 0.18, 0.12))
        buys, sells = rng.poisson(0.5 * (100 + 60 * (news == 1))), rng.poisson(0.5 * (110 + 60 * (news == 2)))
        said.append(sum(gauge.given(buys, sells, 0.5)[1:]))
        true.append(news > 0)
    said, true = np.array(said), np.array(true)
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        inside = (said >= low) & (said < high)
        error = math.sqrt(0.25 / inside.sum())
        assert true[inside].mean() == pytest.approx(said[inside].mean(), abs=4 * error)


def test_history_of_a_day_is_the_gauge_after_each_print() -> None:
    rng = np.random.default_rng(2)
    times = np.sort(rng.integers(-HOUR // 10, HOUR + HOUR // 10, 300))
    tape = prints(times, rng.choice([-1, 0, 1], 300))
    gauge = PinDay(MODEL, open_ns=0, close_ns=HOUR)
    seen = []
    for time_ns, side in zip(times.tolist(), tape.aggressor.tolist(), strict=True):
        gauge.on_trade(time_ns, 100, 1, side)
        seen.append(gauge.probabilities)
    np.testing.assert_array_equal(news_so_far(MODEL, tape, open_ns=0, close_ns=HOUR), seen)
    assert news_so_far(MODEL, prints([], []), open_ns=0, close_ns=HOUR).shape == (0, 3)


def test_certain_parameters_do_not_divide_by_nothing() -> None:
    never = PinModel(alpha=0, delta=0.5, mu=10, eps_buy=5, eps_sell=5)
    assert told(PinDay(never, open_ns=0, close_ns=HOUR), [1] * 50, [1] * 50).value == 0.0
    always = PinModel(alpha=1, delta=1, mu=10, eps_buy=5, eps_sell=5)
    assert (0.0, 0.0, 1.0) == told(PinDay(always, open_ns=0, close_ns=HOUR), [1] * 50, [1] * 50).probabilities


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"close_ns": 0}, "close_ns 0 must be after open_ns 0"),
        ({"curve": (0.0, 0.9)}, "curve"),
        ({"curve": (0.0, 0.6, 0.5, 1.0)}, "never fall"),
        ({"curve": (1.0,)}, "curve"),
    ],
)
def test_sessions_and_curves_that_are_none_are_refused(wrong, says: str) -> None:
    with pytest.raises(BadParameter, match=says):
        PinDay(MODEL, **{"open_ns": 0, "close_ns": HOUR} | wrong)


@pytest.mark.parametrize("elapsed", [0, -0.1, 1.1, float("nan")])
def test_a_share_of_the_day_that_is_none_is_refused(elapsed: float) -> None:
    with pytest.raises(BadParameter, match="elapsed"):
        MODEL.kinds(3, 4, elapsed=elapsed)


def test_counts_of_days_leave_out_auctions_and_unknown_sides() -> None:
    tape = prints([0, 1, 2, 10, 11, 20], [1, -1, 0, 1, 1, -1], auction=[False] * 4 + [True, False])
    buys, sells = daily_counts(tape, [0, 10, 20])
    assert ([1, 1], [1, 0]) == (buys.tolist(), sells.tolist())
    for edges in ([5], [5, 5], [9, 2]):
        with pytest.raises(BadParameter, match="edges_ns"):
            daily_counts(tape, edges)


def test_days_told_one_by_one_give_the_fit_of_all_of_them() -> None:
    buys, sells = (column.tolist() for column in MODEL.simulate(30, seed=1))
    gauge, window = PinDays(), PinDays(window=22)
    values = []
    for day in zip(buys, sells, strict=True):
        gauge.update(*day)
        window.update(*day)
        values.append(gauge.value)
    assert np.isnan(values[:19]).all()
    for days in (20, 25, 30):
        assert fit_pin(buys[:days], sells[:days]).pin.value == values[days - 1]
    assert fit_pin(buys[-22:], sells[-22:]).pin == window.fit().pin
    for other in (pickle.loads(pickle.dumps(gauge)), copy.deepcopy(gauge)):
        assert gauge.value == other.value


def test_a_day_that_is_none_is_refused_and_not_remembered() -> None:
    gauge = PinDays()
    for wrong in ((-1, 5), (5, 2.5), (float("nan"), 1)):
        with pytest.raises(BadData, match="whole number"):
            gauge.update(*wrong)
    assert gauge.days == []
    with pytest.raises(Unidentified, match="0 days"):
        gauge.fit()
    with pytest.raises(BadParameter, match="window 5"):
        PinDays(window=5)
