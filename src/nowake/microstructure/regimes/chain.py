"""Inference in a hidden Markov chain whose densities are given: filter, smoother, best path (Rabiner 1989,
"A tutorial on hidden Markov models and selected applications in speech recognition", Proceedings of the IEEE 77,
sections III.A-B; Hamilton 1989, "A new approach to the economic analysis of nonstationary time series and the business
cycle", Econometrica 57, for the filter).

    filtered_t(j)  proportional to  b_j(x_t) sum_i filtered_{t-1}(i) a_ij,     log-likelihood = sum of log normalisers

The filter says what was known at each row. The smoother and the best path LOOK AHEAD: they are for fitting and for
history, never for a decision. Wrong where how long a state has lasted matters: the chain forgets it (durations are
geometric); and where a transition is exactly 0 and a state once less likely than about 1e-300 turns out to be the true
one: it is gone and no row brings it back. Give 1e-12 for such a 0; fitted chains have none."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.kernels import runtime
from nowake.kernels.hmm_job import HMM

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FIRST_ROW = np.zeros(1, np.int64)
_MOST_LOG = 700.0  # exp of more overflows.


class Filtered(NamedTuple):
    """What was known at each row.

    `probability`: float64[n, K], rows sum to 1. `log_density`: float64[n], of each row given the rows before.
    """

    probability: Floats
    log_density: Floats

    @property
    def log_likelihood(self) -> float:
        """Of all rows."""
        return float(self.log_density.sum())


class Smoothed(NamedTuple):
    """What is known in the end, looking ahead.

    `probability`: float64[n, K]. `moves`: float64[K, K], how often each state is expected to follow each.
    """

    probability: Floats
    moves: Floats


class Chain(NamedTuple):
    """Probabilities to start in each state (K), and to go from the row's state to the column's (K, K)."""

    start: Floats
    transition: Floats


def check_chain(chain: Chain) -> None:
    """Refuse what are no probabilities.

    Raises
    ------
    BadParameter
        When shapes do not fit, or a row does not sum to 1.
    """
    states = len(chain.start)
    if chain.start.shape != (states,) or chain.transition.shape != (states, states) or states == 0:
        raise BadParameter(
            f"start of shape {chain.start.shape} and transition of shape {chain.transition.shape} do not fit; "
            "give (K,) and (K, K)"
        )
    for name, row in (
        ("start", chain.start),
        *((f"transition row {i}", row) for i, row in enumerate(chain.transition)),
    ):
        if not (np.all(row >= 0) and abs(row.sum() - 1) <= 1e-9):
            raise BadParameter(f"{name} {row.tolist()} must be probabilities that sum to 1; divide it by its sum")


def forward(chain: Chain, log_emission: Floats, begins: Ints = FIRST_ROW, *, before: Floats | None = None) -> Filtered:
    """The filter: probabilities of the states at each row given the rows up to it.

    Parameters
    ----------
    log_emission
        float64[n, K]: log density of each row under each state; -inf where impossible.
    begins
        Rows at which the chain starts anew (days), increasing.
    before
        Filtered probabilities of the row before the first, where this goes on; the first row is then no start.

    Raises
    ------
    BadData
        When a row is impossible under every state that can be reached.
    """
    given = 0 if before is None else 1
    count, states = len(log_emission) + given, len(chain.start)
    arrays = _arrays(chain, count, begins + given, is_anew=before is None)
    if before is not None:
        arrays["filtered"][0] = before
    shift = np.zeros(count)
    highest = log_emission.max(axis=1) if len(log_emission) else np.empty(0)
    shift[given:] = np.where(np.isfinite(highest), highest, 0.0)
    emission = np.zeros((count, states))
    emission[given:] = np.exp(log_emission - shift[given:, None])
    job = _job(arrays | {"emission": emission}, count, states)
    job["first"] = given
    kernel = runtime.load("hmm:forward")
    while (row := kernel(job.ctypes.data)) < count:
        shift[row] = _rescaled(emission, log_emission[row - given], arrays["work"], row=row, told=row - given)
        job["first"] = row
    scale = arrays["scale"]
    return Filtered(arrays["filtered"][given:], np.log(scale[given:]) + shift[given:])


def _rescaled(emission: Floats, log_emission: Floats, expected: Floats, *, row: int, told: int) -> float:
    """Give one row a factor that fits the states that can be reached, and say its logarithm."""
    with np.errstate(divide="ignore"):
        joint = log_emission + np.log(expected)
    shift = float(joint.max())
    if not np.isfinite(shift):
        raise BadData(f"row {told} is impossible under every state that can be reached; look at its values")
    emission[row] = np.exp(np.minimum(np.where(expected > 0, log_emission - shift, -np.inf), _MOST_LOG))
    return shift


def backward(chain: Chain, filtered: Floats, begins: Ints = FIRST_ROW) -> Smoothed:
    """The smoother: probabilities of the states given ALL rows, those after too."""
    count, states = filtered.shape
    arrays = _arrays(chain, count, begins, is_anew=True)
    arrays |= {"filtered": np.ascontiguousarray(filtered), "smoothed": np.empty((count, states))}
    arrays["moves"] = np.zeros((states, states))
    runtime.load("hmm:backward")(_job(arrays, count, states).ctypes.data)
    return Smoothed(arrays["smoothed"], arrays["moves"])


def best_path(chain: Chain, log_emission: Floats, begins: Ints = FIRST_ROW) -> Ints:
    """The one most likely sequence of states given ALL rows (Viterbi); of ties the lowest state. int64[n]."""
    count, states = log_emission.shape
    if count == 0:
        return np.empty(0, np.int64)
    arrays = _arrays(chain, count, begins, is_anew=True)
    with np.errstate(divide="ignore"):
        arrays |= {"start": np.log(chain.start), "transition": np.log(chain.transition)}
    arrays |= {"emission": np.ascontiguousarray(log_emission), "back": np.empty((count, states), np.int64)}
    arrays["path"] = np.empty(count, np.int64)
    runtime.load("hmm:best")(_job(arrays, count, states).ctypes.data)
    if not np.isfinite(arrays["filtered"][-1].max()):
        raise BadData("no sequence of states could have made these rows; look at the log densities of -inf")
    return arrays["path"]


def stationary(transition: Floats) -> Floats:
    """Share of time in each state in the long run: the solution of p = p A that sums to 1, (K,).

    Raises
    ------
    BadParameter
        When there is more than one, for states that cannot be reached from each other.
    """
    states = len(transition)
    equations = np.vstack((transition.T - np.eye(states), np.ones(states)))
    solution, _, rank, _ = np.linalg.lstsq(equations, np.append(np.zeros(states), 1.0), rcond=1e-12)
    if rank < states:
        raise BadParameter("these transitions have no single long-run distribution; some states never meet")
    shares = np.maximum(solution, 0.0)
    return np.asarray(shares / shares.sum())


def _arrays(chain: Chain, count: int, begins: Ints, *, is_anew: bool) -> dict[str, npt.NDArray[Any]]:
    """What every pass reads, and room for what it writes."""
    states = len(chain.start)
    anew = np.zeros(count, np.uint8)
    anew[begins[(begins >= 0) & (begins < count)] if is_anew else begins[(begins > 1) & (begins < count)]] = 1
    return {
        "begins": anew,
        "start": np.ascontiguousarray(chain.start, np.float64),
        "transition": np.ascontiguousarray(chain.transition, np.float64),
        "filtered": np.empty((count, states)),
        "scale": np.ones(count),
        "work": np.empty(states),
    }


def _job(arrays: dict[str, npt.NDArray[Any]], count: int, states: int) -> npt.NDArray[np.void]:
    job = np.zeros(1, HMM)
    for name, array in arrays.items():
        job[name] = array.ctypes.data
    job["count"], job["states"] = count, states
    return job
