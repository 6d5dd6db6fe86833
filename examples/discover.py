"""Where is the price made? Two markets of one asset, of which we know who leads and by how long."""

import dataclasses

import msgspec
import numpy as np

import nowake as nw
from nowake.domain.market import Quotes

# A day of one market, and a second market that says the same 200 ms later, with a tick of noise.
leader = nw.load_day("generated")
quotes, rng = leader.quotes, np.random.default_rng(1)
noise = rng.integers(0, 2, len(quotes))
late = Quotes(
    time_ns=quotes.time_ns + 200_000_000,
    bid_ticks=quotes.bid_ticks - noise,
    bid_lots=quotes.bid_lots,
    ask_ticks=quotes.ask_ticks + rng.integers(0, 2, len(quotes)),
    ask_lots=quotes.ask_lots,
)
there = msgspec.structs.replace(leader.instrument, venue="LATE")
follower = dataclasses.replace(leader, instrument=there, quotes=late)

found = nw.discover(leader, follower, start="10:00", end="11:00", steps_ns=[100_000_000, 1_000_000_000], seed=1)
print(found)

# Shares are measurements with an interval; at one second most news looks simultaneous, and the bounds say so.
for market in found.shares.markets:
    share = market.information_mid
    print(f"{market.market}: {share.value:.0%} [{share.low:.0%}, {share.high:.0%}] of the common price")

found.html("discover.html")
