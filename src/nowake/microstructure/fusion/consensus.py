"""A price that a few lying or broken sources cannot move: who is fresh, who is near the others, and the rest left out.

The centre is the median, the scale the median distance from it times 1.4826 (Hampel 1974, "The influence curve and its
role in robust estimation", JASA 69), but not less than an error a source states, nor than that of half a tick: smaller
distances are rounded away. From there

    median   the median of all that are fresh
    huber    psi(u) = u up to 1.345 scales, then constant    (Huber 1964, "Robust estimation of a location parameter")
    tukey    psi(u) = u (1 - (u / 4.685)^2)^2, then 0        (Beaton & Tukey 1974, Technometrics 16)

the latter two of those within `cutoff` scales, stepped to their fixed point from the median with the scale held (an
MM-estimate: its breakdown is that of the start, its efficiency 0.95 at the normal).

Of n fresh sources (n - 1) // 2 may say anything at all: the median stays among the others, and the scale is no more
than 1.4826 times their range (or half a tick). So the median is never moved past them; the price of huber and tukey may
be, by up to `cutoff` scales (or stated sds). The interval is of honest errors, not of what liars can do within that.

Wrong where most sources copy one another: a majority that is wrong together is believed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.fusion.report import Belief, Floats, LeftOut, Report, spoken
from nowake.statistics.measurement import Measurement, t_of

Estimator = Literal["median", "huber", "tukey"]

_MAD = 1.4826022185056018  # What makes the median distance a standard deviation of normal numbers.
_HUBER, _TUKEY = 1.345, 4.685
_MEDIAN_LOSS = math.sqrt(math.pi / 2)  # How much wider a median errs than a mean, of normal numbers.
_FEW = 1.4  # Over n: what leaving out the farthest of n normal numbers narrows; simulated, n of 3 to 30.
_STEPS = 200


class Consensus(Belief, frozen=True, kw_only=True):
    """A belief that outliers did not make.

    Parameters
    ----------
    breakdown
        How many of the fresh sources may say anything at all and the price stays within `cutoff` scales of a median
        that is among the others.
    scale
        Spread of the sources about the centre, as a standard deviation; not less than rounding to ticks can hide.
    """

    breakdown: int
    scale: float


def consensus(
    reports: Sequence[Report],
    *,
    at_ns: int,
    max_age_ns: int | None = None,
    quorum: int = 3,
    cutoff: float = 3.5,
    tick: float | None = None,
    estimator: Estimator = "tukey",
    level: float = 0.95,
) -> Consensus:
    """The price most sources agree on.

    Parameters
    ----------
    reports
        One of each source. An sd that is stated widens what counts as near, NaN says nothing.
    at_ns, max_age_ns
        Now, and how old a report may be; None where age does not matter.
    quorum
        How many fresh sources there must be, and how many must be left; 2 or more.
    cutoff
        Scales from the median beyond which a source is left out, above 0.
    tick
        What prices are rounded to, 0 where they are not. By default the decimal place that all are written in, 1 at
        most: neighbours on a coarser tick (0.25, half ticks) need it told.
    estimator
        How those that stay are weighted.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    BadData
        When fewer than `quorum` are fresh or stay, one speaks twice, or a report is of after `at_ns`.
    """
    _check(quorum, cutoff, estimator, tick)
    fresh, out = _fresh(reports, at_ns, max_age_ns)
    _check_quorum(len(fresh), quorum, out, "fresh")
    values = np.array([report.value for report in fresh])
    errors = np.nan_to_num(np.array([report.sd for report in fresh]), nan=0.0)
    step = _decimal_place(values) if tick is None else tick
    centre = float(np.median(values))
    typical = float(np.median(np.abs(values - centre)))
    spread = _MAD * max(typical, step / 2)
    scales = np.maximum(spread, errors)
    near = np.abs(values - centre) <= cutoff * scales
    pairs = list(zip(fresh, near.tolist(), strict=True))
    out += [_far(report, scales[place], centre) for place, (report, stays) in enumerate(pairs) if not stays]
    kept = [report for report, stays in pairs if stays]
    _check_quorum(len(kept), quorum, out, "near the others")
    price, weights = _located(values[near], scales[near], centre, estimator)
    seen = max(_MAD * typical, float(values[near].std(ddof=1)), step / math.sqrt(12))
    own = np.maximum(errors[near], seen)
    sd = _sd(own, weights, estimator)
    few = 1.0 if estimator == "median" else 1 + _FEW / len(fresh)
    half = math.hypot(sd * t_of(level, len(kept) - 1) * few, level * step / 2)
    how = f"{estimator} of {len(kept)} of {len(reports)} sources"
    return Consensus(
        price=Measurement(value=price, low=price - half, high=price + half, level=level, n=len(kept), method=how),
        sd=sd,
        sd_if_common=float(own.mean() if estimator == "median" else weights @ own),
        weights={report.source: float(weight) for report, weight in zip(kept, weights.tolist(), strict=True)},
        left_out=tuple(out),
        breakdown=(len(fresh) - 1) // 2,
        scale=spread,
    )


def _decimal_place(values: Floats) -> float:
    """The coarsest of 1, 0.1, ... that all values are multiples of; 0 where they are of more than nine decimals."""
    for place in range(10):
        scaled = values * 10.0**place
        if np.all(np.abs(scaled - np.rint(scaled)) <= 1e-12 * np.abs(scaled)):
            return float(10.0**-place)
    return 0.0


def _check(quorum: int, cutoff: float, estimator: str, tick: float | None) -> None:
    if quorum < 2:
        raise BadParameter(f"quorum {quorum} must be 2 or more: one source agrees with itself always")
    if not cutoff > 0:
        raise BadParameter(f"cutoff {cutoff} must be above 0 scales, for example 3.5")
    if tick is not None and not 0 <= tick < math.inf:
        raise BadParameter(f"tick {tick} must be 0 or more and finite")
    if estimator not in _WEIGHTS:
        raise BadParameter(f"estimator {estimator!r} must be one of {', '.join(_WEIGHTS)}")


def _fresh(reports: Sequence[Report], at_ns: int, max_age_ns: int | None) -> tuple[list[Report], list[LeftOut]]:
    said, out = spoken(reports)
    late = next((report for report in said if report.time_ns > at_ns), None)
    if late is not None:
        raise BadData(
            f"{late.source} speaks of {late.time_ns}, after {at_ns}; clocks disagree, or a belief is too early"
        )
    fresh = []
    for report in said:
        age = at_ns - report.time_ns
        if max_age_ns is not None and age > max_age_ns:
            out.append(
                LeftOut(source=report.source, reason=f"stale: {age / 1e9:g} s old, {max_age_ns / 1e9:g} allowed")
            )
        else:
            fresh.append(report)
    return fresh, out


def _check_quorum(count: int, quorum: int, out: Sequence[LeftOut], what: str) -> None:
    if count < quorum:
        why = "; ".join(f"{each.source} {each.reason}" for each in out) or "nobody left out"
        raise BadData(f"{count} sources are {what}, {quorum} make a quorum ({why}); wait, or ask for fewer")


def _far(report: Report, scale: float, centre: float) -> LeftOut:
    distance = abs(report.value - centre)
    how_far = f"{distance / scale:.1f} scales" if scale > 0 else f"{distance:g}"
    return LeftOut(source=report.source, reason=f"{report.value:g} is {how_far} from the median {centre:g}")


def _located(values: Floats, scales: Floats, centre: float, estimator: Estimator) -> tuple[float, Floats]:
    """The fixed point of the weighted mean, and its weights; where nobody differs from the centre, the centre."""
    if float(np.max(scales)) == 0:
        return centre, np.full(len(values), 1 / len(values))
    units = np.where(scales > 0, scales, float(np.max(scales)))
    if estimator == "median":
        nearest = np.abs(values - centre)
        chosen = nearest <= nearest.min() * (1 + 1e-9)
        return centre, chosen / chosen.sum()
    place = centre
    weights = np.full(len(values), 1 / len(values))
    for _ in range(_STEPS):
        raw = _WEIGHTS[estimator]((values - place) / units) / units**2
        weights = raw / raw.sum()
        before, place = place, centre + float(weights @ (values - centre))
        if abs(place - before) <= 1e-13 * float(np.max(units)):
            break
    return place, weights


def _sd(own: Floats, weights: Floats, estimator: Estimator) -> float:
    """Error of the price from each source's own: what the spread says, and not less than what it states."""
    if estimator == "median":
        return _MEDIAN_LOSS * math.sqrt(float(np.mean(own**2)) / len(own))
    return math.sqrt(float(np.sum((weights * own) ** 2)))


def _huber(u: Floats) -> Floats:
    return np.minimum(1.0, _HUBER / np.maximum(np.abs(u), _HUBER))


def _tukey(u: Floats) -> Floats:
    return np.maximum(0.0, 1 - (u / _TUKEY) ** 2) ** 2


_WEIGHTS: dict[str, Callable[[Floats], Floats]] = {"median": np.ones_like, "huber": _huber, "tukey": _tukey}
