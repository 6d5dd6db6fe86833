"""How volume spreads over the day, and how much of it there will be."""

from nowake.models.volume.curve import VolumeCurve

__all__ = ["VolumeCurve"]
