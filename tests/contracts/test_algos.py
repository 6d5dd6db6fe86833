"""The battery every algorithm must pass: the promises of the engine, held in a world that breaks what it may."""

from __future__ import annotations

import msgspec
import pytest
from tests.worlds.rude import RudeWorld
from tests.worlds.samples import CLOSE_NS, OPEN_NS, parent

from nowake import algos
from nowake.domain.command import PlaceChild
from nowake.domain.decider import Reason
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.engine.journal import Journal
from nowake.engine.loop import run
from nowake.engine.run import RunRecord
from nowake.models.volume import VolumeCurve
from nowake.schedules.adaptive import CarteaJaimungal, PostingDepth, RollingHorizon
from nowake.schedules.schedule import Schedule

SEEDS = range(10)
POSTING = PostingDepth(
    fills_at_mid=2e4, decay=50, volatility=1.0, risk_aversion=1e-4, clip=50, most_clips=2_000, end_cost=0.05
)


def flat_curve() -> VolumeCurve:
    return VolumeCurve(edges_ns=(OPEN_NS, CLOSE_NS), shares=(1.0,))


def algorithms(order: ParentOrder) -> list[algos.Algorithm]:
    return [
        algos.Twap(order),
        algos.Twap(order, no_take_liq=True),
        algos.Vwap(order, flat_curve()),
        algos.Shortfall.with_urgency(order, 3.0),
        algos.Participate(order, rate=0.2),
        algos.Participate(order, rate=0.2, max_pct_vol=0.25),
        algos.Iceberg(order, display_size=20),
        algos.Adaptive(order, CarteaJaimungal(eta=1e-6, running_penalty=0.5)),
        algos.Adaptive(order, RollingHorizon(eta=1e-6, risk_aversion=1.0, mean_rate=1e5), 1e5, volatility=1.0),
        algos.Post(order, POSTING),
        algos.Follow(blocks(order)),
    ]


def blocks(order: ParentOrder) -> Schedule:
    """Nearly half of an order in a hundredth of its window at either end."""
    block_ns, block = order.duration_ns // 100, order.lots * 9 // 20
    times = (order.start_ns, order.start_ns + block_ns, order.end_ns - block_ns, order.end_ns)
    return Schedule(name="blocks", order=order, times_ns=times, lots=(block, order.lots - 2 * block, block))


def work(algorithm: algos.Algorithm, seed: int, *, generous: bool = False) -> tuple[RunRecord, RudeWorld]:
    world = RudeWorld(algorithm.order, seed, generous=generous)
    return run(algorithm, world, seed=seed, journal=Journal()), world


@pytest.mark.parametrize("index", range(11))
@pytest.mark.parametrize("side", list(Side))
def test_executed_and_residual_are_the_parent_and_no_fill_is_lost_or_counted_twice(index: int, side: Side) -> None:
    for seed in SEEDS:
        record, world = work(algorithms(parent(500, side=side))[index], seed)
        assert record.executed_lots + record.residual_lots == 500
        assert record.executed_lots == world.filled
        assert record.residual_lots >= 0
        assert (record.residual_reason is None) == (record.residual_lots == 0)
        assert all(child.filled_lots <= child.lots for child in record.children)


@pytest.mark.parametrize("index", range(11))
def test_no_price_leaves_through_the_limit(index: int) -> None:
    for seed in SEEDS:
        order = parent(500, limit_ticks=9_999)
        record, world = work(algorithms(order)[index], seed)
        prices = [command.price_ticks for command in world.sent if isinstance(command, PlaceChild)]
        assert max(prices, default=0) <= 9_999
        assert all(fill.price_ticks <= 9_999 for fill in record.fills)


@pytest.mark.parametrize("index", range(11))
def test_same_seed_gives_the_same_journal_hash_and_another_seed_another(index: int) -> None:
    hashes = [work(algorithms(parent())[index], seed)[0].journal_hash for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


@pytest.mark.parametrize("index", [0, 2, 3, 6, 7, 8, 9, 10])
def test_a_generous_market_completes_every_algorithm_that_may_complete(index: int) -> None:
    for seed in SEEDS:
        record, _ = work(algorithms(parent(300))[index], seed, generous=True)
        assert record.residual_lots == 0


def test_participation_never_exceeds_its_maximum_after_any_fill() -> None:
    for seed in SEEDS:
        algorithm = algos.Participate(parent(5_000), rate=0.1, max_pct_vol=0.1, clip_size=5)
        record, world = work(algorithm, seed)
        assert record.executed_lots <= 0.1 * world.volume + 1e-9


def test_a_passive_algorithm_says_why_it_left_a_residual() -> None:
    record, _ = work(algos.Participate(parent(100_000), rate=0.05), seed=3)
    assert record.residual_lots > 0
    assert record.residual_reason in {Reason.WINDOW_OVER, Reason.RATE_CAP, Reason.REFUSED}


def test_an_algorithm_survives_its_own_record() -> None:
    for algorithm in algorithms(parent()):
        assert msgspec.convert(msgspec.to_builtins(algorithm), algos.Algorithm) == algorithm
