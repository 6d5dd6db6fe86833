"""What trading a quantity does to the price: one model a file, one contract (`Impact`) for all."""

from nowake.models.impact.almgren2005 import Almgren2005
from nowake.models.impact.concave import Logarithmic, Saturating
from nowake.models.impact.contract import Impact, Parameter
from nowake.models.impact.cross import CrossImpact
from nowake.models.impact.cross_kyle import eigen_liquidity, kyle_matrix
from nowake.models.impact.istar import IStar
from nowake.models.impact.kyle import Kyle
from nowake.models.impact.kyle_equilibrium import KyleEquilibrium, kyle_equilibrium
from nowake.models.impact.linear import Linear
from nowake.models.impact.obizhaeva_wang import ObizhaevaWang
from nowake.models.impact.power import PowerLaw
from nowake.models.impact.propagator import Propagator
from nowake.models.impact.propagator_events import HDIM, TIM
from nowake.models.impact.response import Response
from nowake.models.impact.size_law import Reading, SizeLaw
from nowake.models.impact.square_root import SquareRoot
from nowake.models.impact.transient import Transient
from nowake.models.impact.two_part import Reference, TwoPart

__all__ = [
    "HDIM",
    "TIM",
    "Almgren2005",
    "CrossImpact",
    "IStar",
    "Impact",
    "Kyle",
    "KyleEquilibrium",
    "Linear",
    "Logarithmic",
    "ObizhaevaWang",
    "Parameter",
    "PowerLaw",
    "Propagator",
    "Reading",
    "Reference",
    "Response",
    "Saturating",
    "SizeLaw",
    "SquareRoot",
    "Transient",
    "TwoPart",
    "eigen_liquidity",
    "kyle_equilibrium",
    "kyle_matrix",
]
