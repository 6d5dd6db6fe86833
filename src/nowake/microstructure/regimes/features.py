"""What regimes are read from: volatility, trend, spread, depth and one-sidedness of flow over bars of one length, each
known when its bar ends and not before.

    volatility  log of the root of summed squared moves of the mid over 12 parts of the bar, in basis points; of bars
                alone log(high / low) / sqrt(4 log 2) (Parkinson 1980, "The extreme value method", J. Business 53)
    trend       how far the mid went over `trend_bars` bars, over the root of its summed squared moves, without sign: 0
                to the root of `trend_bars`, 0.80 of a random walk. Told at every `trend_bars`-th bar of the day and
                missing at others, for windows that overlap would show states that are not there
    spread      log of the time-weighted quoted spread in basis points
    depth       log of the time-weighted lots at the touch, mean of both sides (of all levels of a `Depth`)
    flow        lots bought less lots sold over their sum, without sign, 0 to 1; prints whose side nobody tells are out

Volatility and trend have no sign and no direction: a fall and a rise of one size are one regime. `direction` is told
beside them and not fitted. NaN is not known: no two-sided quote, no print, a bar between two trends. Nothing is filled
in. Moves under `floor_bps` cannot be told from none, so that volatility and spread of a constant price are the floor's,
not -inf.

Bars end on a grid from the open; only what is stamped before a bar's end counts in it, so a bar is known AT its end.
Wrong where: the day is cut into so short bars that most are empty; a mid without trades (a stale quote) shows no
volatility that is there."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Bars, Depth, Quotes, Trades
from nowake.domain.units import NS_PER_SECOND
from nowake.microstructure.regimes.chain import Floats, Ints

PARTS = 12  # Of a bar, for its volatility.
MOST_BARS = 1_000_000  # Of one table.
TREND_BARS = 6
FLOOR_BPS = 0.1
FEWEST_BARS = 3  # Of a trend.
UNITS = {
    "volatility": "log bp a bar",
    "trend": "roots of bars",
    "spread": "log bp",
    "depth": "log lots",
    "flow": "share of lots",
}


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Rows of features, one a bar, of one or several days.

    Parameters
    ----------
    time_ns
        int64[n], when each bar ended and its row was known, increasing.
    values
        float64[n, d], NaN where not known.
    names
        Of the columns.
    begins
        int64, rows that open a day; 0 is the first.
    direction
        int8[n]: of the last trend told that day, +1 up, -1 down, 0 none yet.
    opens_ns
        int64, one for each of `begins`: the open that the day's clock runs from, wherever its rows begin. None: the
        clock is UTC's, which is an hour off the market's for some days of a history after clocks change.
    """

    time_ns: Ints
    values: Floats
    names: tuple[str, ...]
    begins: Ints
    direction: npt.NDArray[np.int8]
    opens_ns: Ints | None = None

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.time_ns), len(self.names)) or len(self.direction) != len(self.time_ns):
            raise BadData(
                f"values of shape {self.values.shape} do not fit {len(self.time_ns)} times and features {self.names}"
            )
        if self.opens_ns is not None and len(self.opens_ns) != len(self.begins):
            raise BadData(f"{len(self.opens_ns)} opens for {len(self.begins)} days; give one for each")
        back = np.flatnonzero(np.diff(self.time_ns) <= 0)
        if len(back):
            raise BadData(f"row {back[0] + 1} is not later than the row above it; give days in the order of time")

    def __len__(self) -> int:
        return len(self.time_ns)

    def head(self, rows: int) -> Features:
        """The first rows alone: what was known then."""
        begins = self.begins[self.begins < max(rows, 1)]
        opens = None if self.opens_ns is None else self.opens_ns[: len(begins)]
        return Features(self.time_ns[:rows], self.values[:rows], self.names, begins, self.direction[:rows], opens)

    def only(self, names: Sequence[str]) -> Features:
        """Some of the columns.

        Raises
        ------
        BadParameter
            When a name is not among them.
        """
        for name in names:
            if name not in self.names:
                raise BadParameter(f"feature {name!r} is not one of {', '.join(self.names)}")
        columns = [self.names.index(name) for name in names]
        return dataclasses.replace(self, values=self.values[:, columns], names=tuple(names))

    @classmethod
    def of_days(cls, days: Sequence[Features]) -> Features:
        """Several days in the order of time, of the same features.

        Raises
        ------
        BadData
            When there is none, they differ in their features or overlap, or opens are told of some alone.
        """
        if not days:
            raise BadData("no days; give one or more")
        if len({day.names for day in days}) > 1:
            raise BadData(f"days have different features, {days[0].names} first; choose with `only` what all have")
        shifts = np.cumsum([0, *(len(day) for day in days[:-1])])
        begins = [day.begins + shift for day, shift in zip(days, shifts, strict=True) if len(day)]
        opens = [day.opens_ns for day in days if len(day) and day.opens_ns is not None]
        if opens and len(opens) < len(begins):
            raise BadData("some days tell when they opened and others do not; give open_ns of all or of none")
        return cls(
            np.concatenate([day.time_ns for day in days]),
            np.concatenate([day.values for day in days]),
            days[0].names,
            np.concatenate(begins) if begins else np.zeros(1, np.int64),
            np.concatenate([day.direction for day in days]),
            np.concatenate(opens) if opens else None,
        )


