"""When to trade how much? Three plans of one order, and the frontier the optimal ones lie on."""

import nowake as nw
from nowake import schedules
from nowake.domain.units import NS_PER_MINUTE
from nowake.models import impact

day = nw.load_day("generated")
order = nw.ParentOrder.sell(day.instrument, 20_000, start="10:00", end="15:30")
market = nw.MarketState.measure(order, day.quotes, day.trades)
model = impact.Linear.from_market(market)
half_hour = 30 * NS_PER_MINUTE

curve = nw.VolumeCurve.from_trades(day.trades, day.instrument.session)
policies = {
    "TWAP": schedules.Twap(bucket_ns=half_hour),
    "VWAP": schedules.Vwap(curve, bucket_ns=half_hour),
    "Almgren-Chriss": schedules.AlmgrenChriss(model, risk_aversion=2e-4, bucket_ns=half_hour),
}
for name, policy in policies.items():
    plan = nw.plan(order, day, policy)
    print(f"{name:<15} {' '.join(f'{lots:>5}' for lots in plan.lots)}  = {sum(plan.lots):,}")

print("\nrisk bps  cost bps")
for point in schedules.frontier(order, market, model, n=8):
    print(f"{point.risk_bps:8.1f}  {point.expected_cost_bps:8.1f}")
