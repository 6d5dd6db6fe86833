"""The contract of an impact model: what one writes, and what all get from it.

A cost is the average cost per share of the whole order against the price before it began, in basis points of that
price, positive when bad, for buys and sells alike. The half-spread is apart from impact. A model is a frozen record:
its parameters, and how sure they are (`covariance`). It writes `temporary_bps` and `permanent_bps`, `response` if it is
to cost schedules, and `marginal_bps` and `gradient_bps` to be exact and fast; they take `Terms` of one order or of
arrays of orders, and are pure, so one model may be used from any number of threads."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, ClassVar, Self

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.response import Response
from nowake.models.impact.slopes import slope_at, slope_by_log
from nowake.models.terms import Floats, Size, Terms

if TYPE_CHECKING:
    from nowake.domain.metaorder import Metaorders
    from nowake.models.calibration.result import Fit

Covariance = tuple[tuple[float, ...], ...]
SPREAD_SHARE = "spread_share"


class Parameter(msgspec.Struct, frozen=True):
    """A parameter that can be fitted: its name, its unit, what it is, and the range it may take.

    `low` and `high` are what the record refuses beyond; `typical` is where a search starts.
    """

    name: str
    unit: str
    meaning: str
    low: float = 0.0
    high: float = math.inf
    typical: float = 1.0


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """The base of all impact models.

    Parameters
    ----------
    covariance
        Covariance of the estimates of `parameters`, in their order, as rows; () takes them as exact. One more row and
        column, the last, is that of `spread_share`.
    spread_share
        Quoted spreads an order pays for crossing: 0.5 for one that takes, less for one that waits, below 0 for one
        that earns. A model that writes `half_spread_bps` itself has no use for it.

    Raises
    ------
    BadParameter
        When a parameter is out of its range, or the covariance is of another size, not symmetric or not positive
        semi-definite.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    needs: ClassVar[tuple[str, ...]] = ()  # Optional fields of `Terms` the model cannot do without.

    covariance: Covariance = ()
    spread_share: float = 0.5

    def __post_init__(self) -> None:
        _check_named(type(self))
        check_written(self, Impact, _WRITTEN)
        for parameter in self.parameters:
            value = getattr(self, parameter.name)
            if not (parameter.low <= value <= parameter.high and math.isfinite(value)):
                raise BadParameter(f"{parameter.name} {value} of {self.name} must be {_range(parameter)} and finite")
        if not math.isfinite(self.spread_share):
            raise BadParameter(f"spread_share {self.spread_share} of {self.name} must be finite")
        if self.spread_share != _TAKER and self.has_own_spread():
            raise BadParameter(
                f"spread_share {self.spread_share} means nothing to {self.name}, whose spread is its own"
            )
        _check_covariance(self.covariance, len(self.parameters), self.name, spread=not self.has_own_spread())

    # What a model writes.

    def temporary_bps(self, terms: Terms) -> Size:
        """Average cost of the part of impact that is gone some time after the order."""
        raise NotImplementedError

    def permanent_bps(self, terms: Terms) -> Size:
        """Average cost of the part of impact that stays."""
        raise NotImplementedError

    def marginal_bps(self, terms: Terms) -> Size:
        """What one more share adds to the cost of the whole order, over the same window: d(Q total) / dQ.

        By differences, to about ten digits, where a model does not write it.
        """
        return self.total_bps(terms) + slope_by_log(lambda q: self.total_bps(terms.of_quantity(q)), terms.quantity)

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        """Derivative of `half_spread_bps` plus `total_bps` by each of `parameters`; by differences if not written."""

        def cost(name: str, value: float) -> Size:
            moved = msgspec.structs.replace(self, **{name: value})
            return moved.half_spread_bps(terms) + moved.total_bps(terms)

        return tuple(
            slope_at(
                functools.partial(cost, each.name),
                getattr(self, each.name),
                low=each.low,
                high=each.high,
                unit=each.typical,
            )
            for each in self.parameters
        )

    def response(self, terms: Terms) -> Response:  # noqa: ARG002  # What a model writes takes them.
        """How the price answers any schedule of one order on these terms.

        An even schedule costs what `temporary_bps` and `permanent_bps` say. Terms are of one order, not of arrays.
        """
        raise BadParameter(
            f"{type(self).__name__} does not write response(terms), how the price answers a schedule: it can be fitted "
            "and asked for a cost, but not for ways to trade"
        )

    # What all get from it.

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know before a schedule is made with this admissible model, one sentence each."""
        return ()

    def half_spread_bps(self, terms: Terms) -> Size:
        """Cost of crossing from the mid: `spread_share` of the quoted spread."""
        return self.spread_share * terms.spread_bps

    @classmethod
    def has_own_spread(cls) -> bool:
        """Whether the model says itself what crossing costs."""
        return cls.half_spread_bps is not Impact.half_spread_bps

    def total_bps(self, terms: Terms) -> Size:
        """Temporary and permanent together, without the half-spread."""
        return self.temporary_bps(terms) + self.permanent_bps(terms)

    def cost(self, terms: Terms) -> Size:
        """`half_spread_bps` plus `total_bps` in units of price times quantity: currency, for shares."""
        return (self.half_spread_bps(terms) + self.total_bps(terms)) / 1e4 * terms.price * terms.quantity

    def parameter_sd_bps(self, terms: Terms) -> Size:
        """One standard deviation of `half_spread_bps` plus `total_bps` from the model's covariance (delta method)."""
        return np.sqrt(self.parameter_variance_bps(terms))

    def parameter_variance_bps(self, terms: Terms) -> Size:
        """The square of `parameter_sd_bps`: g' C g."""
        if not self.covariance:
            return 0.0 * terms.quantity
        slopes = self.gradient_bps(terms)
        if len(self.covariance) > len(slopes):
            slopes = (*slopes, terms.spread_bps)
        pairs = (slopes[i] * slopes[j] * self.covariance[i][j] for i in range(len(slopes)) for j in range(len(slopes)))
        # A covariance of rank one may come out a rounding below 0.
        return np.maximum(sum(pairs), 0.0)

    @property
    def values(self) -> tuple[float, ...]:
        """The parameters' values, in the order of `parameters`."""
        return tuple(getattr(self, parameter.name) for parameter in self.parameters)

    @property
    def doubted(self) -> tuple[Parameter, ...]:
        """What the covariance is of: `parameters`, then `spread_share` where it has a row."""
        return (*self.parameters, _SHARE) if len(self.covariance) > len(self.parameters) else self.parameters

    @property
    def doubted_values(self) -> tuple[float, ...]:
        """The values of `doubted`, in their order."""
        return tuple(getattr(self, parameter.name) for parameter in self.doubted)

    def se(self, name: str) -> float:
        """Standard error of a parameter or of `spread_share`; 0 where it is taken as exact."""
        names = [parameter.name for parameter in (*self.parameters, _SHARE)]
        place = names.index(name)
        return math.sqrt(self.covariance[place][place]) if place < len(self.covariance) else 0.0

    def with_values(self, values: tuple[float, ...] | Floats, covariance: Covariance = ()) -> Self:
        """The same model with other values of `parameters`, in their order, and of `spread_share` if one more."""
        kinds = self.parameters if len(values) == len(self.parameters) else (*self.parameters, _SHARE)
        named = {parameter.name: float(value) for parameter, value in zip(kinds, values, strict=True)}
        return msgspec.structs.replace(self, **named, covariance=covariance)

    def known_to(self, **standard_errors: float) -> Self:
        """The same model with these standard errors, taken as independent; the others as exact.

        >>> SquareRoot(y=0.8).known_to(y=0.2, spread_share=0.1)

        Raises
        ------
        BadParameter
            When a name is none of `parameters` nor `spread_share`, or an error is negative.
        """
        names = [parameter.name for parameter in self.parameters]
        if SPREAD_SHARE in standard_errors and not self.has_own_spread():
            names.append(SPREAD_SHARE)
        for name, error in standard_errors.items():
            if name not in names:
                raise BadParameter(f"{self.name} has no parameter {name!r}; it has {', '.join(names)}")
            if not 0 <= error < _LARGEST_ERROR:
                raise BadParameter(f"standard error {error} of {name} must be 0 or more and finite, its square too")
        diagonal = np.diag([standard_errors.get(name, 0.0) ** 2 for name in names])
        return msgspec.structs.replace(self, covariance=as_covariance(diagonal))

    @classmethod
    def fit(cls, orders: Metaorders, **options: Any) -> Fit[Self]:
        """This model fitted to executed parent orders; options and errors as for `nowake.models.calibration.fit`."""
        from nowake.models.calibration.fit import fit  # noqa: PLC0415

        return fit(cls, orders, **options)

    def describe(self) -> str:
        """Parameters with standard errors and units, one a line."""
        return "\n".join(
            f"{parameter.name:<12}{value:>12.5g} ± {self.se(parameter.name):<10.2g} {parameter.unit:<24} "
            f"{parameter.meaning}"
            for parameter, value in zip(self.doubted, self.doubted_values, strict=True)
        )


