"""Models out of a parameter store for an estimate: all that stand under a name, side by side, with their ranges."""

from __future__ import annotations

import datetime as dt
import functools
import os
from collections.abc import Sequence
from pathlib import Path

from nowake.data import parameters
from nowake.data.parameters import Version
from nowake.domain.errors import NotFound
from nowake.models.impact.contract import Impact
from nowake.models.pretrade.order_list import ListedOrder, PerOrder
from nowake.models.pretrade.seen import Seen
from nowake.verbs.asked import Stored
from nowake.verbs.parameters import find_all, model_of, seen_of

_ALL = "all"


def stored_models(
    path: str | os.PathLike[str],
    names: Sequence[str] = (),
    *,
    symbol: str | None = None,
    as_of: dt.date | str | None = None,
    models: Sequence[str] = (),
) -> tuple[Stored, ...]:
    """Of each class of model under each name the newest that could be known; errors as for `load_model`.

    Parameters
    ----------
    names
        What the desk called the fits when it stored them; none is right where the file has one name only.
    symbol, as_of
        As for `load_model`.
    models
        Classes to choose among those stored; none, or "all" among them, takes every one.
    """
    return tuple(_stored(version) for version in _versions(path, names, symbol=symbol, as_of=as_of, models=models))


def stored_per_order(
    path: str | os.PathLike[str],
    names: Sequence[str] = (),
    *,
    as_of: dt.date | str | None = None,
    models: Sequence[str] = (),
) -> list[PerOrder]:
    """The same for a list: each symbol's own parameters where it has any, else the pool's.

    Raises
    ------
    NotFound
        When nothing in the store could be known on the date, whatever the symbol: once, and not for every order.
    """
    symbols = dict.fromkeys(["", *(version.symbol for version in parameters.versions(Path(path)))])
    found: dict[tuple[str, str], Stored] = {}
    missed: NotFound | None = None
    for symbol in symbols:
        try:
            versions = _versions(path, names, symbol=symbol or None, as_of=as_of, models=models)
        except NotFound as error:
            missed = missed or error
            continue
        for version in versions:
            found.setdefault((version.name, version.model), _stored(version))
    if not found:
        assert missed is not None
        raise missed
    titles = [first.model.name for first in found.values()]
    return [
        _per_order(path, first, kind, as_of=as_of, is_alone=titles.count(first.model.name) == 1)
        for (_, kind), first in found.items()
    ]


def _per_order(
    path: str | os.PathLike[str], first: Stored, kind: str, *, as_of: dt.date | str | None, is_alone: bool
) -> PerOrder:
    law, _, name = first

    @functools.cache
    def of(symbol: str) -> Stored:
        (version,) = find_all(path, name, symbol=symbol, as_of=as_of, model=kind)
        return _stored(version)

    def model_of_order(order: ListedOrder) -> Impact:
        return of(order.symbol).model

    def seen_of_order(order: ListedOrder) -> Seen | None:
        return of(order.symbol).seen

    title = law.name if is_alone else f"{law.name}, {name}"
    formula = f"{law}; of {path}, each symbol's own where it has any, as of {as_of or 'now'}"
    return PerOrder(title, law.version, formula, model_of_order, seen_of_order)


def _versions(
    path: str | os.PathLike[str],
    names: Sequence[str],
    *,
    symbol: str | None,
    as_of: dt.date | str | None,
    models: Sequence[str],
) -> list[Version]:
    kinds: Sequence[str | None] = (None,) if not models or _ALL in models else tuple(dict.fromkeys(models))
    return [
        version
        for name in dict.fromkeys(names or ("",))
        for kind in kinds
        for version in find_all(path, name, symbol=symbol, as_of=as_of, model=kind)
    ]


def _stored(version: Version) -> Stored:
    return Stored(model_of(version), seen_of(version), version.name)
