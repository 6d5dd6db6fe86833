"""Order flow for `matching`: the five published scenarios of a third-party suite, and a flow of many adds and cancels.

The scenarios are those of "matching-engine-benchmark" (Flash One Technologies, 2026), docs/METHODOLOGY.md there: a
driftless geometric Brownian mid, passive orders at power-law distances with a hump eight ticks out, buys along the
first half of the path and sells along the second, shuffled; then immediate orders, modifies, cancels and repeats. Every
draw comes from one stream of 53-bit uniforms of mt19937, which numpy's RandomState gives, so a seed is the same flow
everywhere and the hash of the reports can be held against the published one."""

from __future__ import annotations

import hashlib
import math
from itertools import islice

import numpy as np
import numpy.typing as npt

SCENARIOS = {  # Annualised volatility, target swing.
    "static": (0.0, 0.0),
    "normal": (0.15, 0.02),
    "swing-25": (0.5, 0.25),
    "swing-40": (0.5, 0.4),
    "flash-crash": (0.5, 0.6),
}
PUBLISHED_SHA256 = {  # Of the reports at seed 23 and a million orders; reference/correctness_hash.txt there.
    "static": "9803843ee404fc29c9a0aa5614f8f0d5a58b5c44fcac9ef89067886fcaaa30d1",
    "normal": "e9b2e3926854410b01a035aeb25dd05f1e597c233be8263de9eb49b6713d367e",
    "swing-25": "61a84be9469661bd039e00dbc9a7c011e70b6ace37aadfe60045ea083b05f4df",
    "swing-40": "3cb0175e7982ff09ea220d1feaee3844cf9116a5ce455757879dea1d880b9b9f",
    "flash-crash": "cff8d3f94b709fc64a8b2058a6ca4fb6920364904796e46906895e362d2bb16b",
}
NEW, CANCEL, MODIFY = 0, 1, 2
MESSAGE = np.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),
        ("ioc", "u1"),
        ("quantity", "u4"),
        ("sequence", "u8"),
        ("order_id", "u8"),
        ("price_ticks", "i8"),
    ],
    align=True,
)

TICK, START = 0.005, 167.52
LEVELS, DEPTH_POWER, HUMP, HUMP_AT = 800, 2.23, 5.0, 8.0
IOC_SHARE, MODIFY_SHARE, REPRICE_SHARE, CANCEL_SHARE, REPEAT_SHARE = 0.15, 0.20, 0.80, 0.95, 0.02
MEDIAN_LIFE_US = 431.0


def scenario(name: str, *, orders: int = 1_000_000, seed: int = 23) -> npt.NDArray[np.void]:
    """Messages of a scenario: `orders` new ones and what becomes of them, about twice as many."""
    random = np.random.RandomState(seed)
    price, quantity, depth = _orders(random, *SCENARIOS[name], orders)
    arrival = _shuffled(random, orders)
    rows = _lives(_uniforms(random), arrival, price, quantity, depth)
    time, *columns = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    by_time = np.argsort(time, kind="stable")
    messages = np.zeros(len(time), MESSAGE)
    messages["sequence"] = np.arange(len(time))
    for field, column in zip(("kind", "side", "ioc", "quantity", "order_id", "price_ticks"), columns, strict=True):
        messages[field] = column[by_time]
    return messages


