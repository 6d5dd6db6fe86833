"""Gauges of informed trading and the functions they must agree with, for the battery of streaming measures."""

from __future__ import annotations

from nowake.domain.market import Quotes, Trades
from nowake.microstructure.toxicity import (
    GlostenHarrisGauge,
    HuangStollGauge,
    MadhavanGauge,
    PinDay,
    PinModel,
    glosten_harris_share,
    huang_stoll_share,
    madhavan_share,
    news_so_far,
)

DAY = PinModel(alpha=0.4, delta=0.3, mu=30.0, eps_buy=60.0, eps_sell=50.0)
OPEN_NS, CLOSE_NS = 20_000_000, 300_000_000
CURVE = (0.0, 0.3, 0.5, 1.0)


def _news(_: Quotes, trades: Trades) -> float:
    none, good, bad = news_so_far(DAY, trades, open_ns=OPEN_NS, close_ns=CLOSE_NS, curve=CURVE)[-1]
    assert abs(none + good + bad - 1) < 1e-12
    return float(good + bad)


TAPE = [
    ("probability of news today", lambda: PinDay(DAY, open_ns=OPEN_NS, close_ns=CLOSE_NS, curve=CURVE), _news),
    *(
        (
            f"Glosten-Harris share, by size {by_size}, merged {merge}",
            lambda by_size=by_size, merge=merge: GlostenHarrisGauge(by_size=by_size, merge=merge, least=10),
            lambda _, trades, by_size=by_size, merge=merge: glosten_harris_share(
                trades, by_size=by_size, merge=merge, least=10
            ),
        )
        for by_size, merge in ((True, True), (False, True), (True, False))
    ),
    ("Madhavan share", lambda: MadhavanGauge(least=10), lambda _, trades: madhavan_share(trades, least=10)),
    *(
        (
            f"Huang-Stoll share, bunched {bunch}",
            lambda bunch=bunch: HuangStollGauge(bunch=bunch, least=10),
            lambda quotes, trades, bunch=bunch: huang_stoll_share(quotes, trades, bunch=bunch, least=10),
        )
        for bunch in (True, False)
    ),
]