_WRITTEN = ("temporary_bps", "permanent_bps")
_TAKER = 0.5
_LARGEST_ERROR = 1e150  # Squared it is a number still.
_SHARE = Parameter(SPREAD_SHARE, "quoted spreads", "paid for crossing", low=-math.inf, typical=_TAKER)


def check_written(model: Impact, base: type[Impact], names: tuple[str, ...]) -> None:
    """Refuse a model of a class of one's own that does not write what every model built on a base must."""
    missing = [name for name in names if getattr(type(model), name) is getattr(base, name)]
    if missing:
        raise BadParameter(
            f"{type(model).__name__} does not write {', '.join(missing)}, which a model built on {base.__name__} must"
        )


def _check_named(model: type[Impact]) -> None:
    """Refuse a class of one's own that lacks what tables and stores call it by."""
    for name in ("name", "version"):
        if not isinstance(getattr(model, name, None), str):
            raise BadParameter(f'{model.__name__} needs a text: write `{name}: ClassVar[str] = "..."` in the class')
    if not hasattr(model, "parameters"):
        raise BadParameter(f"{model.__name__} needs `parameters: ClassVar[tuple[Parameter, ...]] = (...)` in the class")


def as_covariance(matrix: Floats) -> Covariance:
    """A matrix as rows of a frozen record."""
    return tuple(tuple(float(value) for value in row) for row in matrix)


