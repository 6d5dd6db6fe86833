"""Compiled strategies: what they may want, what is kept, and what a mistake in one says."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from pathlib import Path
from types import SimpleNamespace

import numba
import numpy as np
import pytest
from tests.reference.streams import history

from nowake.domain.errors import BadData, BadParameter, OutOfCapacity
from nowake.domain.instrument import Instrument, Session
from nowake.sim import compiled
from nowake.sim.compiled import run_compiled
from nowake.sim.latency import Latency
from nowake.sim.legs import Draws
from nowake.sim.levels_of_orders import levels_of_orders
from nowake.sim.strategies import strategy
from nowake.sim.sweeps import sweep

QUIET = """
    100 add bid 1 50 99
    100 add ask 2 50 101
    1000 add bid 3 10 98
    2000 execute bid 1 50 99
    3000 add bid 4 20 99
    4000 add ask 5 30 103
    9000 add bid 6 1 97
"""
FAST = Latency(feed=10, send=20, ack=30)


def day_of(text=QUIET, *, close_ns=10**9, negative_prices=False):
    session = Session(date=dt.date(1970, 1, 1), timezone="UTC", open_ns=50, close_ns=close_ns)
    instrument = Instrument(symbol="X", venue="XTST", session=session, negative_prices=negative_prices)
    return SimpleNamespace(events=history(text), instrument=instrument, depth=0, source="test", warnings=())


def run(chosen, parameters=None, *, text=QUIET, latency=FAST, **options):
    return run_compiled(chosen, day_of(text), parameters, latency=latency, **options)


@strategy(parameters=("first", "second"), rows=2)
def resize(market, wanted, wake, _memo, parameters):
    """Wants one size first and another from the second decision on, both at 99."""
    wanted[0].side, wanted[0].price_ticks = 1, 99
    wanted[0].lots = parameters.first if market.decisions == 0 else parameters.second
    wake.time_ns = market.now_ns + 100


@strategy(memo={"asked_ns": int, "times": int})
def asks_when(market, _wanted, wake, memo, _parameters):
    """Waits for something and remembers when it came."""
    memo.times += 1
    if memo.times == 1:
        wake.bid_at_least_ticks = 1 << 40
        wake.volume_lots = 50
    elif memo.times == 2:
        memo.asked_ns = market.now_ns


def test_an_order_that_stands_as_wanted_is_left_alone():
    counts = run(resize, (7, 7)).counts
    assert {"placed": 1, "reduced": 0, "cancelled": 0, "refused": 0, "too_late": 0} == counts


def test_less_wanted_reduces_the_order_and_keeps_its_place():
    result = run(resize, (7, 3))
    assert (1, 1, 0) == (result.counts["placed"], result.counts["reduced"], result.counts["cancelled"])


def test_more_wanted_is_a_second_order_behind_the_first():
    result = run(resize, (3, 7))
    assert (2, 0, 0) == (result.counts["placed"], result.counts["reduced"], result.counts["cancelled"])


def test_nothing_wanted_cancels():
    result = run(resize, (3, 0))
    assert (1, 1) == (result.counts["placed"], result.counts["cancelled"])


def test_a_resting_order_waits_for_the_queue_it_joined_and_then_fills():
    text = QUIET.replace("4000 add", "3500 execute bid 4 12 99\n4000 add")
    result = run(resize, (7, 7), text=text)
    assert [(3500, 7, 99, 1)] == result.fills[["venue_ns", "lots", "price_ticks", "maker"]].tolist()
    assert 1 == result.counts["placed"] - 1  # It is wanted again at once.


def test_the_first_decision_is_when_the_first_event_is_known_and_orders_take_their_leg():
    @strategy(rows=1)
    def take(market, wanted, _wake, _memo, _parameters):
        if market.decisions == 0:
            wanted[0].side, wanted[0].price_ticks, wanted[0].lots, wanted[0].immediate = 1, 101, 60, 1

    result = run(take)
    assert [(100 + 10 + 20, 50, 101, 0)] == result.fills[["venue_ns", "lots", "price_ticks", "maker"]].tolist()
    assert (50, -50 * 101, 50) == (result.position_lots, result.market["cash_ticks"], result.max_position_lots)


def test_a_post_only_order_that_would_take_is_refused():
    @strategy(rows=1)
    def join(market, wanted, _wake, _memo, _parameters):
        if market.decisions == 0:
            wanted[0].side, wanted[0].price_ticks, wanted[0].lots, wanted[0].post_only = 1, 101, 60, 1

    result = run(join)
    assert (0, 1, 1) == (len(result.fills), result.counts["refused"], result.market["refusals"])


def test_the_limit_counts_orders_under_way_and_cancels_that_may_come_too_late():
    @strategy(rows=1)
    def chase(market, wanted, wake, _memo, _parameters):
        wanted[0].side, wanted[0].price_ticks, wanted[0].lots = 1, 50 + market.decisions % 40, 5
        wake.time_ns = market.now_ns + 10
        wake.own_news = 0

    free, held = (run(chase, latency=Latency.constant(500), limit_lots=limit) for limit in (None, 7))
    assert 890 == free.counts["placed"]  # Every 10 ns from 600 to 9,500.
    # 5 lots and then 2; then none until it is known, 1,000 ns after it was sent, that the first is cancelled.
    assert 18 == held.counts["placed"]


def test_a_strategy_that_waits_for_volume_is_asked_when_it_is_known():
    assert 2000 + 10 == run(asks_when).memo["asked_ns"]


def test_the_result_marks_the_position_at_the_last_mid():
    @strategy(rows=1)
    def take(market, wanted, _wake, _memo, _parameters):
        if market.decisions == 0:
            wanted[0].side, wanted[0].price_ticks, wanted[0].lots, wanted[0].immediate = 1, 101, 10, 1

    result = run(take)
    # 10 bought at 101; at the end 99 is bid and 101 offered.
    assert 10 * (100 - 101) * 0.01 == pytest.approx(result.result)
    assert [(1.01, 10.0, False, 10.0)] == result.to_frame().select("price", "quantity", "maker", "position").rows()
    assert "result        -0.1" in str(result)


def test_a_strategy_that_does_not_compile_says_in_one_line_where_and_why():
    line = lines_of_strategies()

    @strategy
    def wishful(market, _wanted, _wake, _memo, _parameters):
        return market.imbalance  # Line wishful.

    @strategy(parameters=("edge",), rows=1)
    def misspelt(_market, wanted, _wake, _memo, _parameters):
        wanted[0].price = 5  # Line misspelt.

    @strategy
    def forgetful(market, _wanted, wake, _memo, _parameters):
        wake.time_ns = market.now_ns + pause_ns  # noqa: F821  Line forgetful.

    @strategy
    def muddled(market, _wanted, wake, _memo, _parameters):
        wake.time_ns = market.now_ns + "1s"  # Line muddled.

    for wrong, said in (
        (wishful, "market has no field 'imbalance'; it has now_ns, bid_ticks"),
        (misspelt, "wanted has no field 'price'; it has side, price_ticks, lots, immediate, post_only"),
        (forgetful, "NameError: name 'pause_ns' is not defined"),
        (muddled, "No implementation of function Function(<built-in function add>) found for signature: add(int64, "),
    ):
        with pytest.raises(BadParameter) as refused:
            run(wrong, (1,) if wrong.parameters else None)
        expected = f"strategy '{wrong.name}' does not compile: line {line[wrong.name]}: {said}"
        assert str(refused.value).startswith(expected)
        assert 1 == len(str(refused.value).splitlines())


def lines_of_strategies():
    """Where in this file "Line <name>." stands."""
    lines = Path(__file__).read_text().splitlines()
    return {found[1]: number for number, line in enumerate(lines, 1) if (found := re.search(r"Line (\w+)\.$", line))}


@numba.njit
def _set_lots(wanted, row):
    wanted[row].lots = 5


@strategy(parameters=("row",))
def writes(_market, wanted, _wake, _memo, parameters):
    wanted[int(parameters.row)].side = 1


@strategy(parameters=("row",))
def writes_in_a_function(_market, wanted, _wake, _memo, parameters):
    _set_lots(wanted, int(parameters.row))


@strategy(parameters=("row",))
@numba.njit
def writes_compiled(_market, wanted, _wake, _memo, parameters):
    wanted[int(parameters.row)].side = 1


@strategy(parameters=("row",))
def writes_always_the_ninth(_market, wanted, _wake, _memo, _parameters):
    wanted[8].side = 1


@pytest.mark.parametrize("chosen", [writes, writes_in_a_function, writes_compiled, writes_always_the_ninth])
@pytest.mark.parametrize("row", [8, 33, -9, 1 << 40])
def test_a_row_that_is_not_there_is_named_with_the_way_out(chosen, row):
    told = 8 if chosen is writes_always_the_ninth else row
    said = f"row {told} of wanted, which has rows 0 to 7; ask for more with @sim.strategy(rows=...), at most 64"
    with pytest.raises(BadParameter, match=re.escape(said)):
        run(chosen, (row,))


def test_rows_count_from_the_end_too_as_in_python():
    @strategy(rows=3)
    def last(market, wanted, _wake, _memo, _parameters):
        if market.decisions == 0:
            wanted[-1].side, wanted[-1].price_ticks, wanted[-1].lots, wanted[-1].immediate = 1, 101, 10, 1

    assert 10 == run(last).position_lots


def test_any_other_index_beyond_its_array_is_an_error_too():
    @strategy
    def all_sides(market, wanted, _wake, _memo, _parameters):
        wanted.side[market.decisions + 8] = 1

    with pytest.raises(BadParameter, match=r"raised IndexError at 00:00:00.*: index is out of bounds"):
        run(all_sides)


def test_a_strategy_may_go_through_its_rows():
    @strategy(rows=3)
    def ladder(market, wanted, wake, _memo, _parameters):
        for k, wish in enumerate(wanted):
            wish.side, wish.price_ticks, wish.lots = 1, 90 + k + 0 * len(wanted), 1

    assert 3 == run(ladder).counts["placed"]


def test_a_strategy_that_raises_is_named_with_its_complaint():
    @strategy(parameters=("by",))
    def divides(market, _wanted, wake, _memo, parameters):
        wake.time_ns = market.now_ns + 1 // int(parameters.by)

    with pytest.raises(BadParameter, match=r"strategy 'divides' raised ZeroDivisionError at 00:00:00"):
        run(divides, {"by": 0})


@pytest.mark.parametrize(
    ("lots", "side", "said"),
    [(-1, 1, "row 0 side 1, -1 lots at 99 ticks"), (1, 2, "row 0 side 2, 1 lots"), (1 << 53, -1, "below 2**53")],
)
def test_an_order_that_cannot_be_is_shown(lots, side, said):
    @strategy(parameters=("lots", "side"))
    def wants(_market, wanted, _wake, _memo, parameters):
        wanted[0].side, wanted[0].price_ticks, wanted[0].lots = parameters.side, 99, parameters.lots

    with pytest.raises(BadParameter, match=re.escape(said)):
        run(wants, (lots, side))


@pytest.mark.parametrize(
    ("price", "by", "said"),
    [
        (0, 1, "1 lots at 0 ticks; a side is"),
        (-3, 1, "1 lots at -3 ticks; a side is +1 or -1, lots are from 0 to below 2**53, prices above 0"),
        (1 << 53, 1, "prices above 0 and below 2**53"),
        (0, 0, f"1 lots at {-(1 << 63)} ticks"),
    ],
)
def test_a_price_that_cannot_be_is_shown(price, by, said):
    @strategy(parameters=("price", "by"))
    def wants(_market, wanted, _wake, _memo, parameters):
        wanted[0].side, wanted[0].lots = 1, 1
        wanted[0].price_ticks = parameters.price if parameters.by else np.sqrt(parameters.by - 1)

    with pytest.raises(BadParameter, match=re.escape(said)):
        run(wants, (price, by))


def test_a_negative_price_is_legal_where_the_instrument_says_so():
    day = day_of(QUIET + "    9500 add bid 7 1 -5", negative_prices=True)

    @strategy(parameters=("price",))
    def wants(_market, wanted, _wake, _memo, parameters):
        wanted[0].side, wanted[0].price_ticks, wanted[0].lots = 1, parameters.price, 1

    assert 1 == run_compiled(wants, day, (-3,), latency=FAST).counts["placed"]
    with pytest.raises(BadParameter, match=re.escape("prices within 2**53 either way of 0")):
        run_compiled(wants, day, (-(1 << 53),), latency=FAST)


def test_a_strategy_that_asks_too_often_for_a_day_is_told_so_while_it_runs(monkeypatch):
    monkeypatch.setattr(compiled, "_ENOUGH_DECISIONS", 1 << 16)

    @strategy(parameters=("pause_ns",))
    def impatient(market, _wanted, wake, _memo, parameters):
        wake.time_ns = market.now_ns + (1 if market.decisions < 1 << 17 else 1 << 40)

    @strategy
    def patient(market, _wanted, wake, _memo, _parameters):
        wake.time_ns = market.now_ns + 60_000

    text = QUIET + "    10000000000 add bid 7 1 96"
    day = day_of(text, close_ns=11 * 10**9)
    with pytest.warns(
        RuntimeWarning, match=r"'impatient' was asked 65,536 times by 00:00:00.*, some \d+ minutes"
    ) as told:
        run_compiled(impatient, day, (1,), latency=FAST)
    assert [__file__] == [warning.filename for warning in told]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run_compiled(patient, day, latency=FAST)


def test_a_wake_that_is_not_after_now_is_refused():
    @strategy
    def stays(market, _wanted, wake, _memo, _parameters):
        wake.time_ns = market.now_ns

    with pytest.raises(BadParameter, match="woken at 110 ns, which is not after now"):
        run(stays)


def test_a_strategy_that_goes_round_in_circles_is_stopped():
    @strategy
    def spins(market, _wanted, wake, _memo, _parameters):
        wake.volume_lots = market.volume_lots

    with pytest.raises(BadParameter, match=r"asked 1000 times at .* without time passing"):
        run(spins)


def test_more_orders_than_fit_are_refused_saying_so():
    @strategy(rows=1)
    def litters(market, wanted, wake, _memo, _parameters):
        wanted[0].side, wanted[0].price_ticks, wanted[0].lots = 1, 50 + market.decisions % 40, 1
        wake.time_ns = market.now_ns + 1
        wake.own_news = 0

    with pytest.raises(OutOfCapacity, match="256 orders standing or under way"):
        run(litters, latency=Latency.constant(5_000))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((1,), "1 parameters"),
        ({"first": 1}, "parameters first"),
        ((1, float("nan")), "second nan"),
        (None, "none for"),
        ({"first": 1, "second": "x"}, "second 'x' of strategy 'resize' is not a finite number"),
        ({"first": [1, 2], "second": 1}, r"first \[1, 2\] of strategy 'resize' is not"),
        (5, "parameters 5 for 'resize'; give a number for each of first, second"),
        ("ab", "parameters 'ab' for 'resize'"),
    ],
)
def test_parameters_that_do_not_fit_say_what_there_is(given, said):
    with pytest.raises(BadParameter, match=said):
        run(resize, given)


def test_declarations_that_cannot_be_are_refused():
    def nothing(_market, _wanted, _wake, _memo, _parameters):
        pass

    with pytest.raises(BadParameter, match="0 rows"):
        strategy(nothing, rows=0)
    with pytest.raises(BadParameter, match="'half spread' cannot be the name"):
        strategy(nothing, parameters=("half spread",))
    with pytest.raises(BadParameter, match="memo field 'mean' is"):
        strategy(nothing, memo={"mean": str})
    with pytest.raises(BadParameter, match=r"memo \['mean'\] is no mapping"):
        strategy(nothing, memo=["mean"])
    with pytest.raises(BadParameter, match="name one twice"):
        strategy(nothing, parameters=("edge", "edge"))
    with pytest.raises(BadParameter, match="strategy 5 is not a function"):
        strategy(5)
    with pytest.raises(BadParameter, match=r"'<lambda>' takes \(market\); it must take \(market, wanted, wake, memo"):
        strategy(lambda market: None)


def test_what_is_no_strategy_no_day_or_no_number_is_refused_with_the_way_out():
    def plain(_market, _wanted, _wake, _memo, _parameters):
        pass

    for runs, sets in ((run_compiled, (1, 1)), (sweep, [(1, 1)])):
        with pytest.raises(BadParameter, match="plain is not a compiled strategy; put the decorator"):
            runs(plain, day_of(), sets)
        with pytest.raises(BadParameter, match=r"load it first: nowake.load_day\('generated'\)"):
            runs(resize, "generated", sets)
        for wrong in ({"limit_lots": 1.5}, {"start_ns": "10:00"}, {"seed": 0.5}):
            with pytest.raises(BadParameter, match=rf"{min(wrong)} .* must be a whole number"):
                runs(resize, day_of(), sets, **wrong)
        with pytest.raises(BadParameter, match="latency 200 is neither a text as '200us' nor a Latency"):
            runs(resize, day_of(), sets, latency=200)


def test_latency_and_queue_model_may_be_texts():
    assert FAST == run(resize, (1, 1), latency="feed=10ns,send=20ns,ack=30ns").latency
    levels = SimpleNamespace(**(vars(day_of()) | {"events": levels_of_orders(day_of().events)}))
    said = run_compiled(resize, levels, (1, 1), latency="1us", queue_model="power:3").assumptions
    assert any("estimated by the power 3 model" in sentence for sentence in said)
    assert "1 us" in str(sweep(resize, day_of(), [(1, 1)], latency="1us"))


def test_market_data_that_come_unevenly_late_are_left_to_the_engine():
    with pytest.raises(BadParameter, match="needs constant feed, ack and fill legs"):
        run(resize, (1, 1), latency=Latency(feed=Draws(np.array([1, 9]))))
    with pytest.raises(BadParameter, match="no faster than market data"):
        run(resize, (1, 1), latency=Latency(feed=100, ack=50))


def test_a_day_without_events_and_a_limit_of_nothing_are_refused():
    empty = SimpleNamespace(**(vars(day_of()) | {"events": day_of().events[:0]}))
    with pytest.raises(BadData, match="no events to replay"):
        run_compiled(resize, empty, (1, 1))
    with pytest.raises(BadParameter, match="limit of 0 lots"):
        run(resize, (1, 1), limit_lots=0)


def test_a_sweep_runs_every_combination_and_prints_as_a_table():
    found = sweep(resize, day_of(), {"first": [3, 7], "second": 3}, latency=FAST)
    assert (
        "resize in test, 2 runs, market data 10 ns, orders and cancels 20 ns, answers and fills 30 ns\n"
        "first  second  fills  traded  position  max_position  result\n"
        "    3       3      0       0         0             0       0\n"
        "    7       3      0       0         0             0       0"
    ) == str(found)
    assert [1, 1] == found.to_frame()["placed"].to_list()
    assert found.assumptions[-1].startswith("A cancel and the order that replaces it")


def test_a_sweep_in_threads_is_the_same_as_one_after_the_other():
    rows = [[k % 4, k % 3] for k in range(12)]
    told = []
    one = sweep(resize, day_of(), rows, latency=FAST)
    two = sweep(resize, day_of(), np.array(rows), latency=FAST, workers=2, progress=lambda *done: told.append(done))
    assert one.to_frame().equals(two.to_frame())
    assert [(k + 1, 12) for k in range(12)] == told


@pytest.mark.parametrize(
    ("parameters", "options", "said"),
    [
        ([], {}, "no parameters"),
        ([1, 2], {}, r"parameters \[1, 2\]; give names with values, or rows of numbers"),
        ([[1, 1], [1]], {}, "1 parameters for 'resize'"),
        ({"first": ["x"], "second": 1}, {}, "first 'x'"),
        ({"first": None, "second": 1}, {}, "first None"),
        ([[1, 1]], {"workers": "2"}, "workers '2' must be a whole number"),
        ({"first": [], "second": 1}, {}, "no parameters"),
        ([[1, 1]], {"workers": 0}, "workers 0"),
    ],
)
def test_a_sweep_of_nothing_or_with_nobody_is_refused(parameters, options, said):
    with pytest.raises(BadParameter, match=said):
        sweep(resize, day_of(), parameters, **options)


def test_the_best_of_a_sweep_is_the_run_of_the_largest_figure():
    found = sweep(resize, day_of(), {"first": [3, 7], "second": [0, 7]}, latency=FAST)
    assert {"first": 3.0, "second": 7.0} == found.best("placed").parameters
    with pytest.raises(BadParameter, match="no figure 'sharpe'"):
        found.best("sharpe")


@strategy(memo={"seen_lots": int})
def scribbles(market, wanted, wake, memo, _parameters):
    """Buys a lot at once whenever asked, and uses the market record as its own."""
    memo.seen_lots = max(memo.seen_lots, market.position_lots)
    for_now = market.now_ns
    market.position_lots = market.cash_ticks = market.bought_lots = market.fills = market.refusals = -9
    wanted[0].side, wanted[0].price_ticks, wanted[0].lots, wanted[0].immediate = 1, 101, 4, 1
    wake.time_ns = for_now + 500


def test_what_a_strategy_writes_into_the_market_record_changes_neither_accounts_nor_limit():
    result = run(scribbles, limit_lots=10)
    assert (10, 10) == (result.position_lots, result.memo["seen_lots"])
    assert 10 == result.fills["lots"].sum() == result.market["bought_lots"]
    assert (-10 * 101, len(result.fills), 0) == tuple(
        result.market[name] for name in ("cash_ticks", "fills", "refusals")
    )
