"""What is traded, on which trading day: tick, lot, currency and session.

Prices are integer ticks and quantities integer lots inside the engine, the book and the simulator. The
methods of `Instrument` are the one place where they turn into money and shares and back."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import msgspec

from nowake.domain.errors import BadParameter
from nowake.domain.units import (
    FIRST_DATE,
    LAST_DATE,
    NS_PER_SECOND,
    clock,
    epoch_ns,
    is_date_time,
    local_ns,
    parse_date_time,
    parse_time_of_day,
)

LARGEST_COUNT = 2**53 - 1  # Ticks or lots: up to here every whole number is a float too, and int64 sums have room.


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One trading day of one venue: its date, time zone, and the instants it opens and closes."""

    date: dt.date
    timezone: str
    open_ns: int
    close_ns: int

    def __post_init__(self) -> None:
        if self.close_ns <= self.open_ns:
            raise BadParameter(
                f"session of {self.date} closes at {self.close_ns}, not after it opens at {self.open_ns}"
            )

    def at(self, moment: str | dt.datetime | int) -> int:
        """The instant, in nanoseconds UTC, at which something begins.

        Parameters
        ----------
        moment
            A local time of day ("10:00"), a local date and time ("2023-12-25T17:05", with an offset where one is
            written), an aware datetime, or nanoseconds. A time of day is the instant at which it lies inside the
            session, which may have opened the evening before; the open, where a session of 24 hours has it twice.

        Raises
        ------
        BadParameter
            When a text is neither.
        """
        return self._instants(moment)[0]

    def until(self, moment: str | dt.datetime | int) -> int:
        """The instant at which something ends: as `at`, but of a time of day that lies twice inside it the close."""
        return self._instants(moment)[-1]

    def _instants(self, moment: str | dt.datetime | int) -> list[int]:
        """The instants a moment may mean, in order; outside the session a time of day is that of its date."""
        if isinstance(moment, dt.datetime):
            return [epoch_ns(moment)]
        if not isinstance(moment, str):
            return [int(moment)]
        if is_date_time(moment):
            return [parse_date_time(moment, self.timezone)]
        time_of_day_ns = parse_time_of_day(moment)
        dates = [date for days in (-1, 0, 1) if FIRST_DATE <= (date := self.date + dt.timedelta(days)) <= LAST_DATE]
        instants = [local_ns(date, self.timezone, time_of_day_ns) for date in dates]
        inside = [time_ns for time_ns in instants if self.open_ns <= time_ns <= self.close_ns]
        return inside or [local_ns(self.date, self.timezone, time_of_day_ns)]

    def clock(self, time_ns: int, *, fraction: bool = False) -> str:
        """The local time of day of an instant of this session."""
        return clock(time_ns, self.timezone, fraction=fraction)

    def moment(self, time_ns: int) -> str:
        """The local time of day, with the date where that is another than the session's, as of the evening before."""
        date = dt.datetime.fromtimestamp(time_ns // NS_PER_SECOND, ZoneInfo(self.timezone)).date()
        return self.clock(time_ns) if date == self.date else f"{date}T{self.clock(time_ns)}"


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """Reference data of one name on one trading day.

    Parameters
    ----------
    symbol, venue
        As the venue spells them; the venue is a MIC where there is one ("XNAS").
    session
        The trading day; reference data is dated, for ticks, lots and hours change.
    tick_size
        Smallest price step, in currency.
    lot_size
        Smallest tradable quantity, in shares, contracts or coins.
    currency
        ISO 4217 code, or the coin prices are quoted in.
    multiplier
        Currency that one unit of quantity is worth for one unit of price: 1 for shares and coins, 50 for the CME's
        E-mini S&P 500. None where it is not known, or is not one number: an inverse contract is worth a fixed amount
        whatever its price. No amount of money is computed then (NaN, "n/a" in print), and a limit on value refuses;
        basis points hold, for they need none. Of an inverse contract they hold for the small moves of one order only.
    negative_prices
        Whether a price may be zero or below (spreads, some futures).
    """

    symbol: str
    venue: str
    session: Session
    tick_size: Decimal = Decimal("0.01")
    lot_size: Decimal = Decimal(1)
    currency: str = "USD"
    multiplier: Decimal | None = Decimal(1)
    negative_prices: bool = False

    def __post_init__(self) -> None:
        for name in ("tick_size", "lot_size", "multiplier"):
            value = getattr(self, name)
            if value is not None and (not value.is_finite() or value <= 0):
                raise BadParameter(f"{name} {value} of {self.symbol} must be a finite number above 0")

    def price(self, ticks: float) -> float:
        """Currency of a price in ticks, as it is quoted (whole or fractional, such as a mid or an average)."""
        numerator, denominator = self.tick_size.as_integer_ratio()
        return float(ticks) * numerator / denominator

    def ticks(self, price: float | str | Decimal) -> int:
        """Whole ticks of a price in currency.

        Raises
        ------
        BadParameter
            When the price is not finite, not a multiple of the tick, not positive where it must be, or above
            2**53 - 1 ticks.
        """
        ticks = _exact_multiple(price, self.tick_size, f"price of {self.symbol}", "tick size")
        if ticks <= 0 and not self.negative_prices:
            raise BadParameter(f"price {price} of {self.symbol} must be above 0")
        return ticks

    def quantity(self, lots: float) -> float:
        """Shares of a number of lots."""
        numerator, denominator = self.lot_size.as_integer_ratio()
        return float(lots) * numerator / denominator

    def lots(self, quantity: float | str | Decimal) -> int:
        """Whole lots of a quantity in shares.

        Raises
        ------
        BadParameter
            When the quantity is not finite, not positive, not a multiple of the lot size, or above 2**53 - 1 lots.
        """
        lots = _exact_multiple(quantity, self.lot_size, "quantity", "lot size")
        if lots <= 0:
            raise BadParameter(f"quantity {quantity} must be above 0")
        return lots

    def value(self, ticks_times_lots: float) -> float:
        """Currency of a sum of price in ticks times quantity in lots; NaN without a multiplier."""
        if self.multiplier is None:
            return math.nan
        numerator, denominator = (self.tick_size * self.lot_size * self.multiplier).as_integer_ratio()
        return float(ticks_times_lots) * numerator / denominator

    @property
    def no_value_because(self) -> str:
        """Why no amount of money is computed, in a sentence; empty where one is."""
        if self.multiplier is not None:
            return ""
        return (
            f"Amounts of {self.currency} are not computed: what one unit of {self.symbol} is worth for one unit of "
            "price is not known, or not one number (inverse contracts). Where it is, give the multiplier (--multiplier "
            "50); basis points need none."
        )


def _exact_multiple(value: float | str | Decimal, step: Decimal, what: str, step_name: str) -> int:
    exact, shown = parse_number(value, what), _shortened(str(value))
    if not exact.is_finite():
        raise BadParameter(f"{what} {shown} is not a finite number")
    if exact.copy_abs() > LARGEST_COUNT * step:
        raise BadParameter(f"{what} {shown} is beyond {LARGEST_COUNT * step}, the largest there can be")
    count = int(exact / step)
    if count * step == exact:
        return count
    below, above = sorted((count * step, (count + (1 if exact > 0 else -1)) * step))
    way_out = f"use {above:f}" if below <= 0 < exact else f"use {below:f} or {above:f}"
    raise BadParameter(f"{what} {shown} is not a multiple of {step_name} {step:f}; {way_out}")


def parse_number(value: float | str | Decimal, what: str) -> Decimal:
    """The number a text spells in plain digits: Python would also take 1_000 and the digits of other scripts.

    Raises
    ------
    BadParameter
        When it spells none; `what` begins the sentence.
    """
    text = str(value)
    try:
        if text.isascii() and "_" not in text:
            return Decimal(text)
    except InvalidOperation:
        pass
    raise BadParameter(f"{what} {_shortened(repr(value))} is not a number; write for example 1000 or 10.25")


def without_separators(text: str, what: str) -> str:
    """A number without the separators people write between groups of three digits: 1,000 and 1_000 are 1000.

    Raises
    ------
    BadParameter
        When a comma stands elsewhere: 1,5 may be meant as 1.5 or as 15.
    """
    for separator in ",_":
        if separator in text and not re.fullmatch(
            rf"[+-]?[0-9]{{1,3}}({separator}[0-9]{{3}})+(\.[0-9]+)?", text.strip()
        ):
            raise BadParameter(
                f"{what} {_shortened(repr(text))} has a {separator!r} that does not part groups of three digits; write "
                "for example 1000, 1,000 or 1.5"
            )
    return text.replace(",", "").replace("_", "")


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."