def _range(parameter: Parameter) -> str:
    if parameter.high == math.inf:
        return f"{parameter.low:g} or more" if parameter.low > -math.inf else "a number"
    return f"between {parameter.low:g} and {parameter.high:g}"


def _check_covariance(covariance: Covariance, size: int, name: str, *, spread: bool) -> None:
    if not covariance:
        return
    rows = len(covariance)
    if rows not in (size, size + spread) or any(len(row) != rows for row in covariance):
        also = ", and one more for spread_share if it is doubted" if spread else ""
        raise BadParameter(f"covariance of {name} must have {size} rows of {size}, one for each parameter{also}")
    matrix = np.array(covariance)
    scale = np.sqrt(np.abs(np.diag(matrix)))
    # Judged as a correlation, so that parameters of different size do not hide each other.
    unit = matrix / np.outer(np.where(scale > 0, scale, 1.0), np.where(scale > 0, scale, 1.0))
    if not np.isfinite(matrix).all() or not np.allclose(unit, unit.T, atol=1e-8):
        raise BadParameter(f"covariance of {name} must be finite and symmetric: {covariance}")
    if np.linalg.eigvalsh((unit + unit.T) / 2).min() < -1e-6:
        raise BadParameter(f"covariance of {name} must be positive semi-definite: {covariance}")
