"""What will it cost? One order by two models, how fast to trade it, how much can be traded, and in which way."""

import nowake as nw
from nowake.models import impact

day = nw.load_day("generated")
order = nw.ParentOrder.buy(day.instrument, 20_000, start="10:00", end="15:30")

print(nw.estimate(order, day, impact.SquareRoot()), "\n")

# A forecast looks only at what the desk could have seen before the start. This model knows what speed costs.
speed = impact.TwoPart(alpha=0.2, gamma=0.3).known_to(alpha=0.05, gamma=0.1)
made = nw.estimate(order, day, speed, look_ahead=False)
low, high = made.expected_interval(0.95)
print(f"forecast at {order.instrument.session.clock(order.start_ns)}: {low:.1f} to {high:.1f} bps expected")

print(made.best(0.3))  # The best rate and horizon for a risk aversion, and how flat the optimum is.
print(made.capacity(10, participation=0.1))  # The size at which the cost reaches 10 bps.

for way in made.strategies():
    print(f"{way.name:<18}{way.expected_bps:6.1f} bps expected, {way.timing_risk_bps:5.1f} bps risk")

# How the cost grows with size, several models side by side: the same call on a list.
sizes = (1_000, 10_000, 100_000)
orders = [nw.ParentOrder.buy(day.instrument, size, start="10:00", end="15:30") for size in sizes]
print("\n", nw.estimate(orders, day, [impact.SquareRoot(), speed]), sep="")
