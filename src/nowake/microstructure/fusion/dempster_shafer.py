"""Evidence that may be for several answers at once: mass on sets, how to join it, and how much of it conflicts.

Shafer 1976, "A Mathematical Theory of Evidence": a body of evidence gives mass m(A), in all 1, to sets A of answers.
Belief in A sums the mass inside it, plausibility the mass that touches it. Two independent bodies are joined by

    q(A) = sum of m1(B) m2(C) over B and C whose common part is A,     K = q(nothing), the conflict
    Dempster:  m(A) = q(A) / (1 - K)                                   undefined where K = 1
    Yager:     m(A) = q(A), and m(all) = q(all) + K                    Yager 1987, Information Sciences 41

Discounting by a reliability r first keeps r m(A) and gives 1 - r to the whole frame (Shafer, chapter 11). The pignistic
probability, to bet by, shares each set's mass evenly over its answers (Smets & Kennes 1994).

Wrong where conflict is large and Dempster's rule is used: Zadeh 1979 ("On the validity of Dempster's rule of
combination", Berkeley memo M79/24) has two doctors sure of two different illnesses to 0.99, each leaving 0.01 to a
third; the rule is then certain of the third. The conflict, 0.9999, tells: it is always shown, and above a threshold it
comes with a note. Joining a source with itself counts it twice: the rules are for independent bodies."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from functools import reduce
from statistics import NormalDist

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.fusion.report import Report

MOST_ANSWERS = 16
DIRECTIONS = ("down", "flat", "up")

_SUM = 1e-9  # How far masses may sum from 1: what rounding of printed decimals leaves.

Masses = dict[int, float]  # By a bit for each answer.


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """Mass on sets of answers.

    Parameters
    ----------
    frame
        All the answers there are, 1 to 16, of which one is right.
    mass
        A share of each set, in all 1; sets without mass are left out.

    Raises
    ------
    BadParameter
        When answers repeat or are too many, a set is empty or has an answer that is not of the frame, or masses are
        negative, not finite or do not sum to 1.
    """

    frame: tuple[str, ...]
    mass: Mapping[frozenset[str], float]

    def __post_init__(self) -> None:
        if not 1 <= len(self.frame) <= MOST_ANSWERS or len(set(self.frame)) < len(self.frame):
            raise BadParameter(f"the frame {self.frame} must be 1 to {MOST_ANSWERS} different answers")
        for answers, share in self.mass.items():
            if not answers or not answers <= set(self.frame):
                raise BadParameter(f"{set(answers) or 'no answer'} is no part of the frame {self.frame}")
            if not 0 <= share <= 1 + _SUM:
                raise BadParameter(f"mass {share} of {set(answers)} must be between 0 and 1")
        total = math.fsum(self.mass.values())
        if abs(total - 1) > _SUM:
            raise BadParameter(f"masses sum to {total:.12g}, not 1; give what is left to the whole frame")
        object.__setattr__(self, "mass", {answers: float(share) for answers, share in self.mass.items() if share > 0})

    @classmethod
    def of(cls, frame: Iterable[str], mass: Mapping[str | tuple[str, ...], float]) -> Evidence:
        """Evidence from names and tuples of names; what is missing to 1 goes to the whole frame."""
        whole = tuple(frame)
        shares: dict[frozenset[str], float] = {}
        for key, share in mass.items():  # ("a", "b") and ("b", "a") are one set.
            answers = frozenset((key,) if isinstance(key, str) else key)
            shares[answers] = shares.get(answers, 0.0) + float(share)
        rest = 1 - math.fsum(shares.values())
        if rest > _SUM:
            everything = frozenset(whole)
            shares[everything] = shares.get(everything, 0.0) + rest
        return cls(whole, shares)

    def belief(self, answers: Iterable[str]) -> float:
        """Mass that can only be of these answers: the least probability they can have."""
        wanted = self._set(answers)
        return math.fsum(share for held, share in self.mass.items() if held <= wanted)

    def plausibility(self, answers: Iterable[str]) -> float:
        """Mass that does not speak against these answers: the most probability they can have."""
        wanted = self._set(answers)
        return math.fsum(share for held, share in self.mass.items() if held & wanted)

    @property
    def ignorance(self) -> float:
        """Mass on the whole frame, which says nothing."""
        return self.mass.get(frozenset(self.frame), 0.0)

    def pignistic(self) -> dict[str, float]:
        """Probabilities to bet by: each set's mass shared evenly over its answers."""
        return {
            answer: math.fsum(share / len(held) for held, share in self.mass.items() if answer in held)
            for answer in self.frame
        }

    def _set(self, answers: Iterable[str]) -> frozenset[str]:
        wanted = frozenset((answers,) if isinstance(answers, str) else answers)
        if not wanted <= set(self.frame):
            raise BadParameter(f"{set(wanted - set(self.frame))} is not of the frame {self.frame}")
        return wanted


