"""How noisy each source is and how fast the price moves, learned from what the sources said: maximum likelihood.

The log likelihood of a history is that of its innovations (Schweppe 1965; Harvey 1989, chapter 3),

    log L = - 1/2 sum over reports but the first of [log(2 pi F) + v^2 / F]

which one pass of the filter gives. It is climbed in the logarithms of the variances; errors are those of its curvature
at the top, so that intervals are of the logarithm and never reach 0. A variance the likelihood cannot tell from 0 is
given from 0 to where the likelihood has fallen by half the square of the normal quantile, the others held.

A source that never says another value while others do is refused, for the likelihood would make it the price, without
noise; one that stood still for long is noted.

Wrong where noise has a memory or is shared between sources (then `innovations` fails), where sources copy one another,
and in short histories: 30 reports of each source are the least that is taken, hundreds tell something."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.fusion.kalman import Heard, PriceModel, Source
from nowake.microstructure.fusion.report import SECOND_NS, Floats, Reports
from nowake.statistics.measurement import Measurement, z_of

LEAST = 30  # Reports of a source.
_FAR = 16.0  # How far, in log variance, from the first guess is looked: further, and rounding is what is seen.
_STEP = 1e-3  # Of the log variances, where the curvature is taken.
_FLAT = 0.05  # Curvature below which a variance is not told from 0: one sd of its log would be above 4.
_WENT = 5.0  # Usual moves of a source that another has to go for it to be noted as standing still.
_WIDE = 10.0  # Offsets are first thought to be within so many times how far sources are apart.


class LearnedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model fitted to a history, and how surely.

    Parameters
    ----------
    model
        To filter with.
    noise_sd
        Of each source whose noise was learned; those that state theirs in every report are not here.
    drift_sd
        How far the price moves in a second.
    log_likelihood
        At the top.
    n
        Reports.
    notes
        What a reader has to be warned of.
    """

    model: PriceModel
    noise_sd: dict[str, Measurement]
    drift_sd: Measurement
    log_likelihood: float
    n: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"drift {self.drift_sd} a root second"]
        lines += [f"  noise of {name} {measured}" for name, measured in self.noise_sd.items()]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def learn_prices(
    reports: Reports, *, anchor: str | None = None, offset_sd: Mapping[str, float] | None = None, level: float = 0.95
) -> LearnedModel:
    """Fit noise of each source and drift of the price.

    Parameters
    ----------
    reports
        A history, 30 reports of each source or more. Where a report states an sd, that is its noise.
    anchor
        The source that is off by nothing; by default the first. Not used where `offset_sd` is given.
    offset_sd
        How far each source may be off before anything is heard; by default 0 for the anchor and ten times as far as
        sources have been apart for the others.

    Raises
    ------
    BadParameter
        When the anchor or a source of `offset_sd` is unknown, or one is missing.
    BadData
        When a source has too few reports, or never says another value while others do.
    Unidentified
        When nobody ever says another value, or no top is found.
    """
    names = reports.names
    offsets = _offsets(reports, anchor, offset_sd)
    model = PriceModel(
        sources=tuple(Source(name=name, noise_sd=1.0, offset_sd=offsets[name]) for name in names), drift_sd=1.0
    )
    heard = Heard.of(reports, model)
    _check(heard, names)
    climb = _Climb(heard, model)
    start = climb.guess()
    from scipy.optimize import minimize  # noqa: PLC0415  Scipy takes long to load.

    bounds = [(each - _FAR, each + _FAR) for each in start]
    found = minimize(climb.misfit, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "ftol": 1e-13})
    if not np.isfinite(found.fun):
        raise Unidentified("the likelihood of these reports has no top; look for values that are no prices")
    top = climb.polished(np.asarray(found.x, dtype=np.float64))
    learned = climb.learned(top, level)
    return msgspec.structs.replace(learned, notes=(*learned.notes, *_frozen(heard, names)))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Climb:
    """The likelihood as a function of log variances: of those sources that do not state theirs, then of the drift."""

    heard: Heard
    model: PriceModel

    @property
    def learned_places(self) -> list[int]:
        silent = ~np.isfinite(self.heard.sd)
        return sorted(set(self.heard.source[silent].tolist()))

    def guess(self) -> Floats:
        """From how far each source moves between its own reports, over one and over many."""
        noises, drifts = [], []
        for place in range(len(self.model.sources)):
            own = self.heard.source == place
            value, seconds = self.heard.value[own], self.heard.time_ns[own] / SECOND_NS
            many = max(1, min(20, len(value) // 4))
            near, far = np.mean(np.diff(value) ** 2), np.mean((value[many:] - value[:-many]) ** 2)
            passed = max(float(np.mean(seconds[many:] - seconds[:-many])), 1e-9)
            drift = max((far - near) / passed, 1e-3 * far / passed, 1e-300)
            drifts.append(drift)
            noises.append(
                max(0.5 * (near - drift * float(np.mean(np.diff(seconds)))), 0.05 * near, 1e-12 * far, 1e-300)
            )
        return np.asarray(
            np.log(np.array([*(noises[place] for place in self.learned_places), float(np.median(drifts))]))
        )

    def at(self, logs: Floats) -> PriceModel:
        """The model of some log variances."""
        noises = np.maximum(np.exp(logs[:-1] / 2), self.model.least_sd * (1 + 1e-9))
        noise = dict(zip(self.learned_places, noises.tolist(), strict=True))
        sources = tuple(
            msgspec.structs.replace(source, noise_sd=noise.get(place, source.noise_sd))
            for place, source in enumerate(self.model.sources)
        )
        return PriceModel(sources=sources, drift_sd=math.exp(logs[-1] / 2))

    def misfit(self, logs: Floats) -> float:
        """Minus the log likelihood."""
        model = self.at(logs)
        return -self.heard.run(self.heard.noise(model), model).log_likelihood

    def polished(self, logs: Floats) -> Floats:
        """A Newton step or two from near the top, where the search by slopes stops early."""
        for _ in range(3):
            slope, curvature = self._around(logs)
            sure = np.diag(curvature) > _FLAT
            if not sure.any() or np.linalg.eigvalsh(curvature[np.ix_(sure, sure)])[0] <= 0:
                return logs
            step = np.zeros(len(logs))
            step[sure] = np.linalg.solve(curvature[np.ix_(sure, sure)], slope[sure])
            if np.abs(step).max() > 0.5 or self.misfit(logs - step) > self.misfit(logs):
                return logs
            logs = logs - step
        return logs

    def learned(self, logs: Floats, level: float) -> LearnedModel:
        """The top, with what its curvature says of it."""
        _, curvature = self._around(logs)
        sure = np.diag(curvature) > _FLAT
        inner = curvature[np.ix_(sure, sure)]
        if sure.any() and np.linalg.eigvalsh(inner)[0] <= 0:
            raise Unidentified(
                "the likelihood is flat where it should be at its top: noise and drift cannot be told apart"
            )
        errors = np.zeros(len(logs))
        errors[sure] = np.sqrt(np.diag(np.linalg.inv(inner)))
        names = [f"noise of {self.model.names[place]}" for place in self.learned_places] + ["drift"]
        found, notes = [], []
        for place, name in enumerate(names):
            if sure[place]:
                found.append(self._surely(float(logs[place]), float(errors[place]), level))
            else:
                found.append(self._perhaps_none(logs, place, level))
                notes.append(f"the {name} cannot be told from 0")
        noise = {self.model.names[place]: each for place, each in zip(self.learned_places, found[:-1], strict=True)}
        return LearnedModel(
            model=self.at(logs),
            noise_sd=noise,
            drift_sd=found[-1],
            log_likelihood=-self.misfit(logs),
            n=len(self.heard.value),
            notes=tuple(notes),
        )

    def _around(self, logs: Floats) -> tuple[Floats, Floats]:
        """Slope and curvature of the misfit by central differences."""
        size = len(logs)
        steps = np.eye(size) * _STEP
        up = np.array([self.misfit(logs + step) for step in steps])
        down = np.array([self.misfit(logs - step) for step in steps])
        middle = self.misfit(logs)
        curvature = np.diag((up - 2 * middle + down) / _STEP**2)
        for i in range(size):
            for j in range(i):
                corners = (
                    self.misfit(logs + steps[i] + steps[j])
                    - self.misfit(logs + steps[i] - steps[j])
                    - self.misfit(logs - steps[i] + steps[j])
                    + self.misfit(logs - steps[i] - steps[j])
                )
                curvature[i, j] = curvature[j, i] = corners / (4 * _STEP**2)
        return np.asarray((up - down) / (2 * _STEP)), curvature

    def _surely(self, log: float, error: float, level: float) -> Measurement:
        half = z_of(level) * error
        ends = (math.exp((log + way * half) / 2) for way in (-1, 0, 1))
        low, value, high = ends
        return Measurement(
            value=value, low=low, high=high, level=level, n=len(self.heard.value), method="maximum likelihood"
        )

    def _perhaps_none(self, logs: Floats, place: int, level: float) -> Measurement:
        """From 0 to where the likelihood has fallen as far as the level allows."""
        allowed = self.misfit(logs) + 0.5 * z_of(level) ** 2
        low, high = float(logs[place]), float(logs[place]) + 2 * _FAR
        for _ in range(60):
            middle = 0.5 * (low + high)
            tried = logs.copy()
            tried[place] = middle
            low, high = (middle, high) if self.misfit(tried) < allowed else (low, middle)
        return Measurement(
            value=math.exp(logs[place] / 2),
            low=0.0,
            high=math.exp(high / 2),
            level=level,
            n=len(self.heard.value),
            method="maximum likelihood, not told from 0",
        )


def _offsets(reports: Reports, anchor: str | None, given: Mapping[str, float] | None) -> dict[str, float]:
    names = reports.names
    if given is not None:
        if set(given) != set(names):
            raise BadParameter(f"offset_sd names {sorted(given)}, reports are of {sorted(names)}; give one for each")
        return dict(given)
    if not names:
        raise BadData("no source has said anything; wait for one")
    anchor = names[0] if anchor is None else anchor
    if anchor not in names:
        raise BadParameter(f"anchor {anchor!r} is not one of {', '.join(names)}")
    said = reports.value[np.isfinite(reports.value)]
    apart = float(np.abs(np.diff(said)).max()) if len(said) > 1 else 0.0
    return {name: 0.0 if name == anchor else _WIDE * apart for name in names}


def _check(heard: Heard, names: tuple[str, ...]) -> None:
    counts = np.bincount(heard.source, minlength=len(names))
    few = int(counts.argmin())
    if counts[few] < LEAST:
        raise BadData(
            f"{names[few]} has {counts[few]} reports, fewer than {LEAST}; look at a longer time or leave it out"
        )
    if np.ptp(heard.value) == 0:
        raise Unidentified(
            f"all {len(heard.value)} reports say {heard.value[0]:g}; a price that never moves tells nothing"
        )
    for place, name in enumerate(names):
        own = heard.source == place
        if np.ptp(heard.value[own]) == 0 and not np.isfinite(heard.sd[own]).all():
            raise BadData(
                f"{name} says {heard.value[own][0]:g} in all {counts[place]} reports while others move: a feed that "
                "stands still; leave it out, or state its sd"
            )


def _frozen(heard: Heard, names: tuple[str, ...]) -> list[str]:
    """Of each source that said one value for so long that another went far meanwhile."""
    notes = []
    for place, name in enumerate(names):
        own = np.flatnonzero(heard.source == place)
        value = heard.value[own]
        changed = np.flatnonzero(np.diff(value) != 0)
        edges = np.concatenate(([-1], changed, [len(own) - 1]))
        longest = int(np.diff(edges).argmax())
        first, last = own[edges[longest] + 1], own[edges[longest + 1]]
        said = int(edges[longest + 1] - edges[longest])
        if said < LEAST or not len(changed):
            continue
        usual = float(np.median(np.abs(np.diff(value)[changed])))
        others = [heard.value[first : last + 1][heard.source[first : last + 1] == k] for k in range(len(names))]
        went = max(float(np.ptp(each)) if len(each) and k != place else 0.0 for k, each in enumerate(others))
        if went > _WENT * usual:
            notes.append(
                f"{name} says {heard.value[last]:g} in {said} reports on end while others go {went:g}: it may have "
                "stood still; noise and drift are then wrong"
            )
    return notes
