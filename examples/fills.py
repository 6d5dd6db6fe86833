"""How likely is a limit order to be filled? Measured on a day, asked of a model, with what is sure about it."""

import nowake as nw

day = nw.load_day("generated")
found = nw.fills(day, horizons_s=(1, 10, 60, 300))
print(found)

# The model answers for a state: a lot at the touch behind a short and a long queue, and two ticks away.
assert found.model is not None
for distance_ticks, queue_lots in ((0, 100), (0, 2_000), (2, 100)):
    by_30 = found.model.probability(distance_ticks, queue_lots, 30.0)
    wait = found.model.expected_time(distance_ticks, queue_lots)
    print(
        f"{distance_ticks} ticks behind, {queue_lots:>5,} lots before: {by_30.value:.0%} within 30 s "
        f"[{by_30.low:.0%}, {by_30.high:.0%}], {wait.value:.0f} s on average"
    )

# A state the day never showed is no answer but a refusal.
try:
    found.model.probability(500, 0, 30.0)
except nw.NowakeError as error:
    print(f"\nrefused: {error}")

# How the rate of fills falls with distance: what market making asks for.
if found.bids is not None:
    print(f"bids: A {found.bids.rate.value:.2f} a second, k {found.bids.decay.value:.2f} a tick")
