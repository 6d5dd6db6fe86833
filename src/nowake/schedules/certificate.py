"""How a schedule is known to be optimal: the method that found it, and a number that says how far from the best it
can still be."""

from __future__ import annotations

from typing import Literal

import msgspec

from nowake.domain.errors import BadParameter

Kind = Literal["closed form", "duality gap", "optimality residual", "grid"]


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What stands behind the word "optimal", of the quantities before they were rounded to lots.

    Parameters
    ----------
    method
        Who solved it, in words: "closed form", "sine transform in time, Woodbury in factors", "PIQP".
    kind
        What `value` is. "closed form": the residual of the first-order conditions, evaluated afterwards, as a fraction
        of the largest term in them. "duality gap": (objective - lower bound) / |objective|, a proof. "optimality
        residual": the residual of first-order conditions where there is no bound, as a fraction. "grid": the relative
        change of the objective when the grid of a dynamic programme is made twice as fine.
    value
        0 or more; how far from optimal at most ("duality gap") or about.
    objective
        What was minimised, in its own unit (mostly currency), constants included.
    iterations
        Of an iterative method; 0 for a direct one.
    """

    method: str
    kind: Kind
    value: float
    objective: float
    iterations: int = 0

    def __post_init__(self) -> None:
        if not self.value >= 0:
            raise BadParameter(f"a certificate of {self.value} must be 0 or more; the solver has failed")

    def __str__(self) -> str:
        rounds = f" in {self.iterations:,} iterations" if self.iterations else ""
        number = "residual" if self.kind == "closed form" else self.kind
        return f"{self.method}{rounds}; {number} {self.value:.1e}"
