"""Which impact models can answer in a market without a fit: those with published or rule-of-thumb parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from nowake.domain.errors import BadParameter
from nowake.models import impact
from nowake.models.impact.contract import Impact
from nowake.models.market import MarketState
from nowake.models.pretrade.order_list import ListedOrder, PerOrder

_THUMB = "a rule of thumb by each market's own spread and volume; says nothing where the spread is one tick"


def default_models(market: MarketState) -> tuple[dict[str, Impact], dict[str, str]]:
    """Models by their name on the command line, and of the others why they cannot answer.

    Returns
    -------
    tuple
        name -> model, name -> reason.
    """
    found: dict[str, Impact] = {}
    absent: dict[str, str] = {}
    for name, kind in model_kinds().items():
        missing = [need for need in kind.needs if getattr(market, need, None) is None]
        made = None if missing else _made(kind, market)
        if missing:
            absent[name] = f"needs {' and '.join(missing)}, which market data do not say"
        elif made is None:
            absent[name] = "has no parameters until it is fitted to your own orders"
        elif not made.covariance:
            absent[name] = "has default parameters that nobody measured; fit it to your own orders"
        else:
            found[name] = made
    return found, absent


def list_models(names: Sequence[str] = ()) -> tuple[Impact | PerOrder, ...]:
    """Models for a list of orders: those named, or all whose default parameters hold in any market.

    Those that need more than every market says are among all only where they are named.

    Raises
    ------
    BadParameter
        When a name is none of them.
    """
    free: dict[str, Impact | PerOrder] = {}
    for name, kind in model_kinds().items():
        if hasattr(kind, "from_market"):
            free[name] = PerOrder(kind.name, kind.version, _THUMB, _from_market(kind))
        elif (made := _without_market(kind)) and made.covariance:
            free[name] = made
    for name in names:
        if name not in {"all", *free}:
            raise BadParameter(
                f"model {name!r} has no parameters that hold for a list; choose from all, {', '.join(free)}, or fit it"
            )
    if not names or "all" in names:
        return tuple(model for model in free.values() if isinstance(model, PerOrder) or not model.needs)
    return tuple(free[name] for name in headed(names))


def model_kinds() -> dict[str, type[Impact]]:
    """Every impact model that is public, by its name on the command line: SquareRoot is square-root.

    The square-root law comes first, for the first is what a page leads with where nothing is fitted.
    """
    kinds = [getattr(impact, name) for name in impact.__all__]
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Impact)]
    models.sort(key=lambda kind: kind is not impact.SquareRoot)
    return {_dashed(kind.__name__): kind for kind in models if hasattr(kind, "parameters")}


def headed(names: Sequence[str]) -> list[str]:
    """Names as asked, but the square-root law before rules of thumb: the first is what a page leads with."""
    return sorted(dict.fromkeys(names), key=lambda name: name != "square-root")


def default_model(name: str, market: MarketState) -> Impact:
    """One model by its name.

    Raises
    ------
    BadParameter
        When there is none of that name, or it cannot answer in this market.
    """
    found, absent = default_models(market)
    if name in absent:
        raise BadParameter(f"model {name} {absent[name]}; choose from {', '.join(found)}, or fit it: nowake fit --help")
    if name not in found:
        known = found if name == "all" else ("all", *found)  # Whoever asks for one model cannot have them all.
        raise BadParameter(f"model {name!r} is not known; choose from {', '.join(known)}")
    return found[name]


def _made(kind: type[Impact], market: MarketState) -> Impact | None:
    """A model with the parameters it is published with; None where it has none."""
    if hasattr(kind, "from_market"):
        made: Impact = kind.from_market(market)
        return made
    return _without_market(kind)


def _from_market(kind: Any) -> Callable[[ListedOrder], Impact]:
    def model_of(order: ListedOrder) -> Impact:
        made: Impact = kind.from_market(order.market)
        return made

    return model_of


def _without_market(kind: type[Impact]) -> Impact | None:
    try:
        return kind()
    except TypeError:  # msgspec: a parameter without a default.
        return None


def _dashed(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