def tape_features(
    quotes: Quotes,
    trades: Trades | None = None,
    *,
    start_ns: int,
    end_ns: int,
    open_ns: int | None = None,
    bar_ns: int = 60 * NS_PER_SECOND,
    depth: Depth | None = None,
    trend_bars: int = TREND_BARS,
    floor_bps: float = FLOOR_BPS,
) -> Features:
    """Features of one day's quotes and prints, over bars of one length between two instants.

    Parameters
    ----------
    trades
        For the flow; auctions and hidden prints are left out. None: no such feature.
    start_ns, end_ns
        Usually the session. A last bar that does not fit is left out.
    open_ns
        When the day's session opens, which its time of day counts from (not from `start_ns`). None: UTC counts.
    bar_ns
        Length of a bar, 12 ns or more.
    depth
        Levels to take depth from; None: the touch.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    BadData
        When a price is not above 0: basis points of it mean nothing.
    """
    check_bars(bar_ns=bar_ns, trend_bars=trend_bars, floor_bps=floor_bps)
    bars = (end_ns - start_ns) // bar_ns
    if bars < 1:
        raise BadParameter(f"from {start_ns} to {end_ns} fits no bar of {bar_ns} ns; give a longer time")
    if bars > MOST_BARS:
        raise BadParameter(f"{bars:,} bars of {bar_ns} ns are more than {MOST_BARS:,}; take longer bars")
    ends = start_ns + bar_ns * np.arange(1, bars + 1)
    stands = (quotes.bid_lots > 0) & (quotes.ask_lots > 0) & (quotes.bid_ticks <= quotes.ask_ticks)
    if np.any(quotes.bid_ticks[stands] <= 0):
        low = int(quotes.bid_ticks[stands].min())
        raise BadData(f"a best bid of {low} ticks gives no basis points; prices must be above 0")
    log_mid = np.full(len(quotes), np.nan)
    log_mid[stands] = np.log((quotes.bid_ticks[stands] + quotes.ask_ticks[stands]) / 2.0)
    grid = start_ns + np.arange(PARTS * bars + 1) * bar_ns // PARTS
    moves = np.diff(_before(quotes.time_ns, log_mid, grid)).reshape(bars, PARTS)
    columns = {"volatility": _log_bps(np.sqrt((moves**2).sum(axis=1)), floor_bps)}
    steps = moves.sum(axis=1)
    columns["trend"], direction = _trend(steps, trend_bars, floor_bps)
    edges = np.append(start_ns, ends)
    with np.errstate(invalid="ignore", divide="ignore"):
        wide = np.where(
            stands, 2.0 * (quotes.ask_ticks - quotes.bid_ticks) / (quotes.ask_ticks + quotes.bid_ticks), np.nan
        )
    columns["spread"] = _log_bps(_time_mean(quotes.time_ns, wide, edges), floor_bps)
    columns["depth"] = _log_depth(quotes, depth, stands, edges)
    if trades is not None:
        columns["flow"] = _one_sidedness(trades, edges)
    opens = None if open_ns is None else np.array([open_ns], np.int64)
    return _table(ends, columns, np.zeros(1, np.int64), direction, opens)


