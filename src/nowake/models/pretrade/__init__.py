"""Pure maths of the pre-trade page: what an order costs by any model, and what else it could cost."""
