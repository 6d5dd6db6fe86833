"""Pure maths: when to trade how much."""
