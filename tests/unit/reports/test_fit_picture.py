from __future__ import annotations

import dataclasses
import functools
import re
import xml.etree.ElementTree as ET

import msgspec
import numpy as np
import pytest

from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.compare import compare
from nowake.models.calibration.fit import fit
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.hierarchical import fit_by_symbol
from nowake.models.calibration.result import Fit
from nowake.models.impact import Almgren2005, Impact, Linear, PowerLaw, SquareRoot
from nowake.reports import fit_tables
from nowake.reports.pictures import fit as pictures
from nowake.reports.tables import render


@functools.cache
def orders() -> Metaorders:
    return generate_orders(SquareRoot(y=0.8), 1, Design(orders=800, days=40, symbols=5))


@functools.cache
def fitted(model: type[Impact] = SquareRoot) -> Fit[Impact]:
    return fit(model, orders())


def test_a_fit_of_the_spread_is_drawn_with_the_doubt_of_the_law_alone() -> None:
    kind: type[Impact] = SquareRoot
    found = fit(kind, orders(), spread="estimate")
    assert len(found.model.covariance) == 2
    alone = msgspec.structs.replace(found.model, covariance=((found.model.covariance[0][0],),))
    one, other = (
        pictures.cost_by_size(msgspec.structs.replace(found, model=model), orders()) for model in (found.model, alone)
    )
    assert one == other


def test_models_side_by_side_show_how_far_each_is_behind() -> None:
    table = fit_tables.comparison_table(compare([SquareRoot, PowerLaw], orders(), blocks=0))
    aic, behind = ([float(str(row[key])) for row in table.rows] for key in ("aic", "aic_behind"))
    assert min(behind) == 0 < max(behind)
    assert max(behind) == pytest.approx(abs(aic[0] - aic[1]))


def test_the_picture_is_the_same_bytes_each_time_and_well_formed() -> None:
    one, other = (pictures.cost_by_size(fitted(), orders()) for _ in range(2))
    assert one == other
    ET.fromstring(one.svg)
    assert re.findall(r"#[0-9a-f]{6}\b", re.sub(r"var\(--[a-z]+, #[0-9a-f]{6}\)", "", one.svg)) == []
    texts = ["".join(each.itertext()) for each in ET.fromstring(one.svg).iter("{http://www.w3.org/2000/svg}text")]
    assert "square root" in texts
    assert "what was paid" in texts


def test_the_words_give_the_smallest_and_the_largest_orders() -> None:
    first, last = fitted().buckets[0], fitted().buckets[-1]
    alt = pictures.cost_by_size(fitted(), orders()).alt
    assert f"paid {first.observed_bps:.1f} bps, the law says {first.fitted_bps:.1f}" in alt
    assert f"paid {last.observed_bps:.1f} bps, the law says {last.fitted_bps:.1f}" in alt


def test_the_band_of_a_prefactor_is_its_share_of_the_law() -> None:
    found = fitted()
    doubt = pictures._doubt_bps(found, orders())
    impact = np.asarray(found.model.total_bps(pictures.terms_of(orders())))
    size = orders().quantity / orders().daily_volume
    largest = size > np.sqrt(found.buckets[-1].share_of_day * found.buckets[-2].share_of_day)
    relative = found.model.se("y") / found.estimates["y"].value
    assert doubt[-1] == pytest.approx(relative * impact[largest].mean())


def test_orders_that_the_model_cannot_use_are_not_asked_about() -> None:
    shares = orders().shares_outstanding
    assert shares is not None
    some = dataclasses.replace(orders(), shares_outstanding=np.where(np.arange(800) < 50, np.nan, shares))
    found = fit(Almgren2005, some, hold={"beta": 0.6, "delta": 0.25})
    assert "the law says" in pictures.cost_by_size(found, some).alt


def test_a_model_with_exact_parameters_has_no_band() -> None:
    exact = msgspec.structs.replace(fitted(), model=SquareRoot(covariance=()))
    np.testing.assert_array_equal(pictures._doubt_bps(exact, orders()), 0)


def test_a_fit_is_a_table_of_its_parameters_with_the_notes() -> None:
    table = fit_tables.fit_table(fitted())
    assert [row["parameter"] for row in table.rows] == list(fitted().estimates | fitted().nuisances)
    text = render(table)
    assert f"{fitted().orders:,} orders in {fitted().clusters:,} clusters" in text
    assert "cluster" in text


def test_sizes_and_outliers_are_tables_too() -> None:
    sizes = fit_tables.sizes_table(fitted())
    assert [row["paid"] for row in sizes.rows] == [bucket.observed_bps for bucket in fitted().buckets]
    outliers = fit_tables.outliers_table(fitted())
    assert len(outliers.rows) == len(fitted().policies) > 1


def test_models_side_by_side_begin_with_the_best_and_end_with_the_statement() -> None:
    found = compare([Linear, SquareRoot, PowerLaw], orders())
    table = fit_tables.comparison_table(found)
    assert [row["model"] for row in table.rows] == [score.name for score in found.scores]
    assert table.rows[0]["behind"] == 0
    assert table.rows[0]["p"] is None
    assert table.rows[-1]["p"] == found.verdicts[1].adjusted_p
    assert table.notes[0].lower() == f"{found.statement.lower()}."
    assert "< 0.001" in render(table, width=160)


def test_symbols_stand_one_a_row_with_the_middle_and_the_unseen_below() -> None:
    found = fit_by_symbol(PowerLaw, orders(), spread="half")
    table = fit_tables.symbols_table(found)
    assert [row["symbol"] for row in table.rows] == [*orders().symbols, "(middle)", "(unseen)"]
    assert table.rows[0]["y_pool"] == found.symbols[0].pool_share["y"]
    assert table.notes[0].startswith("Standard deviation over symbols of log y: ")
    assert table.notes[1].startswith("Standard deviation over symbols of exponent: ")


def test_refusals_are_told_with_their_reasons() -> None:
    assert "too few" in render(fit_tables.refusals_table({"power law": "too few orders"}))
