"""What does being slow cost? One order with a constant latency, under load, and with a feed later than its fills."""

import nowake as nw
from nowake import algos
from nowake.sim.legs import Backlog

day = nw.load_day("generated")
order = nw.ParentOrder.buy(day.instrument, 20_000, start="10:00", end="11:00")

loaded = Backlog(way="150us", service="2ms")  # Serves one message at a time, two milliseconds each.
latencies = {
    "fast": nw.Latency.constant("200us"),
    "slow": nw.Latency.constant("50ms"),
    "under load": nw.Latency(feed=loaded, send=loaded, ack=loaded),
    "late feed": nw.Latency(feed="50ms", send="200us", ack="200us"),  # Fills are known before the book shows them.
}
print("                cost  refused, as they would have taken")
for name, latency in latencies.items():
    run = nw.simulate(algos.Twap(order, no_take_liq=True), day, seed=7, latency=latency)
    print(f"{name:<10} {run.cost.shortfall_bps:5.2f} bps  {run.refusals.get('would_take', 0)}")
    assert all(fill.liquidity.value == "maker" for fill in run.fills)  # Post-only: none of them ever took.
