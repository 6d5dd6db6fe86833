from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.reports import sample

from nowake.models.volume import VolumeCurve
from nowake.reports.pictures.canvas import Picture
from nowake.reports.pictures.comparison import comparison
from nowake.reports.pictures.cost_parts import decomposition
from nowake.reports.pictures.curve import curve
from nowake.reports.pictures.executed import executed
from nowake.reports.pictures.frontier import frontier
from nowake.reports.pictures.holdings import holdings
from nowake.reports.pictures.price_path import price_path
from nowake.reports.pictures.progress import progress
from nowake.reports.pictures.thinning import envelope, thin
from nowake.reports.pictures.volume import participation
from nowake.reports.summary import ReportedRun, summarise
from nowake.schedules.schedule import Schedule

SUMMARY = summarise(ReportedRun(name="TWAP", record=sample.run(), cost=sample.cost(), schedule=sample.schedule()))
EVERY_PICTURE: dict[str, Callable[[], Picture]] = {
    "progress": lambda: progress("TWAP", sample.order(), sample.FILLS, sample.schedule()),
    "price": lambda: price_path("TWAP", sample.order(), sample.quotes(), sample.FILLS, arrival_price=220.02),
    "decomposition": lambda: decomposition("TWAP", sample.cost()),
    "volume": lambda: participation("TWAP", sample.order(), sample.trades(), sample.FILLS),
    "executed": lambda: executed(sample.order(), [("Twap", sample.FILLS), ("Participate", ())]),
    "curve": lambda: curve(VolumeCurve.from_trades(sample.trades(), sample.order().instrument.session), sample.order()),
    "frontier": lambda: frontier([sample.point(1e-6, 3.0, 40.0), sample.point(1e-5, 9.0, 10.0)], [_plan()]),
    "holdings": lambda: holdings([sample.schedule(), _plan()]),
    "comparison": lambda: comparison([SUMMARY, msgspec.structs.replace(SUMMARY, name="VWAP")]),
}


def _plan() -> Schedule:
    return sample.schedule((2_500, 1_000, 400, 100), "early", expected_cost_bps=5.0, cost_risk_bps=20.0)


