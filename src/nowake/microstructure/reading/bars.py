"""What bars alone tell of costs, for days and names without quotes."""

from __future__ import annotations

from nowake.microstructure.reading.heard import Heard, Part, Row, attempt, known
from nowake.microstructure.spreads.abdi_ranaldo import abdi_ranaldo
from nowake.microstructure.spreads.amihud import amihud
from nowake.microstructure.spreads.bar_spreads import BarSpread
from nowake.microstructure.spreads.corwin_schultz import corwin_schultz
from nowake.microstructure.spreads.edge import edge
from nowake.microstructure.spreads.roll import roll
from nowake.statistics.measurement import Measurement


def from_bars(heard: Heard, refusals: list[str]) -> Part:
    """Spreads by four estimators, and Amihud's illiquidity."""
    bars, level, seed = heard.bars, heard.options.level, heard.options.seed
    if bars is None or not len(bars):
        return Part("From bars alone")
    ends = bars.high, bars.low, bars.close
    made = {
        "EDGE": attempt(refusals, "EDGE", lambda: edge(bars.open, *ends, level=level, seed=seed)),
        "Roll": attempt(refusals, "Roll", lambda: roll(bars.close, level=level, seed=seed)),
        "Corwin-Schultz": attempt(refusals, "Corwin-Schultz", lambda: corwin_schultz(*ends, level=level, seed=seed)),
        "Abdi-Ranaldo": attempt(refusals, "Abdi-Ranaldo", lambda: abdi_ranaldo(*ends, level=level, seed=seed)),
    }
    rows: list[Row] = [(f"spread, {name}", "bps", _spread(found)) for name, found in made.items()]
    multiplier = float(heard.instrument.multiplier or 1)
    thin = attempt(refusals, "Amihud", lambda: amihud(bars.close, bars.volume, multiplier=multiplier, level=level))
    if thin is not None:
        rows += [("Amihud", "return per million", thin.per_million)]
    lost = [name for name, found in made.items() if found is not None and found.spread_bps is None]
    notes = [f"{name} gave a negative square, so no spread; that is common where spreads are small." for name in lost]
    notes.append(f"From {len(bars):,} bars: these are estimates of what quotes would show, far wider in doubt.")
    return Part("From bars alone", known(rows), tuple(notes))


def _spread(found: BarSpread | None) -> Measurement | None:
    return None if found is None else found.spread_bps
