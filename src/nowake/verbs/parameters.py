"""Fitted models kept and found again: from a fit to the parameter store, and from the store to a model."""

from __future__ import annotations

import contextlib
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
from nowake.models.impact.contract import SPREAD_SHARE, as_covariance
from nowake.models.pretrade.seen import Seen

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
        When the date or the class is none, or models of several classes are stored and none is named.
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
    found = find_all(path, name, symbol=symbol, as_of=as_of, model=model)
    if len(found) > 1:
        listed = ", ".join(dashed(version.model) for version in found)
        raise BadParameter(f"{path} holds several models named {found[0].name}: {listed}; say which with model=")
    return found[0]


def find_all(
    path: str | os.PathLike[str],
    name: str = "",
    *,
    symbol: str | None = None,
    as_of: dt.date | str | None = None,
    model: str | None = None,
) -> list[Version]:
    """Of each class of model stored under a name the newest version, side by side; as for `load_model`."""
    date, name = _ALWAYS if as_of is None else _date(as_of), name or _only_name(path)
    kind = None if model is None else _class_name(model)
    own: dict[str, Version] = {}
    if symbol:
        with contextlib.suppress(NotFound):
            found = parameters.newest(Path(path), date, name=name, symbol=symbol, model=kind)
            own = {version.model: version for version in found}
    try:
        # A symbol without parameters of its own has those of the pool.
        pool = parameters.newest(Path(path), date, name=name, model=kind)
    except NotFound:
        if not own:
            raise
        pool = []
    return list(({version.model: version for version in pool} | own).values())


def seen_of(version: Version) -> Seen | None:
    """The ranges of the orders a stored model was fitted to; None where they were not kept."""
    return msgspec.convert(version.seen, Seen) if version.seen else None


def save_model(
    path: str | os.PathLike[str],
    model: Impact,
    record: Metaorders,
    *,
    name: str,
    symbol: str = "",
    as_of: dt.date | str | None = None,
    later: bool = True,
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
        First date it may be used on; by default the day after everything fitted to was known (`known_date`): the last
        fill of orders of several sessions, `later_price` a session after it. Give a later one where that came later.
    later
        Whether `later_price`, where it is known, was fitted to.
    about
        Other fields of `Version`: orders, clusters, method, data_hash, seen.

    Raises
    ------
    BadParameter
        When the name is empty, the date is not after the orders, or the model is one of your own that could not be
        found again: its class must be written at the top of a module, under a name that is none of nowake's.
    BadData
        When the file is no parameter store, damaged or of a newer layout.
    """
    known: dict[str, Any] = {
        "data_hash": hash_of(record),
        "orders": len(record),
        "seen": msgspec.to_builtins(Seen.of(record)),
    } | about
    version = Version(
        name=name,
        model=type(model).__name__,
        module=_module_of(type(model)),
        model_version=model.version,
        fields=fields_of(model),
        symbol=symbol,
        fitted_from=_day(record.day.min()),
        fitted_to=_day(record.day.max()),
        as_of=record.known_date(later=later) + dt.timedelta(days=1) if as_of is None else _date(as_of),
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
        kind = models().get(version.model) or _own(version)
        names = [] if kind is None else [parameter.name for parameter in kind.parameters]
        covariance = version.fields.get("covariance") or []
        errors = [row[at] ** 0.5 for at, row in enumerate(covariance)] or [0.0] * len(names)
        if len(errors) > len(names) > 0:
            names.append(SPREAD_SHARE)
        told = [f"{n} {version.fields[n]:.4g} ± {error:.2g}" for n, error in zip(names, errors, strict=False)]
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
    kind = _own(version) if version.module else models().get(version.model)
    if kind is None and version.module:
        raise BadData(
            f"version {version.id} is of {version.model}, a model of your own written in {version.module}; import that "
            "module first, or define the class before loading"
        )
    if kind is None:
        raise BadData(f"version {version.id} is of the model {version.model}, which is not known here; update nowake")
    if kind.version != version.model_version:
        raise BadData(
            f"version {version.id} has version {version.model_version} of {version.model}, this nowake has "
            f"{kind.version}: its formulas changed; fit again"
        )
    try:
        fields = {each.name: _field(version.fields[each.name], each.type) for each in msgspec.structs.fields(kind)}
        return kind(**fields | {"covariance": as_covariance(version.fields["covariance"])})
    except (msgspec.ValidationError, TypeError, KeyError, AttributeError, BadParameter) as error:
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


def _module_of(kind: type[Impact]) -> str:
    """Where a model of the user's own is written; "" for ours.

    Raises
    ------
    BadParameter
        When it has the name of one of ours, or is written inside a function, where nothing finds it again.
    """
    ours = models().get(kind.__name__)
    if ours is kind:
        return ""
    if ours is not None:
        raise BadParameter(f"{kind.__name__} is the name of a model of nowake; give your own another to store it")
    if "<locals>" in kind.__qualname__:
        raise BadParameter(f"{kind.__name__} is written inside a function; write it at the top of a module to store it")
    return kind.__module__


def _own(version: Version) -> type[Impact] | None:
    """The class of the user's own that a stored version names, where it is defined by now: nothing is imported."""
    kinds, found = [Impact], []
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind.__name__ == version.model and models().get(kind.__name__) is not kind:
            found.append(kind)
    return max(found, key=lambda kind: kind.__module__ == version.module, default=None)


def _class_name(model: str) -> str:
    """The class a name means; the name itself where it may be a model of the user's own."""
    try:
        return model_named(model).__name__
    except BadParameter:
        if model.isidentifier() and model[0].isupper():
            return model
        raise


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
