"""What will it cost? One order by two models, with what is sure about it and what is not."""

import nowake as nw
from nowake.models import impact

day = nw.load_day("generated")
order = nw.ParentOrder.buy(day.instrument, 20_000, start="10:00", end="15:30")

print(nw.estimate(order, day, impact.SquareRoot()))

# A forecast looks only at what the desk could have seen before the start.
forecast = nw.estimate(order, day, impact.SquareRoot(), look_ahead=False)
low, high = forecast.expected_interval(0.95)
print(f"\nForecast at {order.instrument.session.clock(order.start_ns)}: {low:.1f} to {high:.1f} bps expected")

# How the cost grows with size: by the square root, while the half-spread stays.
for quantity in (1_000, 10_000, 100_000):
    larger = nw.ParentOrder.buy(day.instrument, quantity, start="10:00", end="15:30")
    print(f"{quantity:>8,} shares: {nw.estimate(larger, day, impact.SquareRoot()).expected_bps:5.1f} bps")
