"""What a basket is: lines to be traded together, and how their prices move together.

Time is in trading sessions from the basket's start. A line may begin later and must be done by its own deadline, which
may lie days ahead; one session follows the next. All money is in one currency."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Self

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.models.covariance import Covariance
from nowake.models.market import MarketState
from nowake.models.terms import Floats

SHOWN = 8
UNIT_SLIP = 6.0  # An annual volatility taken for a daily one is 16 times too large.


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a basket.

    Parameters
    ----------
    symbol
        Its name, once in the basket.
    side
        +1 buy, -1 sell.
    lots, lot_size
        Quantity in whole lots, above 0, and units of a lot.
    market
        The market it meets: price, volatility, volume, spread.
    start_days, end_days
        When it may begin, and its deadline, in sessions from the basket's start.
    sector
        For sector bands; empty where it has none.
    beta
        To the market, for beta bands.
    currency
        Of price and of everything reckoned in money.
    multiplier
        Currency that one unit is worth for one unit of price: 1 for a share, 50 for the E-mini.
    max_participation
        Its own largest trade as a fraction of the volume expected in a bucket, in place of the basket's; None for that.
    order
        The parent order it stands for; None where there is none yet.

    Raises
    ------
    BadParameter
        When a number is not finite or out of range, the window is empty, or the market has no volatility.
    """

    symbol: str
    side: Side
    lots: int
    market: MarketState
    lot_size: float = 1.0
    start_days: float = 0.0
    end_days: float = 1.0
    sector: str = ""
    beta: float = 1.0
    currency: str = "USD"
    multiplier: float = 1.0
    max_participation: float | None = None
    order: ParentOrder | None = None

    def __post_init__(self) -> None:
        if self.side not in (1, -1):
            raise BadParameter(f"side {self.side} of {self.symbol} must be +1 (buy) or -1 (sell)")
        if not (isinstance(self.lots, int) and self.lots > 0):
            raise BadParameter(f"lots {self.lots} of {self.symbol} must be a whole number above 0; the side is apart")
        for name in ("lot_size", "multiplier"):
            if not 0 < getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} of {self.symbol} must be above 0 and finite")
            msgspec.structs.force_setattr(self, name, float(getattr(self, name)))  # A lot of 100 is 100.0 shares.
        if self.max_participation is not None and not 0 < self.max_participation < math.inf:
            raise BadParameter(
                f"max_participation {self.max_participation} of {self.symbol} must be above 0 and finite, or None"
            )
        if not math.isfinite(self.beta):
            raise BadParameter(f"beta {self.beta} of {self.symbol} must be finite")
        if not 0 <= self.start_days < self.end_days < math.inf:
            raise BadParameter(
                f"{self.symbol} is to start after {self.start_days} sessions and be done after {self.end_days}; the "
                "start must be 0 or more and the deadline later"
            )
        if not self.market.daily_volatility.value > 0:
            raise BadParameter(
                f"volatility {self.market.daily_volatility.value} of {self.symbol} must be above 0: nothing that never "
                "moves carries risk"
            )

    @property
    def quantity(self) -> float:
        """Units, above 0."""
        return self.lots * self.lot_size

    @property
    def signed(self) -> float:
        """Units, buys above 0."""
        return self.side * self.quantity

    @property
    def worth(self) -> float:
        """Currency of one unit."""
        return self.market.price * self.multiplier

    @property
    def value(self) -> float:
        """Currency of the whole line, above 0."""
        return self.quantity * self.worth

    @property
    def days(self) -> float:
        """Length of its window in sessions."""
        return self.end_days - self.start_days

    def __str__(self) -> str:
        return f"{self.side.name.lower()} {self.quantity:,.10g} {self.symbol} ({self.value:,.0f} {self.currency})"


