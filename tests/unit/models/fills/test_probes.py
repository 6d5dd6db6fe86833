from __future__ import annotations

import math

import numpy as np
import pytest
from tests.unit.models.fills.tapes import OPEN_NS, SESSION, touches

from nowake.data.day import Day
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Trades
from nowake.domain.units import NS_PER_SECOND
from nowake.models.fills.probes import Bracket, probed_lifetimes

SELLER, BUYER = -1, 1
QUOTES = touches((-1.0, 100, 5, 102, 5), (95.0, 100, 5, 102, 5))


def prints(*rows: tuple[float, int, int, int], auction: bool = False) -> Trades:
    """Of (seconds after the open, ticks, lots, aggressor)."""
    table = np.array(rows)
    return Trades(
        OPEN_NS + np.round(table[:, 0] * NS_PER_SECOND).astype(np.int64),
        table[:, 1].astype(np.int64),
        table[:, 2].astype(np.int64),
        table[:, 3].astype(np.int8),
        np.zeros(len(rows), bool),
        np.full(len(rows), auction),
    )


def waits(bracket: Bracket, side: int, distance: int) -> tuple[float, float]:
    """Seconds until the first order of a side and distance was filled, first and last in its queue."""
    lives = bracket.optimistic
    row = int(np.flatnonzero((lives.side == side) & (lives.distance_ticks == distance))[0])
    return float(lives.first_fill_s[row]), float(bracket.pessimistic.first_fill_s[row])


def probe(*rows: tuple[float, int, int, int], auction: bool = False) -> Bracket:
    return probed_lifetimes(QUOTES, prints(*rows, auction=auction), SESSION, every_s=100, follow_s=50, distances=(0, 1))


def test_the_first_in_the_queue_is_filled_by_the_first_print_and_the_last_when_all_before_it_are() -> None:
    first, last = waits(probe((1.0, 100, 1, SELLER), (2.0, 100, 4, SELLER), (3.0, 100, 1, SELLER)), 1, 0)
    assert (1.0, 3.0) == (first, last)


def test_a_print_through_the_price_fills_both() -> None:
    bracket = probe((4.0, 99, 1, SELLER))
    assert (4.0, 4.0) == waits(bracket, 1, 0)
    first, last = waits(bracket, 1, 1)
    assert 4.0 == first
    assert math.isnan(last)  # At 99 nobody knows how many stood before it.


def test_a_buyers_print_fills_no_bid_and_an_unknown_one_does() -> None:
    assert all(map(math.isnan, waits(probe((1.0, 99, 1, BUYER)), 1, 0)))
    assert (1.0, 1.0) == waits(probe((1.0, 99, 1, 0)), 1, 0)
    assert (1.0, 1.0) == waits(probe((1.0, 103, 1, BUYER)), -1, 0)


def test_auction_prints_fill_nobody() -> None:
    with pytest.raises(BadData, match="fill nobody"):
        probe((1.0, 90, 1, SELLER), auction=True)


def test_the_other_side_quoting_the_price_fills_both() -> None:
    quotes = touches((-1.0, 100, 5, 102, 5), (7.0, 98, 5, 100, 5), (95.0, 98, 5, 100, 5))
    bracket = probed_lifetimes(quotes, prints((90.0, 98, 1, 0)), SESSION, every_s=100, follow_s=50, distances=(0,))
    assert (7.0, 7.0) == waits(bracket, 1, 0)


def test_nobody_is_filled_at_the_instant_of_posting() -> None:
    assert all(map(math.isnan, waits(probe((0.0, 90, 1, SELLER)), 1, 0)))


def test_every_order_is_followed_to_the_end() -> None:
    bracket = probed_lifetimes(QUOTES, prints((1.0, 100, 1, SELLER)), SESSION, every_s=10, follow_s=50)
    lives = bracket.optimistic
    assert 5 * 2 * 5 == len(lives)  # At 0, 10, .. 40 s: what is posted later could not be followed for 50 s.
    assert np.all(np.isfinite(lives.first_fill_s) | (lives.end_s == 50.0))


def test_the_optimistic_are_never_filled_later(generated_day: Day) -> None:
    session = generated_day.instrument.session
    bracket = probed_lifetimes(generated_day.quotes, generated_day.trades, session, every_s=60)
    first, last = (np.nan_to_num(lives.first_fill_s, nan=1e9) for lives in (bracket.optimistic, bracket.pessimistic))
    assert np.all(first <= last)
    assert np.any(first < last)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"every_s": 0.0}, "every_s 0.0 must be above 0"),
        ({"follow_s": math.nan}, "follow_s nan"),
        ({"distances": ()}, "distances"),
        ({"distances": (2, 1)}, "must be 0 or more and increase"),
        ({"distances": (-1,)}, "must be 0 or more"),
        ({"lots": 0}, "lots 0 1 or more"),
        ({"every_s": 1e-5}, "are more than 2,000,000"),
    ],
)
def test_wrong_plans_are_refused(asked: dict[str, object], message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        probed_lifetimes(QUOTES, prints((1.0, 100, 1, SELLER)), SESSION, **({"follow_s": 50.0} | asked))  # type: ignore[arg-type]


def test_a_day_shorter_than_the_orders_life_is_refused() -> None:
    with pytest.raises(BadData, match="shorter than the 300 s"):
        probed_lifetimes(QUOTES, prints((1.0, 100, 1, SELLER)), SESSION)
