"""Fitted models kept and found again: from a fit to the parameter store, and from the store to a model."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from nowake.data import parameters
from nowake.data.parameters import Version
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.metaorder import Metaorders
from nowake.models import impact
from nowake.models.calibration.fit import hash_of
from nowake.models.calibration.hierarchical import Hierarchy
from nowake.models.impact import Impact, kernels

_ALWAYS = dt.date(9999, 12, 31)
_EPOCH = dt.date(1970, 1, 1)
_KERNEL = "kernel of"


def load_model(
    path: str | os.PathLike[str],
    name: str = "",
    *,
    symbol: str | None = None,
    as_of: dt.date | str | None = None,
    model: str | None = None,
) -> Impact:
    """A fitted model out of a parameter store, as it could have been known on a date.

    Parameters
    ----------
    path, name
        The file, and what the desk called the fit when it stored it; "" where the file has one name only.
    symbol
        Whose parameters; where it has none of its own, and for None, those of the pool.
    as_of
        The trading date it is to be used on: the version is the newest whose data ended before it. None takes the
        newest there is, which is right for today and looks ahead in a backtest.
    model
        Its class, "SquareRoot" or "square-root", where several are stored under the name.

    Raises
    ------
    NotFound
        When the file is not there, or no version fits; the message says what there is.
    BadParameter
        When the date or the class is none.
    BadData
        When the file is damaged, is no store, or its model is not one of this version of nowake.
    """
    return model_of(find(path, name, symbol=symbol, as_of=as_of, model=model))


def find(
    path: str | os.PathLike[str],
    name: str = "",
    *,
    symbol: str | None = None,
    as_of: dt.date | str | None = None,
    model: str | None = None,
) -> Version:
    """The stored version that `load_model` makes a model of; parameters and errors as there."""
    date, name = _ALWAYS if as_of is None else _date(as_of), name or _only_name(path)
    kind = None if model is None else model_named(model).__name__
    if symbol:
        try:
            return parameters.as_of(Path(path), date, name=name, symbol=symbol, model=kind)
        except NotFound:
            pass  # A symbol without parameters of its own has those of the pool.
    return parameters.as_of(Path(path), date, name=name, model=kind)


def save_model(
    path: str | os.PathLike[str],
    model: Impact,
    record: Metaorders,
    *,
    name: str,
    symbol: str = "",
    as_of: dt.date | str | None = None,
    **about: Any,
) -> Version:
    """The version that stands for a fitted model, stored; one that is there already to the last digit is not repeated.

    Parameters
    ----------
    path
        The file; it is made where there is none.
    model, record
        The model, and the orders it was fitted to: their dates and hash are kept.
    name, symbol
        What the desk calls this line of fits, and whose parameters they are; "" for the pool's.
    as_of
        First date it may be used on; by default the day after the last order. Give a later one where `later_price`
        was known later.
    about
        Other fields of `Version`: orders, clusters, method, data_hash.

    Raises
    ------
    BadParameter
        When the name is empty or the date is not after the orders.
    BadData
        When the file is no parameter store, damaged or of a newer layout.
    """
    known: dict[str, Any] = {"data_hash": hash_of(record), "orders": len(record)} | about
    version = Version(
        name=name,
        model=type(model).__name__,
        model_version=model.version,
        fields=fields_of(model),
        symbol=symbol,
        fitted_from=_day(record.day.min()),
        fitted_to=_day(record.day.max()),
        as_of=None if as_of is None else _date(as_of),
        **known,
    )
    return msgspec.structs.replace(version, id=parameters.append(Path(path), [version])[0])


def save_hierarchy(
    path: str | os.PathLike[str],
    found: Hierarchy,
    record: Metaorders,
    *,
    name: str,
    as_of: dt.date | str | None = None,
) -> list[Version]:
    """Store a fit by symbol: each symbol's model, and that of a symbol not seen as the pool's; as for `save_model`."""
    pool = save_model(path, found.unseen, record, name=name, as_of=as_of, orders=found.orders, method=found.method)
    about: dict[str, Any] = {"as_of": pool.usable_from, "data_hash": pool.data_hash, "method": found.method}
    return [
        pool,
        *(
            save_model(path, each.model, record, name=name, symbol=each.symbol, orders=each.orders, **about)
            for each in found.symbols
        ),
    ]


def version_rows(found: Sequence[Version]) -> list[dict[str, object]]:
    """What to show of stored versions, one row each."""
    rows = []
    for version in found:
        kind = models().get(version.model)
        names = [] if kind is None else [parameter.name for parameter in kind.parameters]
        covariance = version.fields.get("covariance") or [[0.0] * len(names)] * len(names)
        told = [f"{n} {version.fields[n]:.4g} ± {covariance[at][at] ** 0.5:.2g}" for at, n in enumerate(names)]
        rows.append(
            {
                "id": version.id,
                "name": version.name,
                "symbol": version.symbol or "(pool)",
                "model": dashed(version.model),
                "fitted_from": version.fitted_from,
                "fitted_to": version.fitted_to,
                "usable_from": version.usable_from,
                "orders": version.orders,
                "parameters": ", ".join(told),
                "data_hash": version.data_hash[:12],
            }
        )
    return rows


def model_of(version: Version) -> Impact:
    """The model a stored version describes.

    Raises
    ------
    BadData
        When there is no such model here, or its fields are others.
    """
    kind = models().get(version.model)
    if kind is None:
        raise BadData(f"version {version.id} is of the model {version.model}, which is not known here; update nowake")
    if kind.version != version.model_version:
        raise BadData(
            f"version {version.id} has version {version.model_version} of {version.model}, this nowake has "
            f"{kind.version}: its formulas changed; fit again"
        )
    try:
        return kind(
            **{each.name: _field(version.fields[each.name], each.type) for each in msgspec.structs.fields(kind)}
        )
    except (msgspec.ValidationError, KeyError, AttributeError, BadParameter) as error:
        raise BadData(f"version {version.id} is no {version.model}: {error}; fit again") from None


def fields_of(model: Impact) -> dict[str, object]:
    """Every field of a model as plain values, to be stored; a kernel's say which it is."""
    return {name: _plain_field(getattr(model, name)) for name in model.__struct_fields__}


