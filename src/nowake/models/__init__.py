"""Pure maths: what the market does to an order."""
