"""What a state says of a row of features: multivariate normal, or Student's t where tails are heavy, with missing
features left out of the density instead of guessed.

Student's t with location mu, scale matrix Sigma and nu degrees of freedom is a normal whose variance is Sigma / u with
u ~ Gamma(nu/2, nu/2). Given a row with d seen features at squared distance delta = (x - mu)' Sigma^-1 (x - mu),

    E[u] = (nu + d) / (nu + delta),      E[log u] = psi((nu + d)/2) - log((nu + delta)/2)

(Liu & Rubin 1995, "ML estimation of the t distribution using EM and its extensions, ECM and ECME", Statistica Sinica 5,
equations 6 and 10; with missing values section 4). A normal is nu = infinity, u = 1. A missing feature enters through
its mean and covariance given the seen ones. Wrong where a feature is missing BECAUSE of its value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter

Floats = npt.NDArray[np.float64]

MOST_FEATURES = 62  # A bit of a word each says which are missing.


class Emission(NamedTuple):
    """What K states say of d features.

    `means`: (K, d). `scales`: (K, d, d), covariance matrices of a normal, scale matrices of a t (whose covariance is
    nu / (nu - 2) times that). `degrees`: (K,), degrees of freedom, infinite for a normal.
    """

    means: Floats
    scales: Floats
    degrees: Floats


class Expected(NamedTuple):
    """Sums over rows that tell all about an emission: what the M step and the score need.

    `rows`: (K,), of each state that have at least one feature. `weight`: (K,), of their u. `first`: (K, d) and
    `second`: (K, d, d), of u x and u x x'. `tail`: (K,), of E[log u] - E[u].
    """

    rows: Floats
    weight: Floats
    first: Floats
    second: Floats
    tail: Floats


def check_rows(rows: npt.ArrayLike, features: int | None = None) -> Floats:
    """Rows of features as float64[n, d]; NaN is missing.

    Raises
    ------
    BadData
        When they are no table, infinite, or of another width.
    """
    table = np.asarray(rows, np.float64)
    if table.ndim == 1 and features in (None, 1):
        table = table[:, None]
    if table.ndim != 2 or table.shape[1] == 0 or (features is not None and table.shape[1] != features):
        wanted = "d" if features is None else str(features)
        raise BadData(f"features of shape {np.shape(rows)} are no table; give (n, {wanted}), one row a bar")
    if table.shape[1] > MOST_FEATURES:
        raise BadData(f"{table.shape[1]} features are more than {MOST_FEATURES}; choose among them")
    wild = np.argwhere(np.isinf(table))
    if len(wild):
        row, column = (int(place) for place in wild[0])
        raise BadData(f"row {row}: feature {column} is {table[row, column]}; give NaN where it is not known")
    return table


def check_emission(emission: Emission) -> None:
    """Refuse parameters that are no distributions.

    Raises
    ------
    BadParameter
        When shapes do not fit, a scale matrix is not positive definite, or degrees of freedom are not above 0.
    """
    states, features = emission.means.shape
    if emission.scales.shape != (states, features, features) or emission.degrees.shape != (states,):
        raise BadParameter(
            f"means {emission.means.shape}, scales {emission.scales.shape} and degrees {emission.degrees.shape} do not "
            "fit; give (K, d), (K, d, d) and (K,)"
        )
    if not np.all(emission.degrees > 0):
        raise BadParameter(f"degrees of freedom {emission.degrees.tolist()} must be above 0; inf is a normal")
    for state, scale in enumerate(emission.scales):
        if not np.allclose(scale, scale.T, rtol=1e-9) or not np.linalg.eigvalsh(scale)[0] > 0:
            raise BadParameter(f"the scale matrix of state {state} is not symmetric with eigenvalues above 0")


def log_density(emission: Emission, rows: Floats) -> Floats:
    """Log density of each row under each state, (n, K); 0 where every feature is missing."""
    states = len(emission.means)
    out = np.zeros((len(rows), states))
    for at, seen in _patterns(rows):
        for state in range(states):
            distance, log_volume = _distances(emission, state, rows[at][:, seen], seen)
            out[at, state] = _log_density(distance, log_volume, float(emission.degrees[state]), len(seen))
    return out


def expected(emission: Emission, rows: Floats, probability: Floats) -> Expected:
    """Sums over rows, each counted for a state by its probability (n, K); missing features by what is expected."""
    states, features = emission.means.shape
    count, weight, first = np.zeros(states), np.zeros(states), np.zeros((states, features))
    second, tail = np.zeros((states, features, features)), np.zeros(states)
    for at, seen in _patterns(rows):
        missing = np.setdiff1d(np.arange(features), seen)
        for state in range(states):
            share = probability[at, state]
            told = rows[at][:, seen]
            u, log_u = _mixing(emission, state, told, seen)
            filled, spread = _completed(emission, state, told, seen, missing)
            weighted = (share * u)[:, None] * filled
            count[state] += share.sum()
            weight[state] += (share * u).sum()
            first[state] += weighted.sum(axis=0)
            second[state] += weighted.T @ filled + share.sum() * spread
            tail[state] += (share * (log_u - u)).sum()
    return Expected(count, weight, first, second, tail)


def _patterns(rows: Floats) -> Iterator[tuple[npt.NDArray[np.intp] | slice, npt.NDArray[np.intp]]]:
    """Rows that miss the same features, and which features they have; rows that have none are left out."""
    missing = np.isnan(rows)
    if not missing.any():
        if len(rows):
            yield slice(None), np.arange(rows.shape[1])
        return
    bits = np.int64(1) << np.arange(rows.shape[1])
    kind = missing @ bits
    for code in np.unique(kind):
        seen = np.flatnonzero(code & bits == 0)
        if len(seen):
            yield np.flatnonzero(kind == code), seen


def _distances(emission: Emission, state: int, told: Floats, seen: npt.NDArray[np.intp]) -> tuple[Floats, float]:
    """Squared distance of each row from the state's mean, and the log determinant of its scale.

    Solved column by column, so that a row's number does not depend, to the last bit, on how many rows there are.
    """
    root = np.linalg.cholesky(emission.scales[state][np.ix_(seen, seen)])
    distance, solved = np.zeros(len(told)), list[Floats]()
    for j in range(len(seen)):
        rest = told[:, j] - emission.means[state, seen[j]]
        for i in range(j):
            rest = rest - root[j, i] * solved[i]
        solved.append(rest / root[j, j])
        distance = distance + solved[j] * solved[j]
    return distance, 2.0 * float(np.log(np.diag(root)).sum())


def _log_density(distance: Floats, log_volume: float, nu: float, d: int) -> Floats:
    """Of a normal (nu infinite) or a t in d dimensions."""
    if math.isinf(nu):
        return -0.5 * (d * math.log(2 * math.pi) + log_volume + distance)
    constant = math.lgamma((nu + d) / 2) - math.lgamma(nu / 2) - d / 2 * math.log(nu * math.pi) - log_volume / 2
    return constant - (nu + d) / 2 * np.log1p(distance / nu)


def _mixing(emission: Emission, state: int, told: Floats, seen: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """E[u] and E[log u] of each row."""
    nu, d = float(emission.degrees[state]), len(seen)
    if math.isinf(nu):
        return np.ones(len(told)), np.zeros(len(told))
    distance, _ = _distances(emission, state, told, seen)
    return (nu + d) / (nu + distance), digamma((nu + d) / 2) - np.log((nu + distance) / 2)


def _completed(
    emission: Emission, state: int, told: Floats, seen: npt.NDArray[np.intp], missing: npt.NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Rows with missing features at their mean given the seen ones, (n, d), and the scale left of them, (d, d)."""
    features = emission.means.shape[1]
    if not len(missing):
        return told, np.zeros((features, features))
    mean, scale = emission.means[state], emission.scales[state]
    slope = np.linalg.solve(scale[np.ix_(seen, seen)], scale[np.ix_(seen, missing)])
    filled, spread = np.empty((len(told), features)), np.zeros((features, features))
    filled[:, seen] = told
    filled[:, missing] = mean[missing] + (told - mean[seen]) @ slope
    spread[np.ix_(missing, missing)] = scale[np.ix_(missing, missing)] - scale[np.ix_(missing, seen)] @ slope
    return filled, spread


def degrees_slope(emission: Emission, rows: Floats, weights: Floats, state: int) -> Callable[[float], float]:
    """How the log density of all rows under one state, each weighted (n,), changes with its degrees of freedom."""
    parts = []
    for at, seen in _patterns(rows):
        distance, _ = _distances(emission, state, rows[at][:, seen], seen)
        parts.append((weights[at], distance, len(seen)))

    def slope(nu: float) -> float:
        total = 0.0
        for share, distance, d in parts:
            constant = digamma((nu + d) / 2) - digamma(nu / 2) - d / nu
            by_row = (nu + d) / nu * distance / (nu + distance) - np.log1p(distance / nu)
            total += constant * float(share.sum()) + float(share @ by_row)
        return total / 2

    return slope


def digamma(x: float) -> float:
    """The derivative of log Gamma (Abramowitz & Stegun 1964, 6.3.5 and 6.3.18), to 1e-12, of x above 0."""
    shift = 0.0
    while x < 10:
        shift -= 1 / x
        x += 1
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * 691 / 32760)))))
    return shift + math.log(x) - 0.5 / x - series
