"""Numbers of an event as Python's own: an element of a column of int8 would wrap in the first sum."""

from __future__ import annotations

import operator

from nowake.domain.errors import BadData


def whole(**numbers: int) -> tuple[int, ...]:
    """The numbers, in the order named, as whole numbers of any size.

    Raises
    ------
    BadData
        When one is none: NaN, a fraction, a text.
    """
    try:
        return tuple(map(operator.index, numbers.values()))
    except TypeError:
        shown = ", ".join(f"{name} {value!r}" for name, value in numbers.items())
        raise BadData(f"an event of {shown} is not of whole numbers; leave it out") from None
