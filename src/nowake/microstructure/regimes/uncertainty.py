"""How sure the numbers of a fitted hidden Markov model are: observed information from the score.

The score of the likelihood is that of the expected complete one (Fisher's identity; Louis 1982, "Finding the observed
information matrix when using the EM algorithm", JRSS B 44, equation 3.1), which needs one smoothing pass; its central
differences give the information matrix. Free parameters are logs of transition probabilities over staying, means, the
logs and entries of Cholesky factors, and logs of degrees of freedom, so that intervals stay inside their ranges: of a
probability on the logit, of a width, a duration and degrees of freedom on the log scale. The prior of the fit is part
of it (`fit.py`), starting probabilities are taken as known.

Wrong where states overlap so much that the likelihood has no clear peak (refused when it has none at all), for fewer
than a few tens of visits to a state, and, like the fit, where neighbouring rows share data: intervals are then too
narrow. Degrees of freedom at their bound of 200 are a normal and have no interval."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import Unidentified
from nowake.microstructure.regimes.chain import FIRST_ROW, Chain, Floats, Ints, backward, forward
from nowake.microstructure.regimes.emission import Emission, check_rows, digamma, expected, log_density
from nowake.microstructure.regimes.fit import MOST_DEGREES, PRIOR_MOVES, PRIOR_ROWS, PRIOR_SPREAD, HmmFit, check_begins
from nowake.statistics.measurement import Measurement, check_level, z_of

_STEP = 1e-4  # Of a parameter's own scale, for the differences of the score.
_METHOD = "observed information"


class HmmIntervals(NamedTuple):
    """The parameters of a fit as measurements.

    Parameters
    ----------
    transition
        K rows of K probabilities.
    durations
        Rows each state is expected to last once entered, K; None where there is but one state.
    means, widths
        K rows of d means, and of d roots of the scale matrix's diagonal.
    degrees
        K degrees of freedom; None of a normal.
    """

    transition: tuple[tuple[Measurement, ...], ...]
    durations: tuple[Measurement | None, ...]
    means: tuple[tuple[Measurement, ...], ...]
    widths: tuple[tuple[Measurement, ...], ...]
    degrees: tuple[Measurement | None, ...]


def hmm_intervals(fit: HmmFit, rows: npt.ArrayLike, begins: Ints = FIRST_ROW, *, level: float = 0.95) -> HmmIntervals:
    """Intervals of a fit, from the rows it was fitted on.

    Parameters
    ----------
    rows, begins
        As given to `fit_hmm`.

    Raises
    ------
    BadParameter
        When the level or the days are out of their range.
    Unidentified
        When the likelihood has no peak there: states overlap too much, or the climb had not ended.
    """
    check_level(level)
    table = check_rows(rows, len(fit.model.names))
    free = _Free(fit, table, check_begins(begins, len(table)), np.nanvar(table, axis=0))
    centre = free.packed()
    step = _STEP * free.sizes()
    information = np.empty((len(centre), len(centre)))
    for k in range(len(centre)):
        shift = np.zeros(len(centre))
        shift[k] = step[k]
        information[k] = -(free.score(centre + shift) - free.score(centre - shift)) / (2 * step[k])
    information = (information + information.T) / 2
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if not values[0] > 1e-8:
        raise Unidentified(
            f"the likelihood of these {fit.model.states} states has no peak in every direction; fit to the end, or ask "
            "for fewer states"
        )
    covariance = (vectors / values) @ vectors.T / np.outer(scale, scale)
    return _intervals(free, covariance, level)


class _Free(NamedTuple):
    """The free parameters of a fit, in one vector: transitions, means, Cholesky factors, degrees of freedom."""

    fit: HmmFit
    rows: Floats
    begins: Ints
    spread: Floats

    @property
    def lower(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Rows and columns of the free entries of a Cholesky factor."""
        d = len(self.spread)
        return np.tril_indices(d) if self.fit.shape == "full" else (np.arange(d), np.arange(d))

    @property
    def heavy(self) -> npt.NDArray[np.intp]:
        """States whose degrees of freedom are free."""
        return np.flatnonzero(self.fit.model.emission.degrees < MOST_DEGREES * (1 - 1e-6))

    def packed(self) -> Floats:
        """The parameters of the fit."""
        chain, emission = self.fit.model.chain, self.fit.model.emission
        off = ~np.eye(len(chain.start), dtype=np.bool_)
        odds = np.log(chain.transition / np.diag(chain.transition)[:, None])
        roots = np.linalg.cholesky(emission.scales)[:, *self.lower]
        diagonal = self.lower[0] == self.lower[1]
        roots[:, diagonal] = np.log(roots[:, diagonal])
        return np.concatenate((odds[off], emission.means.ravel(), roots.ravel(), np.log(emission.degrees[self.heavy])))

    def sizes(self) -> Floats:
        """The scale of each parameter: a state's width for means and factors, 1 for logarithms."""
        emission = self.fit.model.emission
        widths = np.sqrt(np.diagonal(emission.scales, axis1=1, axis2=2))
        states, d = emission.means.shape
        factor = np.where(self.lower[0] == self.lower[1], 1.0, widths[:, self.lower[0]])
        logs = np.ones(states * (states - 1))
        return np.concatenate(
            (logs, np.broadcast_to(widths, (states, d)).ravel(), factor.ravel(), np.ones(len(self.heavy)))
        )

    def unpacked(self, vector: Floats) -> tuple[Chain, Emission]:
        """The model of a vector of parameters."""
        model = self.fit.model
        states, d = model.emission.means.shape
        cuts = np.cumsum([states * (states - 1), states * d, states * len(self.lower[0])])
        odds, means, roots, degrees = np.split(vector, cuts)
        transition = np.zeros((states, states))
        transition[~np.eye(states, dtype=np.bool_)] = odds
        transition = np.exp(transition)
        transition /= transition.sum(axis=1, keepdims=True)
        factor = np.zeros((states, d, d))
        factor[:, *self.lower] = roots.reshape(states, -1)
        diagonal = np.arange(d)
        factor[:, diagonal, diagonal] = np.exp(factor[:, diagonal, diagonal])
        nu = model.emission.degrees.copy()
        nu[self.heavy] = np.exp(degrees)
        scales = factor @ factor.transpose(0, 2, 1)
        return Chain(model.chain.start, transition), Emission(means.reshape(states, d), scales, nu)

    def score(self, vector: Floats) -> Floats:
        """Gradient of the log likelihood plus the prior, by Fisher's identity."""
        chain, emission = self.unpacked(vector)
        filtered = forward(chain, log_density(emission, self.rows), self.begins)
        smoothed = backward(chain, filtered.probability, self.begins)
        sums = expected(emission, self.rows, smoothed.probability)
        states, d = emission.means.shape
        moves = smoothed.moves + PRIOR_MOVES
        odds = moves - moves.sum(axis=1, keepdims=True) * chain.transition
        means, roots = np.empty((states, d)), np.empty((states, len(self.lower[0])))
        for k in range(states):
            means[k], roots[k] = self._of_state(
                emission, k, (sums.rows[k], sums.weight[k], sums.first[k], sums.second[k])
            )
        degrees = [
            nu / 2 * (sums.rows[k] * (math.log(nu / 2) + 1 - digamma(nu / 2)) + sums.tail[k])
            for k, nu in ((k, float(emission.degrees[k])) for k in self.heavy)
        ]
        return np.concatenate((odds[~np.eye(states, dtype=np.bool_)], means.ravel(), roots.ravel(), degrees))

    def _of_state(self, emission: Emission, k: int, sums: tuple[float, float, Floats, Floats]) -> tuple[Floats, Floats]:
        """Gradients by the mean and by the free entries of the Cholesky factor of one state."""
        rows, weight, first, second = sums
        mean, scale = emission.means[k], emission.scales[k]
        inverse = np.linalg.inv(scale)
        cross = np.outer(first, mean)
        scatter = second - cross - cross.T + weight * np.outer(mean, mean)
        scatter = scatter + PRIOR_ROWS * PRIOR_SPREAD * np.diag(self.spread)
        by_scale = 0.5 * inverse @ (scatter - (rows + PRIOR_ROWS) * scale) @ inverse
        factor = np.linalg.cholesky(scale)
        by_factor = 2 * by_scale @ factor
        diagonal = np.arange(len(mean))
        by_factor[diagonal, diagonal] *= factor[diagonal, diagonal]
        return inverse @ (first - weight * mean), by_factor[self.lower]


