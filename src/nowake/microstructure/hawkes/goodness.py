"""Whether a Hawkes process is what made the events: residuals by change of time (Ogata 1988).

What the intensity adds up to between events should be exponential of mean 1 and independent. Told by: the
Kolmogorov-Smirnov distance to that law; excess dispersion sqrt(n) (s^2 - 1) / sqrt(8), normal (Engle & Russell 1998,
"Autoregressive conditional duration", Econometrica 66, section 4); the Ljung-Box sum of autocorrelations (Ljung & Box
1978, Biometrika 65).

A fit bends towards its data, so that the textbook p-values of a fitted process are too large. With `repeats` they are
those of refits to draws from the fit, which bend alike; without, they are the textbook's, and say so. With many events
every model fails: look then at how far off the quantiles are, not at p."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.hawkes.bootstrap import refits
from nowake.microstructure.hawkes.events import HawkesEvents
from nowake.microstructure.hawkes.model import Floats, Hawkes
from nowake.microstructure.hawkes.result import HawkesFit
from nowake.microstructure.hawkes.state import hawkes_residuals

_LEAST = 20  # Residuals a dimension needs.
_POINTS = 200  # Of a quantile picture.


class DimensionGoodness(NamedTuple):
    """How one dimension's residuals look.

    `mean`, `variance`: both 1 of the true process. `ks`: distance. `dispersion`: standard normal of the true process.
    `ljung_box`: chi-squared of `lags` degrees. Each with its p-value. `quantiles`: float64[2, points], those of the
    exponential law and those seen.
    """

    n: int
    mean: float
    variance: float
    ks: float
    ks_p: float
    dispersion: float
    dispersion_p: float
    ljung_box: float
    ljung_box_p: float
    quantiles: Floats


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class HawkesGoodness:
    """Goodness of fit, dimension by dimension.

    Parameters
    ----------
    dimensions
        [D].
    lags
        Of the Ljung-Box sum.
    repeats
        Refits behind the p-values; 0 where they are the textbook's.
    method
        How p-values were made, in words.
    """

    dimensions: tuple[DimensionGoodness, ...]
    lags: int
    repeats: int
    method: str

    def passes(self, p: float = 0.01) -> bool:
        """Whether no p-value is below the one given, shared out over all of them (Bonferroni)."""
        each = [(one.ks_p, one.dispersion_p, one.ljung_box_p) for one in self.dimensions]
        return bool(min(min(three) for three in each) >= p / (3 * len(each)))


def hawkes_goodness(
    process: HawkesFit | Hawkes,
    events: HawkesEvents | Sequence[HawkesEvents] | None = None,
    *,
    lags: int = 20,
    repeats: int = 0,
    seed: int = 0,
) -> HawkesGoodness:
    """Judge a fit on what it was fitted to, or a process on other events.

    Parameters
    ----------
    process
        A fit, or a process that owes nothing to the events; with the latter textbook p-values are right.
    events
        One window or several; by default those of the fit.
    repeats, seed
        How many refits to draw p-values from: a fit on its own events only.

    Raises
    ------
    BadParameter
        When events are missing, or refits are asked for of what was not fitted to them.
    BadData
        When a dimension has fewer than 20 residuals, or no more than lags.
    """
    fit = process if isinstance(process, HawkesFit) else None
    model = process.model if isinstance(process, HawkesFit) else process
    if events is None and fit is None:
        raise BadParameter("a process alone has no events to be judged on; give events")
    if repeats and (fit is None or events is not None):
        raise BadParameter(
            f"{repeats} refits can only be drawn of a fit on its own events; leave out events or repeats"
        )
    if lags < 1 or repeats < 0:
        raise BadParameter(f"lags {lags} must be 1 or more and repeats {repeats} 0 or more")
    windows = fit.windows if events is None and fit else (events,) if isinstance(events, HawkesEvents) else events
    assert windows is not None
    residuals = _residuals(model, windows)
    fewest = min(map(len, residuals))
    if fewest < max(_LEAST, lags + 1):
        raise BadData(
            f"{fewest} residuals in a dimension are fewer than {max(_LEAST, lags + 1)}; look at a longer time"
        )
    if fit is None or not repeats:
        textbook = [_judged(each, lags, _textbook(_distances(each, lags), len(each), lags)) for each in residuals]
        own = fit is not None and events is None
        words = "textbook, too large for a process fitted to these events" if own else "textbook"
        return HawkesGoodness(tuple(textbook), lags, 0, words)
    null = np.array(
        [
            [_distances(each, lags) for each in _residuals(again, drawn)]
            for again, drawn in refits(fit, repeats=repeats, seed=seed)
            if again is not None
        ]
    )
    found = [
        _judged(each, lags, (1 + (null[:, i] >= _distances(each, lags)).sum(axis=0)) / (len(null) + 1))
        for i, each in enumerate(residuals)
    ]
    return HawkesGoodness(tuple(found), lags, len(null), f"{len(null)} refits to draws from the fit")


def _residuals(model: Hawkes, windows: Sequence[HawkesEvents]) -> tuple[Floats, ...]:
    """Of each dimension, all windows together."""
    each = [hawkes_residuals(model, window) for window in windows]
    return tuple(np.concatenate(parts) for parts in zip(*each, strict=True))


def _distances(residuals: Floats, lags: int) -> Floats:
    """float64[3]: Kolmogorov-Smirnov, absolute excess dispersion, Ljung-Box; the more the worse."""
    count = len(residuals)
    law = -np.expm1(-np.sort(residuals))
    steps = np.arange(count + 1) / count
    ks = max(float((steps[1:] - law).max()), float((law - steps[:-1]).max()))
    centred = residuals - residuals.mean()
    power = float(centred @ centred)
    echo = np.array([centred[lag:] @ centred[:-lag] / power for lag in range(1, lags + 1)])
    ljung_box = count * (count + 2) * float((echo**2 / (count - np.arange(1, lags + 1))).sum())
    return np.array([ks, abs(_dispersion(residuals)), ljung_box])


def _dispersion(residuals: Floats) -> float:
    return float(np.sqrt(len(residuals) / 8.0) * (residuals.var(ddof=1) - 1.0))


def _textbook(distances: Floats, count: int, lags: int) -> Floats:
    """float64[3]: p-values where nothing was fitted."""
    from scipy import stats  # noqa: PLC0415

    ks, dispersion, ljung_box = distances.tolist()
    return np.array([stats.kstwo.sf(ks, count), 2 * stats.norm.sf(dispersion), stats.chi2.sf(ljung_box, lags)])


def _judged(residuals: Floats, lags: int, p: Floats) -> DimensionGoodness:
    ks, _, ljung_box = _distances(residuals, lags).tolist()
    ks_p, dispersion_p, ljung_box_p = p.tolist()
    at = (np.arange(min(_POINTS, len(residuals))) + 0.5) / min(_POINTS, len(residuals))
    return DimensionGoodness(
        n=len(residuals),
        mean=float(residuals.mean()),
        variance=float(residuals.var(ddof=1)),
        ks=ks,
        ks_p=ks_p,
        dispersion=_dispersion(residuals),
        dispersion_p=dispersion_p,
        ljung_box=ljung_box,
        ljung_box_p=ljung_box_p,
        quantiles=np.array([-np.log1p(-at), np.quantile(residuals, at)]),
    )
