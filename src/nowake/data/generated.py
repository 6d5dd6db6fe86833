"""A generated trading day, order by order: the same seed gives the same bytes (for one release of numpy's generator).

The times of a session and a fair price are drawn here; the book they feed is `nowake.kernels.orderflow`, whose
docstring says what the flow leaves out. The price is a random walk whose variance, like the volume, follows a U over
the session (the shape is that of Admati and Pfleiderer 1988, "A theory of intraday patterns"; its depth is ours).
No drift, no news, no auctions, no impact. For teaching, tests and benchmarks, never for fitting a model."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from nowake.data.day import Day, quotes_of_touch, trades_of_events
from nowake.domain.errors import BadParameter, OutOfCapacity
from nowake.domain.instrument import Instrument, Session
from nowake.domain.units import check_date, local_ns, parse_time_of_day
from nowake.kernels.layout import EVENT

MONDAY = dt.date(2026, 1, 5)
TIMEZONE = "America/New_York"

_SATURDAY = 5
_NO_CALENDAR = (
    "A generated day knows no holidays and no half days: it opens at 09:30 and closes at 16:00 on any weekday"
)

_OPENING_ORDERS = 160  # All in the first instants, so that the book is there when the flow begins.
_CROWD = 260  # Live orders at which cancelling is as likely as adding.
_SEATS = 1 << 16
_EVENTS_PER_STEP = 1.066  # A market order may execute several orders; measured over seeds 1 to 8.
_FARTHEST = 120  # Ticks behind the touch.
_SIZES = np.array([100, 200, 300, 500, 1000, 50, 25, 10, 5, 1])
_SIZE_WEIGHTS = np.array([0.55, 0.10, 0.05, 0.03, 0.01, 0.08, 0.06, 0.06, 0.03, 0.03])


def generate_day(
    seed: int = 7,
    *,
    symbol: str = "GEN",
    date: dt.date = MONDAY,
    events: int = 300_000,
    price: float | str | Decimal = "40.00",
    daily_volatility: float = 0.015,
) -> Day:
    """A day of orders, executions and cancels of one generated stock, 09:30 to 16:00 New York.

    Parameters
    ----------
    seed
        Any integer from 0 to 2**63 - 1.
    symbol, date
        What to call it, and the day to put it on: any weekday. No calendar is asked, so a holiday passes for a day of
        trading and a half day for a whole one; a warning says so on every date but the default, which is a whole day.
    events
        About how many events (within 5 %), 1,000 to 20,000,000.
    price
        Where the fair price begins, in currency, a multiple of 0.01.
    daily_volatility
        Standard deviation of the fair price over the session, as a fraction of `price`.

    Returns
    -------
    Day
        Order-by-order events with the quotes and trades they make; the depth is full.

    Raises
    ------
    BadParameter
        When a parameter is out of its range, or the date a Saturday or Sunday.
    OutOfCapacity
        When the flow outgrows the kernel's fixed stores.

    Examples
    --------
    >>> generate_day(seed=3, events=2_000).can_replay
    True
    """
    _check(seed, events, daily_volatility)
    instrument = Instrument(symbol=symbol, venue="GEN", session=session_without_calendar(date))
    start_ticks = instrument.ticks(price)
    move_ticks = daily_volatility * start_ticks
    if start_ticks < 8 * move_ticks + 2 * _FARTHEST:
        raise BadParameter(
            f"price {price} with a daily volatility of {daily_volatility:g} could reach zero; raise the price"
        )
    rng = np.random.default_rng(seed)
    steps = round(events / _EVENTS_PER_STEP)
    times_ns = _times(rng, steps, instrument.session)
    fair = start_ticks + np.cumsum(rng.standard_normal(steps)) * (move_ticks / math.sqrt(steps))
    draws = rng.random((steps, 3))
    lots = _SIZES[np.searchsorted(np.cumsum(_SIZE_WEIGHTS)[:-1], rng.random(steps), side="right")]
    offsets = _offsets(rng, steps)
    out, touch = _run(times_ns, fair, draws, lots, offsets)
    return Day(
        instrument=instrument,
        source=f"generated:{seed}",
        events=out,
        quotes=quotes_of_touch(out["time_ns"], touch.astype(np.int64)),
        trades=trades_of_events(out),
        depth=0,
        warnings=() if date == MONDAY else (_NO_CALENDAR,),
    )


def session_without_calendar(date: dt.date) -> Session:
    """09:30 to 16:00 New York on any weekday, without asking (and importing) a calendar: holidays are not known.

    Raises
    ------
    BadParameter
        When the date is a Saturday or Sunday, or outside 1970-01-02 to 2200-12-31.
    """
    check_date(date)
    if date.weekday() >= _SATURDAY:
        friday = date - dt.timedelta(days=date.weekday() - _SATURDAY + 1)
        raise BadParameter(f"date {date} is a {date:%A}; a generated day needs a weekday, for example {friday}")
    return Session(
        date=date,
        timezone=TIMEZONE,
        open_ns=local_ns(date, TIMEZONE, parse_time_of_day("09:30")),
        close_ns=local_ns(date, TIMEZONE, parse_time_of_day("16:00")),
    )


def _check(seed: int, events: int, daily_volatility: float) -> None:
    if not 0 <= seed < 2**63:
        raise BadParameter(f"seed {seed} must be 0 or more, below 2**63")
    if not 1_000 <= events <= 20_000_000:
        raise BadParameter(f"events {events} must be from 1,000 to 20,000,000")
    if not 0 <= daily_volatility <= 0.1:
        raise BadParameter(f"daily_volatility {daily_volatility} must be from 0 to 0.1")


def _times(rng: np.random.Generator, steps: int, session: Session) -> npt.NDArray[np.int64]:
    """Instants of the steps: the opening orders first, the rest with a rate of 1 + 3 (2x - 1)² over the session."""
    x = np.linspace(0.0, 1.0, 2049)
    share = (x + 0.5 * ((2 * x - 1) ** 3 + 1)) / 2.0  # ∫ 1 + 3 (2x - 1)² dx, as a share of the whole.
    ranks = np.sort(rng.random(steps - _OPENING_ORDERS))
    since_open = np.interp(ranks, share, x) * (session.close_ns - session.open_ns)
    times_ns = np.full(steps, session.open_ns)
    times_ns[_OPENING_ORDERS:] += since_open.astype(np.int64)
    return times_ns


def _offsets(rng: np.random.Generator, steps: int) -> npt.NDArray[np.int64]:
    """Ticks behind the nearest price: half geometric, half with a fat tail, drawn from a table of shares."""
    k = np.arange(_FARTHEST)
    weights = 0.62**k / np.sum(0.62**k) + 1.0 / (k + 4.0) ** 2 / np.sum(1.0 / (k + 4.0) ** 2)
    shares = np.cumsum(weights) / np.sum(weights)
    return np.searchsorted(shares[:-1], rng.random(steps), side="right")


def _run(
    times_ns: npt.NDArray[np.int64],
    fair: npt.NDArray[np.float64],
    draws: npt.NDArray[np.float64],
    lots: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int32]]:
    from nowake.kernels import orderflow, runtime  # noqa: PLC0415

    low = math.floor(float(fair.min())) - 4 * _FARTHEST
    width = math.ceil(float(fair.max())) + 4 * _FARTHEST - low
    capacity = 2 * len(times_ns)
    events, touch = np.zeros(capacity, EVENT), np.zeros((capacity, 4), np.int32)
    runtime.announce_njit(orderflow.order_flow, "compiling the generator")
    count = orderflow.order_flow(
        width, _OPENING_ORDERS, _CROWD, times_ns, fair - low, draws, lots, offsets, _SEATS, events, touch
    )
    if count < 0:
        raise OutOfCapacity(f"the generated book left its {width} prices or {_SEATS} live orders; use another seed")
    events, touch = events[:count].copy(), touch[:count].copy()
    events["price_ticks"] += low
    for column in (0, 2):
        touch[:, column] = np.where(touch[:, column + 1] > 0, touch[:, column] + low, 0)
    return events, touch
