"""What trading a quantity does to the price: one model a file, one contract (`ImpactModel`) for all."""

from nowake.models.impact.contract import ImpactModel
from nowake.models.impact.linear import Linear
from nowake.models.impact.square_root import SquareRoot

__all__ = ["ImpactModel", "Linear", "SquareRoot"]
