import math

import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import SECOND, fill, quotes, session, trades

from nowake.domain.errors import BadParameter
from nowake.tca.benchmarks import (
    Volume,
    closing_price,
    last_print,
    market_volume,
    prevailing_mid,
    prevailing_mids,
    tape_volume,
    twap_mid,
)

QUOTES = quotes([(10, 99, 101), (20, 101, 103), (20, 103, 105), (30, 0, 105), (40, 99, 102)])


@pytest.mark.parametrize(
    ("seconds", "mid"), [(10, 100), (19.999, 100), (20, 104), (29, 104), (40, 100.5), (9_999, 100.5)]
)
def test_prevailing_mid_is_the_latest_quote_at_or_before(seconds: float, mid: float) -> None:
    assert prevailing_mid(QUOTES, round(seconds * SECOND)) == mid


@pytest.mark.parametrize(("seconds", "mid"), [(10.1, 100), (20, 100), (40.1, 100.5)])
def test_strictly_before_does_not_see_a_quote_of_the_same_stamp(seconds: float, mid: float) -> None:
    assert prevailing_mid(QUOTES, round(seconds * SECOND), strictly_before=True) == mid


def test_no_quote_yet_and_an_empty_side_are_nan_not_the_next_quote() -> None:
    assert math.isnan(prevailing_mid(QUOTES, 9 * SECOND))
    assert math.isnan(prevailing_mid(QUOTES, 10 * SECOND, strictly_before=True))
    assert math.isnan(prevailing_mid(QUOTES, 35 * SECOND))
    assert math.isnan(prevailing_mid(quotes([]), 5))


def test_stale_quote_counts_as_none() -> None:
    assert prevailing_mid(QUOTES, 45 * SECOND, max_age_ns=5 * SECOND) == 100.5
    assert math.isnan(prevailing_mid(QUOTES, 46 * SECOND, max_age_ns=5 * SECOND))


def test_many_mids_agree_with_a_slow_search() -> None:
    rng = np.random.default_rng(1)
    stamps = np.sort(rng.integers(0, 50, 80))
    table = quotes((int(s), 100 + k, 102 + k) for k, s in enumerate(stamps))
    times = rng.integers(-5, 60, 200) * SECOND
    for strictly in (False, True):
        slow = []
        for t in times:
            seen = [k for k, s in enumerate(table.time_ns) if (s < t if strictly else s <= t)]
            slow.append(101.0 + seen[-1] if seen else math.nan)
        assert np.array_equal(slow, prevailing_mids(table, times, strictly_before=strictly), equal_nan=True)


def test_twap_weighs_each_quote_until_the_next_one() -> None:
    # A published library weighs by the time since the previous quote and gets 109.85.
    table = quotes([(0, 99, 101), (1, 100, 102), (59, 109, 111)])
    mid, covered = twap_mid(table, 0, 60 * SECOND)
    assert mid == pytest.approx((100 * 1 + 101 * 58 + 110 * 1) / 60)
    assert mid == pytest.approx(101.13, abs=0.005)
    assert covered == 1


def test_twap_begins_with_the_quote_that_stood_at_the_start() -> None:
    table = quotes([(0, 99, 101), (30, 109, 111), (90, 0, 0)])
    assert twap_mid(table, 20 * SECOND, 40 * SECOND) == (105, 1)


def test_twap_leaves_out_times_without_a_mid_and_says_how_much() -> None:
    table = quotes([(10, 99, 101), (20, 0, 101), (30, 109, 111)])
    mid, covered = twap_mid(table, 0, 40 * SECOND)
    assert (mid, covered) == (105, 0.5)


def test_twap_without_quotes_is_nan() -> None:
    for table in (quotes([]), quotes([(99, 99, 101)]), quotes([(0, 0, 101)])):
        mid, covered = twap_mid(table, 0, 40 * SECOND)
        assert math.isnan(mid)
        assert covered == 0


def test_twap_of_an_empty_interval_is_refused() -> None:
    with pytest.raises(BadParameter, match="empty"):
        twap_mid(QUOTES, 5, 5)


