import numpy as np
import pytest
from tests.unit.models.tape import worlds

from nowake.data.day import Day
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.market import Quotes, Trades, select
from nowake.models.tape import calibrate_tape

INSTRUMENT = Instrument(symbol="X", venue="Y", session=worlds.session(4_000))


def fitted(market: tuple[Quotes, Trades], **options: float):
    return calibrate_tape(*market, INSTRUMENT, repeats=100, **options)


def test_every_part_of_a_generated_day_is_fitted(generated_day: Day) -> None:
    found = calibrate_tape(generated_day.quotes, generated_day.trades, generated_day.instrument, repeats=100)
    names = [each.name for each in found.findings()]
    assert "lambda, bars of 60 s" in names
    assert "order flow slope" in names
    assert "decay of the kernel, beta" in names
    assert "half-life of the depth" in " ".join(names)
    assert found.history is not None
    assert all(each.measured.low <= each.measured.value <= each.measured.high for each in found.findings())
    assert str(found).splitlines()[0].startswith("GEN 2026-01-05, 09:30:0")


def test_what_cannot_be_told_is_listed_and_the_rest_stands() -> None:
    found = fitted(worlds.propagating_market(1, orders=3_000))
    assert found.propagator is not None
    assert found.resilience is not None
    assert found.resilience.spread is None
    assert any(reason.startswith("spread: 0 shocks") for reason in found.refusals)
    assert "not told: spread: 0 shocks are fewer than 40" in str(found)


def test_a_short_window_is_looked_at_in_seconds_and_says_nothing_of_a_days_volume() -> None:
    found = fitted(worlds.flowing_market(1, ticks_per_lot=0.2, seconds=150))
    assert next(each.bar for each in found.kyle if not each.root) == "1 s"
    assert all(each.bps_per_percent is None for each in found.kyle)
    assert any("give daily_volume" in note for note in found.notes)


def test_guessed_sides_are_said() -> None:
    book, trades = worlds.flowing_market(1, ticks_per_lot=0.2, seconds=2_000)
    trades.aggressor[:] = 0
    found = fitted((book, trades))
    assert found.signed_by == "Lee-Ready on the quote strictly before"
    assert any("Sides are guessed" in note for note in found.notes)


def test_the_seed_is_all_there_is_of_chance() -> None:
    market = worlds.propagating_market(1, orders=3_000)
    assert str(fitted(market, seed=3)) == str(fitted(market, seed=3))
    assert str(fitted(market, seed=3)) != str(fitted(market, seed=4))


def test_a_wider_level_gives_wider_intervals() -> None:
    market = worlds.propagating_market(1, orders=3_000)
    narrow, wide = (
        {each.name: each.measured.high - each.measured.low for each in fitted(market, level=level).findings()}
        for level in (0.8, 0.99)
    )
    assert all(wide[name] > narrow[name] for name in set(wide) & set(narrow))


@pytest.mark.parametrize(("name", "value"), [("level", 1.0), ("repeats", 10), ("daily_volume", 0.0)])
def test_parameters_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(BadParameter, match=name):
        calibrate_tape(*worlds.propagating_market(1, orders=500), INSTRUMENT, **{name: value})


def test_a_tape_that_cannot_be_used_at_all_is_refused() -> None:
    book, trades = worlds.propagating_market(1, orders=500)
    trades.aggressor[:] = 1
    with pytest.raises(BadData, match="one-sided"):
        fitted((book, trades))


def test_times_are_not_touched_by_what_lies_outside_the_window() -> None:
    """No look-ahead: what is cut off by `end_ns` changes nothing, up to the usual level of half an hour around."""
    book, trades = worlds.propagating_market(1, orders=3_000)
    end = worlds.OPEN_NS + 800 * worlds.SECOND
    whole = fitted((book, trades), end_ns=end)
    rows, prints = book.time_ns <= end, trades.time_ns <= end
    cut = select(book, rows), select(trades, prints)
    assert [each.measured for each in whole.findings()] == [each.measured for each in fitted(cut).findings()]
    assert np.array_equal(whole.propagator.model.increments_bps, fitted(cut).propagator.model.increments_bps)


def test_orders_that_share_their_stamps_are_counted_and_said() -> None:
    rng = np.random.default_rng(1)
    at = np.repeat(np.arange(1, 1_501), 2)
    sign = rng.choice([-1, 1], 3_000)
    mid = 100_000 + np.concatenate(([0], np.cumsum(rng.choice([-1, 1], 1_500))))
    book = worlds.quotes(np.append(0, at[::2] + 0.5), mid - 10, mid + 10)
    trades = worlds.trades(at, np.repeat(mid[:-1], 2) + 10 * sign, 1, sign)
    assert any("of the orders share their stamp with another" in note for note in fitted((book, trades)).notes)
    assert not any("share their stamp" in note for note in fitted(worlds.propagating_market(1, orders=3_000)).notes)


def test_a_kernel_that_rises_is_not_told_without_a_warning() -> None:
    """As where quotes lag: the mid takes the move of an order only orders later."""
    book, trades = worlds.propagating_market(2, beta=-0.3, noise_ticks=2.0)
    found = fitted((book, trades))
    assert found.propagator is not None
    assert any("The kernel rises with the lag" in note for note in found.notes)
    steady = fitted(worlds.propagating_market(2))
    assert not any("rises" in note for note in steady.notes)
