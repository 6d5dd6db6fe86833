"""What would have happened? One order by five algorithms in the same replayed day, side by side."""

import nowake as nw
from nowake import algos

day = nw.load_day("generated")
order = nw.ParentOrder.buy(day.instrument, 20_000, start="10:00", end="15:30", limit="42.50")
curve = nw.VolumeCurve.from_trades(day.trades, day.instrument.session)

runs = [
    nw.simulate(algorithm, day, seed=7)
    for algorithm in (
        algos.Twap(order),
        algos.Vwap(order, curve),
        algos.Participate(order, rate=0.05, max_pct_vol=0.08),
        algos.Shortfall.with_urgency(order, 3.0),
        algos.Iceberg(order, display_size=100),
    )
]
print(nw.report(runs))

for run in runs:
    assert run.executed_lots + run.residual_lots == order.lots  # No share is lost, ever.