def _texts(picture: Picture) -> list[str]:
    return ["".join(each.itertext()) for each in ET.fromstring(picture.svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", EVERY_PICTURE)
def test_the_same_data_gives_the_same_bytes(name: str) -> None:
    assert EVERY_PICTURE[name]() == EVERY_PICTURE[name]()


@pytest.mark.parametrize("name", EVERY_PICTURE)
def test_a_picture_is_well_formed_text_that_asks_nothing_of_the_network(name: str) -> None:
    svg = EVERY_PICTURE[name]().svg
    ET.fromstring(svg)
    without_namespaces = re.sub(r'xmlns(:\w+)?="[^"]*"', "", svg)
    assert re.findall(r"https?://|<script|<image|@import|<dc:date>", without_namespaces) == []


@pytest.mark.parametrize("name", EVERY_PICTURE)
def test_every_colour_follows_the_page_and_has_a_light_fallback(name: str) -> None:
    svg = EVERY_PICTURE[name]().svg
    assert re.findall(r"#[0-9a-f]{6}\b", re.sub(r"var\(--[a-z]+, #[0-9a-f]{6}\)", "", svg)) == []


@pytest.mark.parametrize("name", EVERY_PICTURE)
def test_no_two_things_in_a_picture_share_an_id_and_every_reference_resolves(name: str) -> None:
    svg = EVERY_PICTURE[name]().svg
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    assert {one or other for one, other in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg)} == set(ids)


def test_times_are_on_the_local_clock_of_the_session() -> None:
    texts = _texts(EVERY_PICTURE["progress"]())
    assert ["10:00", "10:10", "10:20", "10:30", "10:40", "10:50", "11:00"] == [t for t in texts if ":" in t]
    assert "New York time, 2012-06-21" in texts


def test_ticks_fall_on_round_local_times_whenever_the_window_begins() -> None:
    texts = _texts(progress("TWAP", sample.order(start_ns=sample.at("10:07")), (), None))
    assert ["10:10", "10:20", "10:30", "10:40", "10:50", "11:00"] == [t for t in texts if ":" in t]


def test_a_window_of_seconds_shows_seconds() -> None:
    order = sample.order(end_ns=sample.at("10:00:20"))
    assert "10:00:15" in _texts(progress("TWAP", order, (), None))


def test_the_gap_to_the_plan_is_written_where_it_was_widest() -> None:
    picture = EVERY_PICTURE["progress"]()
    assert "20.8% behind" in _texts(picture)
    assert picture.alt == "87.5% of the order was executed. The widest gap to the plan was 20.8% behind at 10:41:00."


def test_runs_are_drawn_together_by_how_much_was_done_by_when() -> None:
    picture = EVERY_PICTURE["executed"]()
    assert picture.alt == "TWAP 87.5% by 10:52:00; POV 0.0%."
    assert {"TWAP", "POV"} <= set(_texts(picture))


def test_a_fill_after_the_window_is_still_on_the_picture() -> None:
    late = (sample.fill("11:02", 4_000),)
    texts = _texts(executed(sample.order(), [("Twap", late)]))
    assert executed(sample.order(), [("Twap", late)]).alt == "TWAP 100.0% by 11:02:00."
    assert "11:00" in texts


def test_prices_in_the_key_keep_every_decimal() -> None:
    texts = _texts(EVERY_PICTURE["price"]())
    assert {"arrival 220.0200", "our average 220.1269", "maker fill", "taker fill"} <= set(texts)


def test_a_run_without_fills_can_still_be_drawn() -> None:
    order = sample.order()
    assert "0.0% of the order" in progress("POV", order, (), sample.schedule()).alt
    assert "at an average of n/a" in price_path("POV", order, sample.quotes(), (), arrival_price=220.02).alt
    assert "We were 0.0% of the window's volume" in participation("POV", order, sample.trades(), ()).alt


def test_a_book_that_empties_leaves_a_gap_and_no_price() -> None:
    quotes = sample.quotes(100)
    empty = np.zeros(100, dtype=np.int64)
    bare = type(quotes)(quotes.time_ns, quotes.bid_ticks, empty, quotes.ask_ticks, empty)
    picture = price_path("TWAP", sample.order(), bare, sample.FILLS, arrival_price=220.02)
    assert ET.fromstring(picture.svg).tag.endswith("svg")
    assert "5 fills" in picture.alt


def test_a_thousand_fills_stay_a_small_picture() -> None:
    fills = tuple(
        msgspec.structs.replace(sample.FILLS[k % 5], venue_ns=sample.at("10:00") + k * 3_599 * 10**6, lots=1)
        for k in range(1_000)
    )
    picture = price_path("POV", sample.order(), sample.quotes(50_000), fills, arrival_price=220.02)
    assert len(picture.svg) < 300_000


def test_our_taking_is_added_to_a_replayed_tape_but_not_to_a_live_one() -> None:
    trades = sample.trades()
    inside = (trades.time_ns >= sample.at("10:00")) & (trades.time_ns <= sample.at("11:00"))
    tape, own, taken = int(trades.lots[inside].sum()), 3_500, 1_500
    replayed = participation("TWAP", sample.order(), trades, sample.FILLS)
    shown = tuple(msgspec.structs.replace(each, tape_ticks=each.price_ticks) for each in sample.FILLS)
    live = participation("TWAP", sample.order(), trades, shown)
    assert f"We were {100 * own / (tape + taken):.1f}% of the window's volume" in replayed.alt
    assert f"We were {100 * own / tape:.1f}% of the window's volume" in live.alt


def test_auction_prints_are_not_volume_we_could_share() -> None:
    trades = sample.trades()
    busy = np.concatenate((trades.lots[:-1], [10**9]))  # An auction's worth, were it counted.
    is_last = np.arange(len(trades)) == len(trades) - 1
    in_hour = np.minimum(trades.time_ns, sample.at("10:59"))
    with_auction = type(trades)(in_hour, trades.price_ticks, busy, trades.aggressor, trades.hidden, is_last)
    alt = participation("TWAP", sample.order(), with_auction, sample.FILLS).alt
    assert "We were 0.0%" not in alt


def test_plans_without_a_cost_of_their_own_stay_off_the_frontier() -> None:
    points = [sample.point(1e-6, 3.0, 40.0), sample.point(1e-5, 9.0, 10.0)]
    texts = _texts(frontier(points, [sample.schedule(), _plan()]))
    assert ("early" in texts, "TWAP" in texts) == (True, False)


def test_words_of_others_cannot_leave_their_place_in_the_svg() -> None:
    name = '"><script>alert(1)</script>'
    picture = holdings([sample.schedule(name=name)])
    assert "<script" not in picture.svg
    assert name in _texts(picture)


@given(st.integers(1, 4_000), st.integers(1, 200), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_thinning_keeps_first_last_extremes_and_order(count: int, slices: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    time_ns = np.sort(rng.integers(0, 10**6, count))
    values = rng.normal(size=count)
    kept_ns, kept = thin(time_ns, values, slices)
    assert len(kept) <= 4 * slices or len(kept) == count <= 4 * slices
    assert (values[0], values[-1], values.min(), values.max()) == (kept[0], kept[-1], kept.min(), kept.max())
    assert (np.diff(kept_ns) >= 0).all()
    pairs = set(zip(time_ns.tolist(), values.tolist(), strict=True))
    assert set(zip(kept_ns.tolist(), kept.tolist(), strict=True)) <= pairs


def test_a_thinned_step_line_holds_the_last_value_across_a_quiet_time() -> None:
    busy = np.arange(3_000, dtype=np.int64)
    values = np.sin(busy / 50.0)
    time_ns = np.append(busy, 10**6)
    kept_ns, kept = thin(time_ns, np.append(values, 0.0), 20)
    assert values[-1] == kept[kept_ns < 10**6][-1]


@given(st.integers(1, 3_000), st.integers(1, 100), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_the_envelope_hides_no_quote(count: int, slices: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    time_ns = np.sort(rng.integers(0, 10**6, count))
    low = rng.normal(size=count)
    high = low + 1.0
    kept_ns, kept_low, kept_high = envelope(time_ns, low, high, slices)
    for row in range(0, count, 37):
        after = min(int(np.searchsorted(kept_ns, time_ns[row], side="right")), len(kept_ns) - 1)
        before = max(int(np.searchsorted(kept_ns, time_ns[row], side="left")) - 1, 0)
        assert kept_low[before : after + 1].min() <= low[row] <= high[row] <= kept_high[before : after + 1].max()


def test_a_picture_shows_itself_in_a_notebook_and_saves_to_a_file(tmp_path: Path) -> None:
    picture = EVERY_PICTURE["progress"]()
    assert picture._repr_svg_() == picture.svg == picture.save(tmp_path / "a.svg").read_text()
    assert len(repr(picture)) < 300
