"""Whatever a basket holds, `solve` keeps its limits, proves its answer, and agrees with cvxpy."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.programmes import optimum, random_programme

from nowake.domain.errors import BadParameter, Infeasible
from nowake.schedules.solvers import METHODS, Programme, Solution, binding_limits, solve
from nowake.schedules.solvers.binding import violation

FORMS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "assets": st.integers(1, 5),
        "buckets": st.integers(1, 7),
        "exponent": st.sampled_from([1.1, 1.5, 1.6, 2.0]),
        "boxes": st.booleans(),
        "bands": st.integers(0, 2),
        "spread": st.booleans(),
        "drift": st.booleans(),
        "cross": st.booleans(),
        "deadlines": st.booleans(),
        "mixed": st.booleans(),
        "risk": st.sampled_from([0.0, 1e-8, 1e-6, 1e-4]),
        "specific": st.booleans(),
    }
)


@settings(max_examples=30, deadline=None)
@given(FORMS)
def test_a_programme_is_solved_to_the_optimum_within_its_limits(form: dict[str, Any]) -> None:
    programme = random_programme(**form)
    solution = solve(programme)
    objective, trades = optimum(programme)
    scale = abs(objective) + (abs(float((programme.drift * programme.left(trades)).sum())) if form["drift"] else 0.0)
    assert programme.objective(solution.trades) <= objective + 1e-6 * scale
    assert programme.objective(solution.trades) >= objective - 1e-6 * scale
    assert violation(programme, solution.trades) <= 1e-9
    assert solution.certificate.value <= 1e-6
    assert solution.binding == binding_limits(programme, solution.trades)


@settings(max_examples=15, deadline=None)
@given(FORMS, st.sampled_from(METHODS))
def test_every_method_that_takes_a_programme_agrees(form: dict[str, Any], method: Any) -> None:
    programme = random_programme(**form)
    chosen = solve(programme)
    other = _attempted(programme, method)
    if other is None:
        return
    scale = abs(chosen.certificate.objective) + (0 if programme.drift is None else _gain(programme, chosen.trades))
    assert other.certificate.objective == pytest.approx(chosen.certificate.objective, rel=1e-6, abs=1e-6 * scale)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 0.95), st.integers(1, 6), st.integers(1, 8))
def test_a_cap_is_refused_just_below_what_is_needed_and_taken_at_it(
    seed: int, share: float, assets: int, buckets: int
) -> None:
    base = random_programme(seed, assets=assets, buckets=buckets, deadlines=True)
    assert base.lower is not None
    assert base.upper is not None
    needed = np.abs(base.quantities) / (base.upper - base.lower).sum(axis=0)

    def capped(factor: Any) -> Programme:
        return msgspec.structs.replace(base, lower=base.lower * factor, upper=base.upper * factor)

    with pytest.raises(Infeasible) as caught:
        solve(capped(needed * share))
    assert len(caught.value.relaxations) == assets
    assert [each.factor for each in caught.value.relaxations] == pytest.approx([1 / share] * assets)
    solution = solve(capped(needed))
    assert violation(capped(needed), solution.trades) <= 1e-9


def _attempted(programme: Programme, method: Any) -> Solution | None:
    """None where a method does not apply, or the first-order one says that it stalled: both are allowed, no more is."""
    try:
        return solve(programme, method=method)
    except BadParameter as error:
        if "does not apply" in str(error) or "first-order failed" in str(error):
            return None
        raise


def _gain(programme: Programme, trades: Any) -> float:
    assert programme.drift is not None
    return abs(float((programme.drift * programme.left(trades)).sum()))
