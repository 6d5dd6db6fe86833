"""What did our orders cost? A law of impact fitted to a desk's record, held against others, by symbol, and kept."""

import nowake as nw
from nowake.data.orders import write_orders
from nowake.models import impact
from nowake.models.calibration.compare import compare
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.hierarchical import fit_by_symbol
from nowake.verbs.parameters import load_model

# A desk's record: here one whose truth is known, 0.9 volatilities of a session for a session's volume, exponent 0.6.
truth = impact.PowerLaw(y=0.9, exponent=0.6)
write_orders(generate_orders(truth, seed=7, design=Design(orders=3_000, days=80, symbols=8)), "desk.csv")

orders = nw.load_orders("desk.csv")
found = nw.fit("power-law", orders)
print(found)
found.plot().save("cost-against-size.svg")

# Do the data prefer it to other laws, or can they not tell?
print("\n" + compare([impact.PowerLaw, impact.SquareRoot, impact.Linear], orders).statement)

# Each symbol's own law; a thin symbol borrows from the others, one never seen gets the wider interval.
by_symbol = fit_by_symbol(impact.PowerLaw, orders)
print(f"\n{by_symbol}")

# Does it still hold? From a date on each day is forecast, judged and folded in; an alarm rings when impact has drifted.
following = nw.recalibrate("power-law", orders, since="2020-03-10")
print(f"\n{following}")

# Kept with its dates, and found as it could have been known on a day: no backtest looks ahead.
found.save("params.db", name="desk")
model = load_model("params.db", "desk", as_of="2020-04-01")
day = nw.load_day("generated")
order = nw.ParentOrder.buy(day.instrument, 20_000, start="10:00", end="15:30")
print(f"\n{nw.estimate(order, day, model)}")
