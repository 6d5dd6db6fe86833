"""Plans and their inputs' doubt: what each number is worth knowing, and plans that do not need to know it."""

from nowake.schedules.uncertainty.robust import Averaged, Robust
from nowake.schedules.uncertainty.sensitivity import Influence, Sensitivity, sensitivity

__all__ = ["Averaged", "Influence", "Robust", "Sensitivity", "sensitivity"]
