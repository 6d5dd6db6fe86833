"""What a day's public quotes and trades say about impact: slopes, kernels, half-lives, each with its interval."""

from nowake.models.tape.calibration import TapeCalibration, calibrate_tape
from nowake.models.tape.history import fit_hdim
from nowake.models.tape.propagator import PropagatorFit, fit_propagator

__all__ = ["PropagatorFit", "TapeCalibration", "calibrate_tape", "fit_hdim", "fit_propagator"]