def _plain_field(value: object) -> object:
    plain: object = msgspec.to_builtins(value)
    return {_KERNEL: type(value).__name__} | plain if isinstance(plain, dict) else plain


def _field(plain: Any, kind: Any) -> Any:
    """The way back."""
    if not (isinstance(plain, dict) and _KERNEL in plain):
        return msgspec.convert(plain, kind)
    named = {name: value for name, value in plain.items() if name != _KERNEL}
    return msgspec.convert(named, getattr(kernels, plain[_KERNEL]))


def models() -> dict[str, type[Impact]]:
    """The impact models there are, by the name of their class."""
    found = ((name, getattr(impact, name)) for name in impact.__all__)
    return {
        name: kind
        for name, kind in found
        if isinstance(kind, type) and issubclass(kind, Impact) and hasattr(kind, "parameters")
    }


def is_of_parameters(kind: type[Impact]) -> bool:
    """Whether a model is made of its parameters alone, and not of a kernel or another model as well."""
    typical: dict[str, Any] = {parameter.name: parameter.typical for parameter in kind.parameters}
    try:
        kind(**typical)
    except TypeError:
        return False
    return True


def model_named(name: str) -> type[Impact]:
    """The class a name means: "SquareRoot" or "square-root".

    Raises
    ------
    BadParameter
        When there is none; the message lists them.
    """
    known = models()
    by_plain = {_plain(each): kind for each, kind in known.items()}
    if _plain(name) not in by_plain:
        raise BadParameter(f"model {name!r} is not known; choose from {', '.join(map(dashed, known))}")
    return by_plain[_plain(name)]


def dashed(name: str) -> str:
    """A class's name as one writes it in a shell: "square-root"."""
    letters = [f"-{letter.lower()}" if letter.isupper() else letter for letter in name]
    return "".join(letters).lstrip("-")


def _only_name(path: str | os.PathLike[str]) -> str:
    names = sorted({version.name for version in parameters.versions(Path(path))})
    if len(names) != 1:
        raise BadParameter(f"{path} holds fits named {', '.join(names) or 'nothing'}; say which")
    return names[0]


def _day(day: int) -> dt.date:
    return _EPOCH + dt.timedelta(days=int(day))


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").replace(" ", "").lower()


def _date(date: dt.date | str) -> dt.date:
    if isinstance(date, dt.date):
        return date
    try:
        return dt.date.fromisoformat(date)
    except ValueError:
        raise BadParameter(f"date {date!r} is none; write YYYY-MM-DD") from None
