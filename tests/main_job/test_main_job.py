"""The main job, end to end: on every replayable real day there is, and on the generated day."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nowake.algos import Algorithm, Twap
from nowake.data.day import Day
from nowake.data.load import Entry, catalogue, load_day
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.domain.units import NS_PER_MINUTE
from nowake.verbs.demo import algorithms, demo, expect
from nowake.verbs.replay import replay
from nowake.verbs.simulate import Run, simulate

pytestmark = pytest.mark.slow
LOTS = 20_000


def full_days(root: Path) -> list[Entry]:
    """The real days that last at least an hour: files cut to their first rows are no days."""
    return [entry for entry in catalogue(root) if entry.format == "lobster" and entry.size_bytes > 1_000_000]


def window(day: Day) -> tuple[int, int]:
    """From half an hour after the data begin to half an hour before they end, or their middle half."""
    first, last = int(day.events["time_ns"][0]), int(day.events["time_ns"][-1])
    margin = min(30 * NS_PER_MINUTE, (last - first) // 4)
    return first + margin, last - margin


def order_of(day: Day, side: Side = Side.BUY, limit_ticks: int | None = None) -> ParentOrder:
    start_ns, end_ns = window(day)
    return ParentOrder(
        instrument=day.instrument, side=side, lots=LOTS, start_ns=start_ns, end_ns=end_ns, limit_ticks=limit_ticks
    )


def check_run(run: Run, limit_ticks: int | None = None) -> None:
    """What must hold of every run, whatever the algorithm and the day."""
    assert run.executed_lots + run.residual_lots == LOTS
    assert run.residual_lots >= 0
    assert (run.residual_reason is None) == (run.residual_lots == 0)
    filled = dict.fromkeys((child.child_id for child in run.children), 0)
    for fill in run.fills:
        filled[fill.child_id] += fill.lots
        assert run.order.allows(fill.price_ticks)
    assert all(filled[child.child_id] == child.filled_lots <= child.lots for child in run.children)
    assert all(run.order.allows(child.price_ticks) for child in run.children)
    assert all(run.order.start_ns <= child.placed_ns < run.order.end_ns for child in run.children)
    assert all(child.state.is_terminal for child in run.children)
    cost = run.cost
    assert sum(cost.wagner.values()) == pytest.approx(cost.shortfall, rel=1e-9, abs=1e-9)
    assert sum(cost.perold.values()) == pytest.approx(cost.shortfall, rel=1e-9, abs=1e-9)
    assert sum(cost.trading.values()) == pytest.approx(cost.wagner["trading"], rel=1e-9, abs=1e-9)
    assert cost.market_lots >= run.executed_lots


def five(day: Day, order: ParentOrder) -> tuple[Algorithm, ...]:
    return algorithms(order, expect(order, day))


@pytest.mark.parametrize("side", list(Side))
def test_five_algorithms_lose_no_share_on_a_generated_day(generated_day: Day, side: Side) -> None:
    for algorithm in five(generated_day, order_of(generated_day, side)):
        check_run(simulate(algorithm, generated_day, seed=7))


def test_five_algorithms_lose_no_share_on_every_real_day(data_root: Path) -> None:
    days = full_days(data_root)
    if not days:
        pytest.skip(f"no full LOBSTER day under {data_root}")
    for entry in days:
        day = load_day(entry.spec, entry.first, root=data_root)
        for algorithm in five(day, order_of(day)):
            check_run(simulate(algorithm, day, seed=7))


def test_no_price_goes_through_the_limit_and_the_residual_says_why(generated_day: Day) -> None:
    order = order_of(generated_day)
    middle = int(generated_day.quotes.bid_ticks[len(generated_day.quotes) // 2])
    limited = order_of(generated_day, limit_ticks=middle)
    for algorithm in five(generated_day, limited):
        check_run(simulate(algorithm, generated_day, seed=7))
    assert order.limit_ticks is None


def test_an_order_larger_than_the_market_ends_with_a_residual_and_a_reason(generated_day: Day) -> None:
    start_ns, _ = window(generated_day)
    order = ParentOrder(
        instrument=generated_day.instrument,
        side=Side.BUY,
        lots=50_000_000,
        start_ns=start_ns,
        end_ns=start_ns + 5 * NS_PER_MINUTE,
    )
    run = simulate(Twap(order), generated_day)
    assert run.residual_lots > 0
    assert run.residual_reason is not None
    assert run.executed_lots + run.residual_lots == order.lots


PROGRAM = """
import sys
from nowake.data.generated import generate_day
from tests.main_job.test_main_job import five, order_of
from nowake.verbs.simulate import simulate
day = generate_day(seed=3, events=60_000)
print(*(simulate(algorithm, day, seed=7).journal_hash for algorithm in five(day, order_of(day))))
"""


def test_the_same_seed_gives_the_same_hashes_again_and_in_a_fresh_process(generated_day: Day) -> None:
    order = order_of(generated_day)
    hashes = [[simulate(a, generated_day, seed=7).journal_hash for a in five(generated_day, order)] for _ in range(2)]
    root = Path(__file__).parent.parent.parent
    fresh = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, cwd=root)
    assert hashes[0] == hashes[1] == fresh.stdout.split()
    assert len(set(hashes[0])) == 5
    assert simulate(five(generated_day, order)[0], generated_day, seed=8).journal_hash not in hashes[0]


def test_the_demo_leaves_a_report_and_journals_that_replay(generated_day: Day, tmp_path: Path) -> None:
    done = demo(day=generated_day, out=tmp_path)
    assert done.report.read_text().count("<svg") >= 20
    for run in done.runs:
        assert run.journal_path is not None
        replayed = replay(run.journal_path)
        assert replayed.same
        assert replayed.record.fills == run.fills
        assert run.executed_lots + run.residual_lots == 20_000


def test_a_second_demo_overwrites_nothing(generated_day: Day, tmp_path: Path) -> None:
    first = demo(day=generated_day, out=tmp_path)
    second = demo(day=generated_day, out=tmp_path)
    assert first.report != second.report
    assert first.report.read_bytes() == second.report.read_bytes()
