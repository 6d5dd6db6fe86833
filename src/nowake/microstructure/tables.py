"""Refuse one table where another is wanted: functions differ in which of quotes and trades comes first."""

from __future__ import annotations

from nowake.domain.errors import BadParameter


def check_table(given: object, wanted: type, way_out: str) -> None:
    """Refuse what is not of the class wanted.

    Parameters
    ----------
    way_out
        What to give, for example "give day.trades".

    Raises
    ------
    BadParameter
        When it is of another class.
    """
    if not isinstance(given, wanted):
        raise BadParameter(f"{type(given).__name__} where {wanted.__name__} is wanted; {way_out}")
