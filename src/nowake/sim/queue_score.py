"""How wrong each queue model is, on a tape whose queues are known.

Small orders (probes) are placed at the same instants and prices into the order-by-order book, where their place in the
queue is exact, and into the level book under each model, which sees only what a venue would have published of the same
tape. Each probe rests for `horizon_s` or until it is filled. What differs is the model's error, nothing else.

Probes do not meet one another: no two of a side are in a book at one time. Intervals are of a circular block bootstrap
over the probes in time order (Politis and Romano 1992, "A circular block-resampling procedure for stationary data"),
whose blocks outlast the horizon, for neighbouring probes live through the same market. Ignores what the level feed of a
real venue adds: trades late against levels, levels merged over time (`every_ns` shows the latter)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.units import NS_PER_SECOND
from nowake.kernels.state import ACCEPTED, OWN
from nowake.sim.book import Book
from nowake.sim.level_book import LevelBook
from nowake.sim.levels_of_orders import levels_of_orders
from nowake.sim.queue_models import ALL, QueueModel

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
Progress = Callable[[str, int, int], None]

_REPEATS = 1000  # Of the bootstrap.
_LEVEL = 0.95
_MOST_PROBES = 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its interval; NaN where there is nothing to take it of."""

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

    def __str__(self) -> str:
        """The table, three figures and their 95 % intervals a model."""
        told = f"levels every {self.every_ns / 1e6:g} ms" if self.every_ns else "every level change told"
        head = (
            f"{self.name}: {self.probes:,} probes of {self.lots} {'lot' if self.lots == 1 else 'lots'}, 0 to "
            f"{self.deepest} levels behind the touch, for {self.horizon_s:g} s; {told}; seed {self.seed}\n"
            f"The order-by-order book filled {self.true_fills:,} ({self.true_fills / self.probes:.1%})."
        )
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
    probes
        How many orders to try, at random times, on random sides.
    horizon_s
        How long each rests, in seconds.
    deepest
        Probes rest 0 (at the touch) to so many displayed levels behind it, drawn evenly.
    lots
        Of each probe. More than the market's usual size no longer measures the queue alone.
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

    Returns
    -------
    QueueScore
        Prints as a table.

    Raises
    ------
    BadParameter
        When a number is out of its range.
    BadData
        When the tape is shorter than the horizon, or no probe finds a level to rest at.

    Examples
    --------
    >>> from nowake.data.generated import generate_day
    >>> score = queue_score(generate_day(3, events=2_000).events, probes=50, deepest=0)
    >>> len(score.models)
    6
    """
    _check(models, probes=probes, horizon_s=horizon_s, deepest=deepest, lots=lots, reach=reach)
    horizon_ns = round(horizon_s * NS_PER_SECOND)
    plan = _plan(events, between_ns, probes=probes, horizon_ns=horizon_ns, deepest=deepest, seed=seed)
    passes = _passes(plan, horizon_ns)
    steps = [str(model) for model in models]
    tell = progress or (lambda _what, _number, _of: None)

    tell("order by order", 1, len(steps) + 1)
    truth = _Outcome.of(len(plan))
    for each in passes:
        _live(Book(events, depth=deepest + 1, reach=reach), plan, each, truth, lots=lots, first=True)
    feed = levels_of_orders(events, every_ns=every_ns)
    found = []
    for number, model in enumerate(models, start=2):
        tell(steps[number - 2], number, len(steps) + 1)
        outcome = dataclasses.replace(_Outcome.of(len(plan)), price_ticks=truth.price_ticks)
        for each in passes:
            book = LevelBook(feed, queue_model=model, depth=deepest + 1, reach=reach)
            _live(book, plan, each, outcome, lots=lots, first=False)
        found.append(outcome)
    placed = np.logical_and.reduce([truth.placed, *(outcome.placed for outcome in found)])
    if not placed.any():
        raise BadData(f"{name}: none of {probes} probes found a level to rest at; take a longer tape or fewer levels")
    block = _block(int(placed.sum()), span_ns=int(plan["start_ns"][-1] - plan["start_ns"][0]), horizon_ns=horizon_ns)
    scores = tuple(
        _score(str(model), outcome.only(placed), truth.only(placed), block=block, seed=seed)
        for model, outcome in zip(models, found, strict=True)
    )
    true_fills = int(np.isfinite(truth.only(placed).wait_s).sum())
    return QueueScore(name, int(placed.sum()), true_fills, horizon_s, deepest, lots, every_ns, seed, scores)


# Probes.

_PROBE = np.dtype([("start_ns", np.int64), ("half_ns", np.int64), ("end_ns", np.int64), ("side", "i8"), ("deep", "i8")])


def _plan(
    events: NDArray[np.void],
    between_ns: tuple[int, int] | None,
    *,
    probes: int,
    horizon_ns: int,
    deepest: int,
    seed: int,
) -> NDArray[np.void]:
    """When, on which side and how deep each probe is placed, in time order."""
    times = events["time_ns"]
    first_ns, last_ns = between_ns or ((int(times[0]), int(times[-1])) if len(times) else (0, 0))
    if last_ns - horizon_ns <= first_ns:
        raise BadData(
            f"from {first_ns} to {last_ns} ns there is no room for a probe of {horizon_ns / NS_PER_SECOND:g} s; "
            "shorten the horizon"
        )
    luck = np.random.default_rng(seed)
    plan = np.zeros(probes, _PROBE)
    plan["start_ns"] = np.sort(luck.integers(first_ns, last_ns - horizon_ns, probes))
    plan["half_ns"], plan["end_ns"] = plan["start_ns"] + horizon_ns // 2, plan["start_ns"] + horizon_ns
    plan["side"] = luck.choice([1, -1], probes)
    plan["deep"] = luck.integers(0, deepest + 1, probes)
    return plan


def _passes(plan: NDArray[np.void], horizon_ns: int) -> list[list[int]]:
    """Probes by run through the tape, so that no two of a side live at one time; each list in time order."""
    passes: list[list[int]] = []
    free_ns: list[dict[int, int]] = []
    for number, (start_ns, side) in enumerate(zip(plan["start_ns"].tolist(), plan["side"].tolist(), strict=True)):
        k = next((k for k, free in enumerate(free_ns) if free.get(side, start_ns) <= start_ns), len(passes))
        if k == len(passes):
            passes.append([])
            free_ns.append({})
        passes[k].append(number)
        free_ns[k][side] = start_ns + horizon_ns + 1
    return passes


@dataclasses.dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of each probe: whether it was placed, where, when it was filled, and its place half-way."""

    placed: NDArray[np.bool_]
    price_ticks: NDArray[np.int64]
    wait_s: Floats
    ahead_first: Floats
    ahead_half: Floats

    @classmethod
    def of(cls, count: int) -> _Outcome:
        """Nothing happened yet."""
        nothing = [np.full(count, np.nan) for _ in range(3)]
        return cls(np.zeros(count, bool), np.zeros(count, np.int64), *nothing)

    def only(self, which: NDArray[np.bool_]) -> _Outcome:
        """Of some probes."""
        return _Outcome(*(getattr(self, field.name)[which] for field in dataclasses.fields(self)))


