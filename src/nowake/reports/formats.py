"""How a number looks: the one place for decimals, signs and separators, for terminal and paper alike.

Every function takes a plain value and gives text; None and NaN are "n/a" everywhere, so that a missing number
can never be read as zero."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from nowake.domain.instrument import Instrument
from nowake.domain.units import NS_PER_MS, NS_PER_SECOND, NS_PER_US

MISSING = "n/a"
Show = Callable[[object], str]

_ALGORITHMS = {"Twap": "TWAP", "Vwap": "VWAP", "Participate": "POV"}
_UNITS = ((NS_PER_SECOND, "s"), (NS_PER_MS, "ms"), (NS_PER_US, "µs"), (1, "ns"))


def text(value: object) -> str:
    """Words as they are; None is "n/a"."""
    return MISSING if _is_missing(value) else str(value)


def algorithm(name: object) -> str:
    """An algorithm as a desk calls it: "Twap" is "TWAP", "Participate 2" is "POV 2"; other names stay."""
    first, *rest = text(name).split(" ")
    return " ".join((_ALGORITHMS.get(first, first), *rest))


def bps(value: object) -> str:
    """Basis points with one decimal and a sign: "+3.2", "-0.4", "0.0"."""
    return MISSING if _is_missing(value) else _signed(value, 1)


def plain_bps(value: object) -> str:
    """Basis points of what is never below 0, a risk, with one decimal and without a sign: "3.2"."""
    return MISSING if _is_missing(value) else _unsigned_zero(_number(value), 1)


def bps_range(value: object) -> str:
    """Two ends of an interval in basis points: "-1.2 to +5.0"."""
    assert value is None or isinstance(value, (tuple, list)), f"{value!r} is not an interval"
    return MISSING if value is None or any(_is_missing(end) for end in value) else " to ".join(map(bps, value))


def percent(value: object) -> str:
    """A fraction as a percentage with one decimal: 0.0812 is "8.1%"."""
    return MISSING if _is_missing(value) else f"{_unsigned_zero(100.0 * _number(value), 1)}%"


def signed_percent(value: object) -> str:
    """A fraction as a percentage with one decimal and a sign."""
    return MISSING if _is_missing(value) else f"{_signed(100.0 * _number(value), 1)}%"


def count(value: object) -> str:
    """A whole number with thousands separators: "1,234,567"."""
    return MISSING if _is_missing(value) else f"{round(_number(value)):,}"


def counted(number: int, noun: str) -> str:
    """A number of things: "1 line", "1,200 lines"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def quantity(value: object) -> str:
    """Shares, contracts or coins: thousands separators, and decimals only where there are any (eight at most)."""
    if _is_missing(value):
        return MISSING
    digits = f"{_number(value):,.8f}".rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def currency(value: object) -> str:
    """Money with a sign and two decimals: "+1,234.50"."""
    return MISSING if _is_missing(value) else _signed(value, 2)


def number(value: object) -> str:
    """Any other number: four significant digits, no sign for plus."""
    return MISSING if _is_missing(value) else f"{_number(value):,.4g}"


def scientific(value: object) -> str:
    """A number of any size in three significant digits: "1.24e-06"."""
    return MISSING if _is_missing(value) else f"{_number(value):.3g}"


def duration(value: object) -> str:
    """Nanoseconds in the largest unit of which there is at least one: 200,000 is "200 µs"."""
    if _is_missing(value):
        return MISSING
    nanoseconds = _number(value)
    size, unit = next((each for each in _UNITS if abs(nanoseconds) >= each[0]), _UNITS[-1])
    return f"{nanoseconds / size:.6g} {unit}"


def durations(sentence: str) -> str:
    """A sentence with its counts of nanoseconds in readable units."""
    return re.sub(r"\b(\d[\d,]*) ns\b", lambda found: duration(int(found[1].replace(",", ""))), sentence)


def price(instrument: Instrument) -> Show:
    """A price with the decimals of the instrument's tick."""
    return _price(tick_decimals(instrument))


def average_price(instrument: Instrument) -> Show:
    """An average price: two decimals more than the tick, for averages fall between ticks."""
    return _price(tick_decimals(instrument) + 2)


def clock(instrument: Instrument) -> Show:
    """An instant as local time of day, HH:MM:SS."""

    def show(value: object) -> str:
        return MISSING if _is_missing(value) else instrument.session.clock(int(_number(value)))

    return show


def tick_decimals(instrument: Instrument) -> int:
    """Decimals that show every tick: 2 for 0.01, 2 for 0.25, 0 for 5."""
    exponent = instrument.tick_size.normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _price(decimals: int) -> Show:
    def show(value: object) -> str:
        return MISSING if _is_missing(value) else _unsigned_zero(_number(value), decimals)

    return show


def _signed(value: object, decimals: int) -> str:
    shown = f"{_number(value):+,.{decimals}f}"
    return shown[1:] if not shown.strip("+-0.,") else shown  # Rounded to zero, it has no sign.


def _unsigned_zero(value: float, decimals: int) -> str:
    shown = f"{value:,.{decimals}f}"
    return shown.removeprefix("-") if not shown.strip("-0.,") else shown


def _number(value: object) -> float:
    assert isinstance(value, (int, float)), f"{value!r} is not a number"
    return value


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def sparkline(values: Sequence[float]) -> str:
    """A row of bars, one a value, the largest full: "▂▅█▃"."""
    most = max(values, default=0.0)
    if most <= 0:
        return " " * len(values)
    return "".join("▁▂▃▄▅▆▇█"[min(7, int(8 * max(0.0, value) / most))] for value in values)
