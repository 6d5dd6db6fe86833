"""nowake plan: nothing that is typed is ignored, and nothing that is read is overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.cli.test_commands import ORDER, nowake

BASKET = """symbol,side,quantity,price,daily_volatility,daily_volume,spread_bps
AAA,buy,20000,50,0.02,400000,4
BBB,sell,10000,100,0.03,300000,5
"""
COVARIANCE = ",AAA,BBB\nAAA,0.0004,0.0001\nBBB,0.0001,0.0009\n"


@pytest.fixture
def basket(tmp_path: Path) -> Path:
    path = tmp_path / "basket.csv"
    path.write_text(BASKET)
    return path


def refusal(*arguments: object) -> str:
    answered = nowake("plan", *map(str, arguments))
    assert answered.returncode == 2, answered.stdout
    assert len(answered.stderr.splitlines()) == 1
    return answered.stderr


def test_no_output_overwrites_an_input_by_whatever_path(basket: Path) -> None:
    folder = basket.parent
    covariance = folder / "c.csv"
    covariance.write_text(COVARIANCE)
    link = folder / "link.csv"
    os.link(basket, link)
    assert "--html" in refusal("--basket", basket, "--html", basket)
    for output in (basket, link, folder / ".." / folder.name / "basket.csv"):
        assert "would overwrite what --basket reads" in refusal("--basket", basket, "--out", output)
    told = refusal("--basket", basket, "--covariance", covariance, "--out", covariance)
    assert "would overwrite what --covariance reads" in told
    assert (BASKET, COVARIANCE) == (basket.read_text(), covariance.read_text())


def test_no_output_overwrites_the_other_or_the_source(tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert "--html and --out both write" in refusal("generated", *ORDER, "--html", path, "--out", path)
    path.write_text("a day")
    for source in (path, f"csv:{path}"):
        assert "would overwrite what SOURCE reads" in refusal(source, *ORDER, "--out", path)
    assert "would overwrite what SOURCE reads" in refusal(tmp_path, *ORDER, "--out", path)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--bucket", "1m"), ("--bucket", "junk"), ("--rate", "nan"), ("--rate", "0.1"), ("--half-life", "x"),
        ("--as-of", "zz"), ("--fit", "x"), ("--root", "/nowhere"), ("--price", "0"), ("--volatility", "0"),
        ("--daily-volume", "0"), ("--spread-bps", "0"), ("--forecast", None),
    ],
)  # fmt: skip
def test_what_a_basket_does_not_look_at_is_refused(basket: Path, option: str, value: str | None) -> None:
    assert refusal("--basket", basket, option, *filter(None, [value])).startswith(f"nowake: {option} ")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--min-child", "0"), ("--max-child", "0"), ("--buckets", "0"), ("--factors", "0"), ("--exponent", "0"),
        ("--market-volatility", "0.0"), ("--dollar-band", "0"), ("--correlation", "0"), ("--keep-going", None),
        ("--column", "A=B"),
    ],
)  # fmt: skip
def test_what_is_of_a_basket_is_refused_for_one_order_though_it_be_zero(option: str, value: str | None) -> None:
    told = refusal("generated", *ORDER, option, *filter(None, [value]))
    assert f"{option} is of a basket" in told
