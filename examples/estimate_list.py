"""What will all of these cost? A file of orders with the market in its rows; what cannot be estimated says why."""

from pathlib import Path

import nowake as nw
from nowake.models import impact
from nowake.models.pretrade.fees import Fees

Path("orders.csv").write_text(
    """symbol,side,quantity,days,participation,price,volatility,daily_volume,spread_bps
AAA,buy,25000,0.5,,52.10,0.018,4200000,2.5
BBB,sell,80000,,0.10,18.40,0.031,1900000,9
CCC,buy,5000,1,,240.00,,310000,6
""",
    encoding="utf-8",
)

models = [impact.SquareRoot(), impact.PowerLaw(y=0.8, exponent=0.6).known_to(y=0.15, exponent=0.05)]
found = nw.estimate("orders.csv", model=models, fees=Fees(per_share=0.004, minimum=1))
print(found)  # CCC has no volatility: it is told, and the others are estimated all the same.

dearest = found.to_frame().sort("expected_bps", descending=True, nulls_last=True).row(0, named=True)
print(f"\nthe dearest: {dearest['symbol']} by {dearest['model']}, {dearest['expected_bps']:.1f} bps")
print("page:", found.write("orders.html").name)
