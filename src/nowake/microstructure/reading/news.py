"""Was there private news, by the days so far? PIN, adjusted PIN, and what the day itself looks like under them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nowake.microstructure.reading.heard import Heard, Part, Row, attempt, known
from nowake.microstructure.toxicity import fit_adjusted_pin, fit_pin
from nowake.microstructure.toxicity.pin import KINDS


def news(heard: Heard, history: Sequence[Heard], refusals: list[str]) -> Part:
    """The part, of buys and sells a day over earlier days and this one; intervals allow for days that cluster."""
    days = [*history, heard]
    buys, sells = (np.array([int((day.side == side).sum()) for day in days]) for side in (1, -1))
    level = heard.options.level
    pin = attempt(refusals, "PIN", lambda: fit_pin(buys, sells, robust=True, level=level))
    if pin is None:
        return Part("Private news")
    adjusted = attempt(refusals, "adjusted PIN", lambda: fit_adjusted_pin(buys, sells, robust=True, level=level))
    rows: list[Row] = [
        ("PIN", "of trades", pin.pin),
        ("  days with news", "of days", pin.alpha),
        ("  bad, where there is news", "of them", pin.delta),
    ]
    if adjusted is not None:
        rows += [("adjusted PIN", "of trades", adjusted.adjusted_pin)]
        rows += [("  trades of shocks to both sides", "of trades", adjusted.psos)]
    today = ", ".join(f"{kind} {share:.0%}" for kind, share in zip(KINDS, pin.days[-1], strict=True))
    notes = [f"{len(days)} days; this one: {today}."]
    if pin.dispersion > _BUSY:
        notes.append(
            f"Numbers of trades scatter {pin.dispersion:.0f} times as much as the model lets them: most of this PIN is "
            "busy days, not news."
        )
    return Part("Private news", known(rows), (*notes, *pin.corners))


_BUSY = 3.0
