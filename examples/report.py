"""How did it go, and why? The parts of one run's cost, and a report that opens without network."""

import tempfile
from pathlib import Path

import nowake as nw
from nowake import algos

day = nw.load_day("generated")
order = nw.ParentOrder.sell(day.instrument, 10_000, start="10:00", end="12:00")
run = nw.simulate(algos.Twap(order), day, seed=7)

report = nw.report(run, benchmarks=("arrival", "interval_vwap", "close"))
print(report)

# Every fill can be asked why its child existed.
print(run.to_frame().group_by("reason", "liquidity").sum().select("reason", "liquidity", "lots"))

page = report.write(Path(tempfile.mkdtemp()) / "report.html")
print(f"\n{page.name}: {page.stat().st_size / 1e3:.0f} kB, one file")
