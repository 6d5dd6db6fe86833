"""Hidden Markov models by expectation-maximisation (Baum, Petrie, Soules & Weiss 1970; Dempster, Laird & Rubin 1977;
Rabiner 1989, sections III.C and IV). Of a t, means and scales come from the expected mixing of Liu & Rubin 1995,
section 3, and degrees of freedom from the likelihood itself given the states, their ECME, which needs tens of steps
where the expected mixing needs hundreds.

What is maximised is the log likelihood plus a small prior that keeps it bounded: a tenth of a move between any two
states, one day that starts anywhere, and one row of a hundredth of each feature's variance for each state's covariance
(Fraley & Raftery 2007 on why a mixture needs one: the likelihood of a state that sits on one row is infinite). EM finds
a local maximum; it is started from several seeded places, and how many ended at the best is told. A start in which a
state collapses on almost equal rows, or holds next to none, is dropped and counted; when all are, the data cannot tell
so many states and it is refused. Several days are fitted together: each starts the chain anew."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter, Unidentified
from nowake.microstructure.regimes.chain import FIRST_ROW, Chain, Floats, Ints, backward, forward, stationary
from nowake.microstructure.regimes.emission import Emission, Expected, check_rows, degrees_slope, expected, log_density
from nowake.microstructure.regimes.model import HiddenMarkov

Tails = Literal["normal", "student"]
Shape = Literal["full", "diagonal"]

FEWEST_DEGREES, MOST_DEGREES = 2.1, 200.0
PRIOR_MOVES = 0.1
PRIOR_ROWS, PRIOR_SPREAD = 1.0, 0.01
_COLLAPSED = 0.02  # A state's spread over that of all rows below which it is no state of the market.
_TRIAL, _KEPT = 15, 3
_CLOSE = 0.1  # Log likelihoods that differ by less are one maximum.


class HmmFit(NamedTuple):
    """A fitted model and how the fit went.

    Parameters
    ----------
    model
        States in the order of the mean of the first feature.
    log_likelihood
        Of the rows it was fitted on, without the prior.
    rows, parameters
        Rows that have at least one feature, and free numbers (starting probabilities not counted).
    iterations, is_converged
        Of the start that won.
    starts, finished, agreeing, dropped
        Starts tried; those that were best after a few steps and went to the end; of these, how many reached the best
        maximum; and how many starts lost a state.
    tails, shape
        As asked for.
    """

    model: HiddenMarkov
    log_likelihood: float
    rows: int
    parameters: int
    iterations: int
    is_converged: bool
    starts: int
    finished: int
    agreeing: int
    dropped: int
    tails: Tails
    shape: Shape

    @property
    def bic(self) -> float:
        """-2 log likelihood + parameters log rows (Schwarz 1978); lower is better."""
        return -2 * self.log_likelihood + self.parameters * math.log(max(self.rows, 1))

    def __str__(self) -> str:
        held = "converged" if self.is_converged else "NOT converged"
        lines = [
            f"{self.model.states} {self.tails} states on {self.rows:,} rows: "
            f"log likelihood {self.log_likelihood:,.1f}, BIC {self.bic:,.1f}, {held} after {self.iterations} steps; "
            f"{self.agreeing} of the {self.finished} best of {self.starts} starts agree"
        ]
        shares, durations = self.model.shares, self.model.durations
        for state, means in enumerate(self.model.emission.means):
            told = ", ".join(f"{name} {mean:.3g}" for name, mean in zip(self.model.names, means, strict=True))
            lines.append(f"  state {state}: {shares[state]:5.1%} of rows, lasts {durations[state]:.3g}; {told}")
        return "\n".join(lines)


class _Step(NamedTuple):
    """One point of the climb: parameters, what they say of the rows, log likelihood without and with the prior."""

    chain: Chain
    emission: Emission
    filtered: Floats
    log_likelihood: float
    objective: float


def fit_hmm(
    rows: npt.ArrayLike,
    states: int,
    *,
    names: tuple[str, ...] | None = None,
    begins: Ints = FIRST_ROW,
    tails: Tails = "normal",
    shape: Shape = "full",
    starts: int = 8,
    seed: int = 0,
    tolerance: float = 1e-4,
    most_steps: int = 500,
) -> HmmFit:
    """The hidden Markov model of largest likelihood (with a small prior) found from several starts.

    Parameters
    ----------
    rows
        float64[n, d], NaN where a feature is missing.
    states
        K, 1 or more.
    begins
        Rows that open a day, increasing, 0 the first.
    tails
        "normal", or "student" with degrees of freedom estimated for each state (2.1 to 200).
    shape
        "full" covariance, or "diagonal": features independent within a state.
    starts, seed
        Places EM is started from, the first of them quantiles of the first feature.
    tolerance, most_steps
        A step that gains less log likelihood, or that many of them, end the climb.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    BadData
        When rows are no table of numbers.
    Unidentified
        When there are too few rows, a feature never changes, or some state collapses from every start.
    """
    table = check_rows(rows)
    days = check_begins(begins, len(table))
    _check_parameters(states=states, starts=starts, most_steps=most_steps, tails=tails, shape=shape)
    spread = _spread(table, states, names)
    told = names or tuple(f"feature {column}" for column in range(table.shape[1]))
    climb = _Climb(table, days, spread, tails, shape, told)
    ways = [climb.go(step, _TRIAL, tolerance) for step in climb.places(states, starts, seed)]
    living = sorted((way for way in ways if not climb.fault(way.at)), key=lambda way: -way.at.objective)
    finished = [climb.go(way.at, most_steps, tolerance) for way in living[:_KEPT]]
    ends = sorted((way for way in finished if not climb.fault(way.at)), key=lambda way: -way.at.objective)
    if not ends:
        fault = next(fault for way in (*finished, *ways) if (fault := climb.fault(way.at)))
        way_out = "ask for fewer states, give longer bars, or leave that feature out"
        raise Unidentified(f"{fault} from each of {starts} starts; {way_out}")
    best = ends[0]
    return HmmFit(
        model=HiddenMarkov(best.at.chain, best.at.emission, told).ordered(),
        log_likelihood=best.at.log_likelihood,
        rows=int((~np.isnan(table)).any(axis=1).sum()),
        parameters=_parameters(states, table.shape[1], tails, shape),
        iterations=best.steps + _TRIAL,
        is_converged=best.is_converged,
        starts=starts,
        finished=len(ends),
        agreeing=sum(best.at.objective - way.at.objective < _CLOSE for way in ends),
        dropped=len(ways) - len(living),
        tails=tails,
        shape=shape,
    )


def check_begins(begins: Ints, rows: int) -> Ints:
    """Rows that open a day, checked: increasing, inside the table, 0 the first."""
    days = np.asarray(begins, np.int64)
    if not len(days) or days[0] != 0 or np.any(np.diff(days) <= 0) or (rows and days[-1] >= rows):
        raise BadParameter(f"begins {days[:5].tolist()}... must start with 0, increase, and end before row {rows}")
    return days


def _check_parameters(*, states: int, starts: int, most_steps: int, tails: str, shape: str) -> None:
    for name, value in (("states", states), ("starts", starts), ("most_steps", most_steps)):
        if value < 1:
            raise BadParameter(f"{name} {value} must be 1 or more")
    if tails not in {"normal", "student"}:
        raise BadParameter(f"tails {tails!r} must be 'normal' or 'student'")
    if shape not in {"full", "diagonal"}:
        raise BadParameter(f"shape {shape!r} must be 'full' or 'diagonal'")


def _spread(table: Floats, states: int, names: tuple[str, ...] | None) -> Floats:
    """Variance of each feature over all rows; refused where there is too little to tell states from."""
    features = table.shape[1]
    known = ~np.isnan(table)
    seen, least = int(known.any(axis=1).sum()), 5 * states * (features + 1)
    if seen < least:
        raise Unidentified(
            f"{seen} rows are fewer than the {least} that {states} states of {features} features need; give more "
            "days, fewer states or fewer features"
        )
    rarest = int(known.sum(axis=0).argmin())
    if known[:, rarest].sum() < 5 * states:
        name = f"feature {rarest}" if names is None else names[rarest]
        raise Unidentified(
            f"{name} is known in {int(known[:, rarest].sum())} rows, fewer than the {5 * states} that {states} states "
            "need; give more days or fewer states, or leave it out"
        )
    spread = np.nanvar(table, axis=0)
    flat = np.flatnonzero(spread <= 1e-24 * np.maximum(1.0, np.nanmean(table, axis=0) ** 2))
    if len(flat):
        name = f"feature {flat[0]}" if names is None else names[flat[0]]
        raise Unidentified(
            f"{name} is {np.nanmean(table[:, flat[0]]):g} in every row, which tells no states; leave it out"
        )
    return np.asarray(spread)


def _parameters(states: int, features: int, tails: Tails, shape: Shape) -> int:
    """Free numbers of a model."""
    scale = features * (features + 1) // 2 if shape == "full" else features
    return states * (states - 1) + states * (features + scale + (tails == "student"))


class _Way(NamedTuple):
    """Where a climb got to."""

    at: _Step
    steps: int
    is_converged: bool


class _Climb(NamedTuple):
    """EM on one table of rows."""

    rows: Floats
    begins: Ints
    spread: Floats
    tails: Tails
    shape: Shape
    names: tuple[str, ...] = ()

    def go(self, step: _Step, most: int, tolerance: float) -> _Way:
        """Climb from a point for at most so many steps."""
        for done in range(1, most + 1):
            if self.fault(step):
                return _Way(step, done, False)
            after = self.step(step)
            gain, step = after.objective - step.objective, after
            if gain < tolerance:
                return _Way(step, done, True)
        return _Way(step, most, False)

    def step(self, step: _Step) -> _Step:
        """One E step and one M step, and what they reached."""
        smoothed = backward(step.chain, step.filtered, self.begins)
        sums = expected(step.emission, self.rows, smoothed.probability)
        chain = self.chain_of(smoothed.moves, smoothed.probability[self.begins].sum(axis=0))
        emission = self.with_degrees(self.emission_of(sums, step.emission), smoothed.probability)
        return self.evaluated(chain, emission)

    def evaluated(self, chain: Chain, emission: Emission) -> _Step:
        """A point with its log likelihood and objective."""
        found = forward(chain, log_density(emission, self.rows), self.begins)
        objective = found.log_likelihood + log_prior(chain, emission, self.spread)
        return _Step(chain, emission, found.probability, found.log_likelihood, objective)

    def chain_of(self, moves: Floats, opened: Floats) -> Chain:
        """Transition and start probabilities from expected moves."""
        counted = moves + PRIOR_MOVES
        transition = counted / counted.sum(axis=1, keepdims=True)
        start = opened + 1 / len(opened)
        return Chain(start / start.sum(), transition)

    def emission_of(self, sums: Expected, before: Emission) -> Emission:
        """Means and scales from expected sums; a state that nobody visits stays where it was."""
        weight = np.maximum(sums.weight, 1e-12)[:, None]
        means = np.where(sums.weight[:, None] > 1e-9, sums.first / weight, before.means)
        scatter = sums.second - np.einsum("k,ki,kj->kij", sums.weight, means, means)
        prior = PRIOR_ROWS * PRIOR_SPREAD * np.diag(self.spread)
        scales = (scatter + prior) / (sums.rows[:, None, None] + PRIOR_ROWS)
        if self.shape == "diagonal":
            scales = scales * np.eye(scales.shape[1])
        return Emission(means, (scales + scales.transpose(0, 2, 1)) / 2, before.degrees)

    def with_degrees(self, emission: Emission, probability: Floats) -> Emission:
        """The same with the likeliest degrees of freedom, given how likely each row is of each state."""
        if self.tails == "normal":
            return emission
        degrees = [
            _degrees(degrees_slope(emission, self.rows, probability[:, state], state), float(nu))
            for state, nu in enumerate(emission.degrees)
        ]
        return emission._replace(degrees=np.array(degrees))

    def fault(self, step: _Step) -> str:
        """Why a point is no model of states of the market, in words; empty when it is."""
        with np.errstate(invalid="ignore"):
            narrow = np.sqrt(np.diagonal(step.emission.scales, axis1=1, axis2=2) / self.spread)
        state = int(narrow.min(axis=1).argmin())
        column = int(narrow[state].argmin())
        if not narrow[state, column] > _COLLAPSED:
            name = self.names[column] if self.names else f"feature {column}"
            return f"a state has collapsed on rows of almost one {name} ({narrow[state, column]:.2%} of its spread)"
        rows = stationary(step.chain.transition) * len(self.rows)
        least = len(self.spread) + 2
        return "" if rows.min() >= least else f"a state holds {rows.min():.1f} rows, fewer than {least}"

    def places(self, states: int, starts: int, seed: int) -> list[_Step]:
        """Seeded first guesses: quantiles of the first feature, then groups around rows drawn far apart."""
        filled = np.where(np.isnan(self.rows), np.nanmedian(self.rows, axis=0), self.rows)
        scaled = (filled - filled.mean(axis=0)) / np.sqrt(self.spread)
        rng = np.random.default_rng(seed)
        edges = np.quantile(scaled[:, 0], np.linspace(0, 1, states + 1)[1:-1])
        groups = [np.searchsorted(edges, scaled[:, 0])]
        groups += [_grouped(scaled, states, rng) for _ in range(starts - 1)]
        return [self._guess(filled, group, states) for group in groups]

    def _guess(self, filled: Floats, group: npt.NDArray[np.intp], states: int) -> _Step:
        share = (group[:, None] == np.arange(states)).astype(np.float64) * 0.9 + 0.1 / states
        degrees = np.full(states, 10.0 if self.tails == "student" else np.inf)
        flat = Emission(np.zeros((states, filled.shape[1])), np.zeros((states, *2 * (filled.shape[1],))), degrees)
        sums = Expected(
            share.sum(axis=0),
            share.sum(axis=0),
            share.T @ filled,
            np.einsum("nk,ni,nj->kij", share, filled, filled, optimize=True),
            np.zeros(states),
        )
        emission = self.emission_of(sums, flat)
        transition = np.full((states, states), 0.1 / states) + 0.9 * np.eye(states)
        return self.evaluated(Chain(np.full(states, 1 / states), transition / transition.sum(axis=1)), emission)


def log_prior(chain: Chain, emission: Emission, spread: Floats) -> float:
    """Log density, up to a constant, of the prior that keeps the likelihood bounded."""
    total = PRIOR_MOVES * float(np.log(chain.transition).sum()) + float(np.log(chain.start).mean())
    for scale in emission.scales:
        _, log_volume = np.linalg.slogdet(scale)
        inverse = np.linalg.inv(scale)
        total -= PRIOR_ROWS / 2 * (float(log_volume) + PRIOR_SPREAD * float(np.diag(inverse) @ spread))
    return total


def _degrees(slope: Callable[[float], float], before: float) -> float:
    """Where a likelihood that rises and then falls in the degrees of freedom is highest, within their bounds.

    False position on their logarithm (the Illinois rule: the end that stays counts half).
    """
    low, high = FEWEST_DEGREES, MOST_DEGREES
    at_low, at_high = slope(low), slope(high)
    if at_low <= 0:
        return low
    if at_high >= 0:
        return high
    nu = min(max(before, low * 1.01), high / 1.01)
    stayed = 0
    for _ in range(40):
        found = slope(nu)
        if found > 0:
            low, at_low = nu, found
            at_high, stayed = (at_high / 2, 1) if stayed == 1 else (at_high, 1)
        else:
            high, at_high = nu, found
            at_low, stayed = (at_low / 2, -1) if stayed == -1 else (at_low, -1)
        if math.log(high / low) < 1e-4:
            break
        share = min(max(at_low / (at_low - at_high), 0.01), 0.99)
        nu = low * (high / low) ** share
    return nu


def _grouped(scaled: Floats, states: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Groups around rows drawn far apart (k-means++, Arthur & Vassilvitskii 2007), after five rounds of k-means."""
    centres = scaled[rng.integers(len(scaled))][None, :]
    while len(centres) < states:
        distance = ((scaled[:, None, :] - centres) ** 2).sum(axis=2).min(axis=1)
        chance = distance / distance.sum() if distance.sum() > 0 else None
        centres = np.vstack((centres, scaled[rng.choice(len(scaled), p=chance)]))
    for _ in range(5):
        group = ((scaled[:, None, :] - centres) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.vstack(
            [scaled[group == k].mean(axis=0) if (group == k).any() else centres[k] for k in range(states)]
        )
    return np.asarray(group)
