"""How much the price moves: measured through microstructure noise, over the day, over night, and tomorrow."""

from nowake.models.volatility.quotes import realised_volatility, two_sided

__all__ = ["realised_volatility", "two_sided"]
