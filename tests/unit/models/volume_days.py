"""Days of volume of known truth for tests: any list of buckets, or the state-space law itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nowake.domain.instrument import Session
from nowake.domain.market import Bars
from nowake.domain.units import NS_PER_DAY, NS_PER_MINUTE
from nowake.models.volume.buckets import DayVolume
from nowake.models.volume.state_space import Dynamics

MONDAY = dt.date(2026, 1, 5)
TRUTH = Dynamics(level_memory=0.7, level_sd=0.4, swing_memory=0.8, swing_sd=0.3, noise_sd=0.25)

Floats = npt.NDArray[np.float64]


def weekday(k: int, first: dt.date = MONDAY) -> dt.date:
    """The k-th weekday from a Monday on."""
    return first + dt.timedelta(7 * (k // 5) + k % 5)


def session_on(date: dt.date, *, minutes: int = 390) -> Session:
    open_ns = (date - dt.date(1970, 1, 1)).days * NS_PER_DAY + 870 * NS_PER_MINUTE
    return Session(date=date, timezone="UTC", open_ns=open_ns, close_ns=open_ns + minutes * NS_PER_MINUTE)


def day_of(volume: Sequence[float] | Floats, date: dt.date = MONDAY, *, minutes: int = 390, **more: float) -> DayVolume:
    """A day with these buckets; prices rise by a cent a bucket."""
    values = np.asarray(volume, np.float64)
    price = 100 + 0.01 * np.arange(len(values))
    return DayVolume(session=session_on(date, minutes=minutes), volume=values, price=price, **more)


def u_shape(buckets: int) -> Floats:
    """Log volume of a usual day."""
    u = np.linspace(-1, 1, buckets)
    return 8 + 1.2 * u**2


def simulated(days: int, buckets: int = 26, *, seed: int = 1, law: Dynamics = TRUTH) -> list[DayVolume]:
    """Days drawn from the law, on weekdays in a row."""
    rng = np.random.default_rng(seed)
    phi, level, out = u_shape(buckets), rng.normal(0, law.level_sd), []
    for k in range(days):
        if k:
            level = law.level_memory * level + rng.normal(0, law.level_sd * np.sqrt(1 - law.level_memory**2))
        swing = np.empty(buckets)
        swing[0] = rng.normal(0, law.swing_sd)
        for i in range(1, buckets):
            swing[i] = law.swing_memory * swing[i - 1] + rng.normal(0, law.swing_sd * np.sqrt(1 - law.swing_memory**2))
        out.append(day_of(np.exp(phi + level + swing + rng.normal(0, law.noise_sd, buckets)), weekday(k)))
    return out


def bars_of(
    session: Session, rows: Sequence[tuple[float, float, float]], *, minutes: int = 5, move: float = 0.02
) -> Bars:
    """Rows of (minutes after the open, close, volume); each bar opens `move` below its close."""
    start = np.array([session.open_ns + round(minute * NS_PER_MINUTE) for minute, _, _ in rows], np.int64)
    close = np.array([price for _, price, _ in rows])
    return Bars(
        time_ns=start,
        end_ns=start + minutes * NS_PER_MINUTE,
        open=close - move,
        high=close.copy(),
        low=close - move,
        close=close,
        volume=np.array([volume for _, _, volume in rows], np.float64),
        vwap=np.full(len(rows), np.nan),
        trades=np.full(len(rows), -1, np.int64),
    )
