"""How wrong each queue model is, on a tape whose queues are known.

Small orders (probes) are placed at the same instants and prices into the order-by-order book, where their place in the
queue is exact, and into the level book under each model, which sees only what a venue would have published of the same
tape. Each probe rests for `horizon_s` or until it is filled. What differs is the model's error, nothing else.

Probes do not meet one another: no two of a side are in a book at one time. Intervals are of a circular block bootstrap
over the probes in time order (Politis and Romano 1992, "A circular block-resampling procedure for stationary data"),
whose blocks outlast two horizons, for neighbouring probes live through the same market; over fewer than ten such
blocks there are none. A share's is Wilson's (1927, "Probable inference, the law of succession, and statistical
inference") with as many probes as would vary by themselves as the bootstrap does: probes that all agree do not prove
that all do. Where an unbounded figure does not vary at all there is no interval. With a handful of differing probes,
that of `excess_fills` is still too narrow. Ignores what the level feed of a
real venue adds: trades late against levels, levels merged over time (`every_ns` shows the latter)."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.units import NS_PER_SECOND
from nowake.sim.book import Book
from nowake.sim.level_book import LevelBook
from nowake.sim.levels_of_orders import levels_of_orders
from nowake.sim.queue_models import ALL, QueueModel
from nowake.sim.queue_probes import Floats, Outcome, Plan, outcome_in, plan_probes

if TYPE_CHECKING:
    import polars as pl

Progress = Callable[[str, int, int], None]

_REPEATS = 1000  # Of the bootstrap.
_LEVEL = 0.95
_Z = 1.959964  # The normal law's quantile of `_LEVEL`, two-sided.
_LEAST_BLOCKS = 10
_MOST_PROBES = 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its interval; NaN where there is nothing to take it of, `low` and `high` also where too little."""

    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, slots=True)
class ModelScore:
    """One model against the truth, over the same probes.

    Parameters
    ----------
    model
        Its name.
    fills
        How many probes it filled within the horizon.
    missed, invented
        Probes the truth filled and the model did not, and the other way round.
    agreement
        Share of probes for which model and truth agree on fill or no fill.
    excess_fills
        Fills more than the truth's, as a fraction of the truth's: 0.1 is 10 % too many.
    wait_bias_s, wait_error_s
        Time to fill less the true one, and its absolute size; seconds, over probes both filled.
    place_bias, place_error
        Lots ahead less the true ones, and the absolute size, as fractions of the lots ahead when the probe was placed;
        half-way through the horizon, over probes that rest in both books then.
    """

    model: str
    fills: int
    missed: int
    invented: int
    agreement: Figure
    excess_fills: Figure
    wait_bias_s: Figure
    wait_error_s: Figure
    place_bias: Figure
    place_error: Figure


@dataclasses.dataclass(frozen=True, slots=True)
class QueueScore:
    """How wrong each queue model is on one tape: prints as a table.

    Parameters
    ----------
    name
        What was measured.
    probes, true_fills
        How many probes were placed, and how many of them the order-by-order book filled.
    horizon_s, deepest, lots, every_ns, seed
        As `queue_score` was asked.
    models
        A score a model.
    has_intervals
        Whether the probes spread over the twenty horizons that intervals need.
    """

    name: str
    probes: int
    true_fills: int
    horizon_s: float
    deepest: int
    lots: int
    every_ns: int
    seed: int
    models: tuple[ModelScore, ...]
    has_intervals: bool = True

    def __str__(self) -> str:
        """The table, three figures and their 95 % intervals a model."""
        told = f"levels every {self.every_ns / 1e6:g} ms" if self.every_ns else "every level change told"
        head = (
            f"{self.name}: {self.probes:,} probes of {self.lots} {'lot' if self.lots == 1 else 'lots'}, 0 to "
            f"{self.deepest} levels behind the touch, for {self.horizon_s:g} s; {told}; seed {self.seed}\n"
            f"The order-by-order book filled {self.true_fills:,} ({self.true_fills / self.probes:.1%})."
        )
        if not self.has_intervals:
            head += f" No intervals: the tape is shorter than {2 * _LEAST_BLOCKS} horizons."
        rows = [
            ("model", "same outcome %", "fills too many %", "missed", "invented", "wait bias s", "wait error s",
             "place bias %", "place error %"),
            *map(_row, self.models),
        ]  # fmt: skip
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([head, "", *lines])

    def to_frame(self) -> pl.DataFrame:
        """One row a model; of each figure its value, low and high end."""
        import polars as pl  # noqa: PLC0415

        records = []
        for score in self.models:
            record: dict[str, Any] = {"name": self.name, "probes": self.probes, "true_fills": self.true_fills}
            for field in dataclasses.fields(score):
                value = getattr(score, field.name)
                if isinstance(value, Figure):
                    record |= {
                        field.name: value.value,
                        f"{field.name}_low": value.low,
                        f"{field.name}_high": value.high,
                    }
                else:
                    record[field.name] = value
            records.append(record)
        return pl.DataFrame(records)


