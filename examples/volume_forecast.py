"""When will it trade today? The average curve, and a forecast that is updated through the day."""

import datetime as dt

import numpy as np

from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_MINUTE, epoch_ns
from nowake.models.volume import AverageVolume, DayVolume, DynamicVolume, contest

# Days as `DayVolume.from_bars` or `from_trades` cut them; `nw.curves("bars:SPY")` does all this for a source of days.
rng = np.random.default_rng(3)
usual = 9 + np.linspace(-1, 1, 26) ** 2
days, level = [], 0.0
for k in range(40):
    date = dt.date(2026, 6, 1) + dt.timedelta(7 * (k // 5) + k % 5)
    opens = epoch_ns(dt.datetime.combine(date, dt.time(13, 30), dt.UTC))
    session = Session(date=date, timezone="America/New_York", open_ns=opens, close_ns=opens + 390 * NS_PER_MINUTE)
    level = 0.7 * level + rng.normal(0, 0.3)  # Busy days follow busy days, busy hours busy hours.
    swing = np.convolve(rng.normal(0, 0.2, 26 + 9), 0.8 ** np.arange(10), mode="valid")
    volume = np.exp(usual + level + swing + rng.normal(0, 0.2, 26))
    days.append(DayVolume(session=session, volume=volume, price=100 + rng.normal(0, 0.1, 26).cumsum()))

average = AverageVolume.fit(days[:-1])
print(average.curves["normal"])
print(*average.notes, sep="\n")

model = DynamicVolume.fit(days[:-1])
print(f"\n{model}\n")

live, today = model.start(days[-1].session), days[-1]
for bucket, traded in enumerate(today.volume):
    if bucket % 6 == 0:
        left = today.volume[bucket:].sum()
        print(f"{live.session.clock(int(live.edges_ns[bucket]))[:5]}  {live.forecast()}; {left:,.0f} came")
    live = live.update(bucket, traded)

print(f"\n{contest(days)}")
