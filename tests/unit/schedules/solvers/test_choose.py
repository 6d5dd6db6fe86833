"""The one place that decides who solves: it asks in order, checks answers, goes on after failures and says so."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.reference.programmes import optimum, random_programme

from nowake.domain.errors import BadParameter
from nowake.schedules.certificate import Certificate
from nowake.schedules.solvers import METHODS, Programme, Solution, solve
from nowake.schedules.solvers import choose as chooser
from nowake.schedules.solvers.binding import violation

FORMS: dict[str, dict[str, Any]] = {
    "free": {"boxes": False},
    "boxes": {},
    "boxes, bands and spread": {"bands": 2, "spread": True},
    "deadlines": {"deadlines": True, "bands": 1},
    "spread that may be crossed": {"boxes": False, "spread": True, "drift": True},
    "cross-impact": {"cross": True, "bands": 1},
    "one bucket": {"buckets": 1, "bands": 1},
    "one asset": {"assets": 1},
    "mixed scales": {"mixed": True, "bands": 1},
    "no specific risk": {"specific": False},
    "no risk": {"risk": 0.0, "bands": 1},
}


@pytest.mark.parametrize("exponent", [1.2, 1.5, 2.0])
@pytest.mark.parametrize("form", FORMS)
def test_whoever_solves_finds_the_optimum_of_cvxpy(form: str, exponent: float) -> None:
    programme = random_programme(11, exponent=exponent, **FORMS[form])
    solution = solve(programme)
    assert programme.objective(solution.trades) == pytest.approx(optimum(programme)[0], rel=1e-6)
    assert violation(programme, solution.trades) <= 1e-9


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e9])
@pytest.mark.parametrize("exponent", [1.5, 2.0])
def test_quantities_of_any_size_give_the_same_schedule(scale: float, exponent: float) -> None:
    programme = random_programme(12, exponent=exponent, bands=1)
    assert programme.lower is not None
    assert programme.upper is not None
    scaled = msgspec.structs.replace(
        programme,
        quantities=programme.quantities * scale,
        lower=programme.lower * scale,
        upper=programme.upper * scale,
        impact=programme.impact / scale**exponent,
        loadings=programme.loadings / scale,
        specific=programme.specific / scale**2,
        bands=programme.bands / scale,
    )
    one, other = solve(programme), solve(scaled)
    assert scaled.objective(other.trades) == pytest.approx(programme.objective(one.trades), rel=1e-6)


@pytest.mark.parametrize("method", ["PIQP", "Clarabel"])
def test_a_method_that_is_insisted_on_is_the_one_in_the_certificate(method: Any) -> None:
    assert solve(random_programme(1), method=method).certificate.method == method


def test_a_method_that_does_not_apply_is_refused() -> None:
    with pytest.raises(BadParameter, match="'PIQP' does not apply"):
        solve(random_programme(1, exponent=1.5), method="PIQP")


def test_an_unknown_method_is_told_the_known_ones() -> None:
    with pytest.raises(BadParameter, match=r"method 'simplex' is not one of exact, first-order, PIQP, Clarabel"):
        solve(random_programme(1), method="simplex")  # type: ignore[arg-type]


def answered(answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put answers (or errors, or None) in the place of methods; returns who was asked, as it happens."""
    asked: list[str] = []
    ask = chooser._ask

    def fake(method: Any, programme: Programme) -> Solution | None:
        asked.append(method)
        answer = answers.get(method, ask)
        if isinstance(answer, Exception):
            raise answer
        return ask(method, programme) if answer is ask else answer

    monkeypatch.setattr(chooser, "_ask", fake)
    monkeypatch.setattr(chooser, "SMALL", (0, 0))
    return asked


def with_gap(solution: Solution, gap: float) -> Solution:
    return msgspec.structs.replace(
        solution, certificate=Certificate(method="fake", kind="duality gap", value=gap, objective=1.0)
    )


def test_methods_are_asked_from_the_special_to_the_general(monkeypatch: pytest.MonkeyPatch) -> None:
    programme = random_programme(1)
    best = solve(programme, method="PIQP")
    asked = answered({"exact": None, "first-order": None, "PIQP": None, "Clarabel": best}, monkeypatch)
    assert solve(programme).certificate == best.certificate
    assert asked == list(METHODS)  # And the first-order method at length only if none of them is good.


@pytest.mark.parametrize(("exponent", "general"), [(2.0, "PIQP"), (1.5, "Clarabel")])
def test_a_small_programme_goes_to_a_general_solver_before_the_first_order_method(
    exponent: float, general: str
) -> None:
    small, large = (random_programme(1, assets=n, buckets=n, risk=1e-4, exponent=exponent) for n in (4, 35))
    assert solve(small).certificate.method == general
    assert solve(large).certificate.method.startswith("alternating directions")