def _orders(
    random: np.random.RandomState, volatility: float, swing: float, count: int
) -> tuple[list[int], list[int], list[int]]:
    """Price, quantity and depth of each order, by its number: four uniforms each."""
    step = volatility * math.sqrt((swing / volatility) ** 2 / count) if volatility else 0.0
    one, two, at, size = random.random_sample((count, 4)).T.tolist()
    weight = [HUMP * math.exp(-0.5 * (k - HUMP_AT) ** 2) + 1 / math.pow(k + 1.0, DEPTH_POWER) for k in range(LEVELS)]
    reach = np.cumsum(weight)
    depth = np.minimum(np.searchsorted(reach, np.array(at) * reach[-1]), LEVELS - 1).tolist()
    mid, price = START, []
    for k in range(count):
        normal = math.sqrt(-2.0 * math.log(max(one[k], 1e-300))) * math.cos(2.0 * math.pi * two[k])
        mid *= math.exp(-0.5 * step * step + step * normal)
        ticks = _nearest(_nearest(mid / TICK) * TICK / TICK)
        price.append(max(1, ticks - depth[k] - 1 if k < count // 2 else ticks + depth[k] + 1))
    return price, [1 + int(u * 100) for u in size], depth


def _nearest(value: float) -> int:
    """Halves away from zero, as C does; all values are positive."""
    return math.floor(value + 0.5)


def _shuffled(random: np.random.RandomState, count: int) -> list[int]:
    """Fisher and Yates, from the last place down."""
    order = list(range(count))
    for place, u in zip(range(count - 1, 0, -1), random.random_sample(count - 1).tolist(), strict=True):
        other = int(u * (place + 1))
        order[place], order[other] = order[other], order[place]
    return order


def _uniforms(random: np.random.RandomState):
    while True:
        yield from random.random_sample(1 << 16).tolist()


def _lives(uniforms, arrival, price, quantity, depth):
    """(time, kind, side, ioc, quantity, order_id, price_ticks) of every message, order by order."""
    draw = uniforms.__next__
    now, half = 0, len(arrival) // 2
    rate = math.log(2.0) / MEDIAN_LIFE_US
    for k in arrival:
        side, ticks, lots, name = int(k >= half), price[k], quantity[k], k + 1
        ioc = draw() < IOC_SHARE
        yield now, NEW, side, int(ioc), lots, name, ticks
        if ioc:
            now += 1
            continue
        modified, new_ticks = draw() < MODIFY_SHARE, ticks
        if modified:
            now += 30 + int(draw() * 70)
            if draw() < REPRICE_SHARE:
                new_ticks += 1 - 2 * side
            yield now, MODIFY, side, 0, lots + 1, name, new_ticks
        if draw() < CANCEL_SHARE:
            now += int(-math.log(max(draw(), 1e-300)) / (rate / math.sqrt(1.0 + depth[k])))
            yield now, CANCEL, side, 0, lots, name, ticks
            if draw() < REPEAT_SHARE:
                now += 1 + int(draw() * 20)
                yield now, CANCEL, side, 0, lots, name, ticks
            if modified and draw() < REPEAT_SHARE:
                now += 1 + int(draw() * 20)
                yield now, MODIFY, side, 0, lots + 1, name, new_ticks
        now += 1


def busy(*, messages: int = 5_000_000, seed: int = 7) -> npt.NDArray[np.void]:
    """52 % adds, 41 % cancels, 7 % that take at once: a quiet stock's day, thousands of orders resting, sparse ids."""
    random = np.random.default_rng(seed)
    flow = np.zeros(messages, MESSAGE)
    kind = random.choice(3, messages, p=(0.52, 0.41, 0.07))
    number = np.cumsum(kind != 1)
    lag = random.geometric(1 / 8_000, messages)
    whose = np.where(kind == 1, np.maximum(number - lag, 0), number)
    middle = 20_000 + np.cumsum(random.choice([-1, 0, 1], messages, p=(0.005, 0.99, 0.005)))
    flow["side"] = random.integers(0, 2, messages)
    away = 2 * flow["side"].astype(np.int64) - 1
    flow["kind"], flow["ioc"] = kind == 1, kind == 2
    flow["order_id"] = whose.astype(np.uint64) * np.uint64(0x9E3779B1)
    flow["sequence"] = np.arange(messages)
    flow["price_ticks"] = middle + away * np.where(kind == 2, -10, random.geometric(0.12, messages))
    flow["quantity"] = np.where(kind == 2, random.integers(1, 400, messages), random.integers(1, 100, messages))
    return flow


def sha256_of(reports: npt.NDArray[np.void]) -> str:
    """The suite's hash: one line a report, by sequence number and type, each type with its own fields."""
    reports = reports[np.lexsort((reports["type"], reports["sequence"]))]
    fields = ("type", "sequence", "side", "order_id", "price_ticks", "quantity", "maker_id", "taker_id")
    rows = zip(*(reports[field].tolist() for field in fields), strict=True)
    digest = hashlib.sha256()
    before = ""
    while part := list(islice(rows, 1 << 16)):
        digest.update((before + "\n".join(_line(row) for row in part)).encode())
        before = "\n"
    return digest.hexdigest()


def _line(report: tuple[int, ...]) -> str:
    kind, sequence, side, order_id, price_ticks, quantity, maker_id, taker_id = report
    if kind in (0, 3):
        return f"{kind},{sequence},{side},{order_id},{price_ticks},{quantity}"
    if kind == 1:
        return f"1,{sequence},{price_ticks},{quantity},{maker_id},{taker_id}"
    if kind == 2:
        return f"2,{sequence},{side},{order_id},{price_ticks}"
    return f"{kind},{sequence},{order_id}"
