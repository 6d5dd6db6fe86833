"""Orders to be estimated out of a file, a row an order: read without losing any, so that each can say what it lacks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from nowake.data.day import Day
from nowake.domain.errors import BadData, BadParameter, NowakeError
from nowake.domain.instrument import parse_number, without_separators
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.domain.units import parse_date_time
from nowake.models.market import MarketState
from nowake.models.pretrade.order_list import ListedOrder, Refused
from nowake.statistics.measurement import Measurement
from nowake.verbs.market import Given, market_of

if TYPE_CHECKING:
    from nowake.data.columns import Source

NEEDED = ("symbol", "side", "quantity")
WINDOW = ("days", "participation", "start", "end")
MARKET = ("price", "volatility", "daily_volume", "spread_bps")
OPTIONAL = (
    "volatility_sd", "daily_volume_sd", "spread_bps_sd", "window_volume", "trade_size", "shares_outstanding",
    "multiplier", "currency",
)  # fmt: skip


_LONGEST = 64  # Signs of a symbol.
_LONGEST_CURRENCY = 12  # Coins have longer names than ISO 4217 gives.
_MOST = 1e15  # Of any number of a row.


class OrdersFound(NamedTuple):
    """The orders of a file, those that could not be used, and what a user should know of the file."""

    listed: tuple[ListedOrder, ...]
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]


def read_order_file(
    path: Path,
    columns: Mapping[str, str] | None,
    *,
    days: Mapping[str, Day],
    calendar: str,
    look_ahead: bool,
) -> OrdersFound:
    """Every row as an order in its market, or as refused with the reason; rows count from 1, the header apart.

    Raises
    ------
    NotFound, BadData, BadParameter
        As for `estimate_orders`.
    """
    from nowake.data.columns import Names, read_leniently  # noqa: PLC0415

    names = Names(needed=(), optional=(*NEEDED, *WINDOW, *MARKET, *OPTIONAL), times=("start", "end"))
    source = read_leniently(path, columns, names)
    _check_columns(source)
    if not source.frame.height:
        raise BadData(f"{source.path.name} has a header and no rows")
    lasting = _sessions_between(source, calendar) if {"start", "end"} <= set(source.frame.columns) else None
    listed, refused = [], []
    for place, told in enumerate(source.frame.iter_rows(named=True)):
        row = _Row(place + 1, told, math.nan if lasting is None else float(lasting[place]))
        try:
            listed.append(row.listed(days.get(row.symbol), look_ahead=look_ahead))
        except NowakeError as error:
            refused.append(Refused(row=row.number, symbol=shown_symbol(row.symbol), reason=str(error)))
    known = {*names.optional, *(columns or {})}
    ignored = [name for name in source.headings if name not in known]
    notes = (f"columns that are not known were not looked at: {', '.join(ignored)}",) if ignored else ()
    return OrdersFound(tuple(listed), tuple(refused), notes)


def _check_columns(source: Source) -> None:
    """Refuse a file without the columns no order can do without, with what it may call them."""
    from nowake.data.column_names import MissingColumns, look_alikes  # noqa: PLC0415

    missing = [name for name in NEEDED if name not in source.frame.columns]
    if not missing:
        return
    if len(source.headings) == 1 and ";" in source.headings[0]:
        raise BadData(f"{source.path.name} separates its columns by semicolons; write commas instead")
    lacking = [name for name in (*NEEDED, *MARKET, *WINDOW) if name not in source.frame.columns]
    theirs = [name for name in source.headings if name not in source.frame.columns]
    raise MissingColumns(source.path.name, missing, source.headings, look_alikes(theirs, lacking))


class _Row:
    """One row: what it says, as text, and the sessions between its start and end, NaN where they are no instants."""

    def __init__(self, number: int, told: Mapping[str, object], sessions: float) -> None:
        self.number = number
        self.told = {name: value for name, value in told.items() if value not in {None, ""}}
        self.sessions = sessions
        self.symbol = str(self.told.get("symbol", ""))

    def listed(self, day: Day | None, *, look_ahead: bool) -> ListedOrder:
        if not self.symbol:
            raise BadData("symbol is missing")
        if self.symbol != shown_symbol(self.symbol):
            raise BadData(f"symbol {shown_symbol(self.symbol)} is longer than {_LONGEST}, or has signs not to be seen")
        side, quantity = self.side(), self.number_of("quantity")
        if not quantity > 0:
            raise BadParameter(f"quantity {quantity:g} must be above 0")
        self._check_window()
        if day is None:
            market, multiplier, currency, days = self._market(None), 1.0, "", self._days(None, quantity)
        else:
            order = self._order(day, side)
            found = ListedOrder.of(self.number, order, market_of(order, day, look_ahead=look_ahead, given=self.given()))
            market, multiplier, currency, days = (
                self._market(found.market),
                found.multiplier,
                found.currency,
                found.days,
            )
            if "days" in self.told or "participation" in self.told:
                market = msgspec.structs.replace(market, window_volume=self.maybe("window_volume"))
                days = self._days(market, quantity)
        if "participation" in self.told:
            days = self._days(market, quantity)
        return ListedOrder(
            row=self.number,
            symbol=self.symbol,
            side=side,
            quantity=quantity,
            days=days,
            market=market,
            multiplier=self.multiplier(multiplier),
            currency=self.currency(currency),
        )

    def side(self) -> Side:
        from nowake.data.orders import SIDES  # noqa: PLC0415

        told = str(self.told.get("side", ""))
        found = SIDES.get(told.lower())
        if found is None:
            raise BadData(f"side {told!r} is neither buy nor sell")
        return Side(found)

    def number_of(self, name: str) -> float:
        """A number that must be there."""
        if name not in self.told:
            raise BadData(f"{name} is missing")
        number = float(parse_number(without_separators(str(self.told[name]), name), name))
        if number < 0 and (name.endswith("_sd") or name in MARKET):
            raise BadData(f"{name} {self.told[name]} must be 0 or more")
        if abs(number) > _MOST or 0 < abs(number) < 1 / _MOST:
            raise BadData(
                f"{name} {self.told[name]} must be between {1 / _MOST:g} and {_MOST:g}; no market is like that"
            )
        if not math.isfinite(number):
            raise BadData(f"{name} {self.told[name]} must be finite; leave the field empty where it is not known")
        return number

    def maybe(self, name: str, default: float | None = None) -> float | None:
        return self.number_of(name) if name in self.told else default

    def currency(self, default: str) -> str:
        found = str(self.told.get("currency", default))
        if found != shown_symbol(found) or len(found) > _LONGEST_CURRENCY:
            raise BadData(f"currency {shown_symbol(found)} is no currency; write for example USD")
        return found

    def multiplier(self, default: float) -> float:
        found = self.maybe("multiplier")
        if found is not None and not found > 0:
            raise BadData(f"multiplier {found:g} must be above 0; it is what one unit is worth for one unit of price")
        return default if found is None else found

    def given(self) -> Given:
        """What the row says of the market; where it says all, nothing need be measured."""
        return Given(*(self.maybe(name) for name in MARKET))

    def _check_window(self) -> None:
        given: list[str] = [name for name in ("days", "participation") if name in self.told]
        given += ["start and end"] if {"start", "end"} & set(self.told) else []
        if len(given) > 1:
            raise BadData(f"{' and '.join(given)} are given; give one of days, participation, start and end")

    def _days(self, market: MarketState | None, quantity: float) -> float:
        if "days" in self.told:
            return self.number_of("days")
        if "participation" in self.told:
            market = market or self._market(None)
            return float(market.at_participation(quantity, self.number_of("participation")).days)
        if not {"start", "end"} <= set(self.told):
            raise BadData("nothing says how long it may take; give days, participation, or start and end")
        if not self.sessions > 0:
            raise BadData(self._why_no_time())
        return self.sessions

    def _why_no_time(self) -> str:
        instants = {}
        for name in ("start", "end"):
            try:
                instants[name] = parse_date_time(str(self.told[name]), "UTC")
            except BadParameter as error:
                return f"{name}: {error}, or give a day of the symbol and times of day"
        told = f"start {self.told['start']} and end {self.told['end']}"
        if instants["end"] <= instants["start"]:
            return f"end {self.told['end']} is not after start {self.told['start']}"
        if math.isnan(self.sessions):
            return f"{told}: one of them is skipped or told twice by the clocks that day; write it with an offset"
        return f"{told} leave no time of a session between them; is it a holiday, or of another --calendar?"

    def _order(self, day: Day, side: Side) -> ParentOrder:
        session = day.instrument.session
        make = ParentOrder.buy if side > 0 else ParentOrder.sell
        return make(
            day.instrument,
            without_separators(str(self.told["quantity"]), "quantity"),
            start=_moment(self.told.get("start", session.open_ns)),
            end=_moment(self.told.get("end", session.close_ns)),
        )

    def _market(self, measured: MarketState | None) -> MarketState:
        """What the row says of the market, before what was measured."""
        missing = [name for name in MARKET if name not in self.told]
        if measured is None:
            if missing:
                raise BadData(f"{', '.join(missing)} missing, and there is no day of {self.symbol} to measure them on")
            return MarketState.given(
                price=self.number_of("price"),
                daily_volatility=self.number_of("volatility"),
                daily_volume=self.number_of("daily_volume"),
                spread_bps=self.number_of("spread_bps"),
                window_volume=self.maybe("window_volume"),
                trade_size=self.maybe("trade_size"),
                shares_outstanding=self.maybe("shares_outstanding"),
                daily_volatility_sd=self.maybe("volatility_sd") or 0.0,
                daily_volume_sd=self.maybe("daily_volume_sd") or 0.0,
                spread_bps_sd=self.maybe("spread_bps_sd") or 0.0,
            )
        told: dict[str, object] = {
            name: self.number_of(name)
            for name in (
                "price",
                "daily_volume",
                "window_volume",
                "trade_size",
                "shares_outstanding",
                "daily_volume_sd",
            )
            if name in self.told
        }
        for name, ours in (("volatility", "daily_volatility"), ("spread_bps", "spread_bps")):
            if name in self.told:
                told[ours] = Measurement.given(self.number_of(name), sd=self.maybe(f"{name}_sd") or 0.0)
        return msgspec.structs.replace(measured, **told)


def shown_symbol(symbol: str) -> str:
    """A symbol as it may be printed: what is not seen (a sign that turns the text around) is spelt out, and cut."""
    spelt = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in symbol)
    return spelt if len(spelt) <= _LONGEST else f"{spelt[:_LONGEST]}..."


def _moment(told: object) -> str | int:
    """A time of day or an instant as `Session.at` takes it."""
    if isinstance(told, int):
        return told
    return str(told).replace(" ", "T").removesuffix("T00:00:00")


def _sessions_between(source: Source, calendar: str) -> np.ndarray[tuple[int], np.dtype[np.float64]] | None:
    """Sessions between start and end of each row, NaN where they are no instants; None where no row has any."""
    import polars as pl  # noqa: PLC0415

    from nowake.data.columns import moments_ns  # noqa: PLC0415
    from nowake.data.order_sessions import SessionClock, zone_of  # noqa: PLC0415

    zone = zone_of(source, calendar, "iso")
    frame = pl.DataFrame({f"{name}_ns": moments_ns(source, name, zone, "iso") for name in ("start", "end")})
    told = frame.with_row_index().drop_nulls()
    lasting = np.full(frame.height, np.nan)
    if told.height:
        clock = SessionClock.of(calendar, told)
        lasting[told["index"].to_numpy()] = clock.between(told["start_ns"].to_numpy(), told["end_ns"].to_numpy())
    return lasting
