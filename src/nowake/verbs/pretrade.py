"""Verb 1 in full: everything a desk asks of an order before it trades, by every model that can answer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nowake.data.day import Day
from nowake.domain.errors import NowakeError
from nowake.domain.order import ParentOrder
from nowake.microstructure.spreads.resilience import Resilience, resilience
from nowake.models.estimate import estimates
from nowake.models.liquidity import WITHIN_BPS, Liquidity, liquidity, scores
from nowake.models.market import MarketState
from nowake.models.pretrade.capacity import Capacity
from nowake.models.pretrade.fees import NO_FEES, Fees
from nowake.models.pretrade.portfolio import Portfolio
from nowake.models.pretrade.urgency import Risk
from nowake.models.volatility import two_sided
from nowake.models.volume import VolumeCurve
from nowake.reports.analysis import Analysis
from nowake.verbs.asked import Asked, Model, asked_of
from nowake.verbs.books import books_of
from nowake.verbs.checks import check_order
from nowake.verbs.default_models import default_models
from nowake.verbs.estimate import Estimate, cautions_of
from nowake.verbs.market import market_of
from nowake.verbs.promote import promote

if TYPE_CHECKING:
    import polars as pl

    from nowake.reports.pictures.canvas import Picture


class PreTrade(Analysis, frozen=True, kw_only=True):
    """Everything asked of one order before trading. Prints as tables; `write` makes one self-contained HTML file.

    `source`, `fingerprint` and `command` say what it was made of.
    """

    estimates: tuple[Estimate, ...]
    source: str = ""
    fingerprint: str = ""
    command: str = ""

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page as HTML that opens without network."""
        from nowake.reports import html  # noqa: PLC0415
        from nowake.reports.pretrade import build_page  # noqa: PLC0415

        page = build_page(self, source=self.source, fingerprint=self.fingerprint, command=self.command)
        return html.write(path, page)

    def to_frame(self) -> pl.DataFrame:
        """One row a model and part of the cost."""
        import polars as pl  # noqa: PLC0415

        frames = [each.to_frame().with_columns(model=pl.lit(each.model)) for each in self.estimates]
        return pl.concat(frames)

    def plot(self) -> Picture:
        """Every model's expectation with its interval."""
        from nowake.reports.pictures.estimate_models import estimate_models  # noqa: PLC0415

        return estimate_models(self.estimates, level=self.level)

    def __str__(self) -> str:
        from nowake.reports import tables  # noqa: PLC0415

        return "\n\n".join(tables.render(table) for table in self.short_tables)

    __repr__ = __str__


def pretrade(
    order: ParentOrder,
    day: Day,
    models: Model | Sequence[Model] | None = None,
    *,
    look_ahead: bool = True,
    market: MarketState | None = None,
    fees: Fees = NO_FEES,
    portfolio: Portfolio | None = None,
    risk_aversion: float | None = None,
    risk: Risk = Risk.SD,
    limit_bps: float | Sequence[float] = (),
    curves: bool = True,
    ways: bool = True,
    book: bool = True,
    reference: Sequence[MarketState] = (),
    level: float = 0.95,
    command: str = "",
) -> PreTrade:
    """Cost by model, best rate, cost against urgency, capacity, ways to trade, and what the book offers.

    Parameters
    ----------
    order, day, look_ahead, fees, portfolio
        As for `estimate`.
    models
        Those asked; by default all that the market's data allow.
    market
        What the order meets, instead of measuring it on the day.
    risk_aversion, risk
        Lambda of the best rate, and what it multiplies; without it the best rate is not asked.
    limit_bps
        Expected cost whose capacity is asked, or several; none asks none.
    curves, ways, book
        Whether to ask for cost against urgency, ways to trade, and liquidity.
    reference
        Markets of other days or symbols the four scores rank this one among.
    level
        Of all intervals.
    command
        What makes it again, for the foot of the page.

    Raises
    ------
    BadParameter, BadData
        As for `estimate`, `Estimate.best` and `Estimate.capacity`.
    """
    check_order(order, day)
    market = market or market_of(order, day, look_ahead=look_ahead)
    asked, absent = _asked(models, market)
    cautions = [cautions_of(each.law, order, market, each.seen) for each in asked]
    made = estimates(order, market, [each.law for each in asked], fees=fees, portfolio=portfolio, cautions=cautions)
    named = (msgspec.structs.replace(one, model=each.label) for one, each in zip(made, asked, strict=True))
    done = tuple(promote(each, Estimate) for each in named)
    bounds = {"risk_aversion": risk_aversion, "risk": risk, "level": level}
    return PreTrade(
        estimates=done,
        absent=absent,
        curves=tuple((each.model, each.curve()) for each in done) if curves else (),
        best=tuple((each.model, each.best(**bounds)) for each in done) if risk_aversion is not None else (),  # type: ignore[arg-type]
        capacities=_capacities(done, [limit_bps] if isinstance(limit_bps, int | float) else limit_bps, level),
        ways=tuple((each.model, each.strategies(_curve(day, look_ahead=look_ahead))) for each in done) if ways else (),
        **(_book(order, day, market, reference, look_ahead=look_ahead, level=level) if book else {}),
        risk_aversion=risk_aversion if risk is Risk.SD else None,
        level=level,
        source=f"{day.source} {day.instrument.session.date}",
        fingerprint=day.fingerprint,
        command=command,
    )


