"""What a trade costs beside the mid, and what the book holds: spreads, depth, lambda, slippage in many dimensions."""
