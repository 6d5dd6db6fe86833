from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from tests.unit.models.fills.tapes import OPEN_NS, SESSION, lives_of, tape, touches

from nowake.data.day import Day
from nowake.domain.errors import BadData, BadParameter
from nowake.kernels.layout import ADD, CLEAR, DELETE, EXECUTE, HALT, LEVEL, REDUCE, RESUME, RESYNC, SNAPSHOT
from nowake.models.fills.lifetimes import CANCELLED, CENSORED, FILLED
from nowake.models.fills.observed import observed_lifetimes

BID, ASK = 1, -1
BOOK = ((-2.0, ADD, 1, 5, BID, 100), (-2.0, ADD, 2, 4, ASK, 103), (-2.0, ADD, 3, 9, BID, 98))
SHOWN = (-2.0, 100, 5, 103, 4)


def seen(*rows: tuple[float, int, int, int, int, int], quotes: tuple[tuple[float, int, int, int, int], ...] = ()):
    return observed_lifetimes(tape(*BOOK, *rows), touches(SHOWN, *quotes), SESSION)


def test_an_order_sees_its_distance_the_queue_before_it_and_the_touch_before_its_instant() -> None:
    lives = seen(
        (1.0, ADD, 11, 2, BID, 100),  # Joins behind 5 lots.
        (2.0, ADD, 12, 2, BID, 98),  # Two behind the touch, after 9.
        (3.0, ADD, 13, 2, ASK, 102),  # Improves the ask by one.
        quotes=((1.0, 100, 7, 103, 4), (3.0, 100, 7, 102, 2)),
    )
    assert [0, 2, -1] == lives.distance_ticks.tolist()
    assert [5.0, 9.0, 0.0] == lives.queue_lots.tolist()
    assert [3, 3, 3] == lives.spread_ticks.tolist()
    assert pytest.approx([1 / 9, 3 / 11, -3 / 11]) == lives.imbalance.tolist()


def test_lives_end_by_fill_by_cancel_or_with_the_data() -> None:
    lives = seen(
        (1.0, ADD, 11, 4, BID, 100), (1.0, ADD, 12, 4, BID, 98), (1.0, ADD, 13, 4, ASK, 104),
        (1.0, ADD, 14, 4, BID, 97),
        (2.0, EXECUTE, 11, 1, BID, 100), (3.0, REDUCE, 11, 2, BID, 100), (4.0, EXECUTE, 11, 1, BID, 100),
        (5.0, DELETE, 12, 4, BID, 98), (6.0, EXECUTE, 14, 1, BID, 97), (7.0, REDUCE, 14, 3, BID, 97),
    )  # fmt: skip
    assert [FILLED, CANCELLED, CENSORED, CANCELLED] == lives.end.tolist()
    assert [3.0, 4.0, 6.0, 6.0] == lives.end_s.tolist()
    first, cause = lives.outcome("first")
    assert [1.0, 4.0, 6.0, 5.0] == first.tolist()
    assert [FILLED, CANCELLED, CENSORED, FILLED] == cause.tolist()
    assert [FILLED, CANCELLED, CENSORED, CANCELLED] == lives.outcome("full")[1].tolist()


@pytest.mark.parametrize("stop", [HALT, CLEAR])
def test_a_halt_or_a_cleared_book_ends_what_is_known(stop: int) -> None:
    lives = seen((1.0, ADD, 11, 4, BID, 98), (3.0, stop, 0, 0, 0, 0), (4.0, EXECUTE, 11, 4, BID, 98))
    assert (CENSORED, 2.0) == (lives.end[0], lives.end_s[0])
    assert math.isnan(lives.first_fill_s[0])


def test_a_resync_of_its_price_ends_what_is_known_of_an_order() -> None:
    lives = seen(
        (1.0, ADD, 11, 4, BID, 98), (1.0, ADD, 12, 4, BID, 97), (3.0, RESYNC, 0, 2, BID, 98),
        (4.0, ADD, 13, 1, BID, 98), (5.0, DELETE, 12, 4, BID, 97),
    )  # fmt: skip
    assert [CENSORED, CANCELLED, CENSORED] == lives.end.tolist()
    assert [2.0, 4.0, 1.0] == lives.end_s.tolist()
    assert 2.0 == lives.queue_lots[2]  # What the RESYNC says, not what was added up before.
    assert "1 RESYNC events" in lives.notes[0]


def test_a_feed_of_the_best_level_loses_orders_that_the_market_leaves_behind() -> None:
    events = tape(
        (-2.0, ADD, 1, 5, BID, 100), (-2.0, ADD, 2, 4, ASK, 103), (1.0, ADD, 11, 1, BID, 100),
        (2.0, ADD, 12, 1, BID, 101), (9.0, EXECUTE, 11, 1, BID, 100), (10.0, EXECUTE, 12, 1, BID, 101),
    )  # fmt: skip
    quotes = touches(
        (-2.0, 100, 5, 103, 4),
        (1.0, 100, 6, 103, 4),
        (2.0, 101, 1, 103, 4),
        (8.0, 100, 6, 103, 4),
        (9.0, 100, 5, 103, 4),
    )
    lives = observed_lifetimes(events, quotes, SESSION)
    assert [CENSORED, FILLED] == lives.end.tolist()
    assert [1.0, 8.0] == lives.end_s.tolist()
    assert "1 of 2 orders were lost from sight" in lives.notes[-1]


