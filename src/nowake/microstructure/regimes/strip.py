"""Regimes through time without looking ahead: fitted on the past, told for what comes after it, row by row.

`fit_regimes` learns from a history what is typical, which states there are, and what a desk would call them;
`RegimeModel.read` and `RegimeGauge` then tell probabilities for later rows. `regime_strip` does both along one table: a
first fit after `warm_up` rows, a new one every `refit_rows`, each on all rows before it and used from the next row on.
Nothing said about a row changes, to the last bit, when rows are added after it.

What it is worth: a filter lags, by about as many rows as it takes to tell two states apart. The states say what sort of
market it is, not where it goes."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.regimes.anchor import anchored
from nowake.microstructure.regimes.chain import Floats, Ints
from nowake.microstructure.regimes.desk import DESK_REGIMES, DeskRules, DeskWeights, desk_path, desk_step, desk_weights
from nowake.microstructure.regimes.features import Features
from nowake.microstructure.regimes.fit import HmmFit, Shape, Tails, fit_hmm
from nowake.microstructure.regimes.model import HiddenMarkov, HmmFilter
from nowake.microstructure.regimes.scaling import Scaling

_IS_CRISIS = 0.5  # A fitted state that counts as much as one is one.


@dataclasses.dataclass(frozen=True, slots=True)
class StateDescription:
    """One fitted state in words and numbers.

    Parameters
    ----------
    name
        The desk regime it counts most as.
    share
        Of rows, in the long run.
    duration_bars
        How long it is expected to last once entered.
    levels
        Mean of each feature, in its own unit.
    scaled
        The same in widths above typical.
    weights
        What it counts as, by desk regime; they sum to 1.
    """

    name: str
    share: float
    duration_bars: float
    levels: dict[str, float]
    scaled: dict[str, float]
    weights: dict[str, float]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class RegimeStrip:
    """Probabilities of the five desk regimes through time.

    Parameters
    ----------
    time_ns
        int64[n], when each row was known.
    probability
        float64[n, 5] in the order of `names`; rows sum to 1, NaN before the first fit.
    names
        The five.
    states
        Of the latest fit.
    fitted_rows
        Rows at which a fit was made, from the rows before it.
    notes
        What was left out or refused, and why.
    """

    time_ns: Ints
    probability: Floats
    names: tuple[str, ...]
    states: tuple[StateDescription, ...]
    fitted_rows: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Rows with probabilities."""
        return np.asarray(~np.isnan(self.probability[:, 0]))

    @property
    def shares(self) -> dict[str, float]:
        """Mean probability of each regime over the known rows; NaN where there is none."""
        rows = self.probability[self.known]
        means = rows.mean(axis=0) if len(rows) else np.full(len(self.names), np.nan)
        return dict(zip(self.names, means.tolist(), strict=True))

    def __str__(self) -> str:
        told = ", ".join(f"{name} {share:.0%}" for name, share in self.shares.items())
        return "\n".join([f"{int(self.known.sum()):,} of {len(self.time_ns):,} rows: {told}", *self.notes])


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class RegimeModel:
    """What was learned from a history: what is typical, which states there are, what a desk calls them.

    Parameters
    ----------
    scaling, fit
        The first two.
    states
        The fitted ones, and last a crisis unseen so far where none of them is one (`anchor.py`).
    desk
        What each of these counts as.
    until_ns
        When the last row it was learned from was known.
    notes
        What was left out or refused, and why.
    """

    scaling: Scaling
    fit: HmmFit
    states: HiddenMarkov
    desk: DeskWeights
    until_ns: int
    notes: tuple[str, ...] = ()

    def read(self, features: Features) -> RegimeStrip:
        """Probabilities of the five regimes at each row, each from the rows up to it.

        Raises
        ------
        BadParameter
            When a feature it was fitted on is not there.
        """
        states = self.states.filter(self.scaling.scaled(features), features.begins).probability
        told = desk_path(self.desk, states)
        return RegimeStrip(features.time_ns, told, DESK_REGIMES, self.describe(), (), self.notes)

    def describe(self) -> tuple[StateDescription, ...]:
        """The states, calmest first."""
        model, names = self.states, self.states.names
        levels = self.scaling.level(model.emission.means)
        return tuple(
            StateDescription(
                name=DESK_REGIMES[int(self.desk.weights[state].argmax())],
                share=float(model.shares[state]),
                duration_bars=float(model.durations[state]),
                levels=dict(zip(names, levels[state].tolist(), strict=True)),
                scaled=dict(zip(names, model.emission.means[state].tolist(), strict=True)),
                weights=dict(zip(DESK_REGIMES, self.desk.weights[state].tolist(), strict=True)),
            )
            for state in range(model.states)
        )


