"""Maximum likelihood of a Hawkes process, with errors (Ogata 1978, "The asymptotic behaviour of maximum likelihood
estimators for stationary point processes"; Ozaki 1979).

Starts for decays come from a grid between the window and the shortest gaps: with decays fixed the likelihood is concave
in all else, so each start is the best of its kind; a fit of K terms begins at the one of K - 1 terms and the best
further decay. Errors are of the observed information, or of the sandwich H^-1 J H^-1 with J from the scores of
stretches of time, which stay right where the model is not. A number on its border (an alpha of 0) is said to be there
and gets a one-sided interval from the parabola of the likelihood. (`result` makes them.) One term that gains
little over Poisson gets intervals over all decays that may be.

Wrong: with a baseline that follows the day left constant (the ratio comes out near 1 of a plain Poisson day that
speeds up and slows down); when two terms want one decay; on a window shorter than some lives of the slowest term."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.hawkes.events import HawkesEvents
from nowake.microstructure.hawkes.likelihood import Decays, Layout, slopes
from nowake.microstructure.hawkes.model import Floats, Hawkes, PowerLaw
from nowake.microstructure.hawkes.newton import Summit, climb
from nowake.microstructure.hawkes.result import HawkesFit, report
from nowake.statistics.measurement import Measurement, check_level, z_of

MIN_EVENTS = 50  # Of each dimension.
_START_EVENTS = 20_000  # The first so many are enough to choose starts.
_GRID = 8  # Decays tried at first.
_CLIMBED = 2  # Of them set free.
_WEAK = 5.0  # Of log-likelihood over Poisson: below it the decay is a guess.
_WEAK_GRID = 12  # Decays looked at then.
_APART = 0.5  # Logarithm of the ratio of two decays below which a start has one of them only.

Errors = Literal["information", "robust"]


def fit_hawkes(
    events: HawkesEvents | Sequence[HawkesEvents],
    *,
    terms: int = 1,
    decays: Decays = "shared",
    pieces: int | Sequence[float] = 1,
    errors: Errors = "information",
    level: float = 0.95,
    start: Hawkes | None = None,
) -> HawkesFit:
    """Fit by maximum likelihood.

    Parameters
    ----------
    events
        A window, or several (days) that are fitted together; each begins with its own history only.
    terms
        Exponentials of a kernel, where their decays are to be found.
    decays
        "shared": one decay a term for all pairs. "pair": each pair its own. Numbers per second: fixed. `PowerLaw`: a
        fixed shape, one scale a pair.
    pieces
        Pieces of equal length of the baseline over the (first) window, or their inner edges in seconds.
    errors
        "information" or "robust".
    start
        Where to start from instead of searching: a process of as many terms and pieces.

    Raises
    ------
    BadParameter
        When terms, pieces, level or the start are out of range.
    BadData
        When a dimension has fewer than 50 events, or all gaps are equal.
    Unidentified
        When no maximum was found.
    """
    windows, layout = _asked(events, terms=terms, decays=decays, pieces=pieces, errors=errors, level=level)
    found = climb_from(layout, windows, start) if start is not None else _search(layout, windows)
    return _fitted(layout, windows, found, errors=errors, level=level)


def select_hawkes(
    events: HawkesEvents | Sequence[HawkesEvents],
    *,
    most_terms: int = 3,
    criterion: Literal["aic", "bic"] = "bic",
    decays: Literal["shared", "pair"] = "shared",
    pieces: int | Sequence[float] = 1,
    errors: Errors = "information",
    level: float = 0.95,
) -> tuple[HawkesFit, ...]:
    """Fits of 1 to `most_terms` exponentials, the best by the criterion first. Numbers of terms that fail are left out.

    Raises
    ------
    BadParameter
        When the criterion is unknown, or as `fit_hawkes`.
    BadData, Unidentified
        As `fit_hawkes`, where no number of terms can be fitted.
    """
    if criterion not in ("aic", "bic"):
        raise BadParameter(f"criterion {criterion!r} must be 'aic' or 'bic'")
    if decays not in ("shared", "pair"):
        raise BadParameter(f"decays {decays!r} must be 'shared' or 'pair' where terms are chosen")
    if most_terms < 1:
        raise BadParameter(f"most_terms {most_terms} must be 1 or more")
    windows, layout = _asked(events, terms=most_terms, decays=decays, pieces=pieces, errors=errors, level=level)
    fits: list[HawkesFit] = []
    failed: Unidentified | None = None
    for terms, found in enumerate(_path(layout, windows), 1):
        try:
            fits.append(_fitted(dataclasses.replace(layout, terms=terms), windows, found, errors=errors, level=level))
        except Unidentified as unidentified:
            failed = unidentified
    if failed is not None and not fits:
        raise failed
    return tuple(sorted(fits, key=lambda fit: fit.aic if criterion == "aic" else fit.bic))


def _asked(
    events: HawkesEvents | Sequence[HawkesEvents],
    *,
    terms: int,
    decays: Decays,
    pieces: int | Sequence[float],
    errors: Errors,
    level: float,
) -> tuple[tuple[HawkesEvents, ...], Layout]:
    """Windows and layout, checked."""
    windows = (events,) if isinstance(events, HawkesEvents) else tuple(events)
    check_level(level)
    if errors not in ("information", "robust"):
        raise BadParameter(f"errors {errors!r} must be 'information' or 'robust'")
    _check_windows(windows)
    return windows, _layout(windows, terms, decays, pieces)


def _fitted(
    layout: Layout, windows: tuple[HawkesEvents, ...], found: Summit, *, errors: Errors, level: float
) -> HawkesFit:
    """A summit as a fit, its terms in order."""
    if layout.given is None and not (np.diff(layout.model(found.at).decay) >= 0).all():
        found = climb_from(layout, windows, _slow_first(layout.model(found.at)))
    if not found.converged:
        raise Unidentified(
            f"no maximum of the likelihood was found from {len(windows)} windows of "
            f"{sum(map(len, windows)):,} events; fewer terms than {layout.terms} or fewer pieces may be told"
        )
    fit = report(layout, windows, found, robust=errors == "robust", level=level)
    if layout.given is None and layout.terms == 1 and fit.gain_over_poisson < _WEAK:
        return _over_decays(fit, errors=errors)
    return fit


def _over_decays(fit: HawkesFit, *, errors: Errors) -> HawkesFit:
    """The fit with intervals of offspring that hold for every decay that the events leave possible.

    What hardly excites itself does not tell its decay, and an error at the one decay chosen would be that of a guess.
    At each decay of a grid the likelihood may fall further by what it has not yet fallen: the profile, by parabolas.
    """
    level, half = fit.branching_ratio.level, z_of(fit.branching_ratio.level) ** 2 / 2
    others = []
    for decay in np.geomspace(*_decay_range(fit.windows), _WEAK_GRID).tolist():
        layout = dataclasses.replace(fit.layout, given=np.array([decay]), per_pair=False)
        found = climb_from(layout, fit.windows, _plain(layout, fit.windows, np.array([decay])))
        left = half - (fit.log_likelihood - found.likelihood.value)
        if found.converged and left > 0:
            others.append(
                report(layout, fit.windows, found, robust=errors == "robust", level=math.erf(math.sqrt(left)))
            )

    def wider(own: Measurement, each: Sequence[Measurement]) -> Measurement:
        low, high = min([own.low, *(one.low for one in each)]), max([own.high, *(one.high for one in each)])
        how = f"{own.method}, over all decays that may be"
        return msgspec.structs.replace(own, low=low, high=high, level=level, method=how)

    sizes = range(fit.model.dimensions)
    entries = [[wider(fit.branching[i][j], [each.branching[i][j] for each in others]) for j in sizes] for i in sizes]
    note = f"a gain of {fit.gain_over_poisson:.2g} over Poisson proves no echo and tells no decay: read the upper ends"
    return dataclasses.replace(
        fit,
        branching=tuple(map(tuple, entries)),
        alpha=tuple(tuple((entry,) for entry in row) for row in entries),
        branching_ratio=wider(fit.branching_ratio, [each.branching_ratio for each in others]),
        notes=(*fit.notes, note),
    )


def _check_windows(windows: Sequence[HawkesEvents]) -> None:
    if not windows:
        raise BadParameter("no window is given; give events of one or more")
    sizes = {window.dimensions for window in windows}
    if len(sizes) != 1:
        raise BadParameter(f"windows of {sorted(sizes)} dimensions cannot be fitted together")
    counts = np.sum([window.counts for window in windows], axis=0)
    if counts.min() < MIN_EVENTS:
        raise BadData(
            f"dimension {int(counts.argmin())} has {int(counts.min())} events, {MIN_EVENTS} are needed; "
            "look at a longer time"
        )
    gaps = np.concatenate([np.diff(window.time_s) for window in windows])
    if np.ptp(gaps) <= 1e-9 * gaps.mean():
        raise BadData(f"all {len(gaps):,} gaps are {gaps.mean():g} s: a clock, not a point process")


def _layout(windows: Sequence[HawkesEvents], terms: int, decays: Decays, pieces: int | Sequence[float]) -> Layout:
    if terms < 1:
        raise BadParameter(f"terms {terms} must be 1 or more")
    if isinstance(pieces, int):
        if pieces < 1:
            raise BadParameter(f"pieces {pieces} must be 1 or more")
        edges = np.linspace(0.0, windows[0].end_s, pieces + 1)[1:-1]
    else:
        edges = np.asarray(pieces, np.float64)
        if not (np.diff(edges) > 0).all() or (len(edges) and (edges[0] <= 0 or edges[-1] >= windows[0].end_s)):
            raise BadParameter(f"pieces {list(pieces)} must be increasing seconds inside 0 to {windows[0].end_s:g}")
    size = windows[0].dimensions
    if isinstance(decays, PowerLaw):
        return Layout(size, edges, decays.terms, given=decays.decays, shares=decays.shares)
    if isinstance(decays, str):
        if decays not in ("shared", "pair"):
            raise BadParameter(f"decays {decays!r} must be 'shared', 'pair', numbers per second or a PowerLaw")
        return Layout(size, edges, terms, per_pair=decays == "pair")
    given = np.sort(np.asarray(decays, np.float64))
    if given.ndim != 1 or not len(given) or not (np.isfinite(given) & (given > 0)).all():
        raise BadParameter(f"decays {list(decays)} must be numbers above 0, per second")
    return Layout(size, edges, len(given), given=given)


def _bounds(layout: Layout, windows: Sequence[HawkesEvents]) -> tuple[Floats, Floats]:
    """Baselines above a trace of the rate, alphas from 0, decays between the window and the shortest gaps."""
    length = sum(window.end_s for window in windows)
    counts = np.maximum(np.sum([window.counts for window in windows], axis=0), 1)
    slowest, fastest = _decay_range(windows)
    trace = 1e-6 * counts / length
    low = np.concatenate(
        (np.repeat(trace, layout.pieces), np.zeros(layout.scales), np.full(layout.decays, np.log(slowest)))
    )
    high = np.concatenate((np.full(layout.baselines + layout.scales, np.inf), np.full(layout.decays, np.log(fastest))))
    return low, high


def _decay_range(windows: Sequence[HawkesEvents]) -> tuple[float, float]:
    """Lives of a tenth of the window at most: a longer one is its drift. A tenth of a stamp or of the least gaps at
    least."""
    gaps = np.concatenate([np.diff(window.time_s[window.time_s >= 0]) for window in windows])
    shortest = max(float(np.quantile(gaps, 0.001)), 1e-9)
    resolution = max(window.resolution_s for window in windows)
    longest = max(window.end_s for window in windows)
    return 10.0 / longest, 10.0 / max(shortest, resolution)


def climb_from(layout: Layout, windows: Sequence[HawkesEvents], start: Hawkes) -> Summit:
    """The summit of the likelihood near a process.

    Raises
    ------
    BadParameter
        When the start does not fit the layout.
    """
    if (start.dimensions, start.terms) != (layout.dimensions, layout.terms) or start.baseline.shape[1] != layout.pieces:
        raise BadParameter(
            f"the start has {start.dimensions} dimensions, {start.terms} terms and {start.baseline.shape[1]} pieces; "
            f"give one of {layout.dimensions}, {layout.terms} and {layout.pieces}"
        )
    return climb(lambda free: slopes(layout, free, windows), layout.free(start), *_bounds(layout, windows))


def _search(layout: Layout, windows: Sequence[HawkesEvents]) -> Summit:
    """The highest summit found from several starts."""
    if layout.given is not None:
        return climb_from(layout, windows, _plain(layout, windows, layout.given))
    *_, best = _path(layout, windows)
    return best


def _path(layout: Layout, windows: Sequence[HawkesEvents]) -> Iterator[Summit]:
    """Summits of 1 term, of 2, and so on: each from the one before and the decays that add most to it."""
    few = _first_events(windows)
    slowest, fastest = _decay_range(few)
    grid = np.geomspace(2 * slowest, fastest / 3, _GRID)
    before: Hawkes | None = None
    for terms in range(1, layout.terms + 1):
        free = dataclasses.replace(layout, terms=terms)
        tried = []
        for decay in grid.tolist():
            start = _plain(free, few, np.array([decay])) if before is None else _with_term(before, decay)
            fixed = np.median(start.decay, axis=(0, 1))
            if np.diff(np.log(fixed)).min(initial=1.0) < _APART:
                continue
            concave = dataclasses.replace(free, given=fixed)
            found = climb_from(concave, few, start)
            tried.append((found.likelihood.value, concave.model(found.at)))
        tried.sort(key=lambda each: -each[0])
        starts = [model for _, model in tried[:_CLIMBED]] or [start]
        best = max(
            (climb_from(free, few, each) for each in starts), key=lambda each: (each.converged, each.likelihood.value)
        )
        before = _slow_first(free.model(best.at))
        yield best if few is windows else climb_from(free, windows, before)


def _with_term(model: Hawkes, decay: float) -> Hawkes:
    """One more term that begets a little, all decays alike in all pairs."""
    decays = np.append(np.median(model.decay, axis=(0, 1)), decay)
    little = np.full((*model.alpha.shape[:2], 1), 0.05 / model.dimensions)
    alpha = np.concatenate((model.alpha, little), axis=2)
    order = np.argsort(decays, kind="stable")
    return dataclasses.replace(model, alpha=alpha[:, :, order], decay=decays[order])


def _slow_first(model: Hawkes) -> Hawkes:
    """The same process with the terms of each pair in the order of their decays."""
    order = np.argsort(model.decay, axis=2, kind="stable")
    alpha, decay = (np.take_along_axis(numbers, order, axis=2) for numbers in (model.alpha, model.decay))
    return dataclasses.replace(model, alpha=alpha, decay=decay)


def _plain(layout: Layout, windows: Sequence[HawkesEvents], decays: Floats) -> Hawkes:
    """A start: half of the events are begotten, alike by all."""
    counts = np.maximum(np.sum([window.counts for window in windows], axis=0), 1)
    rates = counts / sum(window.end_s for window in windows)
    shares = np.full(layout.terms, 1 / layout.terms) if layout.shares is None else layout.shares
    alpha = np.full((layout.dimensions, layout.dimensions, 1), 0.5 / layout.dimensions) * shares
    baseline = np.repeat(0.5 * rates[:, None], layout.pieces, axis=1)
    return Hawkes(baseline=baseline, alpha=alpha, decay=decays, edges_s=layout.edges_s)


def _first_events(windows: Sequence[HawkesEvents]) -> Sequence[HawkesEvents]:
    """The windows themselves, or the begin of the first where that is long enough to choose starts."""
    window = windows[0]
    if len(window) <= _START_EVENTS:
        return windows if len(windows) == 1 or sum(map(len, windows)) <= _START_EVENTS else windows[:1]
    past = len(window.time_s) - len(window)
    end = past + _START_EVENTS
    return (
        dataclasses.replace(
            window, time_s=window.time_s[:end], kind=window.kind[:end], end_s=float(window.time_s[end - 1])
        ),
    )
