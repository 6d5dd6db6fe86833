"""The best levels after each instant from plain dictionaries: what nowake.kernels.depth must equal."""

from __future__ import annotations

from nowake.kernels import layout


def depths(events, levels):
    """Rows (time_ns, bids, asks), one a change; a side is its best (price, lots), filled up with (0, 0)."""
    held = {1: {}, -1: {}}
    rows, last = [], ([(0, 0)] * levels, [(0, 0)] * levels)
    events = events.tolist()
    for k, (time_ns, _, lots, price, kind, side, _) in enumerate(events):
        book = held[1 if side > 0 else -1]
        if kind == layout.ADD:
            book[price] = book.get(price, 0) + lots
        elif kind in {layout.REDUCE, layout.DELETE, layout.EXECUTE}:
            book[price] = max(0, book.get(price, 0) - lots)
        elif kind in {layout.RESYNC, layout.LEVEL}:
            book[price] = lots
        elif kind == layout.CLEAR:
            held = {1: {}, -1: {}}
        if k + 1 < len(events) and events[k + 1][0] == time_ns:
            continue
        shown = tuple(best(held[each], each, levels) for each in (1, -1))
        if shown != last:
            rows.append((time_ns, *shown))
            last = shown
    return rows


def best(book, side, levels):
    prices = sorted((price for price, lots in book.items() if lots > 0), reverse=side > 0)[:levels]
    return [(price, book[price]) for price in prices] + [(0, 0)] * (levels - len(prices))
