"""One compiled strategy run with many sets of parameters in one day, as a table.

The runs share the events and nothing else; two threads take two processor cores, because compiled code needs no
interpreter. A sweep that picks the best of many sets has fitted them to the day: judge the choice on another day."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nowake.domain.errors import BadParameter
from nowake.sim.compiled import RecordedDay, check_day, run_compiled
from nowake.sim.compiled_run import CompiledRun
from nowake.sim.strategies import Strategy, check_strategy

if TYPE_CHECKING:
    import polars as pl

Progress = Callable[[int, int], None]
Grid = Mapping[str, Sequence[float] | float]

_SHOWN = ("fills", "traded", "position", "max_position", "result")
_MOST_SHOWN = 30  # Rows of a printed table.


@dataclasses.dataclass(frozen=True, eq=False)
class Sweep:
    """Runs in the order of their parameters. Prints as a table; `to_frame` has every figure."""

    runs: tuple[CompiledRun, ...]

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[CompiledRun]:
        return iter(self.runs)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the simulation leaves out, a sentence each."""
        return self.runs[0].assumptions

    def best(self, figure: str = "result") -> CompiledRun:
        """The run of the largest figure, on this day.

        Raises
        ------
        BadParameter
            When there is no such figure, or no run has one: a result needs a mid to mark at.
        """
        figures = self.runs[0].summary()
        if figure not in figures:
            raise BadParameter(f"no figure {figure!r}; there are {', '.join(figures)}")
        values = np.array([run.summary()[figure] for run in self.runs])
        if np.all(np.isnan(values)):
            raise BadParameter(f"no run has a {figure}: at the end a side of the book was empty")
        return self.runs[int(np.nanargmax(values))]

    def to_frame(self) -> pl.DataFrame:
        """A row a run: its parameters, then its figures in shares and currency, then latency, limit and seed."""
        import polars as pl  # noqa: PLC0415

        return pl.DataFrame(
            [
                run.parameters
                | run.summary()
                | {"latency": str(run.latency), "limit_lots": run.limit_lots, "seed": run.seed}
                for run in self.runs
            ]
        )

    def __str__(self) -> str:
        first = self.runs[0]
        names = (*first.parameters, *_SHOWN)
        rows = [[f"{value:,.10g}" for value in _figures(run, names)] for run in self.runs[:_MOST_SHOWN]]
        widths = [max(len(name), *(len(row[k]) for row in rows)) for k, name in enumerate(names)]
        lines = [f"{first.strategy} in {first.source}, {len(self)} runs, {first.latency}"]
        for row in (list(names), *rows):
            lines.append("  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)))
        if len(self) > _MOST_SHOWN:
            lines.append(f"... {len(self) - _MOST_SHOWN:,} more; to_frame() has them all")
        return "\n".join(lines)


def sweep(
    strategy: Strategy,
    day: RecordedDay,
    parameters: Grid | NDArray[Any] | Sequence[Sequence[float]],
    *,
    workers: int = 1,
    progress: Progress | None = None,
    **options: Any,
) -> Sweep:
    """Run a strategy once for each set of parameters.

    Parameters
    ----------
    strategy, day
        As of `run_compiled`.
    parameters
        Name -> values, of which every combination is run, the last name changing fastest; or float[n, m], a row a
        run, in the order declared.
    workers
        Threads to run in; each needs the memory of one book.
    progress
        Called after each run with how many are done and how many there are.
    options
        As of `run_compiled`: latency, seed, limit_lots, start_ns, queue_model.

    Raises
    ------
    BadParameter
        When there is no set, or as `run_compiled`.
    """
    check_strategy(strategy)
    check_day(day)
    sets = _sets(strategy, parameters)
    if not sets:
        raise BadParameter(f"no parameters to run {strategy.name!r} with; give at least one value of each")
    if not isinstance(workers, int) or workers < 1:
        raise BadParameter(f"workers {workers!r} must be a whole number from 1")
    _ = strategy.drive  # Compiled once, before the threads begin.
    runs = []
    with ThreadPoolExecutor(workers) as pool:
        for run in pool.map(lambda values: run_compiled(strategy, day, values, **options), sets):
            runs.append(run)
            if progress is not None:
                progress(len(runs), len(sets))
    return Sweep(tuple(runs))


def _sets(strategy: Strategy, parameters: Any) -> list[dict[str, float]]:
    """Each set of parameters by name, checked."""
    if isinstance(parameters, Mapping):
        values = [np.atleast_1d(np.asarray(value, object)).tolist() for value in parameters.values()]
        return [strategy.values(dict(zip(parameters, each, strict=True))) for each in itertools.product(*values)]
    rows = list(parameters) if np.iterable(parameters) else [parameters]
    if any(isinstance(row, str) or not np.iterable(row) for row in rows):
        raise BadParameter(f"parameters {parameters!r}; give names with values, or rows of numbers")
    return [strategy.values(row) for row in rows]


def _figures(run: CompiledRun, names: Sequence[str]) -> list[float]:
    figures = run.parameters | run.summary()
    return [figures[name] for name in names]
