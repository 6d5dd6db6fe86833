"""What a fitted Hawkes process is, and how surely: the errors of the numbers found.

Covariances are the inverse of the observed information, or the sandwich H^-1 J H^-1 (White 1982, "Maximum likelihood
estimation of misspecified models", Econometrica 50) with J summed over the scores of stretches of time. The spectral
radius rho of A moves by u_i v_j / (u'v) with A_ij, u and v its left and right vectors: the delta method's error.

Intervals of rates and offspring are made on the scale of square roots, as of counts: over 500 windows at three sizes of
an alpha it held the truth at 93 to 97 %, missing it on both sides, where the log scale fell to 91 % and missed it from
above alone. Those of decays are made on the log scale."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import msgspec
import numpy as np

from nowake.domain.errors import Unidentified
from nowake.microstructure.hawkes.events import HawkesEvents
from nowake.microstructure.hawkes.likelihood import Layout, block_scores
from nowake.microstructure.hawkes.model import Floats, Hawkes
from nowake.microstructure.hawkes.newton import Summit
from nowake.statistics.measurement import Measurement, z_of

_BLOCKS = 100
_DRAWS = 2_000
_FLAT = 1e-9  # Of log-likelihood: a number that a change of one unit, or of itself, moves less is not in it.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class HawkesFit:
    """A fitted process with its uncertainty.

    Parameters
    ----------
    model
        The process.
    baseline
        [D][pieces], events a second.
    alpha
        [D][D][K], direct offspring.
    decay
        [D][D][K] per second, None where it was given, lies on its bound, or belongs to no alpha that is surely
        above 0.
    branching
        [D][D], alpha summed over terms.
    branching_ratio
        Spectral radius of it.
    log_likelihood, aic, bic
        Of all windows; the criteria count free numbers.
    gain_over_poisson
        Log-likelihood above that of Poisson processes with a baseline of the same pieces. Decays mean nothing there,
        so that no table has its quantiles; of one dimension and one term 1 in 100 Poisson windows gained 5 or more.
    free
        How many numbers were free.
    events
        How many events were fitted.
    at_border
        Names of numbers that lie on a bound of what they may be.
    notes
        What to know before believing it.
    windows
        What it was fitted to.
    layout, vector, covariance
        The free numbers: how they make a process, their values, their covariance (NaN for those on a bound).
    """

    model: Hawkes
    baseline: tuple[tuple[Measurement, ...], ...]
    alpha: tuple[tuple[tuple[Measurement, ...], ...], ...]
    decay: tuple[tuple[tuple[Measurement | None, ...], ...], ...]
    branching: tuple[tuple[Measurement, ...], ...]
    branching_ratio: Measurement
    log_likelihood: float
    gain_over_poisson: float
    aic: float
    bic: float
    free: int
    events: int
    at_border: tuple[str, ...]
    notes: tuple[str, ...]
    windows: tuple[HawkesEvents, ...]
    layout: Layout
    vector: Floats
    covariance: Floats

    def __str__(self) -> str:
        lines = [f"Hawkes, {self.model.dimensions} x {self.model.terms} terms, {self.events:,} events"]
        lines.append(f"  branching ratio {self.branching_ratio}")
        for i, row in enumerate(self.branching):
            lines += [f"  branching[{i},{j}]  {each}" for j, each in enumerate(row)]
        lines.append(f"  log-likelihood {self.log_likelihood:.2f}, AIC {self.aic:.2f}, BIC {self.bic:.2f}")
        return "\n".join(lines + [f"  note: {note}" for note in self.notes])


def report(layout: Layout, windows: Sequence[HawkesEvents], found: Summit, *, robust: bool, level: float) -> HawkesFit:
    """A summit of the likelihood as a fit with errors.

    Raises
    ------
    Unidentified
        When the likelihood is not curved downwards there: two terms that are one, for instance.
    """
    model = layout.model(found.at)
    flat = np.abs(np.diag(found.likelihood.curvature)) * np.maximum(1.0, found.at**2) < _FLAT
    known = np.flatnonzero(~(found.bound | flat))
    covariance = np.full((layout.size, layout.size), np.nan)
    covariance[np.ix_(known, known)] = _covariance(layout, windows, found, known, robust=robust)
    events = sum(map(len, windows))
    value, free = found.likelihood.value, layout.size
    errors = _Errors(layout, found, covariance, events=events, level=level, robust=robust)
    names = np.array(layout.names())
    return HawkesFit(
        model=model,
        baseline=errors.baselines(),
        alpha=errors.alphas(),
        decay=errors.decays(),
        branching=errors.branching(),
        branching_ratio=errors.ratio(model),
        log_likelihood=value,
        gain_over_poisson=value - _poisson(layout, windows),
        aic=2 * free - 2 * value,
        bic=free * math.log(events) - 2 * value,
        free=free,
        events=events,
        at_border=tuple(names[found.bound].tolist()),
        notes=_notes(layout, windows, model, found, names[flat & ~found.bound].tolist()),
        windows=tuple(windows),
        layout=layout,
        vector=found.at,
        covariance=covariance,
    )


def _poisson(layout: Layout, windows: Sequence[HawkesEvents]) -> float:
    """The highest log-likelihood without offspring."""
    edges = np.concatenate(([0.0], layout.edges_s, [np.inf]))
    spans = np.sum([np.diff(np.minimum(edges, window.end_s)) for window in windows], axis=0)
    total = 0.0
    for i in range(layout.dimensions):
        each = [np.histogram(window.time_s[window.kind == i], edges)[0] for window in windows]
        counts = np.sum(each, axis=0)
        seen = counts > 0
        total += float((counts[seen] * (np.log(counts[seen] / spans[seen]) - 1.0)).sum())
    return total


def _covariance(
    layout: Layout, windows: Sequence[HawkesEvents], found: Summit, known: np.ndarray, *, robust: bool
) -> Floats:
    information = -found.likelihood.curvature[np.ix_(known, known)]
    scale = np.sqrt(np.abs(np.diag(information)))
    scaled = information / np.outer(scale, scale)
    if len(known) and np.linalg.eigvalsh(scaled)[0] < 1e-9:
        raise Unidentified(
            f"the likelihood does not tell {len(known)} numbers apart (two terms are one, or a piece of the baseline "
            f"has no events); fewer terms than {layout.terms} or fewer pieces than {layout.pieces} may do"
        )
    inverse = np.linalg.inv(scaled) / np.outer(scale, scale)
    if not robust:
        return np.asarray(inverse)
    scores = block_scores(layout, found.at, windows, max(_BLOCKS, 4 * layout.size))[:, known]
    between = scores.T @ scores * len(scores) / (len(scores) - 1)
    return np.asarray(inverse @ between @ inverse)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Errors:
    """Measurements out of a summit and a covariance."""

    layout: Layout
    found: Summit
    covariance: Floats
    events: int
    level: float
    robust: bool

    def baselines(self) -> tuple[tuple[Measurement, ...], ...]:
        pieces = self.layout.pieces
        each = [self._number(place) for place in range(self.layout.baselines)]
        return tuple(tuple(each[i : i + pieces]) for i in range(0, len(each), pieces))

    def alphas(self) -> tuple[tuple[tuple[Measurement, ...], ...], ...]:
        size, terms = self.layout.dimensions, self.layout.terms
        return tuple(
            tuple(tuple(self._alpha(i * size + j, k) for k in range(terms)) for j in range(size)) for i in range(size)
        )

    def decays(self) -> tuple[tuple[tuple[Measurement | None, ...], ...], ...]:
        size, terms = self.layout.dimensions, self.layout.terms
        return tuple(
            tuple(tuple(self._decay(i * size + j, k) for k in range(terms)) for j in range(size)) for i in range(size)
        )

    def branching(self) -> tuple[tuple[Measurement, ...], ...]:
        size = self.layout.dimensions
        return tuple(tuple(self._pair(i * size + j) for j in range(size)) for i in range(size))

    def ratio(self, model: Hawkes) -> Measurement:
        """The spectral radius. It grows with each entry, so its low end is looked for without doubtful ones too."""
        branching, value = model.branching, model.branching_ratio
        entries = self.branching()
        if not branching.any():
            most = np.array([[entry.high for entry in row] for row in entries])
            return self._measurement(value, 0.0, float(np.abs(np.linalg.eigvals(most)).max()), "border")
        whole = self._ratio_of(branching)
        sure = np.array([[entry.low > 0 for entry in row] for row in entries])
        without = self._ratio_of(np.where(sure, branching, 0.0))
        return self._measurement(value, min(whole.low, without.low), max(whole.high, value), "delta method")

    def _ratio_of(self, branching: Floats) -> Measurement:
        """Spectral radius of a branching matrix; entries of 0 stay 0."""
        size, places = self.layout.dimensions, self._scales()
        value = float(np.abs(np.linalg.eigvals(branching)).max())
        per_pair = len(places) // size**2
        known = ~np.isnan(np.diag(self.covariance)[places]) & np.repeat(branching.ravel() > 0, per_pair)
        if not known.any():
            return self._measurement(value, value, value)
        covariance = self.covariance[np.ix_(places[known], places[known])]
        slope = _ratio_slope(branching)
        if slope is not None:
            each = np.repeat(slope.ravel(), per_pair)[known]
            return self._around(value, math.sqrt(max(float(each @ covariance @ each), 0.0)))
        drawn = np.zeros((_DRAWS, len(places)))
        drawn[:, known] = np.random.default_rng(0).multivariate_normal(self.found.at[places[known]], covariance, _DRAWS)
        matrices = np.maximum(drawn, 0.0).reshape(_DRAWS, size, size, -1).sum(axis=3)
        radii = np.abs(np.linalg.eigvals(matrices)).max(axis=1)
        low, high = np.quantile(radii, [(1 - self.level) / 2, (1 + self.level) / 2]).tolist()
        return self._measurement(value, min(low, value), max(high, value))

    def _scales(self) -> np.ndarray:
        return np.arange(self.layout.baselines, self.layout.baselines + self.layout.scales)

    def _alpha(self, pair: int, term: int) -> Measurement:
        if self.layout.shares is None:
            return self._number(self.layout.baselines + pair * self.layout.terms + term)
        share, whole = float(self.layout.shares[term]), self._number(self.layout.baselines + pair)
        return msgspec.structs.replace(whole, value=share * whole.value, low=share * whole.low, high=share * whole.high)

    def _pair(self, pair: int) -> Measurement:
        """An entry of the branching matrix: its terms together."""
        if self.layout.shares is not None:
            return self._number(self.layout.baselines + pair)
        places = self.layout.baselines + pair * self.layout.terms + np.arange(self.layout.terms)
        value = float(self.found.at[places].sum())
        known = places[~np.isnan(np.diag(self.covariance)[places])]
        if not len(known):
            highs = [self._number(int(place)).high for place in places]
            return self._measurement(value, value, max(*highs, value), "parabola of the likelihood at the border")
        return self._around(value, math.sqrt(float(self.covariance[np.ix_(known, known)].sum())))

    def _decay(self, pair: int, term: int) -> Measurement | None:
        """None where it was given, is on its bound, or acts on nothing that is surely there (Davies 1977)."""
        layout = self.layout
        if layout.given is not None:
            return None
        place = layout.baselines + layout.scales
        place += pair * layout.terms + term if layout.per_pair else term
        acts_on = [pair] if layout.per_pair else range(layout.dimensions**2)
        variance = float(self.covariance[place, place])
        if math.isnan(variance) or all(self._alpha(other, term).low <= 0 for other in acts_on):
            return None
        value, spread = math.exp(self.found.at[place]), math.exp(z_of(self.level) * math.sqrt(variance))
        return self._measurement(value, value / spread, value * spread)

    def _number(self, place: int) -> Measurement:
        """A baseline or an alpha."""
        value = float(self.found.at[place])
        if not self.found.bound[place]:
            return self._around(value, math.sqrt(float(self.covariance[place, place])))
        high = value + self._reach(place)
        return self._measurement(value, 0.0, high, "parabola of the likelihood at the border")

    def _reach(self, place: int) -> float:
        """How far above its border a number may be before the likelihood says no, the others following it."""
        slope, curvature = float(self.found.likelihood.slope[place]), self.found.likelihood.curvature
        known = np.flatnonzero(~np.isnan(np.diag(self.covariance)))
        cross, inner = curvature[place, known], curvature[np.ix_(known, known)]
        bend = float(cross @ np.linalg.solve(inner, cross) - curvature[place, place])
        z = z_of(self.level)
        if bend <= 0:
            return z * z / 2 / max(-slope, 1e-300)
        return z * z / (math.sqrt(slope * slope + bend * z * z) - slope)

    def _around(self, value: float, sd: float, how: str = "") -> Measurement:
        """On the scale of roots where the number is surely above 0, else cut off there."""
        half = z_of(self.level) * sd
        if value <= half:
            return self._measurement(value, 0.0, value + half, how)
        root = math.sqrt(value)
        return self._measurement(value, (root - half / (2 * root)) ** 2, (root + half / (2 * root)) ** 2, how)

    def _measurement(self, value: float, low: float, high: float, how: str = "") -> Measurement:
        method = "maximum likelihood, " + ("sandwich" if self.robust else "observed information")
        method = f"{method}, {how}" if how else method
        return Measurement(value=value, low=low, high=high, level=self.level, n=self.events, method=method)


def _ratio_slope(branching: Floats) -> Floats | None:
    """float64[D, D]: how the spectral radius moves with the matrix; None where it has no slope."""
    if not branching.any():
        return None
    values, right = np.linalg.eig(branching)
    top = int(np.abs(values).argmax())
    others, left = np.linalg.eig(branching.T)
    u = np.real(left[:, int(np.abs(others - values[top]).argmin())])
    v = np.real(right[:, top])
    overlap = float(u @ v)
    near = np.sort(np.abs(values))[-2:]
    alone = len(values) == 1 or near[1] - near[0] > 1e-6 * near[1]
    return np.outer(u, v) / overlap if alone and abs(overlap) > 1e-6 else None


def _notes(
    layout: Layout, windows: Sequence[HawkesEvents], model: Hawkes, found: Summit, flat: Sequence[str]
) -> tuple[str, ...]:
    notes = []
    if model.branching_ratio >= 1:
        notes.append("the branching ratio is 1 or above: this process explodes; try pieces of the baseline")
    if layout.pieces == 1:
        notes.append("the baseline is constant: a day's pattern, if there is one, is in the branching ratio")
    tied = sum(window.tied for window in windows)
    resolution = max(window.resolution_s for window in windows)
    if resolution:
        notes.append(f"events were spread over stamps of {resolution:g} s, {tied:,} had shared one")
        if (model.decay.max() * resolution) > 0.5:
            notes.append("the fastest decay is about the stamp's resolution: it tells of stamps, not of the market")
    if flat:
        notes.append(f"{', '.join(flat)} cannot be told: what they act on is 0")
    if found.bound[layout.baselines + layout.scales :].any():
        notes.append("a decay lies on the bound of what can be told: read that term as 'slower' or 'faster than'")
    return tuple(notes)
