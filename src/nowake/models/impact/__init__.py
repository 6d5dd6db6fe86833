"""What trading a quantity does to the price: one model a file, one contract (`Impact`) for all."""

from nowake.models.impact.contract import Impact, Parameter
from nowake.models.impact.linear import Linear
from nowake.models.impact.response import Response
from nowake.models.impact.square_root import Reading, SquareRoot

__all__ = ["Impact", "Linear", "Parameter", "Reading", "Response", "SquareRoot"]