def _intervals(free: _Free, covariance: Floats, level: float) -> HmmIntervals:
    """Each parameter on its own scale, from the covariance of the free ones."""
    model, rows = free.fit.model, free.fit.rows
    states, d = model.emission.means.shape
    entries = len(free.lower[0])
    cuts = np.cumsum([0, states * (states - 1), states * d, states * entries])
    half = z_of(level)

    def on(scale: str, value: float, sd: float) -> Measurement:
        low, high = (_moved(scale, value, sign * half * sd) for sign in (-1, 1))
        return Measurement(value=value, low=low, high=high, level=level, n=rows, method=_METHOD)

    transition, durations = [], []
    for i in range(states):
        block = slice(i * (states - 1), (i + 1) * (states - 1))
        sds = _sd_of_logits(model.chain.transition[i], i, covariance[block, block])
        told = [float(chance) for chance in model.chain.transition[i]]
        transition.append(tuple(on("logit", chance, sd) for chance, sd in zip(told, sds, strict=True)))
        durations.append(on("log above 1", 1 / (1 - told[i]), sds[i]) if states > 1 else None)
    variances = np.diag(covariance)
    mean_sd = np.sqrt(variances[cuts[1] : cuts[2]]).reshape(states, d)
    means = [
        tuple(on("itself", float(mean), float(sd)) for mean, sd in zip(*pair, strict=True))
        for pair in zip(model.emission.means, mean_sd, strict=True)
    ]
    widths = []
    for k in range(states):
        block = slice(cuts[2] + k * entries, cuts[2] + (k + 1) * entries)
        sds = _sd_of_log_widths(model.emission.scales[k], free.lower, covariance[block, block])
        roots = np.sqrt(np.diag(model.emission.scales[k]))
        widths.append(tuple(on("log", float(root), sd) for root, sd in zip(roots, sds, strict=True)))
    degrees: list[Measurement | None] = [None] * states
    for place, k in enumerate(free.heavy.tolist()):
        degrees[k] = on("log", float(model.emission.degrees[k]), float(np.sqrt(variances[cuts[3] + place])))
    return HmmIntervals(tuple(transition), tuple(durations), tuple(means), tuple(widths), tuple(degrees))


