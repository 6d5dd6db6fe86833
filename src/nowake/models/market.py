"""What an estimate or a schedule needs to know of the market: price, volatility, volume, spread.

Measured from quotes and trades between two instants, it says what it looked at. Looking past the start of the order
it is to serve is named (`look_ahead`): fine for explaining a day, wrong for judging a plan."""

from __future__ import annotations

from typing import Self

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes, Trades
from nowake.domain.order import ParentOrder
from nowake.microstructure.spreads.quoted import quoted_spread
from nowake.models.doubt import Doubt
from nowake.models.terms import Size, Terms
from nowake.models.volatility import realised_volatility, two_sided
from nowake.models.volume import VolumeCurve
from nowake.statistics.measurement import Measurement

_SCALED = (
    "the volumes of the day and of the window are scaled from what was looked at; how far days differ from each other "
    "is not in the intervals (give daily_volume_sd)"
)


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """The market one order meets.

    Parameters
    ----------
    price
        Mid in currency per share: the arrival price where it could be seen, else the last one looked at.
    daily_volatility
        Fraction of the price per sqrt(trading session), 0.02 for 2 %.
    daily_volume
        Shares of continuous trading in a session, auctions apart.
    spread_bps
        Quoted spread, ask less bid, in basis points of the mid.
    window_volume
        Shares the market trades in the order's window without us; None where unknown.
    trade_size
        Average print of continuous trading in shares; None where unknown.
    shares_outstanding
        Shares the company has issued; None where unknown, for market data do not say it.
    daily_volume_sd
        One standard deviation of the daily volume as a forecast, in shares; 0 takes it as known. The volume of the
        window is as uncertain in proportion.
    looked_from_ns, looked_to_ns
        What was looked at; None where the numbers were given.
    look_ahead
        Whether anything after the order's start was looked at.
    notes
        What was scaled or assumed, one sentence each.
    """

    price: float
    daily_volatility: Measurement
    daily_volume: float
    spread_bps: Measurement
    window_volume: float | None = None
    trade_size: float | None = None
    shares_outstanding: float | None = None
    daily_volume_sd: float = 0.0
    looked_from_ns: int | None = None
    looked_to_ns: int | None = None
    look_ahead: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("price", "daily_volume"):
            value = getattr(self, name)
            if not 0 < value < float("inf"):
                raise BadParameter(f"{name} {value} must be a finite number above 0")
        for name, measured in (("daily_volatility", self.daily_volatility), ("spread_bps", self.spread_bps)):
            if measured.value < 0:
                raise BadParameter(f"{name} {measured.value} must be 0 or more")
        if self.daily_volatility.value > 1:
            raise BadParameter(
                f"daily_volatility {self.daily_volatility.value} is above 1 (100 % a day); "
                "give a fraction, 0.02 for 2 % a day"
            )
        for name in ("trade_size", "shares_outstanding"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise BadParameter(f"{name} {value} must be a finite number above 0, or None")
        if not 0 <= self.daily_volume_sd < float("inf"):
            raise BadParameter(f"daily_volume_sd {self.daily_volume_sd} must be 0 or more and finite")
        if self.window_volume is not None and not 0 <= self.window_volume < float("inf"):
            raise BadParameter(f"window_volume {self.window_volume} must be 0 or more, or None")

    @classmethod
    def given(
        cls,
        *,
        price: float,
        daily_volatility: float,
        daily_volume: float,
        spread_bps: float,
        window_volume: float | None = None,
        trade_size: float | None = None,
        shares_outstanding: float | None = None,
        daily_volatility_sd: float = 0.0,
        daily_volume_sd: float = 0.0,
        spread_bps_sd: float = 0.0,
    ) -> Self:
        """A market from plain numbers, with one standard deviation of each that is not exact."""
        return cls(
            price=price,
            daily_volatility=Measurement.given(daily_volatility, sd=daily_volatility_sd),
            daily_volume=daily_volume,
            spread_bps=Measurement.given(spread_bps, sd=spread_bps_sd),
            window_volume=window_volume,
            trade_size=trade_size,
            shares_outstanding=shares_outstanding,
            daily_volume_sd=daily_volume_sd,
        )

    @classmethod
    def measure(
        cls,
        order: ParentOrder,
        quotes: Quotes,
        trades: Trades,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        curve: VolumeCurve | None = None,
    ) -> Self:
        """The market of an order's session, from what its quotes and trades show between two instants.

        Parameters
        ----------
        start_ns, end_ns
            What to look at; by default the whole session, which looks past the order's start and says so.
            `end_ns=order.start_ns` looks at nothing the desk could not have seen.
        curve
            How volume spreads over the day, to scale what was seen to a day and to the window; without it
            volume is taken to run evenly.

        Raises
        ------
        BadData
            When there are no quotes, no prints, or no movement to measure.
        BadParameter
            When the interval is empty or the curve has no volume in it.
        """
        session = order.instrument.session
        start = session.open_ns if start_ns is None else max(start_ns, session.open_ns)
        end = session.close_ns if end_ns is None else min(end_ns, session.close_ns)
        start, end, notes = _covered(order, quotes, start, end)
        curve = curve or VolumeCurve(edges_ns=(session.open_ns, session.close_ns), shares=(1.0,))
        share = curve.share_between(start, end)
        if not share > 0:
            raise BadParameter(f"the curve has no volume between {session.clock(start)} and {session.clock(end)}")
        lots = _volume_lots(trades, start, end)
        if lots == 0:
            raise BadData(f"no continuous print between {session.clock(start)} and {session.clock(end)}")
        if start <= order.start_ns and order.end_ns <= end:
            window_lots = float(_volume_lots(trades, order.start_ns, order.end_ns))
        else:
            window_lots = lots / share * curve.share_between(order.start_ns, order.end_ns)
            notes = (*notes, _SCALED)
        volatility = realised_volatility(quotes, session, start_ns=start, end_ns=end)
        return cls(
            price=order.instrument.price(_mid_ticks(quotes, min(max(order.start_ns, start), end))),
            daily_volatility=volatility,
            daily_volume=order.instrument.quantity(lots / share),
            spread_bps=quoted_spread(quotes, start_ns=start, end_ns=end).bps,
            window_volume=order.instrument.quantity(window_lots),
            trade_size=order.instrument.quantity(lots / _prints(trades, start, end)),
            looked_from_ns=start,
            looked_to_ns=end,
            look_ahead=end > order.start_ns,
            notes=notes,
        )

    def terms(self, quantity: Size, days: Size) -> Terms:
        """What an impact model is asked: an order of a size, traded evenly over some sessions of this market.

        Without a volume for the window, or with one of 0, its volume is the day's, spread evenly.
        """
        return Terms(
            quantity=quantity,
            days=days,
            volatility=self.daily_volatility.value,
            daily_volume=self.daily_volume,
            price=self.price,
            spread_bps=self.spread_bps.value,
            window_volume=self.window_volume or None,
            trade_size=self.trade_size,
            shares_outstanding=self.shares_outstanding,
        )

    def at_participation(self, quantity: Size, participation: Size) -> Terms:
        """What an impact model is asked: an order traded evenly at a share of all volume, ours included.

        The window is as long as that takes at the day's volume, spread evenly.

        Raises
        ------
        BadParameter
            As for `Terms.at_participation`.
        """
        return Terms.at_participation(
            quantity,
            participation,
            volatility=self.daily_volatility.value,
            daily_volume=self.daily_volume,
            price=self.price,
            spread_bps=self.spread_bps.value,
            trade_size=self.trade_size,
            shares_outstanding=self.shares_outstanding,
        )

    @property
    def doubt(self) -> Doubt:
        """One standard deviation of each measured input."""
        return Doubt(
            volatility=self.daily_volatility.sd, spread_bps=self.spread_bps.sd, daily_volume=self.daily_volume_sd
        )

    @property
    def spread(self) -> float:
        """Quoted spread in currency per share."""
        return self.spread_bps.value / 1e4 * self.price

    @property
    def volatility(self) -> float:
        """Standard deviation of the price in currency per share per sqrt(session): sigma of Almgren & Chriss."""
        return self.daily_volatility.value * self.price

    def __str__(self) -> str:
        rows = [
            f"price             {self.price:,.6g}",
            f"daily volatility  {self.daily_volatility.value:.3%} "
            f"[{self.daily_volatility.low:.3%}, {self.daily_volatility.high:.3%}]",
            f"daily volume      {self.daily_volume:,.0f}",
            f"spread            {self.spread_bps.value:.3g} bps "
            f"[{self.spread_bps.low:.3g}, {self.spread_bps.high:.3g}]",
        ]
        if self.look_ahead:
            rows.append("looks past the start of the order: explains the day, does not forecast it")
        return "\n".join([*rows, *self.notes])


def days_of(order: ParentOrder) -> float:
    """Length of an order's window in trading sessions: the unit of time of the impact models."""
    session = order.instrument.session
    return order.duration_ns / (session.close_ns - session.open_ns)


def _covered(order: ParentOrder, quotes: Quotes, start: int, end: int) -> tuple[int, int, tuple[str, ...]]:
    """What was asked for, cut to where two-sided quotes exist, and a note when that cut 2 % or more."""
    session = order.instrument.session
    if end <= start:
        raise BadParameter(
            f"nothing lies between {session.clock(start)} and {session.clock(end)} of the session; "
            "look at a longer time, or give the numbers with MarketState.given"
        )
    times, _ = two_sided(quotes)
    times = times[times <= end]
    if not len(times) or int(times[-1]) <= start:
        raise BadData(f"no two-sided quote between {session.clock(start)} and {session.clock(end)}")
    first, last = max(start, int(times[0])), int(times[-1])
    # A market may stand still for a while; only a real gap means that the data end.
    if (first - start) + (end - last) < 0.02 * (end - start):
        return start, end, ()
    note = f"quotes cover {session.clock(first)}-{session.clock(last)} only; volume of a day is scaled from them"
    return first, last, (note,)


def _volume_lots(trades: Trades, start: int, end: int) -> int:
    return int(trades.lots[_continuous(trades, start, end)].sum())


def _prints(trades: Trades, start: int, end: int) -> int:
    return int(_continuous(trades, start, end).sum())


def _continuous(trades: Trades, start: int, end: int) -> npt.NDArray[np.bool_]:
    return (trades.time_ns >= start) & (trades.time_ns <= end) & ~trades.auction


def _mid_ticks(quotes: Quotes, time_ns: int) -> float:
    """The latest two-sided mid at or before an instant, else the first after it."""
    times, mids = two_sided(quotes)
    return float(mids[max(0, int(np.searchsorted(times, time_ns, side="right")) - 1)])
