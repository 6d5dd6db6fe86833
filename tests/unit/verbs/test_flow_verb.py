"""nw.flow and nw.discover: what they read, what they refuse, and that the past does not move."""

from __future__ import annotations

import dataclasses
import datetime as dt

import msgspec
import numpy as np
import pytest

import nowake as nw
from nowake.data.day import Day, no_quotes, no_trades
from nowake.data.generated import generate_day
from nowake.domain.market import Quotes, select
from nowake.microstructure.reading.heard import sentence

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def hour(generated_day: Day) -> nw.Day:
    """An hour of the generated day, so that it is quick."""
    session = generated_day.instrument.session
    start, end = session.at("10:00"), session.at("11:00")
    return dataclasses.replace(
        generated_day,
        quotes=select(
            generated_day.quotes, (generated_day.quotes.time_ns >= start) & (generated_day.quotes.time_ns <= end)
        ),
        trades=select(
            generated_day.trades, (generated_day.trades.time_ns >= start) & (generated_day.trades.time_ns <= end)
        ),
        events=generated_day.events[:0],
    )


def test_a_reading_prints_tabulates_and_carries_what_made_it(hour: Day) -> None:
    found = nw.flow(hour, seed=3)
    assert "What trading costs" in str(found)
    frame = found.to_frame()
    assert {"part", "finding", "value", "low", "high", "unit", "n", "method"} <= set(frame.columns)
    assert found.options.seed == 3
    assert found.fingerprint == hour.fingerprint
    assert found.plot().title.startswith("Mark-outs")


def test_effective_is_realised_plus_impact_of_the_same_prints(hour: Day) -> None:
    at = nw.flow(hour).spreads.groups[0].at[0]
    assert abs(at.effective_bps.value - at.realised_bps.value - at.impact_bps.value) < 1e-12


def test_what_a_day_without_prints_cannot_tell_is_listed_and_the_rest_is_told(hour: Day) -> None:
    found = nw.flow(dataclasses.replace(hour, trades=no_trades()))
    assert any("needs prints" in reason for reason in found.refusals)
    assert "quoted spread" in {each.name for part in found.parts for each in part.findings}


def test_a_day_without_anything_is_refused(hour: Day) -> None:
    empty = dataclasses.replace(hour, trades=no_trades(), quotes=no_quotes())
    with pytest.raises(nw.NowakeError, match="neither quotes nor prints nor bars"):
        nw.flow(empty)


def test_fewer_buckets_than_the_window_are_a_refusal_of_vpin_alone(hour: Day) -> None:
    found = nw.flow(hour, bucket=1_000_000)
    assert found.vpin is None
    assert any(reason.startswith("VPIN: ") for reason in found.refusals)
    assert found.spreads is not None


def test_a_history_must_be_of_the_past(hour: Day) -> None:
    with pytest.raises(nw.NowakeError, match="is no day before"):
        nw.flow(hour, history=[hour])


def test_venues_are_told_apart_where_prints_name_them(hour: Day) -> None:
    names = np.array(["N", "Q"])[np.arange(len(hour.trades)) % 2]
    found = nw.flow(dataclasses.replace(hour, trades=dataclasses.replace(hour.trades, venue=names)))
    assert {"N", "Q"} == {group.labels[0] for group in found.spreads_by_venue.groups}
    assert sum(group.prints for group in found.spreads_by_venue.groups) == found.spreads.groups[0].prints
    assert "Spreads by venue" in str(found)


def _later(day: Day, by_ns: int, venue: str, seed: int = 1) -> Day:
    """A second market that says the same later, with a tick of noise."""
    rng = np.random.default_rng(seed)
    quotes = day.quotes
    moved = Quotes(
        time_ns=quotes.time_ns + by_ns,
        bid_ticks=quotes.bid_ticks - rng.integers(0, 2, len(quotes)),
        bid_lots=quotes.bid_lots,
        ask_ticks=quotes.ask_ticks + rng.integers(0, 2, len(quotes)),
        ask_lots=quotes.ask_lots,
    )
    return dataclasses.replace(day, instrument=msgspec.structs.replace(day.instrument, venue=venue), quotes=moved)


