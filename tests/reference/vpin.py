"""VPIN's buckets lot by lot, and a side print by print: what the compiled and whole-array forms must equal."""

from __future__ import annotations

from fractions import Fraction


def pour(lots, sides, bucket_lots):
    """Signed lots of each full bucket and the print that filled it, then undecided and left-over lots."""
    full, held = [], []
    for row, (volume, side) in enumerate(zip(lots, sides, strict=True)):
        for _ in range(volume):
            held.append(side)
            if len(held) == bucket_lots:
                full.append((sum(held), row))
                held = []
    undecided = sum(volume for volume, side in zip(lots, sides, strict=True) if side == 0)
    return full, undecided, len(held)


def side_of(rule, price, quote, before):
    """One print by the words of the papers, in fractions; `before` are the prices of earlier prints."""
    tick = 0
    for earlier in reversed(before):
        if earlier != price:
            tick = 1 if price > earlier else -1
            break
    if rule == "tick":
        return tick
    if quote is None:
        return 0 if rule == "quote" else tick
    bid, ask = quote
    mid, spread = Fraction(bid + ask, 2), ask - bid
    about = (price > mid) - (price < mid)
    if rule == "quote":
        return about
    if rule == "lee-ready":
        return about or tick
    if rule == "emo":
        return about if price in (bid, ask) and bid != ask else tick
    near = ask - Fraction(3, 10) * spread <= price <= ask, bid <= price <= bid + Fraction(3, 10) * spread
    return about if near[0] != near[1] else tick


def prevailing(quotes, instant_ns):
    """The last two-sided, uncrossed state that a stamp before the instant ended with, by looking at all of them."""
    rows = list(
        zip(
            quotes.time_ns.tolist(),
            quotes.bid_ticks.tolist(),
            quotes.bid_lots.tolist(),
            quotes.ask_ticks.tolist(),
            quotes.ask_lots.tolist(),
            strict=True,
        )
    )
    last_of_stamp = {row[0]: row for row in rows}
    standing = [
        (stamp, bid, ask)
        for stamp, (_, bid, bid_lots, ask, ask_lots) in last_of_stamp.items()
        if stamp < instant_ns and bid_lots > 0 and ask_lots > 0 and bid <= ask
    ]
    return max(standing)[1:] if standing else None
