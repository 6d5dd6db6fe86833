"""Pure maths: what it cost and why."""
