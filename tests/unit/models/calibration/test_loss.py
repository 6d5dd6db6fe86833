"""Losses are their own slopes' sums, see a right scale as 1 and give up 5 % of precision for robustness."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm
from scipy.stats import t as student

from nowake.domain.errors import BadParameter
from nowake.models.calibration.loss import Huber, Loss, SoftL1, Student

LOSSES = [Loss(), Huber(), SoftL1(), Student(degrees=4.0), Huber(tuning=2.0)]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)


def mean(function: object, density: object) -> float:
    return sum(quad(lambda z: function(z) * density(z), a, b, limit=200)[0] for a, b in ((-60, -3), (-3, 3), (3, 60)))


@every_loss
def test_psi_is_the_slope_of_the_loss_and_slope_that_of_psi(loss: Loss) -> None:
    z = np.array([-8.0, -1.2, -0.3, 0.0, 0.7, 1.3, 5.0])
    step = 1e-5
    assert loss.psi(z) == pytest.approx((loss.rho(z + step) - loss.rho(z - step)) / (2 * step), abs=1e-6)
    assert loss.slope(z) == pytest.approx((loss.psi(z + step) - loss.psi(z - step)) / (2 * step), abs=1e-6)


@pytest.mark.parametrize("loss", [Loss(), Huber(), SoftL1()], ids=lambda loss: loss.name)
def test_normal_noise_of_unit_scale_is_seen_as_unit_scale(loss: Loss) -> None:
    assert mean(lambda z: float(loss.chi(np.float64(z))), norm.pdf) == pytest.approx(1.0, rel=1e-7)


def test_students_noise_of_unit_scale_is_seen_as_unit_scale() -> None:
    loss = Student(degrees=4.0)
    assert mean(lambda z: float(loss.chi(np.float64(z))), lambda z: student.pdf(z, 4)) == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("loss", [Huber(), SoftL1()], ids=lambda loss: loss.name)
def test_tuning_keeps_95_percent_of_the_precision_under_normal_noise(loss: Loss) -> None:
    bend = mean(lambda z: float(loss.slope(np.float64(z))), norm.pdf)
    pull = mean(lambda z: float(loss.psi(np.float64(z))) ** 2, norm.pdf)
    assert bend**2 / pull == pytest.approx(0.95, abs=5e-4)


def test_students_loss_is_its_log_density() -> None:
    loss = Student(degrees=6.0)
    z = np.array([0.0, 1.5, -4.0])
    assert loss.log_constant() - loss.rho(z) == pytest.approx(student.logpdf(z, 6.0))


@pytest.mark.parametrize("bad", [0.0, -1.0, math.inf, math.nan])
def test_a_tuning_that_cannot_be_is_refused_with_its_value(bad: float) -> None:
    for make in (lambda: Huber(tuning=bad), lambda: SoftL1(tuning=bad), lambda: Student(degrees=bad)):
        with pytest.raises(BadParameter, match=f"{bad}"):
            make()
