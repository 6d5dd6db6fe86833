"""The record every schedule is."""

import pytest
from tests.unit.models.makers import SECOND, order

from nowake.algos import Follow
from nowake.domain.errors import BadParameter
from nowake.schedules import Certificate, Schedule

EDGES = tuple(k * 1200 * SECOND for k in range(4))


def schedule(lots: tuple[int, ...], **more: object) -> Schedule:
    return Schedule(name="by hand", order=order(10), times_ns=EDGES, lots=lots, **more)


def test_a_schedule_that_goes_back_says_so_and_is_not_followed() -> None:
    back = schedule((6, -2, 6))
    assert back.reverses
    assert not schedule((6, 0, 4)).reverses
    with pytest.raises(BadParameter, match="smallest -2 lots"):
        Follow(back)


def test_half_done_is_inside_the_bucket_that_reaches_it() -> None:
    assert 1000 * SECOND == schedule((6, 2, 2)).half_done_ns  # 5 of the 6 lots of the first 1,200 seconds.
    assert 2400 * SECOND == schedule((2, 3, 5)).half_done_ns


def test_parts_of_the_cost_must_sum_to_it() -> None:
    parts = {"spread": 2.0, "temporary": 3.5}
    assert schedule((6, 2, 2), expected_cost_bps=5.5, cost_parts=parts).expected_cost_bps == 5.5
    with pytest.raises(BadParameter, match=r"sum to 5\.5 bps, not to 6"):
        schedule((6, 2, 2), expected_cost_bps=6.0, cost_parts=parts)


def test_lots_that_do_not_sum_to_the_order_are_refused() -> None:
    with pytest.raises(BadParameter, match="lots sum to 9; they must sum to 10"):
        schedule((6, 2, 1))


@pytest.mark.parametrize("value", [-1e-9, float("nan")])
def test_a_certificate_below_0_or_not_a_number_is_a_failed_solver(value: float) -> None:
    with pytest.raises(BadParameter, match="solver has failed"):
        Certificate(method="by hand", kind="duality gap", value=value, objective=1.0)


def test_a_certificate_reads_as_one_line() -> None:
    made = Certificate(method="PIQP", kind="duality gap", value=2e-10, objective=1.0, iterations=12)
    assert "PIQP in 12 iterations; duality gap 2.0e-10" == str(made)
    closed = Certificate(method="closed form", kind="closed form", value=4e-15, objective=1.0)
    assert "closed form; residual 4.0e-15" == str(closed)
