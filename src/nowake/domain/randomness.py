"""Random numbers that are functions: the same seed and keys give the same draw, in any order, on any machine."""

from __future__ import annotations

_MASK = (1 << 64) - 1


def draw(seed: int, *keys: int) -> float:
    """A uniform number in [0, 1) that depends on nothing but its arguments.

    SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", figure 14), its state
    mixed with each key in turn.
    """
    state = _mix(seed & _MASK)
    for key in keys:
        state = _mix(state ^ (key & _MASK))
    return (state >> 11) * 2.0**-53


def _mix(state: int) -> int:
    z = (state + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