class RegimeGauge:
    """The same told one row at a time, for a live market.

    Parameters
    ----------
    model
        Fitted on past days.
    open_ns
        When the day's session opens, where the history tells opens too; else UTC counts.
    """

    def __init__(self, model: RegimeModel, *, open_ns: int | None = None) -> None:
        self.model = model
        self._filter = HmmFilter(model.states)
        self._memory = 0.0
        self._open_ns = open_ns
        self._last_ns: int | None = None
        self._told: Floats = np.full(5, np.nan)

    def new_day(self, *, open_ns: int | None = None) -> None:
        """The next row is the first of a day, whose session opens then. The memory of a crisis goes on over night."""
        self._filter.new_day()
        self._open_ns = open_ns

    def update(self, time_ns: int, row: Floats) -> Floats:
        """The next row of the features the model was fitted on; the five probabilities after it, (5,).

        Raises
        ------
        BadData
            When it is not later than the one before, no such row, or on another clock than the history's time of day;
            nothing has changed then.
        """
        if self._last_ns is not None and time_ns <= self._last_ns:
            raise BadData(f"a row at {time_ns} is not later than the last one, at {self._last_ns}; sort by time")
        scaling = self.model.scaling
        typical = scaling.typical(time_ns, self._open_ns)
        told = np.asarray(row, np.float64)
        if told.shape != scaling.width.shape:
            raise BadData(f"a row of shape {told.shape} is not one number for each of {', '.join(scaling.names)}")
        states = self._filter.update((told - typical) / scaling.width)
        self._told, self._memory = desk_step(self.model.desk, states, self._memory)
        self._last_ns = time_ns
        return self._told.copy()

    @property
    def probability(self) -> Floats:
        """Of the five desk regimes as of the last row, (5,); NaN before the first."""
        return self._told.copy()

    @property
    def value(self) -> float:
        """Probability of a crisis."""
        return float(self._told[DESK_REGIMES.index("crisis")])


def fit_regimes(
    history: Features,
    *,
    states: int = 4,
    tails: Tails = "student",
    shape: Shape = "diagonal",
    rules: DeskRules | None = None,
    starts: int = 6,
    seed: int = 0,
) -> RegimeModel:
    """What a history teaches about regimes.

    Parameters
    ----------
    history
        Past rows, of one or several days. Five days or more teach what is typical by time of day.
    states
        Hidden states to fit; fewer are fitted, and a note says so, where the data cannot tell so many.
    tails, shape, starts, seed
        As for `fit_hmm`.
    rules
        Thresholds of the desk's words.

    Raises
    ------
    BadParameter
        When a parameter is out of its range, or the history has no volatility.
    Unidentified
        When the data cannot even tell one state, or no feature changes.
    """
    if states < 1:
        raise BadParameter(f"states {states} must be 1 or more")
    scaling = Scaling.of(history)
    rows = scaling.scaled(history)
    why = "it hardly changes, or is hardly known, in the bars before it"
    notes = [f"{name} is left out of a fit: {why}" for name in scaling.left_out]
    for count in range(states, 0, -1):
        try:
            fit = fit_hmm(
                rows,
                count,
                names=scaling.names,
                begins=history.begins,
                tails=tails,
                shape=shape,
                starts=starts,
                seed=seed,
                tolerance=1e-3,
                most_steps=200,
            )
        except Unidentified as reason:
            if count == 1:
                raise
            notes.append(f"{count} states cannot be told: {reason}")
            continue
        break
    hidden, desk = fit.model, desk_weights(fit.model.emission.means, scaling.names, rules)
    if desk.weights[:, DESK_REGIMES.index("crisis")].max() < _IS_CRISIS:
        hidden = anchored(hidden)
        desk = desk_weights(hidden.emission.means, scaling.names, rules)
    return RegimeModel(scaling, fit, hidden, desk, int(history.time_ns[-1]), tuple(notes))


def regime_strip(
    features: Features,
    *,
    warm_up: int = 120,
    refit_rows: int | None = None,
    states: int = 4,
    tails: Tails = "student",
    shape: Shape = "diagonal",
    rules: DeskRules | None = None,
    starts: int = 6,
    seed: int = 0,
) -> RegimeStrip:
    """Regimes along one table, each row told by a model of the rows before it.

    Parameters
    ----------
    features
        Of one or several days.
    warm_up
        Rows before the first fit; theirs are NaN.
    refit_rows
        Rows between fits; None fits whenever there are half as many rows again as at the last fit.
    states, tails, shape, rules, starts, seed
        As for `fit_regimes`.

    Raises
    ------
    BadParameter
        When a parameter is out of its range, or volatility is not among the features.
    """
    if warm_up < 2 or (refit_rows is not None and refit_rows < 1):
        raise BadParameter(f"warm_up {warm_up} must be 2 or more, and refit_rows {refit_rows} 1 or more")
    told = np.full((len(features), 5), np.nan)
    described: tuple[StateDescription, ...] = ()
    notes: list[str] = []
    fitted = []
    row = warm_up
    while row < len(features):
        after = row + (refit_rows or (row + 1) // 2)
        try:
            model = fit_regimes(
                features.head(row), states=states, tails=tails, shape=shape, rules=rules, starts=starts, seed=seed
            )
        except Unidentified as reason:
            notes.append(f"rows {row} to {min(after, len(features)) - 1} are not told: {reason}")
        else:
            strip = model.read(features.head(min(after, len(features))))
            told[row:after] = strip.probability[row:after]
            described = strip.states
            notes += [note for note in model.notes if note not in notes]
            fitted.append(row)
        row = after
    if row == warm_up:
        notes.append(f"{len(features)} rows are no more than the warm-up of {warm_up}; nothing is told")
    return RegimeStrip(features.time_ns, told, DESK_REGIMES, described, tuple(fitted), tuple(notes))
