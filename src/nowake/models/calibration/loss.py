"""How much a residual counts: least squares, Huber, soft L1 and Student, over residuals in units of their noise.

psi is the slope of the loss and enters the score; its own slope enters the curvature; chi(z) has mean 1 when the noise
scale is right, and is what the scale is fitted by. Tuning constants of the robust losses give 95 % of the precision of
least squares where noise is normal: 1.345 for Huber (Huber 1981, "Robust Statistics"; Holland & Welsch 1977), 1.287
for soft L1 (computed; a test computes it again).

A robust loss fits the centre of the bulk. Where costs are skewed that is not their mean, which is what a desk pays in
the long run: `Fit` shows least squares beside it for that."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import ClassVar

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats

_SCALE_CUT = 2.0  # Residuals beyond this many scales count as this many when a robust loss fits the scale.


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Least squares: maximum likelihood of normal noise."""

    name: ClassVar[str] = "least squares"

    def rho(self, z: Floats) -> Floats:
        """The loss."""
        return np.asarray(z * z / 2)

    def psi(self, z: Floats) -> Floats:
        """Its slope."""
        return z

    def slope(self, z: Floats) -> Floats:
        """The slope of its slope."""
        return np.ones_like(z)

    def chi(self, z: Floats) -> Floats:
        """What has mean 1 at the right scale."""
        return np.asarray(z * z)


class Huber(Loss, frozen=True, kw_only=True):
    """Squares up to `tuning` scales, straight beyond."""

    name: ClassVar[str] = "Huber"
    tuning: float = 1.345

    def __post_init__(self) -> None:
        _check_above_0("tuning", self.tuning)

    def rho(self, z: Floats) -> Floats:
        """The loss."""
        size = np.abs(z)
        return np.where(size <= self.tuning, z * z / 2, self.tuning * (size - self.tuning / 2))

    def psi(self, z: Floats) -> Floats:
        """z, cut at the tuning constant."""
        return np.clip(z, -self.tuning, self.tuning)

    def slope(self, z: Floats) -> Floats:
        """1 inside, 0 outside."""
        return (np.abs(z) <= self.tuning).astype(np.float64)

    def chi(self, z: Floats) -> Floats:
        """Squares cut at 2 scales, over their mean for normal noise (Huber 1981, proposal 2)."""
        return np.asarray(np.minimum(z * z, _SCALE_CUT**2) / _CUT_MEAN)


class SoftL1(Loss, frozen=True, kw_only=True):
    """A smooth cousin of Huber's."""

    name: ClassVar[str] = "soft L1"
    tuning: float = 1.287

    def __post_init__(self) -> None:
        _check_above_0("tuning", self.tuning)

    def rho(self, z: Floats) -> Floats:
        """The loss."""
        return np.asarray(self.tuning**2 * (np.sqrt(1 + (z / self.tuning) ** 2) - 1))

    def psi(self, z: Floats) -> Floats:
        """Near z inside, near the tuning constant outside."""
        return np.asarray(z / np.sqrt(1 + (z / self.tuning) ** 2))

    def slope(self, z: Floats) -> Floats:
        """The slope of `psi`."""
        return np.asarray((1 + (z / self.tuning) ** 2) ** -1.5)

    def chi(self, z: Floats) -> Floats:
        """As for Huber."""
        return np.asarray(np.minimum(z * z, _SCALE_CUT**2) / _CUT_MEAN)


class Student(Loss, frozen=True, kw_only=True):
    """Maximum likelihood of Student's t with `degrees` of freedom; None finds them too.

    The scale is then that of t, and the standard deviation of the noise is sqrt(degrees / (degrees - 2)) of it.
    """

    name: ClassVar[str] = "Student t"
    degrees: float | None = None

    def __post_init__(self) -> None:
        if self.degrees is not None:
            _check_above_0("degrees", self.degrees)

    @property
    def nu(self) -> float:
        """Degrees in use; 5 until they are found."""
        return 5.0 if self.degrees is None else self.degrees

    def rho(self, z: Floats) -> Floats:
        """Minus the log density, less its constant."""
        return np.asarray((self.nu + 1) / 2 * np.log1p(z * z / self.nu))

    def psi(self, z: Floats) -> Floats:
        """Falls back to 0 far out."""
        return np.asarray((self.nu + 1) * z / (self.nu + z * z))

    def slope(self, z: Floats) -> Floats:
        """Below 0 far out."""
        return np.asarray((self.nu + 1) * (self.nu - z * z) / (self.nu + z * z) ** 2)

    def chi(self, z: Floats) -> Floats:
        """(nu + 1) z² / (nu + z²): its mean is 1 at the scale of greatest likelihood."""
        return np.asarray((self.nu + 1) * z * z / (self.nu + z * z))

    def log_constant(self) -> float:
        """Log density at 0 of unit scale."""
        return math.lgamma((self.nu + 1) / 2) - math.lgamma(self.nu / 2) - math.log(self.nu * math.pi) / 2


def _cut_mean(cut: float) -> float:
    """Mean of min(z², cut²) for a standard normal z."""
    normal = NormalDist()
    inside = 2 * normal.cdf(cut) - 1
    return inside - 2 * cut * normal.pdf(cut) + cut * cut * (1 - inside)


def _check_above_0(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise BadParameter(f"{name} {value} must be above 0 and finite")


_CUT_MEAN = _cut_mean(_SCALE_CUT)