def test_the_market_that_speaks_first_is_found_and_by_how_long(hour: Day) -> None:
    found = nw.discover(hour, _later(hour, SECOND // 5, "LATE"), every_ns=SECOND // 10, steps_ns=[SECOND], repeats=100)
    first, late = found.shares.markets
    assert first.information_mid.low > 0.9
    assert late.information_mid.high < 0.1
    assert found.leads[0].lead_ns.value == SECOND // 5
    assert "Who leads whom" in str(found)


def test_the_order_in_which_markets_are_named_changes_no_share(hour: Day) -> None:
    late = _later(hour, SECOND // 5, "LATE")
    one = nw.discover(hour, late, every_ns=SECOND, steps_ns=[SECOND], repeats=100)
    other = nw.discover(late, hour, every_ns=SECOND, steps_ns=[SECOND], repeats=100)
    shares = {each.market: each.component.value for each in one.shares.markets}
    assert shares == pytest.approx({each.market: each.component.value for each in other.shares.markets}, abs=1e-9)


def test_markets_of_different_things_are_refused_a_share(hour: Day) -> None:
    other = generate_day(5, events=40_000)
    there = msgspec.structs.replace(other.instrument, venue="B")
    with pytest.raises(nw.NowakeError, match=r"nothing can be told: shares: .*cointegration"):
        nw.discover(hour, dataclasses.replace(other, instrument=there))


def test_markets_of_different_times_are_refused(hour: Day) -> None:
    session = hour.instrument.session
    early, late = (
        dataclasses.replace(
            hour,
            instrument=msgspec.structs.replace(hour.instrument, venue=name),
            quotes=select(hour.quotes, inside),
        )
        for name, inside in (
            ("A", hour.quotes.time_ns < session.at("10:20")),
            ("B", hour.quotes.time_ns > session.at("10:40")),
        )
    )
    with pytest.raises(nw.NowakeError, match="A, B share no time"):
        nw.discover(early, late)


@pytest.mark.parametrize("wrong", [{"every_ns": 0}, {"steps_ns": [0]}, {"longest_age_ns": -1}])
def test_steps_must_be_above_zero(hour: Day, wrong: dict[str, object]) -> None:
    with pytest.raises(nw.NowakeError, match="must"):
        nw.discover(hour, _later(hour, SECOND, "LATE"), **wrong)


def test_one_clock_cannot_be_asked_for_where_there_is_none(hour: Day) -> None:
    with pytest.raises(nw.NowakeError, match="venue's clock only"):
        nw.discover(hour, _later(hour, SECOND, "LATE"), clock="recorder")


def test_sentences_begin_and_end_as_sentences() -> None:
    assert sentence("a share is 0") == "A share is 0."
    assert sentence("Is it?") == "Is it?"


def test_a_window_is_held_against_the_same_hours_of_earlier_days(generated_day: Day) -> None:
    """The alarm, VPIN's buckets and PIN of an hour are learned on that hour, not on whole days."""
    earlier = generate_day(5, date=generated_day.instrument.session.date - dt.timedelta(days=3), events=60_000)
    found = nw.flow(generated_day, history=[earlier], start="10:00", end="11:00")
    session = earlier.instrument.session
    inside = (earlier.trades.time_ns >= session.at("10:00")) & (earlier.trades.time_ns <= session.at("11:00"))
    assert found.options.bucket_lots == int(earlier.trades.lots[inside].sum() // 100)


def test_regimes_of_a_morning_do_not_change_with_the_afternoon(generated_day: Day) -> None:
    short, long = (nw.flow(generated_day, end=end).strip for end in ("12:00", "14:00"))
    np.testing.assert_array_equal(short.probability, long.probability[: len(short.probability)])


def _two_nights_apart(day: Day, gap: float) -> tuple[list[Day], list[Day]]:
    """Two days of two markets, the second day's prices further by a share of them."""
    first = _later(day, 0, "A"), _later(day, SECOND // 2, "B", seed=2)
    moved_ns = 24 * 3600 * SECOND
    session = day.instrument.session
    tomorrow = msgspec.structs.replace(
        session,
        date=session.date + dt.timedelta(days=1),
        open_ns=session.open_ns + moved_ns,
        close_ns=session.close_ns + moved_ns,
    )
    up = round(gap * int(day.quotes.bid_ticks[0]))

    def next_day(each: Day) -> Day:
        quotes = dataclasses.replace(
            each.quotes,
            time_ns=each.quotes.time_ns + moved_ns,
            bid_ticks=each.quotes.bid_ticks + up,
            ask_ticks=each.quotes.ask_ticks + up,
        )
        return dataclasses.replace(
            each,
            instrument=msgspec.structs.replace(each.instrument, session=tomorrow),
            quotes=quotes,
            trades=no_trades(),
        )

    return [first[0], next_day(first[0])], [first[1], next_day(first[1])]


@pytest.mark.parametrize("gap", [0.0, 0.05])
def test_a_night_is_no_step_of_any_market(hour: Day, gap: float) -> None:
    """Shares, the table of skews and the leads of two days are the same whatever the price did over night."""
    found = nw.discover(*_two_nights_apart(hour, gap), every_ns=SECOND, steps_ns=[SECOND], repeats=100)
    assert found.shares.rows < 2 * 3600
    mid = found.shares.markets[0].information_mid.value
    at_zero = next(point for point in found.skews if point.skew_ns == 0)
    assert at_zero.discovery.markets[0].information_mid.value == pytest.approx(mid)
    assert found.leads[0].lead_ns.value == SECOND // 2
    assert found.shares.walk_sd_bps.value < 1.0


def test_windows_that_are_empty_or_hold_no_price_are_refused(hour: Day) -> None:
    late = _later(hour, SECOND, "LATE")
    with pytest.raises(nw.NowakeError, match="is empty; give a later end"):
        nw.discover(hour, late, start="10:40", end="10:20")
    with pytest.raises(nw.NowakeError, match="has no price from 14:00:00 to 15:00:00"):
        nw.discover(hour, late, start="14:00", end="15:00")
