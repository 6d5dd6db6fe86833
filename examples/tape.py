"""What does the public tape tell about impact? One day's slopes, kernels and half-lives, and what cannot be told."""

import nowake as nw

day = nw.load_day("generated")
found = nw.tape(day, seed=1)
print(found)

# Single findings are measurements with an interval, or None where the tape cannot tell.
minute = next(each for each in found.kyle if each.bar == "60 s" and not each.root)
print(f"\nNet buying of 1 % of a day's volume within a minute: {minute.bps_per_percent.value:.0f} bps")
if found.propagator is not None and found.propagator.permanent_share is not None:
    left = found.propagator.permanent_share
    later = found.propagator.horizon
    print(f"{left.value:.0%} ({left.low:.0%} to {left.high:.0%}) of an order's impact is there {later} orders later")

# The fitted kernel is a model: what ten buys in a row would do to the mid, other orders apart.
move_bps = found.propagator.model.predict([1.0] * 10).sum()
print(f"Ten market buys in a row move the mid by {move_bps:.2f} bps")

# The same of the first minutes alone is less sure, and says so.
morning = nw.tape(day, end="09:40", seed=1)
for reason in morning.refusals:
    print("not told of the first minutes:", reason)
