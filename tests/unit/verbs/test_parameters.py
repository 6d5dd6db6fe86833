from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest
from tests.contracts.static_models import STATIC_MODELS
from tests.contracts.transient_models import TRANSIENT_MODELS

from nowake.data import parameters
from nowake.data.parameters import Version
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.models.calibration.fit import hash_of
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.impact import Impact, Linear, Parameter, PowerLaw, Reading, SquareRoot
from nowake.models.impact.size_law import SizeLaw
from nowake.models.pretrade.seen import Seen
from nowake.models.terms import Size
from nowake.verbs.fit import fit
from nowake.verbs.parameters import (
    dashed,
    fields_of,
    find_all,
    load_model,
    model_named,
    model_of,
    models,
    save_model,
    seen_of,
    version_rows,
)

FIRST, SECOND = dt.date(2024, 1, 31), dt.date(2024, 2, 29)


def version(law: Impact, to: dt.date = FIRST, symbol: str = "", **changes: object) -> Version:
    whole = {
        "name": "desk",
        "model": type(law).__name__,
        "model_version": law.version,
        "fields": fields_of(law),
        "fitted_from": dt.date(2023, 1, 2),
        "fitted_to": to,
        "symbol": symbol,
        "data_hash": "abc",
        **changes,
    }
    return Version(**whole)  # type: ignore[arg-type]


def stored(tmp_path: Path, *versions: Version) -> Path:
    parameters.append(tmp_path / "p.db", versions)
    return tmp_path / "p.db"


@pytest.mark.parametrize(
    "model",
    [
        SquareRoot(y=0.1 + 0.2, relaxed=0.5, reading=Reading.PEAK, covariance=((1 / 3,),)),
        *STATIC_MODELS,
        *TRANSIENT_MODELS,
    ],
    ids=str,
)
def test_a_model_comes_back_from_the_store_to_the_last_digit(tmp_path: Path, model: Impact) -> None:
    assert load_model(stored(tmp_path, version(model)), "desk") == model


def test_a_date_gets_the_model_that_was_known_then(tmp_path: Path) -> None:
    path = stored(tmp_path, version(SquareRoot(y=1.0)), version(SquareRoot(y=2.0), SECOND))
    assert load_model(path, "desk", as_of="2024-02-29").values == (1.0,)
    assert load_model(path, "desk", as_of=dt.date(2024, 3, 1)).values == (2.0,)
    assert load_model(path, "desk").values == (2.0,)
    with pytest.raises(NotFound, match="may be used from 2024-02-01 on"):
        load_model(path, "desk", as_of="2024-01-31")


def test_a_symbol_has_its_own_parameters_or_those_of_the_pool(tmp_path: Path) -> None:
    path = stored(tmp_path, version(SquareRoot(y=1.0)), version(SquareRoot(y=2.0), symbol="IBM"))
    assert load_model(path, "desk", symbol="IBM").values == (2.0,)
    assert load_model(path, "desk", symbol="NEW").values == (1.0,)
    assert load_model(path, "desk").values == (1.0,)


def test_several_models_under_one_name_are_told_by_their_class(tmp_path: Path) -> None:
    path = stored(tmp_path, version(SquareRoot()), version(Linear(gamma=1e-7, eta=3e-6, epsilon=0.01)))
    assert isinstance(load_model(path, "desk", model="square-root"), SquareRoot)
    assert isinstance(load_model(path, "desk", model="Linear"), Linear)


def test_several_models_under_one_name_are_found_side_by_side_the_newest_of_each(tmp_path: Path) -> None:
    old, new, power = (
        version(SquareRoot(y=1.0)),
        version(SquareRoot(y=2.0), SECOND),
        version(PowerLaw(y=1.0, exponent=0.6)),
    )
    path = stored(tmp_path, old, power, new)
    found = [model_of(each) for each in find_all(path, "desk")]
    assert found == [PowerLaw(y=1.0, exponent=0.6), SquareRoot(y=2.0)]
    assert model_of(find_all(path, "desk", as_of=SECOND)[0]) == SquareRoot(y=1.0)
    assert [each.model for each in find_all(path, "desk", model="power-law")] == ["PowerLaw"]
    with pytest.raises(BadParameter, match="holds several models named desk: power-law, square-root; say which"):
        load_model(path)


def test_a_symbol_s_own_models_stand_beside_the_pool_s_of_other_classes(tmp_path: Path) -> None:
    path = stored(tmp_path, version(SquareRoot(y=1.0)), version(PowerLaw(y=1.0, exponent=0.6)))
    stored(tmp_path, version(SquareRoot(y=3.0), symbol="IBM"))
    assert {each.model: each.symbol for each in find_all(path, symbol="IBM")} == {"SquareRoot": "IBM", "PowerLaw": ""}
    with pytest.raises(NotFound, match="no model of the pool under 'eu'"):
        find_all(path, "eu", symbol="IBM")


class Crossover(SizeLaw, frozen=True, kw_only=True):
    """A desk's own: linear for small orders, a square root beyond b."""

    name: ClassVar[str] = "crossover"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("y", "", "prefactor"),)

    y: float = 1.0
    b: float = 0.001

    def law(self, x: Size) -> Size:
        return self.y * x / np.sqrt(x + self.b)

    def law_slopes(self, x: Size) -> tuple[Size, ...]:
        return (x / np.sqrt(x + self.b),)