class Basket(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Lines that are traded together.

    Parameters
    ----------
    lines
        N lines of different symbols and one currency.
    covariance
        Of the N returns a session, in the order of the lines; one that names its symbols is put in that order.
    offset_days
        Where in its session the basket starts, as a share of the session: 0 at the open.

    Raises
    ------
    BadParameter
        When a symbol is there twice, currencies are mixed, the covariance is of other assets, or its volatilities are
        so far from the markets' that one of the two is in another unit.
    """

    lines: tuple[Line, ...]
    covariance: Covariance
    offset_days: float = 0.0

    def __post_init__(self) -> None:
        if not self.lines:
            raise BadParameter("a basket needs one line or more")
        _check_symbols(self.symbols)
        _check_currency(self.lines)
        if not 0 <= self.offset_days < 1:
            raise BadParameter(f"offset_days {self.offset_days} must be 0 or more and below 1: a share of the session")
        if self.covariance.symbols and self.covariance.symbols != self.symbols:
            msgspec.structs.force_setattr(self, "covariance", self.covariance.of(self.symbols))
        if len(self.covariance) != len(self.lines):
            raise BadParameter(
                f"a basket of {len(self.lines)} lines needs a covariance of as many assets, not {len(self.covariance)}"
            )
        _check_same_unit(self)

    @classmethod
    def of(
        cls,
        orders: Sequence[ParentOrder],
        markets: Mapping[str, MarketState] | Sequence[MarketState],
        *,
        covariance: Covariance,
        sectors: Mapping[str, str] | None = None,
        betas: Mapping[str, float] | None = None,
    ) -> Self:
        """Parent orders of one session, each with its market.

        Parameters
        ----------
        orders
            One for each symbol; their sessions open and close together.
        markets
            By symbol, or in the order of the orders.
        covariance
            As for a basket.
        sectors, betas
            By symbol; none, and 1, where they are not given.

        Raises
        ------
        BadParameter
            As for a basket and its lines; when sessions differ, a market is missing, or an instrument has no
            multiplier and so no value.
        """
        if not orders:
            raise BadParameter("a basket needs one order or more")
        opens, closes = _one_session(orders)
        start = min(order.start_ns for order in orders)
        session = closes - opens
        found = _markets_of(orders, markets)
        lines = tuple(
            Line(
                symbol=order.instrument.symbol,
                side=order.side,
                lots=order.lots,
                lot_size=order.instrument.quantity(1),
                market=market,
                start_days=(order.start_ns - start) / session,
                end_days=(order.end_ns - start) / session,
                sector=(sectors or {}).get(order.instrument.symbol, ""),
                beta=(betas or {}).get(order.instrument.symbol, 1.0),
                currency=order.instrument.currency,
                multiplier=_multiplier(order),
                order=order,
            )
            for order, market in zip(orders, found, strict=True)
        )
        return cls(lines=lines, covariance=covariance, offset_days=(start - opens) / session)

    @property
    def symbols(self) -> tuple[str, ...]:
        """N names."""
        return tuple(line.symbol for line in self.lines)

    @property
    def currency(self) -> str:
        """Of all lines."""
        return self.lines[0].currency

    @property
    def horizon_days(self) -> float:
        """The last deadline, in sessions from the start."""
        return max(line.end_days for line in self.lines)

    @property
    def start_ns(self) -> int | None:
        """The instant the basket starts; None where a line stands for no parent order."""
        orders = [line.order for line in self.lines]
        return None if None in orders else min(order.start_ns for order in orders if order is not None)

    def instant(self, days: float) -> str:
        """So many sessions from the start in words: the time of day where the session is known and it lies in it."""
        order, start_ns = self.lines[0].order, self.start_ns
        if order is None or start_ns is None:
            return f"{days:.3g} sessions from the start"
        session = order.instrument.session
        at_ns = start_ns + round(days * (session.close_ns - session.open_ns))
        return session.clock(at_ns) if at_ns <= session.close_ns else f"{days:.3g} sessions from the start"

    @property
    def quantities(self) -> Floats:
        """(N,) units, buys above 0."""
        return np.array([line.signed for line in self.lines])

    @property
    def worths(self) -> Floats:
        """(N,) currency of one unit of each line."""
        return np.array([line.worth for line in self.lines])

    @property
    def values(self) -> Floats:
        """(N,) signed currency of each line, buys above 0."""
        return self.quantities * self.worths

    @property
    def gross(self) -> float:
        """Currency bought and sold."""
        return float(np.abs(self.values).sum())

    @property
    def net(self) -> float:
        """Currency bought less sold."""
        return float(self.values.sum())

    @property
    def is_two_sided(self) -> bool:
        """Whether it both buys and sells."""
        return len({line.side for line in self.lines}) == 2

    def __len__(self) -> int:
        return len(self.lines)

    def __str__(self) -> str:
        bought = sum(line.value for line in self.lines if line.side == 1)
        lines, sessions = ("" if number == 1 else "s" for number in (len(self), self.horizon_days))
        return (
            f"basket of {len(self):,} line{lines}: {bought:,.0f} {self.currency} to buy, {self.gross - bought:,.0f} to "
            f"sell, within {self.horizon_days:.4g} session{sessions}"
        )


def _check_symbols(symbols: tuple[str, ...]) -> None:
    twice = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1}) if _repeats(symbols) else []
    if twice:
        raise BadParameter(
            f"{', '.join(twice[:SHOWN])} stand(s) in the basket more than once; net the lines of a symbol into one"
        )


def _repeats(symbols: tuple[str, ...]) -> bool:
    return len(set(symbols)) < len(symbols)


def _check_currency(lines: tuple[Line, ...]) -> None:
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(line.currency, []).append(line.symbol)
    if len(found) > 1:
        words = "; ".join(f"{currency}: {', '.join(names[:3])}" for currency, names in found.items())
        raise BadParameter(
            f"a basket has one currency, this one {len(found)} ({words}); convert prices and spreads, or plan a basket "
            "for each"
        )


def _check_same_unit(basket: Basket) -> None:
    """Refuse a covariance of years or of percent: off by far more than two measurements differ."""
    markets = np.array([line.market.daily_volatility.value for line in basket.lines])
    ratio = basket.covariance.volatilities / markets
    typical = float(np.median(ratio))
    if 1 / UNIT_SLIP <= typical <= UNIT_SLIP:
        return
    place = int(np.argsort(ratio)[len(ratio) // 2])
    raise BadParameter(
        f"the covariance has {basket.symbols[place]} move {basket.covariance.volatilities[place]:.3g} a session, its "
        f"market {markets[place]:.3g}: it must be of returns a session as fractions (an annual one divided by 252, one "
        "in percent by 10,000)"
    )


def _one_session(orders: Sequence[ParentOrder]) -> tuple[int, int]:
    hours = {(order.instrument.session.open_ns, order.instrument.session.close_ns) for order in orders}
    if len(hours) > 1:
        words = sorted(
            {
                f"{order.instrument.symbol} {session.date} {session.clock(session.open_ns)}-"
                f"{session.clock(session.close_ns)} {session.timezone}"
                for order in orders
                for session in (order.instrument.session,)
            }
        )
        raise BadParameter(
            f"parent orders of one basket share one session; these do not: {'; '.join(words[:SHOWN])}. Plan a basket "
            "for each, or give lines in sessions"
        )
    return hours.pop()


def _markets_of(
    orders: Sequence[ParentOrder], markets: Mapping[str, MarketState] | Sequence[MarketState]
) -> list[MarketState]:
    if not isinstance(markets, Mapping):
        if len(markets) != len(orders):
            raise BadParameter(f"{len(orders)} orders need {len(orders)} markets, not {len(markets)}")
        return list(markets)
    missing = [order.instrument.symbol for order in orders if order.instrument.symbol not in markets]
    if missing:
        raise BadParameter(f"no market is given for {', '.join(missing[:SHOWN])} ({len(missing)} missing)")
    return [markets[order.instrument.symbol] for order in orders]


def _multiplier(order: ParentOrder) -> float:
    if order.instrument.multiplier is None:
        raise BadParameter(
            f"{order.instrument.symbol} has no multiplier, so its value beside the other lines is not known; give the "
            "multiplier of the instrument"
        )
    return float(order.instrument.multiplier)
