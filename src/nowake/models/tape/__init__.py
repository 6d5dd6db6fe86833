"""What a day's public quotes and trades say about impact: slopes, kernels, half-lives, each with its interval."""

from nowake.models.tape.orders import Tape, read_tape
from nowake.models.tape.resilience import Recovery, Resilience, resilience

__all__ = ["Recovery", "Resilience", "Tape", "read_tape", "resilience"]
