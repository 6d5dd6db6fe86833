"""How a price answers schedules: cost, path and the steps of a simulation tell one story."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nowake.domain.errors import BadParameter
from nowake.models.impact.kernels import CappedLinear, Exponential, MultiExponential, PowerLaw, ShiftedPowerLaw
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import LogShape, Power

RESPONSES = [
    Response(permanent_bps_per_share=0.02, temporary=Power(0.3, 0.6)),
    Response(kernel=Exponential(5.0), pressure=Power(2.0, 1.0)),
    Response(
        permanent_bps_per_share=0.1,
        temporary=LogShape(0.5, 10.0),
        kernel=MultiExponential((0.6, 0.4), (2.0, 100.0)),
        pressure=Power(2.0, 1.0),
    ),
    Response(kernel=ShiftedPowerLaw(0.5, 1e-3), pressure=Power(1.0, 1.0)),
    Response(permanent_bps_per_share=0.1, kernel=PowerLaw(0.5), pressure=Power(2.0, 0.5)),
    Response(kernel=PowerLaw(0.3), pressure=Power(2.0, 1.0)),
]
every_response = pytest.mark.parametrize(
    "response", RESPONSES, ids=lambda each: f"{each.kernel} {each.pressure.exponent}"
)
QUANTITIES = np.array([30.0, 0.0, -10.0, 5.0, 25.0])
EDGES = np.array([0.0, 0.1, 0.15, 0.4, 0.41, 0.7])


def walked(response: Response, quantities: np.ndarray, edges: np.ndarray) -> tuple[float, list[float]]:
    """Average cost and displacements at the ends of the steps of a simulation."""
    state, paid, ends = response.start(), 0.0, []
    for quantity, days in zip(quantities, np.diff(edges), strict=True):
        state, price_bps, displacement = response.step(state, float(quantity), float(days))
        paid += quantity * price_bps
        ends.append(displacement)
    return paid / float(np.abs(quantities).sum()), ends


@every_response
def test_steps_pay_what_the_schedule_costs_and_move_the_price_along_its_path(response: Response) -> None:
    paid, ends = walked(response, QUANTITIES, EDGES)
    assert paid == pytest.approx(response.cost_of(QUANTITIES, EDGES).total_bps, rel=1e-6)
    assert ends == pytest.approx(response.path(QUANTITIES, EDGES, EDGES[1:]).tolist(), rel=1e-6)


@every_response
def test_a_step_in_a_thousand_parts_is_one_step(response: Response) -> None:
    fine_edges = np.concatenate([np.linspace(a, b, 1_000, endpoint=False) for a, b in pairwise(EDGES)])
    fine = np.repeat(QUANTITIES / 1_000, 1_000)
    paid, ends = walked(response, fine, np.append(fine_edges, EDGES[-1]))
    coarse, coarse_ends = walked(response, QUANTITIES, EDGES)
    assert paid == pytest.approx(coarse, rel=1e-5)
    assert ends[999::1_000] == pytest.approx(coarse_ends, rel=1e-5)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(1e-4, 1.0)), min_size=1, max_size=8))
def test_steps_cost_what_cost_of_says_whatever_the_schedule(steps: list[tuple[float, float]]) -> None:
    quantities = np.array([quantity for quantity, _ in steps] + [1.0])
    edges = np.concatenate(([0.0], np.cumsum([days for _, days in steps] + [0.1])))
    for response in RESPONSES:
        paid, _ = walked(response, quantities, edges)
        expected = response.cost_of(quantities, edges).total_bps
        assert paid == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_a_simulated_market_costs_on_average_what_cost_of_says() -> None:
    """A random walk on top of the displacement: 4,000 runs, within four standard errors."""
    response, sd = RESPONSES[2], 40.0
    rng = np.random.default_rng(8)
    lengths = np.diff(EDGES)
    _, ends = walked(response, QUANTITIES, EDGES)
    state, met = response.start(), []
    for quantity, days in zip(QUANTITIES, lengths, strict=True):
        state, price_bps, _ = response.step(state, float(quantity), float(days))
        met.append(price_bps)
    noise = np.cumsum(rng.normal(size=(4_000, 5)) * sd * np.sqrt(lengths), axis=1)
    costs = ((np.array(met) + noise) * QUANTITIES).sum(axis=1) / np.abs(QUANTITIES).sum()
    error = float(costs.std()) / np.sqrt(4_000)
    assert float(costs.mean()) == pytest.approx(response.cost_of(QUANTITIES, EDGES).total_bps, abs=4 * error)
    assert len(ends) == 5


def test_after_the_last_trade_an_exponential_price_comes_back_at_its_rate() -> None:
    response = RESPONSES[1]
    peak, later = response.path(np.array([10.0]), np.array([0.0, 0.2]), np.array([0.2, 0.5]))
    assert later / peak == pytest.approx(np.exp(-5 * 0.3))
    # Rate 50 a session for 0.2: 2 * 50 * (1 - exp(-1)) / 5.
    assert peak == pytest.approx(20 * (1 - np.exp(-1)))


def test_before_the_first_trade_nothing_has_moved() -> None:
    for response in RESPONSES:
        assert response.path(QUANTITIES, EDGES, np.array([-1.0, 0.0])).tolist() == [0.0, 0.0]


def test_waiting_costs_nothing_and_forgets() -> None:
    response = RESPONSES[1]
    state, _, moved = response.step(response.start(), 10.0, 0.2)
    _, _, left = response.step(state, 0.0, 0.3)
    assert left == pytest.approx(moved * np.exp(-1.5))


def test_a_step_leaves_the_state_it_began_from_alone() -> None:
    for response in RESPONSES:
        start = response.start()
        first = response.step(start, 7.0, 0.1)
        assert first[1:] == response.step(start, 7.0, 0.1)[1:]
        assert start.shares == 0
        assert not start.levels.any()


def test_a_short_order_under_decay_costs_what_it_costs_without() -> None:
    """In a time much shorter than the decay all impact is permanent: half of what it moves."""
    cost = RESPONSES[1].cost_of(np.array([10.0]), np.array([0.0, 1e-6]))
    assert cost.temporary_bps == pytest.approx(2.0 * 10 / 2, rel=1e-5)
    assert cost.permanent_bps == 0


def test_a_block_without_a_time_is_refused() -> None:
    with pytest.raises(BadParameter, match=r"a step of 0\.0 sessions must take some time"):
        RESPONSES[1].step(RESPONSES[1].start(), 1.0, 0.0)


@pytest.mark.parametrize("days", [4e-11, 4e-14, 1e-16, 1e-100])
def test_a_very_short_step_pays_half_of_its_own_move(days: float) -> None:
    response = Response(kernel=Exponential(0.01), pressure=Power(1.0, 1.0))
    assert response.step(response.start(), 1.0, days)[1] == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize(
    ("quantity", "days", "words"),
    [
        (1.0, np.nan, "a step of nan"),
        (1.0, np.inf, "a step of inf"),
        (np.nan, 1.0, "is no rate"),
        (1.0, 1e-320, "is no rate"),
    ],
)
def test_a_step_that_is_none_is_refused(quantity: float, days: float, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        RESPONSES[0].step(RESPONSES[0].start(), quantity, days)


@pytest.mark.parametrize(
    "changed",
    [
        {"permanent_bps_per_share": float("nan")},
        {"permanent_bps_per_share": -1e-9},
        {"temporary": Power(-1.0, 1.0)},
        {"temporary": Power(float("nan"), 1.0)},
        {"temporary": LogShape(-1.0, 10.0)},
    ],
)
def test_a_part_that_pays_for_trading_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(BadParameter, match=r"must (be|cost) 0 or more and finite"):
        Response(**changed)  # type: ignore[arg-type]


def test_a_kernel_with_a_history_has_a_cost_but_no_steps() -> None:
    response = Response(kernel=CappedLinear(0.1), pressure=Power(1.0, 1.0))
    assert response.cost_of(QUANTITIES, EDGES).total_bps > 0
    with pytest.raises(BadParameter, match="cannot be simulated step by step"):
        response.start()


def test_impact_that_pays_for_a_round_trip_is_refused_when_the_response_is_made() -> None:
    with pytest.raises(BadParameter, match="must be linear"):
        Response(kernel=Exponential(1.0), pressure=Power(1.0, 0.5))


def test_what_a_response_warns_of_is_what_its_kernel_does() -> None:
    for response in RESPONSES:
        # Concave pressure with nothing paid off the mid is known to earn on fine grids.
        words = "schedules of negative cost exist on fine grids" if response.pressure.exponent == 0.5 else ""
        assert words in "".join(response.warnings)
        assert bool(response.warnings) == bool(words)
    uneasy = Response(kernel=MultiExponential((1.49, -0.49), (1.0, 3.0)), pressure=Power(1.0, 1.0))
    assert "sells in between" in uneasy.warnings[0]


@pytest.mark.parametrize(
    ("quantities", "edges", "words"),
    [
        ([1.0, 2.0], [0.0, 1.0], "2 quantities need 3 edges, not 2"),
        ([1.0, np.nan], [0.0, 0.5, 1.0], "finite"),
        ([1.0, 2.0], [0.0, 0.5, 0.5], "increase"),
        ([0.0, 0.0], [0.0, 0.5, 1.0], "without a trade"),
    ],
)
def test_a_schedule_that_is_none_is_refused(quantities: list[float], edges: list[float], words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        RESPONSES[1].cost_of(np.array(quantities), np.array(edges))
