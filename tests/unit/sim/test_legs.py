"""Legs of latency: what each message takes, in Python and in compiled code."""

from __future__ import annotations

import ctypes
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Receipts
from nowake.domain.randomness import draw
from nowake.kernels import legs as records
from nowake.sim.legs import Backlog, Constant, Draws, Table, drawn, recorded, waits

SEND = records.SEND


def array(*values):
    return np.array(values, np.int64)


def test_table_gives_the_last_row_at_or_before_and_the_first_before_all():
    table = Table(array(10, 20, 20, 30), array(1, 2, 3, 4))
    assert [1, 1, 1, 3, 3, 4, 4] == [table.delay_ns(time_ns, 0, SEND) for time_ns in (0, 10, 19, 20, 29, 30, 99)]
    assert 1 == table.least_ns


def test_draws_are_of_the_given_delays_by_seed_leg_and_number():
    draws = Draws(array(30, 10, 20), seed=7)
    taken = [draws.delay_ns(0, number, SEND) for number in range(1_000)]
    assert [(10, 20, 30)[int(draw(7, SEND, number) * 3)] for number in range(1_000)] == taken
    assert {10, 20, 30} == set(taken)
    assert taken != [draws.delay_ns(0, number, records.FILL) for number in range(1_000)]
    assert taken != [Draws(array(30, 10, 20), seed=8).delay_ns(0, number, SEND) for number in range(1_000)]


def lindley(times, service):
    """The recursion as it is written: W = max(W + service - gap, 0)."""
    out, wait = [], 0
    for k, time in enumerate(times):
        wait = max(wait + service - (time - times[k - 1]), 0) if k else 0
        out.append(wait)
    return out


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(0, 20))
def test_waits_are_those_of_the_recursion(gaps, service):
    times = np.cumsum(array(10, *gaps))
    assert lindley(times.tolist(), service) == waits(times, service).tolist()


def test_mean_wait_under_random_load_is_that_of_the_formula_for_constant_service():
    """M/D/1: mean wait = service * load / (2 * (1 - load)) (Pollaczek 1930, Khinchine 1932)."""
    service, load = 1_000, 0.6
    times = np.cumsum(np.random.default_rng(3).exponential(service / load, 400_000)).astype(np.int64)
    assert service * load / (2 * (1 - load)) == pytest.approx(waits(times, service).mean(), rel=0.03)


def test_market_messages_wait_for_those_before_them_and_ours_for_all_that_are_there():
    times = array(1_000, 1_000, 1_003, 1_100)
    backlog = Backlog(way=100, service=5)
    assert [105, 110, 112, 105] == backlog.of_market(times).rows_ns.tolist()
    sent = backlog.of_ours(times, way_first=True)  # Sent at 900 it arrives at 1000, when 2 messages are waiting.
    assert [105, 115, 114, 117, 113, 106, 105] == [
        sent.delay_ns(time_ns, 0, SEND) for time_ns in (899, 900, 901, 903, 907, 914, 915)
    ]
    came = backlog.of_ours(times, way_first=False)
    assert [105, 115, 105] == [came.delay_ns(time_ns, 0, SEND) for time_ns in (999, 1_000, 1_020)]


def test_backlog_of_a_day_without_events_is_no_backlog():
    assert 15 == Backlog(10, 5).of_ours(array(), way_first=True).delay_ns(0, 0, SEND)


def receipts(*pairs):
    return Receipts(*(array(*column) for column in zip(*pairs, strict=True)))


def test_recorded_delay_is_that_of_the_moment_and_prints_what_it_is_of():
    leg = recorded(receipts((100, 130), (90, 140), (200, 210)))
    assert [50, 30, 10] == [leg.delay_ns(time_ns, 0, SEND) for time_ns in (99, 199, 200)]
    assert "as recorded at the moment (3 messages)" == str(leg)