def test_a_model_of_one_s_own_is_stored_and_found_again_where_its_class_is_defined(tmp_path: Path) -> None:
    orders = generate_orders(SquareRoot(y=0.8), 1, Design(orders=300, days=20))
    found = fit(Crossover, orders, spread="half")
    found.save(tmp_path / "p.db", name="own")
    assert load_model(tmp_path / "p.db") == found.model
    assert load_model(tmp_path / "p.db", model="Crossover") == found.model
    (kept,) = find_all(tmp_path / "p.db")
    assert kept.module == __name__
    assert version_rows([kept])[0]["parameters"].startswith("y 0.")  # type: ignore[attr-defined]
    gone = msgspec.structs.replace(kept, model="Gone", module="desk.models")
    with pytest.raises(BadData, match=r"of Gone, a model of your own written in desk\.models; import that"):
        model_of(gone)
    assert version_rows([gone])[0]["parameters"] == ""


def test_a_model_of_one_s_own_that_could_not_be_found_again_is_not_stored(tmp_path: Path) -> None:
    class Inner(Crossover, frozen=True, kw_only=True):
        """Written in a function."""

    class Linear(Crossover, frozen=True, kw_only=True):
        """The name of one of ours."""

    orders = generate_orders(SquareRoot(y=0.8), 1, Design(orders=50))
    for kind, message in ((Inner, "written inside a function"), (Linear, "is the name of a model of nowake")):
        with pytest.raises(BadParameter, match=message):
            save_model(tmp_path / "p.db", kind(), orders, name="own")
    assert not (tmp_path / "p.db").exists()


def test_a_stored_fit_carries_the_share_of_the_spread_and_the_ranges_it_saw(tmp_path: Path) -> None:
    orders = generate_orders(SquareRoot(y=0.8), 1, Design(orders=300, days=20))
    found = fit(SquareRoot, orders, spread="estimate")
    found.save(tmp_path / "p.db")
    (kept,) = find_all(tmp_path / "p.db")
    assert model_of(kept) == found.model
    assert found.model.se("spread_share") > 0
    assert "spread_share" in str(version_rows([kept])[0]["parameters"])
    assert seen_of(kept) == found.seen == Seen.of(orders)
    assert seen_of(version(SquareRoot())) is None


def test_a_model_whose_formulas_changed_or_that_is_not_known_is_refused(tmp_path: Path) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"model_version": "0"}, "its formulas changed; fit again"),
        ({"model": "Phlogiston"}, "not known here; update nowake"),
        ({"fields": {"y": "much"}}, "is no SquareRoot"),
    ]
    for number, (changes, message) in enumerate(refused):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = stored(folder, version(SquareRoot(), **changes))
        with pytest.raises(BadData, match=message):
            load_model(path, "desk")


def test_every_model_has_a_name_for_the_shell_that_finds_it_again() -> None:
    assert models()["SquareRoot"] is SquareRoot
    for name, kind in models().items():
        assert model_named(dashed(name)) is kind
        assert model_named(name) is kind
    with pytest.raises(BadParameter, match=r"model 'phlogiston' is not known; choose from .*square-root"):
        model_named("phlogiston")


def test_a_date_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="write YYYY-MM-DD"):
        load_model(stored(tmp_path, version(msgspec.structs.replace(SquareRoot(), y=1.0))), "desk", as_of="soon")


def test_a_file_with_one_name_needs_none_and_one_with_several_asks_which(tmp_path: Path) -> None:
    path = stored(tmp_path, version(SquareRoot(y=1.0)))
    assert load_model(path).values == (1.0,)
    stored(tmp_path, version(SquareRoot(y=1.0), name="eu"))
    with pytest.raises(BadParameter, match="holds fits named desk, eu; say which"):
        load_model(path)


def test_a_model_may_be_used_when_the_orders_behind_it_had_ended(tmp_path: Path) -> None:
    """An order begun on Thursday that filled over four sessions was known on Wednesday at the latest."""
    orders = generate_orders(SquareRoot(y=1.0), 1, Design(orders=50, days=1))
    thursday = np.full(50, (dt.date(2024, 2, 1) - dt.date(1970, 1, 1)).days)
    days = orders.days.copy()
    days[7] = 3.8
    orders = dataclasses.replace(orders, day=thursday, days=days)
    one, two = (
        save_model(tmp_path / "p.db", SquareRoot(y=y), orders, name="desk", later=later)
        for y, later in ((1.0, False), (2.0, True))
    )
    assert (one.fitted_to, one.usable_from) == (dt.date(2024, 2, 1), dt.date(2024, 2, 8))
    assert two.usable_from == dt.date(2024, 2, 9)
    short = dataclasses.replace(orders, days=np.minimum(days, 1.0), later_price=None)
    assert save_model(tmp_path / "p.db", SquareRoot(y=3.0), short, name="desk").usable_from == dt.date(2024, 2, 2)


def test_a_saved_model_carries_the_dates_and_the_hash_of_its_orders(tmp_path: Path) -> None:
    orders = generate_orders(SquareRoot(y=1.0), 1, Design(orders=50, days=10))
    saved = save_model(tmp_path / "p.db", SquareRoot(y=0.7), orders, name="desk", as_of="2020-02-01")
    assert saved.fitted_from == dt.date(2020, 1, 1) + dt.timedelta(days=int(orders.day.min()) - 18_262)
    assert saved.fitted_to == dt.date(2020, 1, 1) + dt.timedelta(days=int(orders.day.max()) - 18_262)
    assert (saved.id, saved.orders, saved.data_hash) == (1, 50, hash_of(orders))
    assert save_model(tmp_path / "p.db", SquareRoot(y=0.7), orders, name="desk", as_of="2020-02-01") == saved
    with pytest.raises(NotFound, match="2020-02-01 on"):
        load_model(tmp_path / "p.db", as_of="2020-01-31")
    assert load_model(tmp_path / "p.db", as_of="2020-02-01").values == (0.7,)