def queue_score(
    events: NDArray[np.void],
    *,
    name: str = "tape",
    models: Sequence[QueueModel] = ALL,
    probes: int = 2_000,
    horizon_s: float = 60.0,
    deepest: int = 2,
    lots: int = 1,
    reach: int = 0,
    every_ns: int = 0,
    between_ns: tuple[int, int] | None = None,
    seed: int = 7,
    progress: Progress | None = None,
) -> QueueScore:
    """Score queue models on an order-by-order tape.

    Parameters
    ----------
    events
        EVENT records of orders in time order.
    name
        For the table.
    models
        Which of `nowake.sim.queue_models`.
    probes, lots, horizon_s
        How many orders to try, at random times on random sides, of how many lots, for how many seconds.
    deepest
        Probes rest 0 (at the touch) to so many displayed levels behind it, drawn evenly.
    reach
        How many levels a side the tape keeps exact, 0 for all; `deepest` must lie within.
    every_ns
        How often levels are told, 0 for at once; see `levels_of_orders`.
    between_ns
        First and last time of a probe's life; the tape's unless said: give the session's, for auctions fill nobody.
    seed
        Of the probes and the intervals.
    progress
        Called with what is being done, its number from 1, and the count of all.

    Raises
    ------
    BadParameter
        When a number is out of its range.
    BadData
        When the tape is shorter than the horizon, or no probe finds a level to rest at.

    Examples
    --------
    >>> from nowake.data.generated import generate_day
    >>> len(queue_score(generate_day(3, events=2_000).events, probes=50, deepest=0).models)
    6
    """
    _check(models, probes=probes, horizon_s=horizon_s, deepest=deepest, lots=lots, reach=reach)
    horizon_ns = round(horizon_s * NS_PER_SECOND)
    plan = plan_probes(events, between_ns, probes=probes, horizon_ns=horizon_ns, deepest=deepest, seed=seed)
    shown = {"depth": deepest + 1, "reach": reach}
    truth, *found = _outcomes(events, plan, models, lots=lots, every_ns=every_ns, shown=shown, progress=progress)
    placed = np.logical_and.reduce([outcome.placed for outcome in (truth, *found)])
    if not placed.any():
        raise BadData(f"{name}: none of {probes} probes found a level to rest at; take a longer tape or fewer levels")
    truth = truth.only(placed)
    block = _block(len(truth.wait_s), span_ns=int(np.ptp(plan["start_ns"])), horizon_ns=horizon_ns)
    scores = tuple(
        _score(str(model), outcome.only(placed), truth, block=block, seed=seed)
        for model, outcome in zip(models, found, strict=True)
    )
    counts = (len(truth.wait_s), int(np.isfinite(truth.wait_s).sum()))
    return QueueScore(name, *counts, horizon_s, deepest, lots, every_ns, seed, scores, has_intervals=block > 0)


def _outcomes(
    events: NDArray[np.void],
    plan: Plan,
    models: Sequence[QueueModel],
    *,
    lots: int,
    every_ns: int,
    shown: dict[str, int],
    progress: Progress | None,
) -> list[Outcome]:
    """What became of the probes in truth, then by each model; `shown` is depth and reach of the books."""
    tell = progress or (lambda _what, _number, _of: None)
    tell("order by order", 1, len(models) + 1)
    truth = outcome_in(lambda: Book(events, **shown), plan, lots=lots)
    feed = levels_of_orders(events, every_ns=every_ns)
    outcomes = [truth]
    for number, model in enumerate(models, start=2):
        tell(str(model), number, len(models) + 1)
        make_book = functools.partial(LevelBook, feed, queue_model=model, **shown)
        outcomes.append(outcome_in(make_book, plan, lots=lots, at_prices_of=truth))
    return outcomes


# Scores.


def _score(model: str, ours: Outcome, truth: Outcome, *, block: int, seed: int) -> ModelScore:
    """One model's figures over probes placed in every book."""
    filled, truly = np.isfinite(ours.wait_s), np.isfinite(truth.wait_s)
    late_s = ours.wait_s - truth.wait_s  # NaN unless both were filled.
    with np.errstate(invalid="ignore", divide="ignore"):
        off = (ours.ahead_half - truth.ahead_half) / np.where(truth.ahead_first > 0, truth.ahead_first, np.nan)

    def figure(above: NDArray[Any], below: NDArray[Any] | None = None) -> Figure:
        return _figure(above.astype(float), below, block=block, seed=seed)

    return ModelScore(
        model=model,
        fills=int(filled.sum()),
        missed=int((truly & ~filled).sum()),
        invented=int((filled & ~truly).sum()),
        agreement=_share(filled == truly, block=block, seed=seed),
        excess_fills=figure(filled.astype(float) - truly, truly.astype(float)),
        wait_bias_s=figure(late_s),
        wait_error_s=figure(np.abs(late_s)),
        place_bias=figure(off),
        place_error=figure(np.abs(off)),
    )


