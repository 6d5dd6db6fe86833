"""Verb 6: how did it go, and why?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nowake.domain.errors import BadParameter
from nowake.reports import html, tables
from nowake.reports.summary import ReportedRun, Tape, summarise
from nowake.tca.result import CostReport
from nowake.verbs.simulate import Run

if TYPE_CHECKING:
    import polars as pl

    from nowake.reports.pictures.canvas import Picture

BENCHMARKS = ("decision", "arrival", "interval_vwap", "interval_vwap_ex_own", "interval_twap", "close")


class Report:
    """The cost of one or more runs of an order. Prints as tables; `write` makes one self-contained HTML file."""

    def __init__(self, runs: Sequence[ReportedRun], tape: Tape, benchmarks: Sequence[str]) -> None:
        self.runs = tuple(runs)
        self.tape = tape
        self.benchmarks = tuple(benchmarks)

    @property
    def cost(self) -> CostReport:
        """The cost of the first run."""
        return self.runs[0].cost

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the report as HTML that opens without network."""
        from nowake.reports.execution import build_page  # noqa: PLC0415

        return html.write(path, build_page(self.cost.order, self.tape, runs=self.runs))

    def to_frame(self) -> pl.DataFrame:
        """One row a run and benchmark: price in currency and cost in basis points."""
        import polars as pl  # noqa: PLC0415

        rows = [
            {
                "run": run.name,
                "benchmark": name,
                "price": run.cost.benchmarks[name],
                "cost_bps": run.cost.cost_bps[name],
            }
            for run in self.runs
            for name in self.benchmarks
        ]
        return pl.DataFrame(rows)

    def plot(self) -> Picture:
        """Costs side by side for several runs, the parts of the shortfall for one."""
        from nowake.reports.pictures.comparison import comparison  # noqa: PLC0415
        from nowake.reports.pictures.cost_parts import decomposition  # noqa: PLC0415

        if len(self.runs) > 1:
            return comparison([summarise(run) for run in self.runs])
        return decomposition(self.runs[0].name, self.cost)

    def __str__(self) -> str:
        instrument = self.cost.order.instrument
        parts = [tables.render(tables.runs_table([summarise(run) for run in self.runs], instrument))]
        for run in self.runs if len(self.runs) == 1 else ():
            shown = tables.benchmarks_table(self.shown(run.cost)), tables.decomposition_table(run.cost)
            parts += [tables.render(table) for table in shown]
        return "\n\n".join(parts)

    __repr__ = __str__

    def shown(self, cost: CostReport) -> CostReport:
        """A cost with the chosen benchmarks only."""
        return msgspec.structs.replace(
            cost,
            benchmarks={name: cost.benchmarks[name] for name in self.benchmarks},
            cost_bps={name: cost.cost_bps[name] for name in self.benchmarks},
        )


def report(runs: Run | Sequence[Run], *, benchmarks: Sequence[str] = BENCHMARKS) -> Report:
    """What runs of one order cost, and why.

    Parameters
    ----------
    runs
        One run, or several of the same order to compare.
    benchmarks
        Which prices to hold the average against: decision, arrival, interval_vwap, interval_vwap_ex_own,
        interval_twap, close.

    Raises
    ------
    BadParameter
        When a benchmark is unknown or the runs are of different orders.
    """
    benchmarks = (benchmarks,) if isinstance(benchmarks, str) else tuple(benchmarks)
    unknown = [name for name in benchmarks if name not in BENCHMARKS]
    if unknown:
        raise BadParameter(f"benchmark {unknown[0]!r} is not known; choose from {', '.join(BENCHMARKS)}")
    several = [runs] if isinstance(runs, Run) else list(runs)
    if not several:
        raise BadParameter("there are no runs to report; give at least one")
    other = next((run for run in several if run.order != several[0].order), None)
    if other is not None:
        raise BadParameter(f"runs of different orders cannot be compared: {several[0].order} and {other.order}")
    named = [run.reported(name) for run, name in zip(several, _names(several), strict=True)]
    first = several[0]
    tape = Tape(description=first.world, quotes=first.quotes, trades=first.trades, fingerprint=first.data_fingerprint)
    return Report(named, tape, benchmarks)


def _names(runs: Sequence[Run]) -> list[str]:
    """Algorithm names, numbered where one occurs more than once."""
    names = [run.algorithm for run in runs]
    return [
        name if names.count(name) == 1 else f"{name} {names[: index + 1].count(name)}"
        for index, name in enumerate(names)
    ]
