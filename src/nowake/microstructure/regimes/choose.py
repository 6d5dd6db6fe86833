"""How many states: Schwarz's criterion on all rows, and what models of the earlier rows say of the later ones.

BIC (Schwarz 1978, "Estimating the dimension of a model", Annals of Statistics 6) is derived for models with a regular
likelihood, which one with a state too many has not; in practice it errs to few states (Celeux & Durand 2008). The held
out gain needs no such argument: log density of each later row given the rows before it, over that of one state alone,
with an interval from blocks of rows. A gain that is not sure to be above 0 says: one state, no regimes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter, Unidentified
from nowake.microstructure.regimes.chain import FIRST_ROW, Floats, Ints
from nowake.microstructure.regimes.emission import check_rows
from nowake.microstructure.regimes.fit import HmmFit, Shape, Tails, check_begins, fit_hmm
from nowake.statistics.blocks import block_edges, resampled, with_interval
from nowake.statistics.measurement import Measurement, check_level

_PER_BLOCK = 10
_REPEATS = 500
_TOLERANCE = 1e-3  # Far below what tells two numbers of states apart.


class StateCount(NamedTuple):
    """One number of states tried.

    Parameters
    ----------
    states
        How many.
    bic
        Of the fit on all rows, lower is better; NaN where it was refused.
    held_out
        Gain in log density a later row over one state, higher is better; None where a fit was refused.
    refusal
        Why; empty where it was not.
    """

    states: int
    bic: float
    held_out: Measurement | None
    refusal: str


class Choice(NamedTuple):
    """All numbers of states tried, and which two ways of choosing prefer.

    `by_bic`, `by_held_out`: states. `rows`, `later_rows`: of all, of the held-out part.
    """

    tried: tuple[StateCount, ...]
    by_bic: int
    by_held_out: int
    rows: int
    later_rows: int

    def __str__(self) -> str:
        lines = [f"{self.rows:,} rows, the last {self.later_rows:,} held out"]
        for each in self.tried:
            gain = each.refusal if each.held_out is None else f"{each.held_out.value:+.4f} a later row"
            span = "" if each.held_out is None else f" [{each.held_out.low:+.4f}, {each.held_out.high:+.4f}]"
            lines.append(f"  {each.states} states: BIC {each.bic:,.1f}, {gain}{span}")
        lines.append(f"  BIC prefers {self.by_bic}, later rows {self.by_held_out}")
        return "\n".join(lines)


def choose_states(
    rows: npt.ArrayLike,
    counts: Sequence[int] = (1, 2, 3, 4, 5),
    *,
    names: tuple[str, ...] | None = None,
    begins: Ints = FIRST_ROW,
    tails: Tails = "normal",
    shape: Shape = "full",
    later: float = 0.3,
    starts: int = 6,
    seed: int = 0,
    level: float = 0.95,
) -> Choice:
    """Compare numbers of states.

    Parameters
    ----------
    counts
        Numbers to try; 1 is always tried.
    later
        Share of rows held out, between 0 and 1; whole days where there are several.
    names, begins, tails, shape, starts, seed
        As for `fit_hmm`.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    Unidentified
        When not even one state can be fitted.
    """
    check_level(level)
    table = check_rows(rows)
    days = check_begins(begins, len(table))
    if not 0 < later < 1 or not counts:
        raise BadParameter(f"later {later} must be between 0 and 1, and counts {list(counts)} not empty")
    cut = round((1 - later) * len(table))
    if np.any(days[1:] <= cut):
        cut = int(days[days <= cut][-1])
    wanted = sorted({1, *counts})
    ways: dict[str, object] = {
        "names": names,
        "tails": tails,
        "shape": shape,
        "starts": starts,
        "seed": seed,
        "tolerance": _TOLERANCE,
    }
    tried, first = [], np.empty(0)
    for states in wanted:
        try:
            whole = _fit(table, states, days, ways)
            told = _later(_fit(table[:cut], states, days[days < cut], ways), table, days, cut)
        except Unidentified as reason:
            if states == 1:
                raise
            tried.append(StateCount(states, np.nan, None, str(reason)))
            continue
        first = told if states == 1 else first
        tried.append(StateCount(states, whole.bic, _gain(told - first, seed=seed, level=level), ""))
    fitted = [each for each in tried if each.held_out is not None]
    return Choice(
        tried=tuple(tried),
        by_bic=min(fitted, key=lambda each: each.bic).states,
        by_held_out=max(fitted, key=lambda each: each.held_out.value if each.held_out else -np.inf).states,
        rows=len(table),
        later_rows=len(table) - cut,
    )


def _fit(table: Floats, states: int, days: Ints, ways: dict[str, object]) -> HmmFit:
    return fit_hmm(table, states, begins=days, **ways)  # type: ignore[arg-type]


def _later(fit: HmmFit, table: Floats, days: Ints, cut: int) -> Floats:
    """Log density of each later row given all rows before it."""
    return fit.model.filter(table, days).log_density[cut:]


def _gain(differences: Floats, *, seed: int, level: float) -> Measurement:
    """Mean of differences a row, its interval from blocks of rows."""
    value = float(differences.mean())
    edges = block_edges(len(differences), _PER_BLOCK)
    sums = np.add.reduceat(differences, edges[:-1])
    weights = resampled(len(sums), _REPEATS, seed)
    repeats = (weights @ sums) / (weights @ np.diff(edges))
    return with_interval(
        value, repeats, level=level, blocks=len(sums), n=len(differences), method=f"{len(sums)} blocks resampled"
    )
