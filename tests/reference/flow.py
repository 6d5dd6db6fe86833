"""Every measure of order flow from the whole history so far, after each event: what nowake.kernels.flow must equal."""

from __future__ import annotations

import itertools
import math


def rows(book, trades, *, window_ns, lag, by_lots=False, table=None):
    """One row an event, prints first within a stamp: flows of each level, queue and trade imbalance, micro-price,
    autocorrelation. `table` is (bounds, rows of adjustments) or None."""
    events = [(t, 0, k) for k, t in enumerate(trades.time_ns.tolist())]
    events += [(t, 1, k) for k, t in enumerate(book.time_ns.tolist())]
    quotes, prints, out = [], [], []
    for now, kind, k in sorted(events):
        if kind == 0:
            prints.append((now, int(trades.lots[k]), int(trades.aggressor[k])))
        else:
            sides = [
                list(zip(ticks[k].tolist(), lots[k].tolist(), strict=True))
                for ticks, lots in ((book.bid_ticks, book.bid_lots), (book.ask_ticks, book.ask_lots))
            ]
            (bid, bid_lots), (ask, ask_lots) = sides[0][0], sides[1][0]
            if bid_lots > 0 and ask_lots > 0 and bid <= ask:
                quotes.append((now, *sides))
        flows = flow(quotes, now - window_ns, book.levels)
        series = orders(prints, by_lots)
        out.append([*flows, *of_quote(quotes, table), imbalance(prints, now - window_ns), correlation(series, lag)])
    return [[*row[:-4], row[-4], row[-2], row[-3], row[-1]] for row in out]


def flow(quotes, oldest, levels):
    if not quotes:
        return [math.nan] * levels
    total = [0] * levels
    for (_, old_bids, old_asks), (now, bids, asks) in itertools.pairwise(quotes):
        if now > oldest:
            for m in range(levels):
                total[m] += came(old_bids[m], bids[m], 1) - came(old_asks[m], asks[m], -1)
    return total


def came(old, new, side):
    """Lots joining a level less lots leaving it; no lots is a price behind all others."""
    worst = -math.inf
    before = side * old[0] if old[1] > 0 else worst
    after = side * new[0] if new[1] > 0 else worst
    return (new[1] if after >= before else 0) - (old[1] if after <= before else 0)


def of_quote(quotes, table):
    if not quotes:
        return math.nan, math.nan
    (bid, bid_lots), (ask, ask_lots) = quotes[-1][1][0], quotes[-1][2][0]
    queue = (bid_lots - ask_lots) / (bid_lots + ask_lots)
    if table is None or bid == ask:
        return queue, math.nan
    bounds, adjustments = table
    row = adjustments[sum(ask - bid > bound for bound in bounds)]
    low = len(row) * min(bid_lots, ask_lots) // (bid_lots + ask_lots)
    return queue, (bid + ask) / 2 + row[len(row) - 1 - low if bid_lots > ask_lots else low]


def imbalance(prints, oldest):
    heard = [(lots, side) for now, lots, side in prints if now > oldest and side]
    return sum(lots * side for lots, side in heard) / sum(lots for lots, _ in heard) if heard else math.nan


def orders(prints, by_lots):
    series, last = [], None
    for now, lots, side in prints:
        if side:
            if last != (now, side):
                series.append(0 if by_lots else side)
                last = (now, side)
            series[-1] += side * lots * by_lots
    return series


def correlation(x, lag):
    if len(x) <= lag:
        return math.nan
    mean = sum(x) / len(x)
    spread = sum((each - mean) ** 2 for each in x)
    if len(set(x)) == 1:
        return math.nan
    return sum((a - mean) * (b - mean) for a, b in zip(x, x[lag:], strict=False)) / spread
