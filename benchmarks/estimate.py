"""One pre-trade estimate, all models: microseconds an order in a list of 1,000, and milliseconds for one from Python.

What is measured, and what each side does, is in README.md. Run it with `python benchmarks/run.py estimate`."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import estimate_peer as peer
from benchmarks.measure import Record, emit, machine, spread, verdict

from nowake.data.generated import session_without_calendar
from nowake.domain.instrument import Instrument
from nowake.domain.order import ParentOrder
from nowake.models.doubt import Doubt
from nowake.models.estimate import estimates
from nowake.models.impact import (
    Almgren2005,
    Impact,
    IStar,
    Kyle,
    Linear,
    Logarithmic,
    ObizhaevaWang,
    PowerLaw,
    Propagator,
    Saturating,
    SquareRoot,
    Transient,
    TwoPart,
    kernels,
)
from nowake.models.market import MarketState
from nowake.models.pretrade.costs import Costs, costs
from nowake.models.terms import Terms

SEED = 7
# In the order of `estimate_peer.LAWS`.
STATIC: tuple[Impact, ...] = (
    Linear(gamma=2.5e-7, eta=2.5e-6, epsilon=0.06).known_to(gamma=1e-7, eta=1e-6, epsilon=0.01),
    SquareRoot(),
    PowerLaw(y=0.9, exponent=0.6, covariance=((0.04, 0.0144), (0.0144, 0.0064))),
    Logarithmic(a=0.06, b=0.002).known_to(a=0.01, b=0.001),
    Saturating(a=0.3, b=0.05).known_to(a=0.1, b=0.02),
    TwoPart(alpha=0.2, gamma=0.3).known_to(alpha=0.05, beta=0.05, gamma=0.1),
    Kyle(kyle_lambda=1e-6).known_to(kyle_lambda=2e-7),
    Almgren2005().known_to(gamma=0.041, eta=0.0062, beta=0.038, delta=0.22),
    IStar(a1=700, a2=0.55, a3=0.7, a4=0.5, b1=0.95).known_to(a1=50, a2=0.05, a3=0.05, a4=0.05, b1=0.02),
)
TRANSIENT: tuple[Impact, ...] = (
    ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0).known_to(permanent=0.1, transient=1.0, resilience=8.0),
    Propagator(y=0.8, gamma=0.5, delta=0.6).known_to(y=0.2, gamma=0.05, delta=0.1),
    Transient(permanent=0.05, transient=1.0, kernel=kernels.ShiftedPowerLaw(exponent=0.4, cutoff_days=1e-3)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--orders", type=int, default=1_000)
    parser.add_argument("--repetitions", type=int, default=30)
    arguments = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    market, sds = many(arguments.orders)
    check_same(market, sds)
    sides = cases(market, sds)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for repetition in range(-2, arguments.repetitions):  # Two rounds to warm caches.
        for name, (work, times) in sides.items():
            taken = cpu_seconds(work, times)
            if repetition >= 0:
                seconds[name].append(taken)
    emit(report({name: spread(taken) | {"median": float(np.median(taken))} for name, taken in seconds.items()}, market))


def many(orders: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Orders and markets of all sizes, and one standard deviation of each measured input."""
    rng = np.random.default_rng(SEED)
    market: dict[str, Any] = {
        "quantity": rng.uniform(1e3, 1e5, orders),
        "days": rng.uniform(0.1, 1.0, orders),
        "volatility": rng.uniform(0.01, 0.03, orders),
        "daily_volume": rng.uniform(1e6, 1e7, orders),
        "price": rng.uniform(10, 100, orders),
        "spread_bps": rng.uniform(1, 10, orders),
        "shares_outstanding": rng.uniform(1e8, 1e9, orders),
    }
    market["window_volume"] = market["daily_volume"] * market["days"] * rng.uniform(0.8, 1.2, orders)
    return market, {name: 0.1 * market[name] for name in peer.INPUTS}


