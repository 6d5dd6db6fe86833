import dataclasses

import numpy as np
import pytest
from tests.unit.models.tape import worlds

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.spreads.resilience import resilience


def test_half_lives_of_a_market_that_recovers_at_known_rates_are_found() -> None:
    book, tape = worlds.recovering_market(7, spread_half_life_s=0.5, depth_half_life_s=4.0)
    found = resilience(book, tape, worlds.session(3_000))
    spread, depth = found.spread_half_life_s, found.depth_half_life_s
    assert spread is not None
    assert depth is not None
    assert spread.low < 0.5 < spread.high < 0.65
    assert depth.low < 4.0 < depth.high < 8.0
    assert found.spread is not None
    assert 0.9 < found.spread.comes_back.value < 1.2


def test_the_unit_of_lots_does_not_matter_even_where_they_are_very_many() -> None:
    book, tape = worlds.recovering_market(7, spread_half_life_s=1.0, depth_half_life_s=1.0)
    few = resilience(book, tape, worlds.session(3_000))
    many = resilience(
        dataclasses.replace(book, bid_lots=book.bid_lots * 10**10, ask_lots=book.ask_lots * 10**10),
        dataclasses.replace(tape, lots=tape.lots * 10**10),
        worlds.session(3_000),
    )
    assert few.depth is not None
    assert many.depth is not None
    assert few.depth.left == pytest.approx(many.depth.left, rel=1e-6)


@pytest.mark.study
def test_intervals_of_half_lives_hold_the_truth() -> None:
    held = []
    for seed in range(100):
        book, tape = worlds.recovering_market(seed, spread_half_life_s=0.5, depth_half_life_s=1.0)
        found = resilience(book, tape, worlds.session(3_000), repeats=200)
        for part, truth in ((found.spread_half_life_s, 0.5), (found.depth_half_life_s, 1.0)):
            assert part is not None
            held.append(part.low <= truth <= part.high)
    assert 0.91 <= np.mean(held) <= 0.985  # Two standard errors of 200 about 95 %.


def test_a_spread_that_never_comes_back_has_no_half_life() -> None:
    seconds = np.arange(1.0, 3_000, 10)
    book = worlds.quotes([0, *seconds], 999, np.append(1_000, 1_000 + np.arange(1, len(seconds) + 1)))
    tape = worlds.trades(
        seconds, 999 + np.arange(1, len(seconds) + 1), 100, np.where(np.arange(len(seconds)) % 3, 1, -1)
    )
    with pytest.raises(BadData, match=r"^spread: "):
        resilience(book, tape, worlds.session(3_000))


def test_too_few_shocks_are_refused_by_name() -> None:
    book, tape = worlds.recovering_market(1, spread_half_life_s=1.0, depth_half_life_s=1.0, seconds=1_500)
    first = worlds.OPEN_NS + 1_100 * worlds.SECOND
    found = resilience(book, tape, worlds.session(1_500), end_ns=first, takes=1.0)
    assert found.depth_half_life_s is None
    assert found.refusals == ("depth: 0 shocks are fewer than 40; look at a longer time",)


@pytest.mark.parametrize(("name", "value"), [("takes", 0.0), ("takes", 1.5), ("horizon_ns", 5)])
def test_parameters_out_of_range_are_refused(name: str, value: float) -> None:
    book, tape = worlds.recovering_market(1, spread_half_life_s=1.0, depth_half_life_s=1.0, seconds=1_500)
    with pytest.raises(BadParameter, match=name):
        resilience(book, tape, worlds.session(1_500), **{name: value})


def test_a_shock_is_followed_until_the_next_large_order_only() -> None:
    seconds = np.arange(10.0, 3_000, 10)
    side = np.where(np.arange(len(seconds)) % 2, 1, -1)
    # Each order takes the whole level and leaves the spread four ticks wider; one comes back each second.
    at = np.concatenate([[0.0], *(second + 0.3 * np.arange(5.0) for second in seconds)])
    wide = np.concatenate([[0], np.tile([4, 3, 2, 1, 0], len(seconds))])
    book = worlds.quotes(at, 1_000 - wide, 1_001)
    drift = np.round(np.cumsum(np.random.default_rng(1).normal(size=len(seconds)))).astype(np.int64)
    moved = np.append(0, np.repeat(drift, 5))
    book = dataclasses.replace(book, bid_ticks=book.bid_ticks + moved, ask_ticks=book.ask_ticks + moved)
    before = np.append(0, drift[:-1])
    tape = worlds.trades(seconds, np.where(side > 0, 1_001, 1_000) + before, 100, side)
    found = resilience(book, tape, worlds.session(3_000)).spread
    assert found is not None
    assert max(found.lags_s) < 10
    assert set(found.running) <= {len(seconds) - 1, len(seconds)}  # The last one is cut off by the end of the data.
