"""All that a day's tape can tell about impact, fitted at once; what it cannot tell is listed with the reason.

Each part is a file of its own: Kyle's lambda, the slope on order flow imbalance, the response of the mid and the
kernels behind it, resilience. They read one tape (market orders on the quote strictly before), so they can be held
against each other. What they measure is the impact of the trades of all, on average: for the cost of an order of one's
own it is evidence, not an answer, for a parent order's trades are not a sample of the tape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.market import Quotes, Trades
from nowake.domain.units import NS_PER_MS
from nowake.microstructure.flow.slope import OrderFlowSlope, orderflow_slope
from nowake.microstructure.market_orders import Tape, read_tape
from nowake.microstructure.spreads.kyle import (
    KyleLambda,
    horizons,
    kyle_lambda,
    kyle_lambda_by_volume,
    window_s,
    window_share,
)
from nowake.microstructure.spreads.resilience import Resilience, resilience_of
from nowake.models.impact.propagator_events import HDIM
from nowake.models.tape.history import fit_hdim
from nowake.models.tape.propagator import PropagatorFit, fit_propagator
from nowake.statistics.finding import Finding
from nowake.statistics.measurement import check_level

Part = TypeVar("Part")
_SHORT_S = 900.0
_WHOLE = 0.98
_MANY = 0.05  # Orders that share a stamp: so many that what follows which is guessed.
_RISEN = 1.2  # Impact left, as a multiple of the peak: more than chance among single orders makes of 1.


class TapeCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """What one window of one tape tells. Prints as a table.

    Parameters
    ----------
    instrument
        What was traded.
    start_ns, end_ns
        The window, cut to where there are quotes.
    orders, prints
        Market orders, and prints in them.
    signed_by
        How sides were told.
    settle_ns
        How long after an order the feed takes to show what it left.
    left_out
        Prints not used, in words.
    kyle
        Lambda over bars of time of several lengths, of volume, and with sizes as square roots.
    orderflow, propagator, history, resilience
        The other parts; None where one could not be fitted.
    seed, level
        Of resampling and of all intervals.
    refusals
        What could not be fitted and why, one sentence each.
    notes
        What a user must know to trust it, one sentence each.
    """

    instrument: Instrument
    start_ns: int
    end_ns: int
    orders: int
    prints: int
    signed_by: str
    settle_ns: int
    left_out: str
    kyle: tuple[KyleLambda, ...]
    orderflow: OrderFlowSlope | None
    propagator: PropagatorFit | None
    history: HDIM | None
    resilience: Resilience | None
    seed: int
    level: float
    refusals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def findings(self) -> tuple[Finding, ...]:
        """Every number with an interval, in the order of the parts."""
        found = [*_of_kyle(self.kyle, self.instrument), *_of_orderflow(self.orderflow)]
        return (*found, *_of_propagator(self.propagator), *_of_resilience(self.resilience))

    def __str__(self) -> str:
        session = self.instrument.session
        rows = [
            f"{self.instrument.symbol} {session.date}, {session.moment(self.start_ns)} to "
            f"{session.moment(self.end_ns)}: {self.orders:,} market orders of {self.prints:,} prints",
            f"sides by {self.signed_by}",
            f"prints left out: {self.left_out}",
            *(
                f"{each.name:<32}{each.measured.value:>12.4g}  [{each.measured.low:.4g}, {each.measured.high:.4g}]  "
                f"{each.unit}"
                for each in self.findings()
            ),
            *(f"not told: {reason}" for reason in self.refusals),
        ]
        return "\n".join([*rows, *self.notes])


def calibrate_tape(
    quotes: Quotes,
    trades: Trades,
    instrument: Instrument,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    hidden: bool = False,
    daily_volume: float | None = None,
    repeats: int = 400,
    seed: int = 0,
    level: float = 0.95,
) -> TapeCalibration:
    """Fit everything to the tape between two instants, by default the session.

    Parameters
    ----------
    hidden
        Whether hidden prints count as market orders too.
    daily_volume
        Shares of a day, for units of it; by default the tape's own, scaled to the session by the clock.
    repeats, seed
        Of the resampling behind the bands.

    Raises
    ------
    BadParameter
        When the window is empty or a parameter is out of its range.
    BadData
        When the tape cannot be used at all (see `read_tape`); a part that cannot be fitted is listed instead.
    """
    check_level(level)
    if repeats < 100:
        raise BadParameter(f"repeats {repeats} must be 100 or more for an interval")
    if daily_volume is not None and not 0 < daily_volume < float("inf"):
        raise BadParameter(f"daily_volume {daily_volume} must be above 0 and finite")
    tape = read_tape(quotes, trades, instrument.session, start_ns=start_ns, end_ns=end_ns, hidden=hidden)
    refusals: list[str] = []
    lambdas = _lambdas(refusals, tape, instrument, daily_volume=daily_volume, level=level)
    flow_bar_s = 10.0 if window_s(tape) >= _SHORT_S else 1.0
    flow = partial(orderflow_slope, tape, quotes, bar_s=flow_bar_s, level=level)
    recovery = _told(refusals, "resilience", partial(resilience_of, tape, repeats=repeats, seed=seed, level=level))
    propagator = _told(refusals, "propagator", partial(fit_propagator, tape, repeats=repeats, seed=seed, level=level))
    return TapeCalibration(
        instrument=instrument,
        start_ns=tape.start_ns,
        end_ns=tape.end_ns,
        orders=len(tape),
        prints=int(tape.prints.sum()),
        signed_by=tape.signed_by,
        settle_ns=tape.settle_ns,
        left_out=str(tape.left_out),
        kyle=lambdas,
        orderflow=_told(refusals, "order flow", flow),
        propagator=propagator,
        history=_told(refusals, "two kernels", partial(fit_hdim, tape, seed=seed)),
        resilience=recovery,
        seed=seed,
        level=level,
        refusals=(*refusals, *(propagator.refusals if propagator else ()), *(recovery.refusals if recovery else ())),
        notes=(*_notes(tape, instrument, lambdas, daily_volume), *_of_a_kernel_that_rises(propagator)),
    )


def _lambdas(
    refusals: list[str], tape: Tape, instrument: Instrument, *, daily_volume: float | None, level: float
) -> tuple[KyleLambda, ...]:
    """Over every length of bar the window holds enough of, over bars of volume, and of square roots of sizes."""
    bars_s = horizons(tape)
    in_time = partial(kyle_lambda, tape, instrument, daily_volume=daily_volume, level=level)
    by_volume = partial(kyle_lambda_by_volume, tape, instrument, daily_volume=daily_volume, level=level)
    asked: list[tuple[str, Callable[[], KyleLambda]]] = [
        *((f"lambda over {bar_s:g} s", partial(in_time, bar_s=bar_s)) for bar_s in bars_s),
        ("lambda over bars of volume", by_volume),
        ("lambda of square roots", partial(in_time, bar_s=bars_s[len(bars_s) // 2], root=True)),
    ]
    found = (_told(refusals, name, fit) for name, fit in asked)
    return tuple(each for each in found if each is not None)


def _told(refusals: list[str], name: str, fit: Callable[[], Part]) -> Part | None:
    """What a fit gives; None, with its reason in the list, where the data cannot tell."""
    try:
        return fit()
    except (BadData, BadParameter) as reason:
        refusals.append(f"{name}: {reason}")
        return None


def _notes(
    tape: Tape, instrument: Instrument, lambdas: tuple[KyleLambda, ...], daily_volume: float | None
) -> tuple[str, ...]:
    share = window_share(tape, instrument)
    notes = ["Orders meet the quote strictly before their stamp; prints of one stamp and side are one order."]
    if daily_volume is None and share < _WHOLE:
        notes.append(
            f"A day's volume is scaled by the clock from {share:.1%} of the session."
            if any(each.bps_per_percent for each in lambdas)
            else f"{share:.1%} of the session says too little of a day's volume; give daily_volume for units of it."
        )
    if tape.settle_ns:
        notes.append(
            f"Quotes follow trades by {tape.settle_ns / NS_PER_MS:g} ms or more in half of all cases; the first lags "
            "of the kernel show too little."
        )
    if (share := _shared_stamps(tape)) > _MANY:
        notes.append(
            f"{share:.0%} of the orders share their stamp with another: which came first is not known, those of one "
            "side count as one, and the first lags of the kernel show too little."
        )
    if "Lee-Ready" in tape.signed_by:
        notes.append("Sides are guessed for some prints; wrong guesses draw slopes and kernels towards 0.")
    if tape.touch.crossed:
        notes.append(f"{tape.touch.crossed:,} crossed states of the quotes were passed over.")
    return tuple(notes)


def _shared_stamps(tape: Tape) -> float:
    """Share of the orders whose stamp another order has too, of the other side or merged into it by its prints."""
    same = np.diff(tape.time_ns) == 0
    return float(np.mean(np.append(same, False) | np.append(False, same)))


def _of_a_kernel_that_rises(found: PropagatorFit | None) -> tuple[str, ...]:
    """Impact does not grow by itself: where it seems to, the tape is not what it says."""
    if found is None:
        return ()
    share, beta = found.permanent_share, found.kernel_exponent
    rises = (share is not None and (share.value > _RISEN or share.low > 1)) or (beta is not None and beta.high < 0)
    return (
        (
            "The kernel rises with the lag, which an order's impact does not do by itself: quotes are stamped before "
            "the reports of the trades that moved them, or late, or sides are guessed. Do not plan with it.",
        )
        if rises
        else ()
    )


def _of_kyle(lambdas: tuple[KyleLambda, ...], instrument: Instrument) -> Iterator[Finding]:
    for each in lambdas:
        name = f"lambda{' of roots' if each.root else ''}, bars of {each.bar}"
        unit = f"{instrument.currency}/{'√unit' if each.root else 'unit'}"
        yield Finding(name, unit, each.per_share, each.r2)
        if each.bps_per_percent is not None:
            yield Finding(f"  the same, bars of {each.bar}", "bps per 1% a day", each.bps_per_percent, each.r2)


def _of_orderflow(found: OrderFlowSlope | None) -> Iterator[Finding]:
    if found is None:
        return
    yield Finding("order flow slope", "ticks/lot", found.slope, found.r2)
    yield Finding("  times twice the depth", "1 in even book", found.against_depth)
    if found.depth_exponent is not None:
        yield Finding("  exponent of the depth", "1 in even book", found.depth_exponent)


def _of_propagator(found: PropagatorFit | None) -> Iterator[Finding]:
    if found is None:
        return
    for name, unit, measured, r2 in (
        ("memory of signs, gamma", "C(l) ~ l^-gamma", found.memory_exponent, None),
        ("decay of the kernel, beta", "G(l) ~ l^-beta", found.kernel_exponent, found.r2),
        ("impact left", f"{found.horizon} orders on", found.permanent_share, found.r2),
    ):
        if measured is not None:
            yield Finding(name, unit, measured, r2)


def _of_resilience(found: Resilience | None) -> Iterator[Finding]:
    if found is None:
        return
    for name, part in (("spread", found.spread), ("depth", found.depth)):
        if part is not None:
            slow = "" if part.quick_half_life_s is None else ", slow part"
            yield Finding(f"half-life of the {name}{slow}", "s", part.half_life_s)
            if part.quick_half_life_s is not None and part.quick_share is not None:
                yield Finding("  of the quick part", "s", part.quick_half_life_s)
                yield Finding("  share of the quick part", "of the excess", part.quick_share)
            yield Finding("  share that comes back", "of the excess", part.comes_back)
