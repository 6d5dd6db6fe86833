"""What other people's algorithms lose: 50 % in a thin book, 10 to 17 % to the last slice, the rest to one refusal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.worlds.samples import CLOSE_NS, OPEN_NS, parent
from tests.worlds.scripted import StillWorld

from nowake import algos
from nowake.domain.decider import Reason
from nowake.domain.order import ParentOrder
from nowake.engine.journal import Journal
from nowake.engine.loop import run
from nowake.engine.run import RunRecord
from nowake.models.volume import VolumeCurve

Make = Callable[[ParentOrder], algos.Algorithm]
COMPLETING: dict[str, Make] = {
    "twap": algos.Twap,
    "vwap": lambda order: algos.Vwap(order, VolumeCurve(edges_ns=(OPEN_NS, CLOSE_NS), shares=(1.0,))),
    "shortfall": lambda order: algos.Shortfall.with_urgency(order, 3.0),
    "iceberg": lambda order: algos.Iceberg(order, display_size=7),
}


def work(algorithm: algos.Algorithm, world: StillWorld) -> RunRecord:
    return run(algorithm, world, seed=1, journal=Journal())


@pytest.mark.parametrize("name", COMPLETING)
@pytest.mark.parametrize("lots", [1, 97, 1_000, 1_001])
def test_a_thin_book_is_taken_again_and_again_until_the_order_is_done(name: str, lots: int) -> None:
    order = parent(lots)
    record = work(COMPLETING[name](order), StillWorld(order, displayed=3))
    assert (record.executed_lots, record.residual_lots) == (lots, 0)


@pytest.mark.parametrize("name", COMPLETING)
def test_perfect_fills_execute_all_of_it_and_not_a_lot_more(name: str) -> None:
    order = parent(1_003)
    record = work(COMPLETING[name](order), StillWorld(order, displayed=10**6, fills_resting=True))
    assert (record.executed_lots, record.residual_lots) == (1_003, 0)


@pytest.mark.parametrize("name", COMPLETING)
@pytest.mark.parametrize("refused", [(0,), (1, 2, 3), tuple(range(1, 200, 2))])
def test_a_refused_child_is_tried_again_and_its_lots_are_not_lost(name: str, refused: tuple[int, ...]) -> None:
    order = parent(500)
    record = work(COMPLETING[name](order), StillWorld(order, displayed=50, refused=refused))
    assert (record.executed_lots, record.residual_lots) == (500, 0)
    assert record.refusals["venue_fault"] >= 1


def test_the_last_slice_carries_the_remainder() -> None:
    order = parent(1_009)  # A prime: no number of slices divides it.
    record = work(algos.Twap(order, slices=10, completion_share=0.0), StillWorld(order, displayed=10**6))
    assert record.executed_lots + record.residual_lots == 1_009
    assert record.executed_lots >= 1_009 * 9 // 10  # Without a completion phase only the running slice may be left.


def test_a_venue_that_refuses_everything_leaves_everything_and_says_so() -> None:
    order = parent(50)
    record = work(algos.Twap(order), StillWorld(order, displayed=50, refused=range(10**6)))
    assert (record.executed_lots, record.residual_lots, record.residual_reason) == (0, 50, Reason.REFUSED)