@pytest.mark.parametrize(("exponent", "general"), [(2.0, "PIQP"), (1.5, "Clarabel")])
def test_a_first_order_method_that_stalls_leaves_middling_programmes_to_a_general_solver_and_goes_on_with_large_ones(
    exponent: float, general: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme = random_programme(1, risk=1e-4, exponent=exponent)
    monkeypatch.setattr(chooser, "SMALL", (0, 0))
    monkeypatch.setattr(chooser, "QUICK", 1)
    assert solve(programme).certificate.method.startswith(f"{general} (before it, first-order failed: ")
    monkeypatch.setattr(chooser, "MIDDLING", (0, 0))
    assert solve(programme).certificate.method.startswith("alternating directions")


def test_after_a_failure_the_next_is_asked_and_the_certificate_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    answered({"exact": None, "first-order": BadParameter("stalled at 1e-3")}, monkeypatch)
    solution = solve(random_programme(1))
    assert solution.certificate.method == "PIQP (before it, first-order failed: stalled at 1e-3)"
    assert solution.certificate.value <= 1e-8


def test_an_answer_that_is_not_proved_good_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    programme = random_programme(1)
    best = solve(programme, method="PIQP")
    answered({"exact": None, "first-order": with_gap(best, 1e-4)}, monkeypatch)
    method = solve(programme).certificate.method
    assert method.startswith("PIQP (before it, first-order came to a gap of 1.0e-04 with limits kept to ")


def test_the_trades_of_one_method_may_be_proved_good_by_the_bound_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clarabel's trades with a poor proof, and worse trades with a good bound: no refusal, and both are named."""
    programme = random_programme(1)
    best = solve(programme, method="PIQP")
    objective = best.certificate.objective
    trades = 0.99 * best.trades + 0.01 * np.tile(best.trades.mean(axis=0), (len(best.trades), 1))
    worse = with_gap(msgspec.structs.replace(best, trades=trades), programme.objective(trades) / objective - 1)
    answers = {"exact": None, "first-order": worse, "PIQP": None, "Clarabel": with_gap(best, 0.5)}
    answered(answers | {chooser.AT_LENGTH: None}, monkeypatch)
    solution = solve(programme)
    assert solution.certificate.method.startswith("fake, proved by first-order (before it, first-order came to a gap")
    assert solution.trades is best.trades
    assert solution.certificate.value <= 1e-6


def test_an_answer_outside_limits_is_not_taken_however_good_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    programme = random_programme(1)
    wrong = solve(programme, method="PIQP").trades * (1 + 1e-6)
    fake = Certificate(method="fake", kind="duality gap", value=0.0, objective=1.0)
    answered({"exact": Solution(trades=wrong, certificate=fake)}, monkeypatch)
    assert violation(programme, solve(programme).trades) <= 1e-9


def test_costs_that_are_nearly_linear_are_solved_at_length_when_nothing_else_does() -> None:
    """Refused before with a gap of 1.1e+113 from Clarabel and 8.6e-07 of the first-order method after 400 steps."""
    programme = random_programme(
        100, assets=6, buckets=12, exponent=1.01, bands=1, spread=True, risk=0.0005515425040416783, specific=False
    )
    certificate = solve(programme).certificate
    assert certificate.value <= 1e-6
    assert certificate.objective == pytest.approx(
        solve(programme, method="first-order").certificate.objective, rel=1e-6
    )


def test_bands_that_a_stalled_method_keeps_need_no_linear_programme(monkeypatch: pytest.MonkeyPatch) -> None:
    """The linear programme of 1,000 orders in 78 buckets takes half a minute, and knows nothing that trades do not."""
    programme = random_programme(1, assets=8, buckets=10, bands=2, risk=1e-4)
    expected = solve(programme).certificate.objective
    monkeypatch.setattr(chooser, "SMALL", (0, 0))
    monkeypatch.setattr(chooser, "QUICK", 20)
    monkeypatch.setattr(chooser, "check_bands", lambda _: pytest.fail("asked the linear programme"))
    solution = solve(programme)
    assert "first-order failed" in solution.certificate.method
    assert solution.certificate.objective == pytest.approx(expected, rel=1e-6)


def test_where_none_is_good_the_best_is_taken_with_the_gap_that_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    programme = random_programme(1)
    best = solve(programme, method="PIQP")
    answers = {"exact": None, "first-order": with_gap(best, 1e-4), "PIQP": with_gap(best, 1e-5), "Clarabel": None}
    answered(answers | {chooser.AT_LENGTH: None}, monkeypatch)
    certificate = solve(programme).certificate
    assert certificate.value == pytest.approx(1e-5)
    assert certificate.method.startswith("fake, proved by PIQP (before it, PIQP came to a gap of 1.0e-05")


def test_a_certificate_does_not_tell_its_own_method_as_one_that_failed_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    programme = random_programme(1)
    best = solve(programme, method="PIQP")
    answers = {"exact": None, "first-order": BadParameter("a"), "PIQP": with_gap(best, 1e-5), "Clarabel": None}
    answered(answers | {chooser.AT_LENGTH: None}, monkeypatch)
    assert solve(programme).certificate.method == "fake (before it, first-order failed: a)"


def test_where_all_fail_each_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(
        {
            "exact": None,
            "first-order": BadParameter("a"),
            "PIQP": BadParameter("b"),
            "Clarabel": BadParameter("c"),
            chooser.AT_LENGTH: BadParameter("d"),
        },
        monkeypatch,
    )
    told = "first-order failed: a; PIQP failed: b; Clarabel failed: c; first-order at length failed: d"
    with pytest.raises(BadParameter, match=told):
        solve(random_programme(1))


# What is refused before anybody is asked.


def test_cross_impact_that_lets_a_round_trip_earn_is_refused_with_the_eigenvalue() -> None:
    programme = _crossed(np.array([[0.0, 3.0], [3.0, 0.0]]))
    with pytest.raises(BadParameter) as caught:
        solve(programme)
    words = str(caught.value)
    assert "smallest eigenvalue -2 (impact alone is 1)" in words
    assert "earns the more the larger it is" in words
    assert "multiply cross-impact by less than 0.333" in words
    # It does earn: buy one, sell the other, and back in the next bucket.
    trip = np.array([[1.0, -1.0], [-1.0, 1.0], [0.0, 0.0]])
    free = msgspec.structs.replace(programme, quantities=np.zeros(2), risk_weights=np.zeros(3))
    assert free.objective(trip) < 0


def test_the_factor_that_is_told_makes_cross_impact_harmless() -> None:
    cross = np.array([[0.0, 3.0], [3.0, 0.0]])
    assert solve(_crossed(cross * 0.333)).certificate.value <= 1e-6
    with pytest.raises(BadParameter, match="not positive definite"):
        solve(_crossed(cross * 0.334))


def test_with_a_power_law_cross_impact_must_be_positive_by_itself() -> None:
    programme = _crossed(np.array([[0.0, 0.1], [0.1, 0.0]]))
    with pytest.raises(BadParameter, match=r"not positive semi-definite .* lift its negative eigenvalues to 0"):
        solve(msgspec.structs.replace(programme, exponent=1.5))
    positive = _crossed(np.array([[0.1, 0.1], [0.1, 0.1]]))
    assert solve(msgspec.structs.replace(positive, exponent=1.5)).certificate.value <= 1e-6


def test_asymmetric_cross_impact_is_refused_with_the_pair() -> None:
    with pytest.raises(BadParameter, match=r"ABC moves by 0\.2 with XYZ, XYZ by 0\.1 with ABC.*Huberman"):
        solve(_crossed(np.array([[0.0, 0.2], [0.1, 0.0]])))


@pytest.mark.parametrize("name", ["spread", "drift", "cross", "bands"])
def test_infinite_costs_are_refused(name: str) -> None:
    programme = random_programme(1, spread=True, drift=True, cross=True, bands=1)
    value = getattr(programme, name).copy()
    value.flat[0] = np.inf
    with pytest.raises(BadParameter, match=f"{name} of a programme must be finite"):
        solve(msgspec.structs.replace(programme, **{name: value}))


def test_a_programme_too_large_for_memory_is_refused_with_the_way_out() -> None:
    t, n = 10_000, 100_000
    one = np.ones(1)
    programme = Programme(
        quantities=np.broadcast_to(one, (n,)),
        impact=np.broadcast_to(one, (1, n)),
        risk_weights=one,
        loadings=np.broadcast_to(one, (n, 1)),
        specific=np.broadcast_to(one, (n,)),
    )
    # Only its shape is read: checking a billion numbers when it is made would take the memory this is about.
    msgspec.structs.force_setattr(programme, "impact", np.broadcast_to(one, (t, n)))
    with pytest.raises(
        BadParameter, match=r"1,000,000,000 trades and would take about 160 GB; use at most 500 buckets"
    ):
        solve(programme)


def test_a_general_solver_is_not_given_more_than_it_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chooser, "MOST_NUMBERS", 100)
    with pytest.raises(BadParameter, match="a general solver takes 100"):
        solve(random_programme(1), method="PIQP")


def test_no_solver_is_loaded_before_it_is_asked() -> None:
    code = "import sys, nowake.schedules.solvers; print([m for m in ('scipy', 'piqp', 'clarabel') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _crossed(cross: np.ndarray) -> Programme:
    return Programme(
        quantities=np.array([10.0, -5.0]),
        impact=np.ones((3, 2)),
        risk_weights=np.ones(3),
        loadings=np.ones((2, 1)),
        specific=np.ones(2),
        cross=cross,
        cross_weights=np.ones(3),
        names=("ABC", "XYZ"),
    )
