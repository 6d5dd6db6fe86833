"""What a day's public quotes and trades say about impact: slopes, kernels, half-lives, each with its interval."""

from nowake.models.tape.calibration import TapeCalibration, calibrate_tape
from nowake.models.tape.history import fit_hdim
from nowake.models.tape.imbalance import OrderFlowSlope, orderflow_slope
from nowake.models.tape.kyle import KyleLambda, kyle_lambda, kyle_lambda_by_volume
from nowake.models.tape.memory import memory_exponent
from nowake.models.tape.orders import Tape, read_tape
from nowake.models.tape.propagator import PropagatorFit, fit_propagator
from nowake.models.tape.resilience import Recovery, Resilience, resilience

__all__ = [
    "KyleLambda",
    "OrderFlowSlope",
    "PropagatorFit",
    "Recovery",
    "Resilience",
    "Tape",
    "TapeCalibration",
    "calibrate_tape",
    "fit_hdim",
    "fit_propagator",
    "kyle_lambda",
    "kyle_lambda_by_volume",
    "memory_exponent",
    "orderflow_slope",
    "read_tape",
    "resilience",
]
