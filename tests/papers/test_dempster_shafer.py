"""Evidence theory: Zadeh's example, Yager's answer to it, and masses worked by hand.

Zadeh 1979 (memo M79/24) as retold in the vignette "Zadeh example" of the R package dst, which prints a conflict of
0.9999 and belief 1 in the tumour. The second pair of masses and its joint ones (0.15, 0.25, 0.06, 0.09 over 0.55,
conflict 0.45) and pignistic probabilities are those of the tests of the library pyds. Yager's 1987 paper was not at
hand: its rule is checked by hand on Zadeh's masses."""

from __future__ import annotations

import pytest

from nowake.domain.errors import BadParameter, Unidentified
from nowake.microstructure.fusion import Evidence, dempster, discounted, yager

ILLNESSES = ("meningitis", "concussion", "tumour")
FIRST = Evidence.of(ILLNESSES, {"meningitis": 0.99, "tumour": 0.01})
SECOND = Evidence.of(ILLNESSES, {"concussion": 0.99, "tumour": 0.01})
ABCD = ("a", "b", "c", "d")
ONE = Evidence.of(ABCD, {"a": 0.4, "b": 0.2, ("a", "d"): 0.1, ABCD: 0.3})
OTHER = Evidence.of(ABCD, {"b": 0.5, "c": 0.2, ("a", "c"): 0.3})


def test_two_doctors_who_disagree_are_certain_of_what_neither_believes() -> None:
    joined = dempster(FIRST, SECOND)
    assert 0.9999 == pytest.approx(joined.conflict, abs=1e-12)
    assert 1.0 == pytest.approx(joined.evidence.belief({"tumour"}))
    assert "Zadeh" in joined.notes[0]
    assert "0.9999" in str(joined)


def test_yager_gives_the_doctors_conflict_to_the_whole_frame() -> None:
    joined = yager(FIRST, SECOND)
    assert 0.9999 == pytest.approx(joined.evidence.ignorance, abs=1e-12)
    assert 0.0001 == pytest.approx(joined.evidence.belief({"tumour"}), abs=1e-12)
    assert 1.0 == pytest.approx(joined.evidence.plausibility({"meningitis"}), abs=1e-3)


def test_discounting_the_doctors_first_dissolves_the_paradox() -> None:
    joined = dempster(discounted(FIRST, 0.9), discounted(SECOND, 0.9))
    odds = joined.evidence.pignistic()
    assert odds["meningitis"] == pytest.approx(odds["concussion"])
    assert odds["tumour"] < 0.05 < odds["meningitis"]
    # By hand: q(tumour) = .009^2 + 2 (.009 x .1), q(meningitis) = .891 x .1, q(all) = .01, conflict the rest.
    agreed = 0.009**2 + 2 * 0.009 * 0.1 + 2 * 0.0891 + 0.01
    assert 1 - agreed == pytest.approx(joined.conflict)
    assert 0.0891 / agreed == pytest.approx(joined.evidence.belief({"meningitis"}))


def test_joint_masses_are_those_of_another_library() -> None:
    joined = dempster(ONE, OTHER)
    expected = {"a": 0.15, "b": 0.25, "c": 0.06, "ac": 0.09}
    assert 0.45 == pytest.approx(joined.conflict)
    assert {frozenset(names): share / 0.55 for names, share in expected.items()} == pytest.approx(joined.evidence.mass)


def test_belief_plausibility_and_bets_are_those_of_another_library() -> None:
    assert (0.4, 0.5, 1.0) == pytest.approx((ONE.belief("a"), ONE.belief(("a", "d")), ONE.belief(ABCD)))
    assert (0.8, 0.5, 0.8) == pytest.approx(
        (ONE.plausibility("a"), ONE.plausibility("b"), ONE.plausibility(("a", "d")))
    )
    assert {"a": 0.525, "b": 0.275, "c": 0.075, "d": 0.125} == pytest.approx(ONE.pignistic())


def test_yager_keeps_the_joint_masses_undivided() -> None:
    joined = yager(ONE, OTHER)
    assert 0.45 == pytest.approx(joined.evidence.ignorance)
    assert 0.15 == pytest.approx(joined.evidence.mass[frozenset("a")])


def test_a_body_that_knows_nothing_changes_nothing() -> None:
    nothing = Evidence.of(ABCD, {})
    for rule in (dempster, yager):
        joined = rule(ONE, nothing)
        assert ONE.mass == pytest.approx(joined.evidence.mass)
        assert joined.conflict == 0


def test_dempsters_rule_does_not_mind_the_order_and_yagers_takes_all_at_once() -> None:
    third = Evidence.of(ABCD, {("a", "b"): 0.6})
    for rule in (dempster, yager):
        there, back = rule(ONE, OTHER, third), rule(third, OTHER, ONE)
        assert there.evidence.mass == pytest.approx(back.evidence.mass)
        assert there.conflict == pytest.approx(back.conflict)
    two_steps = dempster(dempster(ONE, OTHER).evidence, third)
    assert two_steps.evidence.mass == pytest.approx(dempster(ONE, OTHER, third).evidence.mass)


def test_whole_contradiction_has_no_answer_by_dempster_and_none_known_by_yager() -> None:
    up, down = Evidence.of("ud", {"u": 1.0}), Evidence.of("ud", {"d": 1.0})
    with pytest.raises(Unidentified, match="K = 1"):
        dempster(up, down)
    assert yager(up, down).evidence.ignorance == 1


@pytest.mark.parametrize(
    ("mass", "says"),
    [
        ({"a": 0.7, "b": 0.7}, "sum to 1.4"),
        ({"a": -0.1}, "-0.1"),
        ({"z": 0.5}, "no part of the frame"),
        ({(): 0.5}, "no answer"),
        ({"a": float("nan")}, "nan"),
    ],
)
def test_masses_that_are_none_are_refused(mass: dict[str | tuple[str, ...], float], says: str) -> None:
    with pytest.raises(BadParameter, match=says):
        Evidence.of(ABCD, mass)


def test_frames_that_differ_are_not_joined() -> None:
    with pytest.raises(BadParameter, match="one question"):
        dempster(ONE, FIRST)
    with pytest.raises(BadParameter, match="no evidence"):
        yager()
    with pytest.raises(BadParameter, match="different answers"):
        Evidence.of(("a", "a"), {})
    with pytest.raises(BadParameter, match="reliability"):
        discounted(ONE, 1.2)
