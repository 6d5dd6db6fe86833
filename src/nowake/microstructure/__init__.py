"""What the market is telling: order flow, toxicity, spreads, price discovery, regimes. See `contract.py` first."""
