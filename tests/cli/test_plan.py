"""nowake plan: one order by any schedule, and a basket."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest
from tests.cli.test_commands import ORDER, answer, nowake

from nowake.verbs.schedule_kinds import KINDS

BASKET = """symbol,side,quantity,price,daily_volatility,daily_volume,spread_bps,sector,beta
AAA,buy,20000,50,0.02,400000,4,energy,1.1
BBB,sell,10000,100,0.03,300000,5,finance,1.3
CCC,sell,400,80,0.015,90000,6,finance,0.8
"""


@pytest.fixture
def basket(tmp_path: Path) -> Path:
    path = tmp_path / "basket.csv"
    path.write_text(BASKET)
    return path


# One order.


def test_every_schedule_there_is_stands_in_the_list_and_in_a_comparison() -> None:
    listed = nowake("plan", "--schedules").stdout
    compared = answer("plan", "generated", *ORDER, "--schedule", "vwap", "--compare", "all", "--bucket", "30m")
    assert len(compared["plans"]) + len(compared["not_planned"]) == len(KINDS)
    assert compared["plan"]["name"] == compared["compared"][0]["schedule"] == "VWAP"
    for name in KINDS:
        assert name in listed
    for row, plan in zip(compared["compared"], compared["plans"], strict=True):
        assert row["expected_cost_bps"] == pytest.approx(plan["expected_cost_bps"])
        assert sum(plan["lots"]) == 2_000
        assert {"rule_cost_bps", "rule_risk_bps"} <= {*row}


def test_twap_and_vwap_show_a_cost_with_its_parts() -> None:
    for name in ("twap", "vwap"):
        plan = answer("plan", "generated", *ORDER, "--schedule", name)["plan"]
        assert plan["expected_cost_bps"] == pytest.approx(sum(plan["cost_parts"].values()))
        assert plan["cost_risk_bps"] > 0


def test_a_more_urgent_word_trades_sooner_and_costs_more() -> None:
    plans = [
        answer("plan", "generated", *ORDER, "--risk-aversion", word)["plan"]
        for word in ("passive", "neutral", "aggressive", "get-done")
    ]
    firsts, costs, risks = (
        [get(plan) for plan in plans]
        for get in (lambda p: p["lots"][0], lambda p: p["expected_cost_bps"], lambda p: p["cost_risk_bps"])
    )
    assert firsts == sorted(firsts)
    assert costs == sorted(costs)
    assert risks == sorted(risks, reverse=True)


def test_a_plan_shows_its_certificate_parts_and_share_of_volume_at_80_and_120_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for width in (80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        text = nowake("plan", "generated", *ORDER, "--compare", "twap,vwap").stdout
        assert max(map(len, text.splitlines())) <= width
        assert "TWAP" in text
    text = nowake("plan", "generated", *ORDER).stdout
    assert "Certificate, before rounding to lots: closed form" in text
    assert "all volume" in text


def test_the_frontier_costs_more_the_less_it_risks() -> None:
    points = answer("plan", "generated", *ORDER, "--frontier", "--model", "square-root")["frontier"]
    risks = [point["risk_bps"] for point in points]
    assert risks == sorted(risks, reverse=True)
    assert points[-1]["expected_cost_bps"] > points[0]["expected_cost_bps"]


def test_a_page_and_a_trade_list_are_written(tmp_path: Path) -> None:
    page, trades = tmp_path / "new" / "plan.html", tmp_path / "plan.csv"
    done = nowake("plan", "generated", *ORDER, "--compare", "twap", "--html", str(page), "--out", str(trades))
    assert done.returncode == 0, done.stderr
    assert "in the ring" in page.read_text()
    assert "To make this page again" in page.read_text()
    rows = list(csv.DictReader(trades.open()))
    assert sum(int(row["lots"]) for row in rows) == 2_000
    assert rows[-1]["left"] == "0"
    assert rows[0]["start"].startswith("2026-01-05T10:00:00-05:00")
    assert all(one["end"] == other["start"] for one, other in itertools.pairwise(rows))


def test_given_numbers_take_the_place_of_measured_ones() -> None:
    given = ("--price", "40", "--volatility", "0.03", "--daily-volume", "1e6", "--spread-bps", "10")
    found = answer("plan", "generated", *ORDER, *given)
    assert found["market"]["price"] == 40
    assert found["market"]["daily_volume"] == 1e6
    assert found["plan"]["inputs"]["volatility"] == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--schedule", "twop"), "schedule 'twop' is not known; choose from almgren-chriss, twap"),
        (("--compare", "twap,vwop"), "schedule 'vwop' is not known"),
        (("--risk-aversion", "hasty"), "risk_aversion 'hasty' is neither a number nor one of passive, neutral"),
        (("--risk-aversion", "nan"), "risk_aversion nan must be finite and 0 or more"),
        (("--bucket", "soon"), "duration 'soon' is not a number with a unit"),
        (("--rate", "2"), "--rate 2 must be between 0 and 1"),
        (("--as-of", "2026-01-01"), "say where they are kept: --params FILE"),
        (("--model", "magic"), "model 'magic' is not known"),
        (("--schedule", "vwap", "--forecast"), "vwap needs to know how volume runs over the day"),
        (("--dollar-band", "0.1"), "--dollar-band is of a basket; give --basket FILE too"),
        (("--schedule", "twap", "--max-participation", "0.1"), "twap keeps to no largest participation"),
        (("--curve", "none.csv"), "none.csv is not there"),
        (("--drift-bps", "nan"), "drift_bps nan must be finite"),
        (("--out", "-", "--json"), "--out - and --json both answer on standard output"),
        (("--out", "/nowhere/plan.csv"), "there is no folder /nowhere"),
    ],
)
def test_a_mistake_is_one_line_and_exits_2(options: tuple[str, ...], message: str) -> None:
    done = nowake("plan", "generated", *ORDER, *options)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert message in done.stderr


# A basket.


def test_the_demo_basket_is_planned_in_whole_lots_within_its_limits(tmp_path: Path) -> None:
    trades = tmp_path / "trades.csv"
    limits = ("--max-participation", "0.2", "--dollar-band", "0.02", "--sector-band", "0.05")
    found = answer("plan", "--basket", "demo", *limits, "--out", str(trades))
    assert found["plan"]["lines"] == len(found["rows"]) == 24
    assert max(row["fastest"] for row in found["rows"]) <= 0.2 + 1e-9
    assert found["plan"]["certificate"]["value"] < 1e-6
    assert sum(found["plan"]["cost_parts_bps"].values()) == pytest.approx(found["plan"]["expected_cost_bps"])
    rows = list(csv.DictReader(trades.open()))
    assert [trade["lots"] for trade in found["trades"]] == [int(row["lots"]) for row in rows]
    done: dict[str, float] = {}
    for row in rows:
        done[row["symbol"]] = done.get(row["symbol"], 0) + float(row["quantity"])
    assert done == {row["symbol"]: row["quantity"] for row in found["rows"]}


def test_a_basket_prints_within_80_and_120_columns_and_writes_a_page(
    basket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for width in (80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        page = tmp_path / f"{width}.html"
        done = nowake("plan", "--basket", str(basket), "--cash-band", "0.1", "--html", str(page))
        assert done.returncode == 0, done.stderr
        written = f"written to {page}"
        assert max(len(line) for line in done.stdout.splitlines() if line not in {written, str(page)}) <= width
        assert "assumed market volatility" in " ".join(done.stdout.split())
        assert "<h2>Exposures</h2>" in page.read_text()


def test_bad_rows_are_a_line_each_and_may_be_left_out(basket: Path) -> None:
    basket.write_text(BASKET + "DDD,hold,1,1,0.1,1,1,,\nEEE,buy,nan,1,0.1,1,1,,\n")
    done = nowake("plan", "--basket", str(basket))
    assert done.returncode == 2
    assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == [
        "row 5 (DDD)",
        "row 6 (EEE)",
        "2 of 5 rows of basket.csv cannot be planned; repair them, or plan without them",
    ]
    done = nowake("plan", "--basket", str(basket), "--keep-going")
    assert done.returncode == 1
    assert "Left out of the basket" in done.stdout
    assert "2 of 5 rows are not in this plan" in done.stderr


def test_without_a_date_trades_are_in_sessions(basket: Path) -> None:
    trades = answer("plan", "--basket", str(basket), "--buckets", "4")["trades"]
    assert trades[0] | {"lots": 0, "quantity": "", "left": ""} == {
        "symbol": "AAA", "side": "buy", "start": "0", "end": "0.25", "lots": 0, "quantity": "", "left": "",
    }  # fmt: skip


def test_each_line_has_its_own_model_by_name(basket: Path) -> None:
    options = ("--model", "square-root", "--exponent", "1.5", "--risk-aversion", "passive")
    rows = answer("plan", "--basket", str(basket), *options)["rows"]
    share = {row["symbol"]: row["share_of_day"] for row in rows}
    impact = {row["symbol"]: row["temporary"] + row["permanent"] for row in rows}
    volatility = {"AAA": 200, "BBB": 300, "CCC": 150}
    for symbol, bps in impact.items():
        assert bps == pytest.approx(volatility[symbol] * share[symbol] ** 0.5, rel=0.03)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--schedule", "vwap"), "--schedule vwap is of one order; a basket's is one of optimal, even"),
        (("--compare", "vwap"), "'vwap' is not known beside a basket's plan; choose from optimal, even"),
        (("--bucket", "5m"), "--bucket is asked of one order, not of a basket; its buckets are --buckets N"),
        (("--curve", "curve.csv"), "--curve curve.csv needs the trading day; give --date YYYY-MM-DD"),
        (("--buckets", "0"), "--buckets 0 must be 1 or more"),
        (("--max-participation", "-1"), "max_participation -1.0 must be above 0"),
        (("--dollar-band", "nan"), "width nan of a band must be 0 or more"),
        (("--min-child", "9", "--max-child", "5"), "min_child_value 9.0 is above max_child_value 5.0"),
        (("--covariance", "none.csv"), "none.csv is not there"),
        (("--correlation", "2"), "correlation 2.0 common to all must be between 0 and 1"),
        (("--max-participation", "0.001"), "give max_participation"),
        (("--date", "2026-01-04"), "XNYS is closed on 2026-01-04"),
        (("--buy", "5"), "--buy is for one order, and --basket has its own"),
        (("--column", "px"), "--column 'px' is not of the form YOURS=OURS"),
    ],
)
def test_a_mistake_with_a_basket_is_one_line_and_exits_2(basket: Path, options: tuple[str, ...], message: str) -> None:
    done = nowake("plan", "--basket", str(basket), *options)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert message in done.stderr


def test_columns_of_other_names_are_suggested_as_options(basket: Path) -> None:
    basket.write_text(BASKET.replace("symbol,side,quantity,price", "ticker,way,qty,px"))
    done = nowake("plan", "--basket", str(basket))
    assert "--column ticker=symbol --column way=side --column qty=quantity --column px=price" in done.stderr
    renamed = [f"--column={pair}" for pair in ("ticker=symbol", "way=side", "qty=quantity", "px=price")]
    assert nowake("plan", "--basket", str(basket), *renamed).returncode == 0
