"""All decay kernels by name, apart from models of impact, one of which is also called a power law."""

from nowake.models.impact.kernel import Exponentials, Kernel
from nowake.models.impact.kernel_exponential import Exponential, MultiExponential
from nowake.models.impact.kernel_power import CappedLinear, PowerLaw, ShiftedPowerLaw

__all__ = [
    "CappedLinear",
    "Exponential",
    "Exponentials",
    "Kernel",
    "MultiExponential",
    "PowerLaw",
    "ShiftedPowerLaw",
]
