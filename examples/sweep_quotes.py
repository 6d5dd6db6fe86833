"""How wide and how large to quote? A market maker compiled into the replay, over a grid of its parameters, in a second.

Where the price is set is the strategy's; keeping, cancelling and replacing orders is the desk's."""

import nowake as nw
from nowake import sim

SECOND_NS = 1_000_000_000


@sim.strategy(parameters=("edge_ticks", "lots", "skew"), memo={"mean_ticks": float})
def quotes(market, wanted, wake, memo, parameters):
    """Quote both sides of a slow mean of the mid, leaning against the inventory, never through the market."""
    wake.time_ns = market.now_ns + SECOND_NS
    if market.trading == 0 or market.others_bid_lots == 0 or market.others_ask_lots == 0:
        return
    mid_ticks = (market.others_bid_ticks + market.others_ask_ticks) / 2
    if memo.mean_ticks == 0.0:
        memo.mean_ticks = mid_ticks
    memo.mean_ticks += 0.2 * (mid_ticks - memo.mean_ticks)
    centre = memo.mean_ticks - parameters.skew * market.position_lots / parameters.lots
    for row in range(2):
        side = 1 - 2 * row
        price_ticks = round(centre - side * parameters.edge_ticks)
        wanted[row].side = side
        wanted[row].price_ticks = (
            min(price_ticks, market.others_ask_ticks - 1) if side > 0 else max(price_ticks, market.others_bid_ticks + 1)
        )
        wanted[row].lots = parameters.lots
        wanted[row].post_only = 1


day = nw.load_day("generated")
table = sim.sweep(
    quotes, day, {"edge_ticks": [1, 2, 3], "lots": [100, 300], "skew": [0.0, 0.5]}, limit_lots=2_000, workers=2
)
print(table)
print()
print(table.best())
print("\nassuming:")
for sentence in table.assumptions:
    print("-", sentence)
