"""How close to a random walk the price is: variance ratio, Hurst, delay, pricing error."""
