"""Who solves a programme: one place decides, and says so in the result."""

from nowake.schedules.solvers.programme import Programme, Solution

__all__ = ["Programme", "Solution"]