def cases(market: dict[str, Any], sds: dict[str, Any]) -> dict[str, tuple[Callable[[], object], int]]:
    """What is timed, and how many times in a row."""
    terms, doubt = Terms(**market), Doubt(**sds)
    one = {name: column[:1] for name, column in market.items()}
    one_sds = {name: column[:1] for name, column in sds.items()}
    order, state = single(market, sds)
    by_hand = [(law, *parameters(model)) for law, model in zip(peer.LAWS, STATIC, strict=True)]
    return {
        "ours, list": (lambda: costs(STATIC, terms, doubt=doubt), 5),
        "peer, list": (lambda: [peer.estimate(*each, market, sds) for each in by_hand], 5),
        "ours, one": (lambda: estimates(order, state, STATIC), 20),
        "peer, one": (lambda: [peer.estimate(*each, one, one_sds) for each in by_hand], 20),
        "ours, list, transient models too": (lambda: costs((*STATIC, *TRANSIENT), terms, doubt=doubt), 5),
        "ours, one, transient models too": (lambda: estimates(order, state, (*STATIC, *TRANSIENT)), 20),
    }


def single(market: dict[str, Any], sds: dict[str, Any]) -> tuple[ParentOrder, MarketState]:
    """The first order as a desk has it: a parent order and a market, so that making the records is timed too."""
    import datetime as dt  # noqa: PLC0415

    instrument = Instrument(symbol="X", venue="XNAS", session=session_without_calendar(dt.date(2024, 1, 2)))
    state = MarketState.given(
        price=float(market["price"][0]),
        daily_volatility=float(market["volatility"][0]),
        daily_volume=float(market["daily_volume"][0]),
        spread_bps=float(market["spread_bps"][0]),
        window_volume=float(market["window_volume"][0]),
        shares_outstanding=float(market["shares_outstanding"][0]),
        daily_volatility_sd=float(sds["volatility"][0]),
        daily_volume_sd=float(sds["daily_volume"][0]),
        spread_bps_sd=float(sds["spread_bps"][0]),
    )
    session = instrument.session
    return ParentOrder.buy(instrument, 20_000, start=session.open_ns, end=session.close_ns), state


def parameters(model: Impact) -> tuple[Any, Any]:
    return np.array(model.values), np.array(model.covariance)


def check_same(market: dict[str, Any], sds: dict[str, Any]) -> None:
    """Both sides must say the same of every order by every law, or the benchmark fails."""
    ours = costs(STATIC, Terms(**market), doubt=Doubt(**sds))
    for law, model, found in zip(peer.LAWS, STATIC, ours, strict=True):
        theirs = peer.estimate(law, *parameters(model), market, sds)
        for name, column in theirs.items():
            wanted = getattr(found, name)
            # Numeric gradients are good to about seven digits.
            if not np.allclose(column, wanted, rtol=1e-5, atol=1e-9):
                worst = float(np.max(np.abs(column / wanted - 1)))
                raise SystemExit(f"{law.__name__}: {name} differs by {worst:.2g} of itself")
        assert isinstance(found, Costs)


def cpu_seconds(work: Callable[[], object], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


def report(seconds: dict[str, Record], market: dict[str, Any]) -> Record:
    orders = len(market["quantity"])
    microseconds = {
        name: float(f"{taken['median'] * 1e6 / (orders if 'list' in name else 1):.4g}")
        for name, taken in seconds.items()
    }
    conditions = machine() | {
        "orders": orders,
        "models": {"static": len(STATIC), "transient": len(TRANSIENT)},
        "cpu_microseconds_an_order": microseconds,
        "ratio_for_one_order": round(microseconds["peer, one"] / microseconds["ours, one"], 2),
    }
    return verdict(
        "estimate: all models of one order in a list",
        ours=microseconds["ours, list"],
        peer=microseconds["peer, list"],
        peer_name="numpy with scipy.optimize.approx_fprime",
        unit="CPU-microseconds an order",
        more_is_better=False,
        conditions=conditions,
    )


if __name__ == "__main__":
    main()
