"""The same run again: a journal replayed gives the same hash, also after a crash cut its end off."""

import tempfile
from pathlib import Path

import nowake as nw
from nowake import algos

day = nw.load_day("generated")
order = nw.ParentOrder.buy(day.instrument, 2_000, start="10:00", end="10:30")
folder = Path(tempfile.mkdtemp())
run = nw.simulate(algos.Twap(order, slices=6), day, seed=7, journal=folder / "twap.journal")

again = nw.replay(folder / "twap.journal")
print(again)
assert again.same
assert again.record.journal_hash == run.journal_hash

# What kill -9 leaves: a torn last record.
whole = (folder / "twap.journal").read_bytes()
(folder / "torn.journal").write_bytes(whole[: len(whole) * 2 // 3])
torn = nw.replay(folder / "torn.journal")
print(
    f"\nTorn: {torn.record.decisions} of {run.decisions} turns, {torn.record.executed_lots:,} lots, same: {torn.same}"
)
