"""The slow, obvious twin of `nowake.kernels.level_touch`: a dictionary a side, and min and max over it."""

from __future__ import annotations


def touch_after_each(messages, book=None):
    """Messages are (clears, [(side, price, lots), ...]); gives the touch after each and the book that is left."""
    book = book or {1: {}, -1: {}}
    touches = []
    for clears, rows in messages:
        if clears:
            book = {1: {}, -1: {}}
        for side, price, lots in rows:
            book[side].pop(price, None)
            if lots:
                book[side][price] = lots
        bid, ask = max(book[1], default=0), min(book[-1], default=0)
        touches.append((bid, book[1].get(bid, 0), ask, book[-1].get(ask, 0)))
    return touches, book
