"""What stands for an impact model where an estimate is asked: itself, a fit, a stored one, its class or its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nowake.domain.errors import BadParameter
from nowake.models.calibration.result import Fit
from nowake.models.impact.contract import Impact
from nowake.models.impact.square_root import SquareRoot
from nowake.models.market import MarketState
from nowake.models.pretrade.order_list import PerOrder
from nowake.models.pretrade.seen import Seen
from nowake.verbs.default_models import default_model, list_models, model_kinds


class Stored(NamedTuple):
    """A model out of a parameter store, what it was fitted to, and the name it was stored under."""

    model: Impact
    seen: Seen | None
    name: str


Model = Impact | Fit[Impact] | Stored | str | type[Impact]


class Asked(NamedTuple):
    """A model, what it was fitted to where that is known, and what to call it beside others of its name."""

    law: Impact
    seen: Seen | None = None
    label: str = ""


def several(models: Model | Sequence[Model] | None) -> bool:
    """Whether a sequence was given, and not one model: a name is no sequence of letters here, a stored one no tuple."""
    return isinstance(models, Sequence) and not isinstance(models, str | Stored)


def asked_of(models: Model | Sequence[Model] | None, market: MarketState) -> tuple[Asked, ...]:
    """What was asked for in a market; the square-root law where nothing was.

    Raises
    ------
    BadParameter
        When something is no model, or has no parameters.
    """
    given = _given(models)
    made = [_one(each, market) for each in given]
    names = [each.law.name for each in made]
    return tuple(
        each._replace(label=_label(each, names[: place + 1].count(each.law.name), names.count(each.law.name)))
        for place, each in enumerate(made)
    )


def listed(models: Model | PerOrder | Sequence[Model | PerOrder] | None) -> list[Impact | PerOrder]:
    """The same for a list of orders, whose markets differ: a rule of thumb is each market's own.

    Raises
    ------
    BadParameter
        As for `asked_of`.
    """
    given = models if isinstance(models, PerOrder) else _given(models)  # type: ignore[arg-type]
    found: list[Impact | PerOrder] = []
    for each in [given] if isinstance(given, PerOrder) else given:
        if isinstance(each, PerOrder):
            found.append(each)
        elif isinstance(each, str):
            found += list_models([each])
        elif isinstance(each, type) and _dashed_of(each):
            found += list_models([_dashed_of(each)])
        elif isinstance(each, Fit | Stored):
            found.append(_with_range(each))
        else:
            found.append(_plain(each))
    return found


def _given(models: Model | Sequence[Model] | None) -> Sequence[Model]:
    if models is None:
        return (SquareRoot(),)
    return models if several(models) else (models,)  # type: ignore[return-value]


def _one(each: Model, market: MarketState) -> Asked:
    if isinstance(each, Fit):
        return Asked(each.model, each.seen)
    if isinstance(each, Stored):
        return Asked(each.model, each.seen, each.name)
    if isinstance(each, str):
        return Asked(default_model(each, market))
    if isinstance(each, type) and _dashed_of(each):
        return Asked(default_model(_dashed_of(each), market))
    return Asked(_plain(each))


def _plain(each: object) -> Impact:
    """A model, or what a class of the user's own is by its defaults."""
    if isinstance(each, type) and issubclass(each, Impact):
        try:
            return each()
        except TypeError:  # msgspec: a parameter without a default.
            raise BadParameter(
                f"{each.__name__} has no parameters until it is fitted; give one with parameters, {each.__name__}(...)"
            ) from None
    if not isinstance(each, Impact):
        name = each.__name__ if isinstance(each, type) else type(each).__name__
        raise BadParameter(f"{name} is not an impact model; give for example impact.SquareRoot()")
    return each


def _with_range(each: Fit[Impact] | Stored) -> PerOrder:
    law, seen = each.model, each.seen
    return PerOrder(law.name, law.version, str(law), lambda _: law, lambda _: seen)


def _dashed_of(kind: type) -> str:
    """The name of a public model on the command line; empty for a class of the user's own."""
    return next((name for name, known in model_kinds().items() if known is kind), "")


def _label(each: Asked, place: int, among: int) -> str:
    """A model's name; told apart by the name it was stored under, or its place, where another has the same."""
    if among == 1:
        return each.law.name
    return f"{each.law.name}, {each.label}" if each.label else f"{each.law.name} {place}"
