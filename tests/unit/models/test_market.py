import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, instrument, order, quotes, trades, walk

from nowake.domain.errors import BadData, BadParameter
from nowake.models.market import MarketState, days_of
from nowake.models.volume import VolumeCurve

TAPE = trades((k * 60, 1_000_000, 10) for k in range(391))


def test_whole_day_is_measured_and_the_look_ahead_named() -> None:
    market = MarketState.measure(order(start_s=3600, end_s=7200), walk(), TAPE)
    assert market.daily_volume == 3_910
    assert market.window_volume == 610
    assert market.look_ahead
    assert "looks past the start of the order" in str(market)
    assert market.price == pytest.approx(10_000, rel=0.05)


def test_looking_up_to_the_start_does_not_look_ahead() -> None:
    early = order(start_s=7200, end_s=14_400)
    day = walk(seed=4)
    market = MarketState.measure(early, day, TAPE, end_ns=early.start_ns)
    later = walk(seed=4)
    later.bid_ticks[7201:] += 5_000
    later.ask_ticks[7201:] += 9_000
    assert not market.look_ahead
    assert str(market) == str(MarketState.measure(early, later, TAPE, end_ns=early.start_ns))


def test_part_of_a_day_is_scaled_by_the_curve() -> None:
    half_close = DAY_SECONDS // 2 * SECOND
    curve = VolumeCurve(edges_ns=(0, half_close, 2 * half_close), shares=(0.25, 0.75))
    early = order(start_s=DAY_SECONDS // 2, end_s=DAY_SECONDS)
    market = MarketState.measure(early, walk(), TAPE, end_ns=half_close, curve=curve)
    seen = 196 * 10
    assert market.daily_volume == pytest.approx(seen * 4)
    assert market.window_volume == pytest.approx(seen * 3)
    assert "scaled" in market.notes[-1]


def test_data_of_the_first_hour_alone_are_scaled_not_taken_for_a_day() -> None:
    day = walk()
    cut = type(day)(*(getattr(day, name)[:3601] for name in day.__slots__))
    market = MarketState.measure(
        order(start_s=600, end_s=1200), cut, trades((k * 60, 1_000_000, 10) for k in range(61))
    )
    assert market.daily_volume == pytest.approx(610 * 6.5)
    assert "quotes cover 00:00:00-01:00:00 only" in market.notes[0]


def test_auction_prints_are_not_in_the_daily_volume() -> None:
    tape = trades([(0, 1, 99_999), (60, 1, 5), (DAY_SECONDS, 1, 99_999)], auctions=[0, 2])
    assert MarketState.measure(order(), walk(), tape).daily_volume == 5


def test_price_is_the_mid_at_the_start_of_the_order() -> None:
    day = walk()
    begin = order(start_s=5000, end_s=6000)
    assert MarketState.measure(begin, day, TAPE).price == pytest.approx(float(day.mid_ticks[5000]) / 100)


def test_volume_counts_in_shares_not_lots() -> None:
    begin = order(of=instrument(lot="100"))
    assert MarketState.measure(begin, walk(), TAPE).daily_volume == 391_000


def test_spread_and_volatility_in_currency_follow_from_the_price() -> None:
    market = MarketState.given(price=50, daily_volatility=0.019, daily_volume=5e6, spread_bps=25)
    assert market.spread == pytest.approx(0.125)
    assert market.volatility == pytest.approx(0.95)


def test_day_without_prints_is_refused() -> None:
    with pytest.raises(BadData, match="no continuous print"):
        MarketState.measure(order(), walk(), trades([]))


def test_day_without_quotes_is_refused() -> None:
    with pytest.raises(BadData, match="no two-sided quote"):
        MarketState.measure(order(), quotes([]), TAPE)


@pytest.mark.parametrize(
    "change",
    [
        {"price": 0.0},
        {"price": np.nan},
        {"daily_volume": -1.0},
        {"daily_volatility": 2.0},
        {"daily_volatility": -0.1},
        {"spread_bps": -1.0},
        {"window_volume": -1.0},
    ],
)
def test_market_that_cannot_be_is_refused(change: dict[str, float]) -> None:
    good = {"price": 50.0, "daily_volatility": 0.02, "daily_volume": 1e6, "spread_bps": 2.0}
    with pytest.raises(BadParameter):
        MarketState.given(**(good | change))


def test_volatility_in_percent_is_refused_with_the_way_out() -> None:
    with pytest.raises(BadParameter, match=r"give a fraction, 0\.02 for 2 % a day"):
        MarketState.given(price=50, daily_volatility=2, daily_volume=1e6, spread_bps=2)


def test_days_are_sessions() -> None:
    assert days_of(order(end_s=DAY_SECONDS)) == 1
    assert days_of(order(end_s=DAY_SECONDS // 2)) == 0.5


def test_market_state_survives_a_round_trip() -> None:
    market = MarketState.given(price=50, daily_volatility=0.02, daily_volume=1e6, spread_bps=2)
    assert market == msgspec.json.decode(msgspec.json.encode(market), type=MarketState)
