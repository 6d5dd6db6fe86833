"""What is the market telling? Sides, spreads, mark-outs, order flow, VPIN and regimes of one day; one of them live."""

import nowake as nw
from nowake.domain.market import select
from nowake.microstructure.contract import play
from nowake.microstructure.toxicity import VpinGauge

day = nw.load_day("generated")
found = nw.flow(day, start="10:00", end="12:00", seed=1)
print(found)

# Parts are records: mark-outs by horizon, spreads and regimes can be asked for single numbers.
whole = found.spreads.groups[0]
last = whole.at[-1]
print(f"\nEffective spread {whole.effective_bps.value:.2f} bps; after {last.horizon_ns / 1e9:g} s a maker keeps "
      f"{last.realised_bps.value:.2f} [{last.realised_bps.low:.2f}, {last.realised_bps.high:.2f}]")  # fmt: skip
print("Share of the bars told:", {name: f"{share:.0%}" for name, share in found.strip.shares.items()})

# The same measure beside a live market: told one event at a time, it ends where the history ends.
gauge = VpinGauge(bucket_lots=found.vpin.bucket_lots, window=found.options.window)
heard = (day.trades.time_ns >= found.start_ns) & (day.trades.time_ns <= found.end_ns)
values = play(gauge, day.quotes, select(day.trades, heard))
print(f"VPIN live {values[-1]:.6f}, of the history {found.vpin.value[-1]:.6f}")

found.html("flow.html")