def test_drawn_delays_print_their_spread():
    leg = drawn(receipts((0, 1_000), (0, 2_000), (0, 9_000_000)), seed=4)
    assert "drawn from 3 recorded (least 1 us, median 2 us, 99th percentile 9 ms; seed 4)" == str(leg)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([(10, 50), (20, 40)], "receipt 1 was received at 40, before the one above it at 50"),
        ([(10, 50), (6_000, 1_000)], "receipt 1 was received 5 us before it was sent: the two clocks disagree; add at"),
        ([(0, 2 * 3_600 * 10**9)], "row 0: a delay of 7200000000000 ns must be from 0 ns to an hour"),
    ],
)
def test_receipts_that_cannot_be_believed_are_refused_with_the_row(pairs, said):
    for make in (recorded, drawn):
        with pytest.raises(BadData, match=said):
            make(receipts(*pairs))


def test_no_receipts_are_refused():
    with pytest.raises(BadData, match="no receipts"):
        recorded(Receipts(array(), array()))


@pytest.mark.parametrize("value", [-1, math.nan, 1.5, True, None, "200", "-1us", 10**16])
def test_delay_that_is_no_duration_is_refused(value):
    with pytest.raises(BadParameter, match=r"delay|duration"):
        Constant(value)


@pytest.mark.parametrize(
    ("times", "delays", "said"),
    [
        ([], [], "0 times and 0 delays"),
        ([1, 2], [3], "2 times and 1 delays"),
        ([2, 1], [3, 3], "row 1: time 1 is before 2"),
        ([1, 2], [3, -1], "row 1: a delay of -1 ns"),
    ],
)
def test_table_that_cannot_be_is_refused_with_the_row(times, delays, said):
    with pytest.raises(BadData, match=said):
        Table(array(*times), array(*delays))


@pytest.mark.parametrize(("pool", "seed"), [([], 0), ([-1], 0), ([1], -1)])
def test_draws_that_cannot_be_are_refused(pool, seed):
    with pytest.raises((BadData, BadParameter), match=r"no delays|row 0|seed -1"):
        Draws(array(*pool), seed)


def table(rows, worn_off_ns):
    return Table(array(*sorted(time for time, _ in rows)), array(*(delay for _, delay in rows)), worn_off_ns)


POOL = st.lists(st.integers(0, 10**9), min_size=1, max_size=9).map(lambda pool: array(*pool))
ROWS = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 99)), min_size=1, max_size=9)
ANY_LEG = st.one_of(
    st.integers(0, 10**9).map(Constant),
    st.builds(Draws, POOL, st.integers(0, 2**63 - 1)),
    st.builds(table, ROWS, st.sampled_from([None, 0, 7])),
)


@given(ANY_LEG, st.lists(st.integers(-5, 120), min_size=1, max_size=20).map(sorted), st.integers(0, 5))
def test_array_record_and_message_take_the_same_time(leg, times, number):
    alone = [leg.delay_ns(time_ns, k, number) for k, time_ns in enumerate(times)]
    assert alone == leg.delays_ns(array(*times), number).tolist()
    assert alone == [plain(leg.record(number)[0], time_ns, k) for k, time_ns in enumerate(times)]
    assert min(alone) >= leg.least_ns


def plain(record, time_ns, number):
    """What a reader of the record makes of it, as the docstrings of `nowake.kernels.legs` say."""
    if record["kind"] == records.CONSTANT:
        return record["delay_ns"]
    rows = [read(record[name], record["count"]) for name in ("times", "delays") if record[name]]
    if record["kind"] == records.DRAWS:
        return rows[0][int(draw(int(record["seed"]), int(record["number"]), number) * record["count"])]
    before = [k for k, row_ns in enumerate(rows[0]) if row_ns <= time_ns]
    if not before:
        return record["delay_ns"]
    delay_ns = rows[1][before[-1]]
    if record["least_ns"] == records.STEPS:
        return delay_ns
    return max(delay_ns - (time_ns - rows[0][before[-1]]), record["least_ns"])


def read(address, count):
    return list((ctypes.c_int64 * int(count)).from_address(int(address)))