def test_tape_volume_counts_both_ends_and_no_auction() -> None:
    tape = trades([(0, 100, 1), (10, 101, 2), (20, 102, 4), (30, 103, 8), (20.5, 200, 99)][:4], auctions=[])
    assert tape_volume(tape, 10 * SECOND, 20 * SECOND) == Volume(6, 2 * 101 + 4 * 102)
    crossed = trades([(10, 101, 2), (20, 500, 999), (20, 102, 4)], auctions=[1])
    assert tape_volume(crossed, 10 * SECOND, 20 * SECOND) == Volume(6, 2 * 101 + 4 * 102)
    assert math.isnan(tape_volume(tape, 40 * SECOND, 50 * SECOND).vwap_ticks)


def test_tape_of_coins_in_fine_lots_does_not_overflow() -> None:
    # Three prints of 40,000 bitcoin in satoshi at 60,000 dollars in cents: 7.2e19, beyond 64 bits.
    tape = trades([(k, 6_000_001, 4 * 10**12) for k in range(3)])
    assert tape_volume(tape, 0, 9 * SECOND) == Volume(12 * 10**12, 6_000_001 * 12 * 10**12)


TAPE = trades([(1, 100, 10), (2, 104, 30)])
FILLS = [fill(1, 100, 4, maker=True), fill(1.5, 110, 10)]
ON_TAPE = [msgspec.structs.replace(each, tape_ticks=each.price_ticks) for each in FILLS]


def test_fill_the_tape_shows_is_taken_out_and_one_it_does_not_show_is_added() -> None:
    with_own, without = market_volume(TAPE, [ON_TAPE[0], FILLS[1]], 0, 9 * SECOND)
    assert with_own == Volume(50, 100 * 10 + 104 * 30 + 110 * 10)
    assert without == Volume(36, 100 * 6 + 104 * 30)


def test_fill_at_a_better_price_than_its_print_leaves_the_tape_at_the_prints_price() -> None:
    with_own, without = market_volume(TAPE, [fill(2, 101, 5, maker=True, tape_ticks=104)], 0, 9 * SECOND)
    assert with_own == Volume(40, 100 * 10 + 104 * 30)
    assert without == Volume(35, 100 * 10 + 104 * 25)


def test_live_tape_has_all_our_fills() -> None:
    tape = trades([(1, 100, 10), (1.5, 110, 10), (2, 104, 30)])
    with_own, without = market_volume(tape, ON_TAPE, 0, 9 * SECOND)
    assert with_own == Volume(50, 100 * 10 + 110 * 10 + 104 * 30)
    assert without == Volume(36, 100 * 6 + 104 * 30)


def test_paper_tape_has_none_of_our_fills() -> None:
    with_own, without = market_volume(TAPE, FILLS, 0, 9 * SECOND)
    assert without == Volume(40, 100 * 10 + 104 * 30)
    assert with_own == Volume(54, 100 * 14 + 104 * 30 + 110 * 10)


def test_fills_outside_the_interval_do_not_count() -> None:
    assert market_volume(TAPE, [fill(99, 110, 10)], 0, 9 * SECOND)[0].lots == 40


def test_close_is_the_closing_auction() -> None:
    tape = trades([(0, 90, 9), (3599, 100, 1), (3601, 102, 999), (3700, 105, 3)], auctions=[0, 2])
    assert closing_price(tape, session(close_s=3600)) == (102, 3601 * SECOND, True)


def test_opening_auction_is_not_the_close() -> None:
    tape = trades([(0, 90, 9), (3590, 100, 1), (3700, 105, 3)], auctions=[0])
    assert closing_price(tape, session(close_s=3600)) == (100, 3590 * SECOND, False)


def test_close_of_an_empty_tape_is_unknown() -> None:
    close = closing_price(trades([]), session())
    assert math.isnan(close.price_ticks)
    assert not close.auction


def test_last_print_is_at_or_before() -> None:
    assert last_print(TAPE, 1 * SECOND) == 100
    assert last_print(TAPE, 9 * SECOND) == 104
    assert math.isnan(last_print(TAPE, SECOND - 1))