@dataclasses.dataclass(frozen=True, slots=True)
class Combined:
    """Bodies of evidence joined.

    Parameters
    ----------
    evidence
        What they say together.
    conflict
        K in [0, 1]: the mass on which they contradict each other, all bodies at once.
    rule
        Whose rule.
    notes
        What a reader has to be warned of.
    """

    evidence: Evidence
    conflict: float
    rule: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        masses = sorted(self.evidence.mass.items(), key=lambda item: -item[1])
        lines = [f"{self.rule}'s rule, conflict K = {self.conflict:.4g}"]
        for answers, share in masses:
            lines.append(f"  {share:.4f} {' or '.join(name for name in self.evidence.frame if name in answers)}")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def dempster(*bodies: Evidence, warn_above: float = 0.5) -> Combined:
    """Independent bodies joined by Dempster's rule: the conflict is divided away.

    Parameters
    ----------
    warn_above
        Conflict above which a note warns that Zadeh's paradox is near.

    Raises
    ------
    BadParameter
        When there are no bodies, or their frames differ.
    Unidentified
        When they contradict each other wholly (K = 1).
    """
    frame = _frame(bodies)
    log_agreed, joint = 0.0, _bits(bodies[0])
    for body in bodies[1:]:  # Divided at each step: of many bodies hardly anything agrees, and what does is the answer.
        joint = _intersect(joint, _bits(body))
        joint.pop(0, None)
        agreed = math.fsum(joint.values())
        if agreed == 0:
            raise Unidentified(
                "the bodies contradict each other wholly (K = 1), where Dempster's rule says nothing; discount"
            )
        log_agreed += math.log(agreed)
        joint = {held: share / agreed for held, share in joint.items()}
    conflict = max(0.0, -math.expm1(log_agreed))
    return Combined(_evidence(frame, joint), conflict, "Dempster", _warning(log_agreed, warn_above))


def yager(*bodies: Evidence, warn_above: float = 0.5) -> Combined:
    """Bodies joined by Yager's rule, all at once: what conflicts says nothing, and goes to the whole frame.

    Raises
    ------
    BadParameter
        When there are no bodies, or their frames differ.
    """
    frame = _frame(bodies)
    joint = reduce(_intersect, (_bits(body) for body in bodies))
    conflict = min(1.0, joint.pop(0, 0.0))
    whole = (1 << len(frame)) - 1
    joint[whole] = joint.get(whole, 0.0) + conflict
    notes = (f"conflict K = {conflict:.4g}: more is contradicted than said",) if conflict > warn_above else ()
    return Combined(_evidence(frame, joint), conflict, "Yager", notes)


def discounted(evidence: Evidence, reliability: float) -> Evidence:
    """The same evidence of a source that is right only so often: the rest of each mass goes to the whole frame.

    Parameters
    ----------
    reliability
        In [0, 1]; 1 believes it wholly, 0 not at all.

    Raises
    ------
    BadParameter
        When it is outside [0, 1].
    """
    if not 0 <= reliability <= 1:
        raise BadParameter(f"reliability {reliability} must be between 0 and 1")
    shares = {held: reliability * share for held, share in evidence.mass.items()}
    whole = frozenset(evidence.frame)
    shares[whole] = shares.get(whole, 0.0) + (1 - reliability)
    return Evidence(evidence.frame, shares)


def direction(report: Report, *, price: float, flat: float, reliability: float = 1.0) -> Evidence:
    """Where a report sees the price go: mass on down, flat and up, of its normal error, discounted.

    Parameters
    ----------
    price
        Where the price is.
    flat
        How far it may go, either way, and still be called flat; 0 or more, in the unit of the report.
    reliability
        As in `discounted`.

    Raises
    ------
    BadParameter
        When `flat` is negative.
    BadData
        When the report has no value or no sd.
    """
    if not flat >= 0:
        raise BadParameter(f"flat {flat} must be 0 or more")
    if not (math.isfinite(report.value) and math.isfinite(report.sd)):
        raise BadData(f"{report.source} says {report.value} give or take {report.sd}; evidence needs both")
    seen = NormalDist(report.value - price, report.sd)
    down, up = seen.cdf(-flat), 1 - seen.cdf(flat)
    shares = {"down": down, "flat": max(0.0, 1 - down - up), "up": up}
    return discounted(Evidence(DIRECTIONS, {frozenset((name,)): share for name, share in shares.items()}), reliability)


def _frame(bodies: tuple[Evidence, ...]) -> tuple[str, ...]:
    """That of all bodies."""
    if not bodies:
        raise BadParameter("no evidence to join; give one body or more")
    frame = bodies[0].frame
    other = next((body.frame for body in bodies if body.frame != frame), None)
    if other is not None:
        raise BadParameter(f"frames {frame} and {other} differ; bodies that are joined answer one question")
    return frame


def _intersect(one: Masses, other: Masses) -> Masses:
    joint: Masses = {}
    for held, share in one.items():
        for also, part in other.items():
            joint[held & also] = joint.get(held & also, 0.0) + share * part
    return joint


def _bits(body: Evidence) -> Masses:
    return {sum(1 << body.frame.index(name) for name in held): share for held, share in body.mass.items()}


def _evidence(frame: tuple[str, ...], masses: Masses) -> Evidence:
    return Evidence(
        frame,
        {
            frozenset(name for place, name in enumerate(frame) if held >> place & 1): min(1.0, share)
            for held, share in masses.items()
        },
    )


def _warning(log_agreed: float, warn_above: float) -> tuple[str, ...]:
    if -math.expm1(log_agreed) <= warn_above:
        return ()
    note = (
        f"conflict K = {-math.expm1(log_agreed):.4g}: the answer rests on 10^{log_agreed / math.log(10):.3g} of the "
        "evidence, what nobody denied, and may be one that nobody holds likely (Zadeh's paradox); compare yager, or "
        "discount first"
    )
    return (note,)
