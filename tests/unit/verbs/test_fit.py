from __future__ import annotations

import functools
from pathlib import Path

import pytest

import nowake as nw
from nowake.data.orders import write_orders
from nowake.domain.errors import BadParameter
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration import fit as fits
from nowake.models.calibration import result
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.hierarchical import fit_by_symbol
from nowake.models.impact import PowerLaw, SquareRoot
from nowake.verbs.parameters import find, is_of_parameters, load_model, save_hierarchy


@functools.cache
def orders() -> Metaorders:
    return generate_orders(SquareRoot(y=0.8), 1, Design(orders=600, days=40, symbols=5))


def test_the_verb_gives_what_the_room_does_and_the_orders_with_it() -> None:
    found = nw.fit("square-root", orders(), spread="half")
    inner = fits.fit(SquareRoot, orders(), spread="half")
    assert isinstance(found, nw.Fit)
    assert isinstance(found, result.Fit)
    assert found.estimates == inner.estimates
    assert str(found) == str(inner) == repr(found)
    assert found.of is orders()


def test_a_file_is_as_good_as_its_orders(tmp_path: Path) -> None:
    path = write_orders(orders(), tmp_path / "desk.parquet")
    assert nw.fit(SquareRoot, path).estimates == nw.fit(SquareRoot, orders()).estimates


def test_a_record_keeps_its_settings() -> None:
    assert nw.fit(SquareRoot(relaxed=0.5), orders(), hold={"relaxed": 0.5}).model.relaxed == 0.5  # type: ignore[attr-defined]


def test_a_fit_is_kept_and_found_again(tmp_path: Path) -> None:
    found = nw.fit("square-root", orders())
    assert found.save(tmp_path / "p.db", name="us") == 1
    assert load_model(tmp_path / "p.db", "us") == found.model
    kept = find(tmp_path / "p.db", "us")
    assert (kept.orders, kept.clusters, kept.data_hash) == (found.orders, found.clusters, found.data_hash)
    assert kept.method == found.method


def test_a_fit_by_symbol_is_kept_with_the_pool_for_symbols_not_seen(tmp_path: Path) -> None:
    found = fit_by_symbol(PowerLaw, orders(), spread="half")
    save_hierarchy(tmp_path / "p.db", found, orders(), name="us")
    assert load_model(tmp_path / "p.db", "us", symbol="S003") == found.model("S003")
    assert load_model(tmp_path / "p.db", "us", symbol="NEW") == found.unseen
    assert load_model(tmp_path / "p.db", "us") == found.unseen


def test_the_picture_shows_what_was_paid_and_the_law() -> None:
    picture = nw.fit("square-root", orders()).plot()
    assert picture.title == "Cost against size"
    assert "the law says" in picture.alt
    assert picture == nw.fit("square-root", orders()).plot()


def test_what_is_no_record_and_no_model_is_said() -> None:
    with pytest.raises(BadParameter, match="list is not a record of executed orders"):
        nw.fit("square-root", [1, 2])  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match=r"model 'cubic' is not known; choose from .*square-root"):
        nw.fit("cubic", orders())
    with pytest.raises(BadParameter, match="is no model of impact"):
        nw.fit(int, orders())  # type: ignore[arg-type]


def test_a_model_of_a_kernel_is_asked_for_as_a_record() -> None:
    transient = nw.models.impact.Transient
    assert not is_of_parameters(transient)
    with pytest.raises(BadParameter, match="Transient is more than its parameters; make the record"):
        nw.fit(transient, orders())