def bar_features(
    bars: Bars,
    *,
    begins: Ints | None = None,
    opens_ns: Ints | None = None,
    trend_bars: int = TREND_BARS,
    floor_bps: float = FLOOR_BPS,
) -> Features:
    """Volatility and trend of bars, for days that have nothing else.

    Parameters
    ----------
    bars
        In the order of time, of one or several days. A row is known at the bar's end.
    begins
        Rows that open a day, where the trend starts anew; by default one day.
    opens_ns
        When each day's session opens, which its time of day counts from. None: UTC counts.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    BadData
        When a price is not above 0, a high below its low, or bars overlap.
    """
    check_bars(bar_ns=PARTS, trend_bars=trend_bars, floor_bps=floor_bps)
    prices = np.column_stack((bars.open, bars.high, bars.low, bars.close))
    wrong = np.flatnonzero((prices <= 0).any(axis=1) | (bars.high < bars.low) | (bars.end_ns <= bars.time_ns))
    if len(wrong):
        raise BadData(f"bar {wrong[0]}: {prices[wrong[0]].tolist()} is no bar; prices must be above 0 and high >= low")
    over = np.flatnonzero(bars.time_ns[1:] < bars.end_ns[:-1])
    if len(over):
        raise BadData(f"bar {over[0] + 1} begins before bar {over[0]} ends; give bars that do not overlap")
    days = np.zeros(1, np.int64) if begins is None else np.asarray(begins, np.int64)
    high_low = np.log(bars.high / bars.low)
    volatility = _log_bps(np.sqrt(high_low**2 / (4 * np.log(2))), floor_bps)
    steps = np.diff(np.log(bars.close), prepend=np.nan)
    opened = days[days < len(bars)]
    steps[opened] = np.log(bars.close[opened] / bars.open[opened])  # What happened over night is no bar's move.
    parts = [_trend(day, trend_bars, floor_bps) for day in np.split(steps, opened[1:])]
    trend, direction = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    return _table(bars.end_ns, {"volatility": volatility, "trend": trend}, days, direction.astype(np.int8), opens_ns)


def check_bars(*, bar_ns: int, trend_bars: int, floor_bps: float) -> None:
    """Refuse parameters of features that are out of their range."""
    if bar_ns < PARTS:
        raise BadParameter(f"bar_ns {bar_ns} must be {PARTS} or more, for a bar has {PARTS} parts")
    if trend_bars < FEWEST_BARS:
        raise BadParameter(f"trend_bars {trend_bars} must be {FEWEST_BARS} or more")
    if not floor_bps > 0:
        raise BadParameter(f"floor_bps {floor_bps} must be above 0, for example {FLOOR_BPS}")


def _table(
    ends: Ints, columns: dict[str, Floats], begins: Ints, direction: npt.NDArray[np.int8], opens: Ints | None
) -> Features:
    values = np.column_stack(list(columns.values()))
    return Features(ends.astype(np.int64), values, tuple(columns), begins, direction, opens)


def _log_bps(part: Floats, floor_bps: float) -> Floats:
    """Log of a part of the price in basis points, never under the floor's."""
    return np.asarray(0.5 * np.log((1e4 * part) ** 2 + floor_bps**2))


