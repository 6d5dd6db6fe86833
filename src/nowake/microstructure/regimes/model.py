"""A hidden Markov model of rows of features: what it says of a history, of the next row, and of how long states last
(Rabiner 1989, "A tutorial on hidden Markov models", Proceedings of the IEEE 77; emissions in `emission.py`).

States are numbered by a key, by default the mean of the first feature (volatility), lowest first, so that state 0 is
the calmest and fits can be compared. Wrong where: durations have another law than the geometric; features of
neighbouring rows overlap (a moving average), which makes every probability too sure; the market is in no state it was
in before."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.regimes.chain import (
    FIRST_ROW,
    Chain,
    Filtered,
    Floats,
    Ints,
    Smoothed,
    backward,
    best_path,
    check_chain,
    forward,
    stationary,
)
from nowake.microstructure.regimes.emission import Emission, check_emission, check_rows, log_density


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class HiddenMarkov:
    """K states, each with a distribution of d features, and a chain that moves between them.

    Parameters
    ----------
    chain
        Start and transition probabilities.
    emission
        Normal or Student t of each state.
    names
        Of the features, d of them.

    Raises
    ------
    BadParameter
        When shapes do not fit, or these are no probabilities or distributions.
    """

    chain: Chain
    emission: Emission
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        check_chain(self.chain)
        check_emission(self.emission)
        if self.emission.means.shape != (self.states, len(self.names)):
            raise BadParameter(
                f"means of shape {self.emission.means.shape} do not fit {self.states} states and features {self.names}"
            )

    @property
    def states(self) -> int:
        """How many."""
        return len(self.chain.start)

    @property
    def durations(self) -> Floats:
        """Rows a state is expected to last once entered, 1 / (1 - a_ii), (K,) (Rabiner 1989, equation 5)."""
        with np.errstate(divide="ignore"):
            return np.asarray(1 / (1 - np.diag(self.chain.transition)))

    @property
    def shares(self) -> Floats:
        """Share of rows in each state in the long run, (K,)."""
        return stationary(self.chain.transition)

    def filter(self, rows: npt.ArrayLike, begins: Ints = FIRST_ROW) -> Filtered:
        """Probabilities of the states at each row, given the rows up to it and none after.

        Parameters
        ----------
        rows
            float64[n, d], NaN where a feature is missing.
        begins
            Rows that open a day: there the chain starts anew.
        """
        return forward(self.chain, log_density(self.emission, self._checked(rows)), begins)

    def smooth(self, rows: npt.ArrayLike, begins: Ints = FIRST_ROW) -> Smoothed:
        """Probabilities given ALL rows. Looks ahead: for history, never for a decision."""
        return backward(self.chain, self.filter(rows, begins).probability, begins)

    def best_path(self, rows: npt.ArrayLike, begins: Ints = FIRST_ROW) -> Ints:
        """The most likely sequence of states given ALL rows. Looks ahead: for history, never for a decision."""
        return best_path(self.chain, log_density(self.emission, self._checked(rows)), begins)

    def simulate(self, rows: int, *, seed: int) -> tuple[Floats, Ints]:
        """Rows made by this model, (n, d), and the states they were made in, (n,)."""
        if rows < 1:
            raise BadParameter(f"rows {rows} must be 1 or more")
        rng = np.random.default_rng(seed)
        luck = rng.random(rows)
        state = np.empty(rows, np.int64)
        cumulated = np.cumsum(np.vstack((self.chain.start, self.chain.transition)), axis=1)
        at = 0
        for row in range(rows):
            state[row] = min(int(np.searchsorted(cumulated[at], luck[row], side="right")), self.states - 1)
            at = int(state[row]) + 1
        roots = np.linalg.cholesky(self.emission.scales)
        noise = np.einsum("nij,nj->ni", roots[state], rng.standard_normal((rows, len(self.names))))
        nu = self.emission.degrees[state]
        heavy = np.where(np.isinf(nu), 4.0, nu)
        u = np.where(np.isinf(nu), 1.0, rng.gamma(heavy / 2, 2 / heavy))
        return self.emission.means[state] + noise / np.sqrt(u)[:, None], state

    def ordered(self, key: Sequence[float] | Floats | None = None) -> HiddenMarkov:
        """The same model with states numbered by a key, lowest first; by default the mean of the first feature."""
        by = self.emission.means[:, 0] if key is None else np.asarray(key, np.float64)
        order = np.argsort(by, kind="stable")
        chain = Chain(self.chain.start[order], self.chain.transition[np.ix_(order, order)])
        return HiddenMarkov(chain, Emission(*(each[order] for each in self.emission)), self.names)

    def _checked(self, rows: npt.ArrayLike) -> Floats:
        return check_rows(rows, len(self.names))


class HmmFilter:
    """The filter told one row at a time: the same probabilities as `HiddenMarkov.filter`.

    Parameters
    ----------
    model
        Fitted on the past.
    """

    def __init__(self, model: HiddenMarkov) -> None:
        self.model = model
        self._probability: Floats | None = None
        self._starts = True
        self.log_likelihood = 0.0

    def new_day(self) -> None:
        """The next row opens a day: the chain starts anew."""
        self._starts = True

    def update(self, row: float | Sequence[float] | Floats) -> Floats:
        """The next row of features, NaN where missing; the probabilities of the states after it, (K,).

        Raises
        ------
        BadData
            When it is infinite or of another length; nothing has changed then.
        """
        told = np.atleast_1d(np.asarray(row, np.float64))
        if told.shape != (len(self.model.names),):
            raise BadData(f"a row of shape {told.shape} is not one number for each of {', '.join(self.model.names)}")
        densities = log_density(self.model.emission, check_rows(told[None, :], len(told)))
        before = None if self._starts else self._probability
        found = forward(self.model.chain, densities, before=before)
        self._probability, self._starts = found.probability[0], False
        self.log_likelihood += found.log_likelihood
        return self._probability.copy()

    @property
    def probability(self) -> Floats:
        """Of each state as of the last row, (K,); NaN before the first."""
        return np.full(self.model.states, np.nan) if self._probability is None else self._probability.copy()

    @property
    def value(self) -> float:
        """Probability of the last state, the wildest one."""
        return float(self.probability[-1])
