"""Who solves a programme: one place decides, and says so in the result."""

from nowake.schedules.solvers.binding import binding_limits
from nowake.schedules.solvers.choose import METHODS, solve
from nowake.schedules.solvers.feasible import Relaxation
from nowake.schedules.solvers.programme import Programme, Solution

__all__ = ["METHODS", "Programme", "Relaxation", "Solution", "binding_limits", "solve"]
