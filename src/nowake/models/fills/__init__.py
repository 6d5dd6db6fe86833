"""How likely a resting order is to be filled, and how soon: lives, curves, a model, an intensity."""

from nowake.models.fills.curves import FillCurves, FillRate, fill_curves
from nowake.models.fills.intensity import Intensity, fit_intensity
from nowake.models.fills.lifetimes import Lifetimes
from nowake.models.fills.model import FillModel, fit_fill_model
from nowake.models.fills.observed import observed_lifetimes
from nowake.models.fills.probes import Bracket, probed_lifetimes
from nowake.models.fills.survival import Survival, incidence, kaplan_meier

__all__ = [
    "Bracket",
    "FillCurves",
    "FillModel",
    "FillRate",
    "Intensity",
    "Lifetimes",
    "Survival",
    "fill_curves",
    "fit_fill_model",
    "fit_intensity",
    "incidence",
    "kaplan_meier",
    "observed_lifetimes",
    "probed_lifetimes",
]