def _live(book: Book, plan: NDArray[np.void], numbers: list[int], outcome: _Outcome, *, lots: int, first: bool) -> None:
    """Let the probes of one pass live in a book; `first` lets them choose their prices."""
    acts = sorted(
        (int(plan[moment][number]), moment, number)
        for number in numbers
        for moment in ("start_ns", "half_ns", "end_ns")
    )
    for time_ns, moment, number in acts:
        while book.run(time_ns):
            pass  # A halt wakes; nobody minds.
        for venue_ns, child_id, _, open_lots, *_ in book.take_fills():
            if not open_lots:
                outcome.wait_s[child_id] = (venue_ns - int(plan["start_ns"][child_id])) / NS_PER_SECOND
        side = int(plan["side"][number])
        if moment == "start_ns":
            _place(book, number, side, int(plan["deep"][number]), outcome, lots=lots, first=first)
        elif outcome.placed[number] and math.isnan(outcome.wait_s[number]):
            if moment == "half_ns":
                outcome.ahead_half[number] = lots_ahead(book, number, side, int(outcome.price_ticks[number]))
            else:
                book.withdraw(number)


def _place(book: Book, number: int, side: int, deep: int, outcome: _Outcome, *, lots: int, first: bool) -> None:
    if first:
        levels = book.sides()[0 if side > 0 else 1]
        if book.is_halted or deep >= len(levels):
            return
        outcome.price_ticks[number] = levels[deep][0]
    elif not outcome.price_ticks[number]:
        return
    price_ticks = int(outcome.price_ticks[number])
    code, _ = book.place(number, side=side, price_ticks=price_ticks, lots=lots, post_only=True)
    outcome.placed[number] = code == ACCEPTED
    if code == ACCEPTED:
        outcome.ahead_first[number] = lots_ahead(book, number, side, price_ticks)


def lots_ahead(book: Book, child_id: int, side: int, price_ticks: int) -> float:
    """Lots of others before an order of ours in either book; NaN where it does not rest."""
    if isinstance(book, LevelBook):
        ahead = book.lots_ahead(child_id)
        return math.nan if ahead is None else ahead
    lots = 0
    for kind, order_id, hist, taken in book.queue(side, price_ticks):
        if kind == OWN and order_id == child_id:
            return float(lots)
        lots += max(0, hist - taken) if kind != OWN else 0
    return math.nan


# Scores.


def _score(model: str, ours: _Outcome, truth: _Outcome, *, block: int, seed: int) -> ModelScore:
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
        agreement=figure(filled == truly),
        excess_fills=figure(filled.astype(float) - truly, truly.astype(float)),
        wait_bias_s=figure(late_s),
        wait_error_s=figure(np.abs(late_s)),
        place_bias=figure(off),
        place_error=figure(np.abs(off)),
    )


def _figure(above: Floats, below: Floats | None, *, block: int, seed: int) -> Figure:
    """sum(above) / sum(below) over the probes that have both, `below` 1 unless given, with its bootstrap interval."""
    below = np.isfinite(above).astype(float) if below is None else below
    above = np.nan_to_num(above)
    count = len(above)
    starts = np.random.default_rng(seed).integers(0, count, (_REPEATS, -(-count // block)))
    sums = [np.concatenate([[0.0], np.cumsum(np.concatenate([each, each]))]) for each in (above, below)]
    with np.errstate(invalid="ignore", divide="ignore"):
        value = above.sum() / below.sum()
        tops, bottoms = ((total[starts + block] - total[starts]).sum(axis=1) for total in sums)
        repeats = tops / bottoms
    repeats = repeats[np.isfinite(repeats)]
    if not np.isfinite(value) or not len(repeats):
        return Figure(math.nan, math.nan, math.nan)
    low, high = np.quantile(repeats, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Figure(float(value), float(low), float(high))


def _block(count: int, *, span_ns: int, horizon_ns: int) -> int:
    """Probes in a block: those of two horizons, at least the cube root of all, at most a tenth of them."""
    of_two_horizons = math.ceil(2 * horizon_ns * count / max(1, span_ns))
    least = math.ceil(math.cbrt(count))
    return max(1, min(max(of_two_horizons, least), count // 10))


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