def _asked(models: Model | Sequence[Model] | None, market: MarketState) -> tuple[tuple[Asked, ...], dict[str, str]]:
    if models is not None:
        return asked_of(models, market), {}
    found, absent = default_models(market)
    return asked_of(list(found.values()), market), absent


def _capacities(
    done: Sequence[Estimate], limits_bps: Sequence[float], level: float
) -> tuple[tuple[str, Capacity], ...]:
    """In the order's own window, and at ten percent of volume."""
    return tuple(
        (each.model, each.capacity(limit_bps, level=level, **held))
        for each in done
        for limit_bps in limits_bps
        for held in ({}, {"participation": 0.1})
    )


def _seen(order: ParentOrder, *, look_ahead: bool) -> tuple[int, int]:
    """What of the day may be looked at: the order's window, or for a forecast what came before it."""
    if look_ahead:
        return order.start_ns, order.end_ns
    return order.instrument.session.open_ns, order.start_ns


def _liquidity(
    order: ParentOrder, day: Day, market: MarketState, *, look_ahead: bool, level: float
) -> Liquidity | None:
    """What the book offers while the data last; None where they have no quote in the window, or nothing before it."""
    start_ns, end_ns = _seen(order, look_ahead=look_ahead)
    times, _ = two_sided(day.quotes)
    if not len(times):
        return None
    first, last = max(start_ns, int(times[0])), min(end_ns, int(times[-1]))
    # A market may stand still for a while; only a real gap means that the data end, and a book there is invented.
    if (first - start_ns) + (end_ns - last) > 0.02 * (end_ns - start_ns):
        start_ns, end_ns = first, last
    if end_ns <= start_ns:
        return None
    return liquidity(
        order.quantity,
        order.side,
        order.instrument,
        market,
        day.quotes,
        start_ns=start_ns,
        end_ns=end_ns,
        books=books_of(day, start_ns=start_ns, end_ns=end_ns),
        within_bps=WITHIN_BPS,
        level=level,
    )


def _resilience(order: ParentOrder, day: Day, *, look_ahead: bool, level: float) -> tuple[Resilience | None, str]:
    start_ns = order.instrument.session.open_ns
    end_ns = order.instrument.session.close_ns if look_ahead else order.start_ns
    try:
        return resilience(
            day.quotes, day.trades, order.instrument.session, start_ns=start_ns, end_ns=end_ns, level=level
        ), ""
    except NowakeError as error:
        return None, str(error)


def _book(
    order: ParentOrder,
    day: Day,
    market: MarketState,
    reference: Sequence[MarketState],
    *,
    look_ahead: bool,
    level: float,
) -> dict[str, Any]:
    """The parts of an analysis that are about the book."""
    healed, because = _resilience(order, day, look_ahead=look_ahead, level=level)
    return {
        "liquidity": _liquidity(order, day, market, look_ahead=look_ahead, level=level),
        "resilience": healed,
        "resilience_because": because,
        "scores": scores(market, reference, level=level),
    }


def _curve(day: Day, *, look_ahead: bool) -> VolumeCurve | None:
    """The day's own volume curve, which only an explanation may look at."""
    if not look_ahead:
        return None
    try:
        return VolumeCurve.from_trades(day.trades, day.instrument.session)
    except NowakeError:
        return None
