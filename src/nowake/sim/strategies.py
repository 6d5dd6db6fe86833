"""A market-making or taking strategy as a plain function that numba compiles, with names for what it reads and keeps.

    @strategy(parameters=("lots", "limit_lots"), memo={"mean": float})
    def join(market, wanted, wake, memo, parameters):
        wanted[0].side, wanted[0].price_ticks, wanted[0].lots = 1, market.others_bid_ticks, parameters.lots
        wake.time_ns = market.now_ns + 100_000_000

Nothing compiles, and numba is not even imported, before the strategy is first run."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import keyword
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nowake.domain.errors import BadParameter

MOST_ROWS = 64  # Orders a strategy may want at once, at most.

_RECORDS = ("market", "wanted", "wake", "memo", "parameters")


@dataclasses.dataclass(frozen=True, eq=False)
class Strategy:
    """A function numba can compile, and what its memo and parameters are called. Make one with `strategy`."""

    function: Callable[..., None]
    parameters: tuple[str, ...]
    memo: np.dtype[Any]
    rows: int

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__

    @functools.cached_property
    def drive(self) -> Callable[..., int]:
        """The compiled loop, made at first use: a second of CPU the first time in a process, then half of one."""
        from nowake.kernels import strategies  # noqa: PLC0415  (numba takes its time)

        try:
            return strategies.compile_strategy(self.function, memo=self.memo, parameters=self.record)
        except strategies.DoesNotCompile as complaint:
            raise BadParameter(f"strategy {self.name!r} does not compile: {complaint}") from None

    @property
    def record(self) -> np.dtype[Any]:
        """The parameters as a record of float64."""
        return np.dtype([(name, np.float64) for name in self.parameters or ("none",)])

    def values(self, parameters: Mapping[str, float] | Sequence[float] | None) -> dict[str, float]:
        """Parameters by name, in the order declared.

        Raises
        ------
        BadParameter
            When one is missing, unknown or not a finite number.
        """
        given = {} if parameters is None else parameters
        if isinstance(given, str) or not isinstance(given, (Mapping, Iterable)):
            raise BadParameter(f"parameters {given!r} for {self.name!r}; give a number for each of {self._has()}")
        if not isinstance(given, Mapping):
            numbers = list(given)
            if len(numbers) != len(self.parameters):
                raise BadParameter(f"{len(numbers)} parameters for {self.name!r}, which has {self._has()}")
            given = dict(zip(self.parameters, numbers, strict=True))
        if set(given) != set(self.parameters):
            told = ", ".join(map(str, given)) or "none"
            raise BadParameter(f"parameters {told} for {self.name!r}, which has {self._has()}")
        return {name: self._number(name, given[name]) for name in self.parameters}

    def _number(self, name: str, value: Any) -> float:
        try:
            number = float("nan" if isinstance(value, str) else value)
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if not np.isfinite(number):
            raise BadParameter(f"{name} {value!r} of strategy {self.name!r} is not a finite number")
        return number

    def _has(self) -> str:
        return ", ".join(self.parameters) or "none"


def strategy(
    function: Callable[..., None] | None = None,
    *,
    parameters: Sequence[str] = (),
    memo: Mapping[str, type] | None = None,
    rows: int = 8,
) -> Any:
    """Make a function a compiled strategy; a decorator, with or without arguments.

    Parameters
    ----------
    function
        `(market, wanted, wake, memo, parameters)`, returning nothing. The records are those of
        `nowake.kernels.desk_state`: it reads MARKET, writes rows of WANTED (empty when it is called) and WAKE, keeps
        what it likes in its memo (zero at the start), and reads its parameters.
    parameters
        Names of its parameters; all are float64.
    memo
        Name -> int or float of what it must remember.
    rows
        Orders it may want at once: how many rows `wanted` has, 0 to `rows` - 1. One beyond is an error that says so.

    Raises
    ------
    BadParameter
        When it is no function of five arguments, a name cannot be a field, or the rows are not from 1 to 64.
    """
    if function is None:
        return functools.partial(strategy, parameters=parameters, memo=memo, rows=rows)
    _check_function(function)
    if isinstance(rows, bool) or not isinstance(rows, int) or not 1 <= rows <= MOST_ROWS:
        raise BadParameter(f"{rows!r} rows of wanted orders; give from 1 to {MOST_ROWS}")
    fields = memo or {"none": int}
    if not isinstance(fields, Mapping):
        raise BadParameter(f"memo {memo!r} is no mapping; give each field its type, as {{'mean': float}}")
    names = [parameters] if isinstance(parameters, str) else list(parameters)
    for name in (*names, *fields):
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise BadParameter(f"{name!r} cannot be the name of a parameter or memo field; use letters, digits and _")
    if len(set(names)) < len(names):
        raise BadParameter(f"parameters {', '.join(names)} name one twice; name each once")
    for name, kind in fields.items():
        if kind not in {int, float}:
            raise BadParameter(f"memo field {name!r} is {kind!r}; it must be int or float")
    record = np.dtype([(name, np.int64 if kind is int else np.float64) for name, kind in fields.items()])
    return Strategy(function, tuple(names), record, rows)


def check_strategy(given: Any) -> None:
    """Refuse what was not made with `strategy`.

    Raises
    ------
    BadParameter
        Naming it.
    """
    if not isinstance(given, Strategy):
        name = getattr(given, "__name__", None) or repr(given)
        raise BadParameter(f"{name} is not a compiled strategy; put the decorator @sim.strategy above the function")


def _check_function(function: Any) -> None:
    """Refuse what is no function of the five records, before numba has to."""
    plain = getattr(function, "py_func", function)  # Of one decorated with numba.njit.
    if not inspect.isfunction(plain):
        raise BadParameter(f"strategy {function!r} is not a function; give one of ({', '.join(_RECORDS)})")
    try:
        inspect.signature(plain).bind(*_RECORDS)
    except TypeError:
        has = inspect.signature(plain)
        raise BadParameter(f"strategy {plain.__name__!r} takes {has}; it must take ({', '.join(_RECORDS)})") from None