def _moved(scale: str, value: float, by: float) -> float:
    """A value moved on a scale that keeps it in its range."""
    if scale == "logit":
        if value <= 0 or value >= 1:
            return value
        odds = value / (1 - value) * math.exp(min(by, 700.0))
        return odds / (1 + odds)
    if scale == "log above 1":
        return 1 + (value - 1) * math.exp(min(by, 700.0))
    return value * math.exp(min(by, 700.0)) if scale == "log" else value + by


def _sd_of_logits(chances: Floats, state: int, covariance: Floats) -> list[float]:
    """Standard deviations of the logits of one row of transitions, from that of its logs over staying."""
    others = np.delete(np.arange(len(chances)), state)
    slopes = np.zeros((len(chances), len(others)))
    for j in range(len(chances)):
        slopes[j] = ((others == j) - chances[others]) / max(1 - chances[j], 1e-300)
    return [float(x) for x in np.sqrt(np.maximum(np.einsum("ji,ik,jk->j", slopes, covariance, slopes), 0.0))]


def _sd_of_log_widths(
    scale: Floats, lower: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], covariance: Floats
) -> list[float]:
    """Standard deviations of the logs of the roots of a scale's diagonal, from that of its Cholesky factor."""
    factor = np.linalg.cholesky(scale)
    slopes = np.zeros((len(scale), len(lower[0])))
    for place, (row, column) in enumerate(zip(*lower, strict=True)):
        inner = factor[row, column] if row == column else 1.0
        slopes[row, place] = factor[row, column] * inner / scale[row, row]
    return [float(x) for x in np.sqrt(np.einsum("ji,ik,jk->j", slopes, covariance, slopes))]