def test_what_is_no_order_of_continuous_trading_is_left_out_and_counted() -> None:
    events = tape(
        *BOOK,
        (-1.0, ADD, 10, 1, BID, 99),
        (1.0, ADD, 11, 1, BID, 99),
        (2.0, ADD, 12, 1, BID, 103),
        (3.0, HALT, 0, 0, 0, 0),
        (4.0, ADD, 13, 1, BID, 99),
        (5.0, RESUME, 0, 0, 0, 0),
        (6.0, ADD, 14, 1, BID, 99),
        (6.5, DELETE, 77, 1, BID, 99),
        (101.0, ADD, 15, 1, BID, 99),
    )
    events["flags"][4] = SNAPSHOT
    lives = observed_lifetimes(events, touches(SHOWN, (6.0, 100, 0, 103, 4), (7.0, 100, 5, 103, 4)), SESSION)
    assert {
        "of a snapshot": 1, "outside the session": 5, "posted in a halt": 1,
        "at or through the other side": 1, "older than the tape": 1,
    } == lives.left_out  # fmt: skip
    assert 1 == len(lives)


def test_lives_end_at_the_close() -> None:
    lives = seen((90.0, ADD, 11, 1, BID, 98), (120.0, EXECUTE, 11, 1, BID, 98))
    assert (CENSORED, 10.0) == (lives.end[0], lives.end_s[0])


def test_volatility_is_of_the_minute_before() -> None:
    lives = seen(
        (70.0, ADD, 11, 1, BID, 98),
        quotes=((1.0, 102, 1, 105, 1), (20.0, 101, 1, 104, 1), (69.0, 100, 1, 103, 1), (70.0, 90, 1, 95, 1)),
    )
    # Moves of one tick at 20 s and 69 s; the one at 1 s is too old, that of its own instant not known yet.
    assert math.sqrt(2 / 60) == pytest.approx(lives.volatility[0])


def test_a_tape_of_levels_has_no_lives() -> None:
    with pytest.raises(BadData, match="tell no orders"):
        observed_lifetimes(tape((1.0, LEVEL, 0, 5, BID, 100)), touches(SHOWN), SESSION)


def test_a_tape_without_a_usable_order_says_why() -> None:
    with pytest.raises(BadData, match="none of 3 orders can be used: 3 outside the session"):
        observed_lifetimes(tape(*BOOK), touches(SHOWN), SESSION)


def test_nothing_of_a_life_looks_ahead(generated_day: Day) -> None:
    """What an order saw stays the same when all that came after its instant is cut off."""
    session, cut = generated_day.instrument.session, 20_000
    whole = observed_lifetimes(generated_day.events, generated_day.quotes, session)
    last_ns = int(generated_day.events["time_ns"][cut])
    quotes = generated_day.quotes
    kept = quotes.time_ns <= last_ns
    early = type(quotes)(*(getattr(quotes, name)[kept] for name in quotes.__slots__))
    part = observed_lifetimes(generated_day.events[: cut + 1], early, session)
    for name in ("start_ns", "side", "distance_ticks", "queue_lots", "lots", "spread_ticks", "imbalance", "volatility"):
        assert np.array_equal(getattr(whole, name)[: len(part)], getattr(part, name))


def test_one_sided_lives_say_so() -> None:
    lives = seen((1.0, ADD, 11, 1, BID, 98))
    assert 1 == len(lives.of_side(1))
    with pytest.raises(BadData, match="none of 1 orders is an ask"):
        lives.of_side(-1)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("end_s", -1.0, "row 1: end_s -1 must be 0 or more"),
        ("end_s", math.nan, "row 1: end_s nan must be"),
        ("queue_lots", -1.0, "row 1: queue_lots -1 must be 0 or more, or NaN"),
        ("lots", 0.0, "row 1: lots 0 must be above 0"),
        ("imbalance", 1.5, "row 1: imbalance 1.5 must be from -1 to 1"),
        ("volatility", math.inf, "row 1: volatility inf"),
        ("spread_ticks", 0, "row 1: spread_ticks 0 must be above 0"),
        ("side", 0, "row 1: side 0"),
        ("end", 7, "row 1: end 7"),
        ("first_fill_s", 9.0, "row 1: first_fill_s 9 must be from 0 to end_s"),
        ("start_ns", OPEN_NS - 1, "row 1: start_ns"),
    ],
)
def test_a_life_that_cannot_be_is_refused_by_row(column: str, value: float, message: str) -> None:
    lives = lives_of(np.ones(3), np.full(3, CANCELLED))
    changed = np.array(getattr(lives, column))
    changed[1] = value
    with pytest.raises(BadData, match=message):
        dataclasses.replace(lives, **{column: changed})


def test_a_fill_is_first_or_full() -> None:
    with pytest.raises(BadParameter, match="'any' is not one of first, full"):
        lives_of(np.ones(1), np.full(1, FILLED)).outcome("any")  # type: ignore[arg-type]
