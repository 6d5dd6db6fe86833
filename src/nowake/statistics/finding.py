"""A number that was found in data, fit for a table: its name, its unit, its interval."""

from __future__ import annotations

from typing import NamedTuple

from nowake.statistics.measurement import Measurement


class Finding(NamedTuple):
    """One number: its name, its unit, the measurement, and how well the fit behind it explains.

    A name that begins with two blanks belongs to the one above.
    """

    name: str
    unit: str
    measured: Measurement
    r2: float | None = None