def _before(time_ns: Ints, values: Floats, at_ns: Ints) -> Floats:
    """The last known value stamped strictly before each instant; NaN before the first."""
    known = np.flatnonzero(~np.isnan(values))
    row = np.searchsorted(time_ns[known], at_ns, side="left") - 1
    found = np.full(len(at_ns), np.nan)
    found[row >= 0] = values[known[row[row >= 0]]]
    return found


def _trend(steps: Floats, trend_bars: int, floor_bps: float) -> tuple[Floats, npt.NDArray[np.int8]]:
    """How far one day's steps went over the root of their sum of squares, window after window; and which way."""
    strength, direction = np.full(len(steps), np.nan), np.zeros(len(steps), np.int8)
    windows = len(steps) // trend_bars
    told = steps[: windows * trend_bars].reshape(windows, trend_bars)
    net, squares = np.zeros(windows), np.full(windows, (floor_bps / 1e4) ** 2)
    for column in told.T:  # Summed in one order whatever the number of rows. A step that is missing leaves none.
        net, squares = net + column, squares + column**2
    ends = trend_bars * np.arange(1, windows + 1) - 1
    strength[ends] = np.abs(net) / np.sqrt(squares)
    signs = np.append(0, np.where(np.isnan(net), 0, np.sign(net))).astype(np.int8)
    direction[:] = signs[(np.arange(len(steps)) + 1) // trend_bars]
    return strength, direction


def _time_mean(time_ns: Ints, values: Floats, edges: Ints) -> Floats:
    """Time-weighted mean of a step function between edges, over the time it is known; NaN where it never is.

    Each row counts from its own time until the next row; what happens after an edge does not reach back over it.
    """
    bars = len(edges) - 1
    cuts = np.union1d(time_ns, edges)
    cuts = cuts[(cuts >= edges[0]) & (cuts <= edges[-1])]
    row = np.searchsorted(time_ns, cuts[:-1], side="right") - 1
    stood = np.where(row >= 0, values[np.maximum(row, 0)], np.nan) if len(values) else np.full(len(row), np.nan)
    bar = np.searchsorted(edges, cuts[:-1], side="right") - 1
    known = ~np.isnan(stood)
    seconds = np.diff(cuts)[known] / NS_PER_SECOND
    time = np.bincount(bar[known], weights=seconds, minlength=bars)
    area = np.bincount(bar[known], weights=seconds * stood[known], minlength=bars)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(time > 0, area / time, np.nan)


def _log_depth(quotes: Quotes, depth: Depth | None, stands: npt.NDArray[np.bool_], edges: Ints) -> Floats:
    if depth is None:
        lots = np.where(stands, (quotes.bid_lots + quotes.ask_lots) / 2.0, np.nan)
        mean = _time_mean(quotes.time_ns, lots, edges)
    else:
        both = (depth.bid_lots[:, 0] > 0) & (depth.ask_lots[:, 0] > 0)
        lots = np.where(both, (depth.bid_lots.sum(axis=1) + depth.ask_lots.sum(axis=1)) / 2.0, np.nan)
        mean = _time_mean(depth.time_ns, lots, edges)
    return np.log(mean)


def _one_sidedness(trades: Trades, edges: Ints) -> Floats:
    """|bought - sold| / (bought + sold) of each bar."""
    use = (trades.aggressor != 0) & ~trades.auction & ~trades.hidden
    use &= (trades.time_ns >= edges[0]) & (trades.time_ns < edges[-1])
    bar = np.searchsorted(edges, trades.time_ns[use], side="right") - 1
    lots = trades.lots[use].astype(np.float64)
    signed = np.bincount(bar, weights=lots * trades.aggressor[use], minlength=len(edges) - 1)
    total = np.bincount(bar, weights=lots, minlength=len(edges) - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, np.abs(signed) / total, np.nan)
