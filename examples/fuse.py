"""Several sources, one price and one belief: who was left out, what they contradict in, who is to be trusted."""

import numpy as np

from nowake.microstructure.fusion import (
    Evidence,
    Report,
    Reports,
    consensus,
    dempster,
    filter_prices,
    hit_rate,
    learn_prices,
    precision_weighted,
    yager,
)

# Five feeds of one price, of which one has gone wrong.
told = {"A": 100.01, "B": 99.98, "C": 100.02, "D": 100.0, "E": 107.0}
reports = [Report(source=name, value=value, sd=0.05) for name, value in told.items()]
print("all of them, weighed by precision:", precision_weighted(reports).price)
print("consensus:", consensus(reports, at_ns=0))

# Through time: each source's noise is learned from what it said, and a late one counts for what it is worth.
rng = np.random.default_rng(1)
count = 2_000
price = 100 + np.cumsum(rng.normal(0, 0.01, count))
source = rng.integers(0, 2, count)
said = price + rng.normal(0, np.array([0.02, 0.10])[source])
through = Reports(names=("quick", "noisy"), source=source, value=said, sd=np.full(count, np.nan),
                  time_ns=np.arange(count) * 1_000_000_000)  # fmt: skip
learned = learn_prices(through)
print(learned)
error = filter_prices(through, learned.model).price - price
print(f"error of the filter {np.sqrt(np.mean(error[100:] ** 2)):.4f}, of what was said {np.std(said - price):.4f}")

# Evidence that contradicts: Zadeh's two doctors. Dempster's rule hides the conflict, Yager's keeps it.
frame = ("meningitis", "concussion", "tumour")
one = Evidence.of(frame, {("meningitis",): 0.99, ("tumour",): 0.01})
two = Evidence.of(frame, {("concussion",): 0.99, ("tumour",): 0.01})
print(dempster(one, two))
print(yager(one, two))

# How often a source is right, with what is known of it: what evidence is discounted by.
print("share of hits:", hit_rate((rng.random(200) < 0.7).astype(float), halflife=100))
