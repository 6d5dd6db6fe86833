"""The touch after each instant from plain dictionaries of lots by price: what nowake.kernels.touch must equal."""

from __future__ import annotations

from nowake.kernels import layout


def touches(events):
    """Rows (time_ns, bid, bid lots, ask, ask lots), one a change, and counts (crossed, locked, in a halt)."""
    held = {1: {}, -1: {}}
    rows, crossed, locked, in_halt, halted = [], 0, 0, 0, False
    last = (0, 0, 0, 0)
    events = events.tolist()
    for k, (time_ns, _, lots, price, kind, side, _) in enumerate(events):
        levels = held[1 if side > 0 else -1]
        if kind == layout.ADD:
            levels[price] = levels.get(price, 0) + lots
        elif kind in {layout.REDUCE, layout.DELETE, layout.EXECUTE}:
            levels[price] = max(0, levels.get(price, 0) - lots)
        elif kind in {layout.RESYNC, layout.LEVEL}:
            levels[price] = lots
        elif kind == layout.CLEAR:
            held = {1: {}, -1: {}}
        elif kind in {layout.HALT, layout.RESUME}:
            halted = kind == layout.HALT
        if k + 1 < len(events) and events[k + 1][0] == time_ns:
            continue
        bid = max((price for price, lots in held[1].items() if lots > 0), default=None)
        ask = min((price for price, lots in held[-1].items() if lots > 0), default=None)
        if bid is not None and ask is not None and bid >= ask:
            in_halt += halted
            crossed += not halted and bid > ask
            locked += not halted and bid == ask
        touch = (
            *((0, 0) if bid is None else (bid, held[1][bid])),
            *((0, 0) if ask is None else (ask, held[-1][ask])),
        )
        if touch != last:
            rows.append((time_ns, *touch))
            last = touch
    return rows, (crossed, locked, in_halt)
