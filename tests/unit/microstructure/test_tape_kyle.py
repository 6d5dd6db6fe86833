from decimal import Decimal

import numpy as np
import pytest
from tests.unit.models.tape import worlds

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.microstructure.market_orders import read_tape
from nowake.microstructure.spreads.kyle import kyle_lambda, kyle_lambda_by_volume

TRUTH = 0.2
INSTRUMENT = Instrument(
    symbol="X", venue="Y", session=worlds.session(7_200), tick_size=Decimal("0.01"), lot_size=Decimal("0.5")
)
PER_SHARE = TRUTH * 0.01 / 0.5


def test_lambda_comes_in_currency_a_share_and_in_bps_for_a_percent_of_the_day() -> None:
    tape = read_tape(*worlds.flowing_market(1, ticks_per_lot=TRUTH), INSTRUMENT.session)
    found = kyle_lambda(tape, INSTRUMENT, bar_s=10, daily_volume=1e6)
    assert found.per_share.low < PER_SHARE < found.per_share.high
    assert found.bps_per_percent is not None
    price = float(tape.mid_ticks.mean()) * 0.01
    assert found.per_share.value * 1e4 / price * 1e4 == pytest.approx(found.bps_per_percent.value)
    assert (found.bar, found.bars) == ("10 s", 719)


@pytest.mark.parametrize("bar_s", [10.0, 60.0])
def test_intervals_over_bars_of_time_hold_the_truth(bar_s: float) -> None:
    held = []
    for seed in range(150):
        tape = read_tape(*worlds.flowing_market(seed, ticks_per_lot=TRUTH, seconds=3_600), worlds.session(3_600))
        found = kyle_lambda(tape, INSTRUMENT, bar_s=bar_s)
        held.append(found.per_share.low <= PER_SHARE <= found.per_share.high)
    assert 0.91 <= np.mean(held) <= 0.985


def test_intervals_over_bars_of_volume_hold_the_truth() -> None:
    held = []
    for seed in range(150):
        tape = read_tape(*worlds.flowing_market(seed, ticks_per_lot=TRUTH, seconds=3_600), worlds.session(3_600))
        found = kyle_lambda_by_volume(tape, INSTRUMENT)
        held.append(found.per_share.low <= PER_SHARE <= found.per_share.high)
    assert 0.91 <= np.mean(held) <= 0.985


def test_roots_of_sizes_explain_what_grows_by_roots() -> None:
    book, trades = worlds.flowing_market(1, ticks_per_lot=0.0)
    rooted = np.cumsum(trades.aggressor * np.sqrt(trades.lots) * 30)
    book.bid_ticks[1:] += np.round(rooted).astype(np.int64)
    book.ask_ticks[1:] += np.round(rooted).astype(np.int64)
    trades.price_ticks[1:] += np.round(rooted[:-1]).astype(np.int64)
    tape = read_tape(book, trades, INSTRUMENT.session)
    plain, root = (kyle_lambda(tape, INSTRUMENT, bar_s=10, root=each) for each in (False, True))
    assert root.r2 > plain.r2
    assert root.per_share.value == pytest.approx(30 * 0.01 / np.sqrt(0.5), rel=0.02)
    assert root.bps_per_percent is None


def test_a_tape_far_shorter_than_a_session_says_nothing_of_a_days_volume() -> None:
    tape = read_tape(*worlds.flowing_market(1, ticks_per_lot=TRUTH, seconds=900), worlds.session(23_400))
    day = Instrument(symbol="X", venue="Y", session=worlds.session(23_400))
    assert kyle_lambda(tape, day, bar_s=10).bps_per_percent is None
    assert kyle_lambda(tape, day, bar_s=10, daily_volume=1e6).bps_per_percent is not None


def test_too_few_bars_are_refused() -> None:
    tape = read_tape(*worlds.flowing_market(1, ticks_per_lot=TRUTH), INSTRUMENT.session)
    with pytest.raises(BadData, match="23 rows are fewer than 30; take shorter bars"):
        kyle_lambda(tape, INSTRUMENT, bar_s=300)


@pytest.mark.parametrize("bar_s", [0.0, -1.0, 1e-10, 1e-9, float("inf"), float("nan")])
def test_a_bar_must_have_a_length(bar_s: float) -> None:
    tape = read_tape(*worlds.flowing_market(1, ticks_per_lot=TRUTH), INSTRUMENT.session)
    with pytest.raises(BadParameter, match="bar_s"):
        kyle_lambda(tape, INSTRUMENT, bar_s=bar_s)
