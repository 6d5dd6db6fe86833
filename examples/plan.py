"""When to trade how much? One plan, several plans of one order, and the frontier the optimal ones lie on."""

import nowake as nw
from nowake import schedules
from nowake.domain.units import NS_PER_MINUTE
from nowake.models import impact

day = nw.load_day("generated")
order = nw.ParentOrder.sell(day.instrument, 200_000, start="10:00", end="15:30")

# By name, with the market's own parameters, as urgent as the desk says.
plan = nw.plan(order, day, "almgren-chriss", risk_aversion="aggressive")
print(plan)
print(f"\ncertificate: {plan.certificate}")

# By policy, with your own: several stand side by side, and what cannot be made says why.
market = nw.MarketState.measure(order, day.quotes, day.trades)
curve = nw.VolumeCurve.from_trades(day.trades, day.instrument.session)
half_hour = 30 * NS_PER_MINUTE
policies = [
    schedules.AlmgrenChriss(impact.Linear.from_market(market), risk_aversion=2e-5, bucket_ns=half_hour),
    schedules.PowerLawSchedule(impact.SquareRoot(), risk_aversion=2e-5, bucket_ns=half_hour),
    schedules.Vwap(curve, bucket_ns=half_hour),
    schedules.Twap(bucket_ns=half_hour),
]
plans = nw.plan(order, day, policies)
for each in plans.plans:
    print(f"{each.name:<15} {' '.join(f'{lots:>6}' for lots in each.lots)}  = {sum(each.lots):,}")

print("\nrisk bps  cost bps")
for point in plans.frontier[::5]:
    print(f"{point.risk_bps:8.1f}  {point.expected_cost_bps:8.1f}")

run = nw.simulate(plan.follow(), day, seed=7)  # Worked as it was planned.
print(f"\nworked: {sum(fill.lots for fill in run.fills):,} of {order.lots:,} lots")