def _figure(above: Floats, below: Floats | None, *, block: int, seed: int) -> Figure:
    """sum(above) / sum(below) over the probes that have both, `below` 1 unless given, with its bootstrap interval."""
    value, repeats = _repeats(above, below, block=block, seed=seed)
    if not len(repeats) or np.ptp(repeats) == 0.0:
        return Figure(value, math.nan, math.nan)
    low, high = np.quantile(repeats, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Figure(value, float(low), float(high))


def _share(holds: NDArray[np.bool_], *, block: int, seed: int) -> Figure:
    """The share of probes of which something holds, with Wilson's interval.

    Probes of one market count as those that, each by itself, would vary as the bootstrap does: at most all of them, and
    where none varies, one a block.
    """
    share, repeats = _repeats(holds.astype(float), None, block=block, seed=seed)
    if not len(repeats):
        return Figure(share, math.nan, math.nan)
    variance = float(np.var(repeats))
    worth = min(share * (1 - share) / variance, len(holds)) if variance > 0.0 else len(holds) // block
    middle = (share + _Z**2 / (2 * worth)) / (1 + _Z**2 / worth)
    half = _Z * math.sqrt(share * (1 - share) / worth + (_Z / (2 * worth)) ** 2) / (1 + _Z**2 / worth)
    return Figure(share, max(0.0, middle - half), min(1.0, middle + half))


def _repeats(above: Floats, below: Floats | None, *, block: int, seed: int) -> tuple[float, Floats]:
    """The figure and its bootstrap repeats: none where it is NaN, or where there are too few blocks (`block` is 0)."""
    below = np.isfinite(above).astype(float) if below is None else below
    above = np.nan_to_num(above)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(above.sum() / below.sum())
    if not math.isfinite(value) or not block:
        return value if math.isfinite(value) else math.nan, np.zeros(0)
    count = len(above)
    starts = np.random.default_rng(seed).integers(0, count, (_REPEATS, -(-count // block)))
    sums = [np.concatenate([[0.0], np.cumsum(np.concatenate([each, each]))]) for each in (above, below)]
    with np.errstate(invalid="ignore", divide="ignore"):
        tops, bottoms = ((total[starts + block] - total[starts]).sum(axis=1) for total in sums)
        repeats = tops / bottoms
    return value, repeats[np.isfinite(repeats)]


def _block(count: int, *, span_ns: int, horizon_ns: int) -> int:
    """Probes in a block: those of two horizons, or the cube root of all; 0 where not even ten of two horizons fit."""
    most = max(1, count // _LEAST_BLOCKS)
    of_two_horizons = math.ceil(2 * horizon_ns * count / max(1, span_ns))
    if of_two_horizons > most:
        return 0
    return min(max(of_two_horizons, math.ceil(math.cbrt(count))), most)


def _row(score: ModelScore) -> tuple[str, ...]:
    return (
        score.model,
        _shown(score.agreement, 100, 1),
        _shown(score.excess_fills, 100, 1, signed=True),
        f"{score.missed:,}",
        f"{score.invented:,}",
        _shown(score.wait_bias_s, 1, 2, signed=True),
        _shown(score.wait_error_s, 1, 2),
        _shown(score.place_bias, 100, 1, signed=True),
        _shown(score.place_error, 100, 1),
    )


def _shown(figure: Figure, times: float, digits: int, *, signed: bool = False) -> str:
    """ "97.1 [96.0, 98.0]"."""
    if math.isnan(figure.value):
        return "-"
    sign = "+" if signed else ""
    if math.isnan(figure.low):
        return f"{times * figure.value:{sign}.{digits}f}"
    value, low, high = (f"{times * part:{sign}.{digits}f}" for part in (figure.value, figure.low, figure.high))
    return f"{value} [{low}, {high}]"


def _check(models: Sequence[QueueModel], *, probes: int, horizon_s: float, deepest: int, lots: int, reach: int) -> None:
    if not models:
        raise BadParameter("no queue model to score; leave `models` out for all of them")
    if not 10 <= probes <= _MOST_PROBES:
        raise BadParameter(f"{probes} probes must be from 10 to {_MOST_PROBES:,}")
    if not 0 < horizon_s <= 86_400:
        raise BadParameter(f"horizon of {horizon_s} s must be above 0 and at most a day")
    if deepest < 0 or (reach and deepest >= reach):
        raise BadParameter(
            f"deepest level {deepest} must be from 0 to {reach - 1 if reach else 'any depth'}: the tape keeps "
            f"{reach or 'all'} levels exact"
        )
    if lots < 1:
        raise BadParameter(f"{lots} lots a probe must be at least 1")
