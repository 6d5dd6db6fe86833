"""How close the mid is to a random walk."""

from __future__ import annotations

import numpy as np

from nowake.domain.units import NS_PER_SECOND
from nowake.microstructure.efficiency.autocorrelation import autocorrelations
from nowake.microstructure.efficiency.hurst import hurst_whittle
from nowake.microstructure.efficiency.sampling import even_mids
from nowake.microstructure.efficiency.variance_ratio import variance_ratios
from nowake.microstructure.reading.heard import Heard, Part, Row, attempt, known

_STEPS = 2_000  # About how many returns to look at.
_LEAST_NS = NS_PER_SECOND // 10


def efficiency(heard: Heard, refusals: list[str]) -> Part:
    """The part."""
    step_ns = max(_LEAST_NS, (heard.end_ns - heard.start_ns) // _STEPS // _LEAST_NS * _LEAST_NS)
    mids = attempt(
        refusals,
        "efficiency",
        lambda: even_mids(heard.quotes, step_ns=step_ns, start_ns=heard.start_ns, end_ns=heard.end_ns),
    )
    if mids is None:
        return Part("Efficiency")
    is_above = bool((mids > 0).all())
    returns = np.diff(np.log(mids) if is_above else mids)
    level = heard.options.level
    ratios = attempt(refusals, "variance ratio", lambda: variance_ratios(returns, level=level))
    memory = attempt(refusals, "autocorrelation", lambda: autocorrelations(returns, level=level))
    rows: list[Row] = []
    notes = [f"Of the mid every {step_ns / NS_PER_SECOND:g} s; a random walk has ratio 1, Hurst 0.5, correlation 0."]
    if not is_above:
        notes.append("Of plain differences, for a price of 0 or below has no logarithm.")
    if ratios is not None:
        rows += [(f"variance ratio, {each.aggregation} steps", "1 in a walk", each.ratio) for each in ratios.rows]
        ruled = "ruled out" if ratios.p_value < 1 - level else "not ruled out"
        notes.append(f"All ratios together: a random walk is {ruled}, p = {ratios.p_value:.2g} (Chow-Denning).")
    if memory is not None:
        rows += [(f"autocorrelation of returns, lag {each.lag}", "", each.correlation) for each in memory.lags[:2]]
    rows += [
        ("Hurst exponent", "0.5 in a walk", attempt(refusals, "Hurst", lambda: hurst_whittle(returns, level=level)))
    ]
    return Part("Efficiency", known(rows), tuple(notes))
