"""nowake plan: one order by any schedule, and a basket."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import pytest
from tests.cli.test_commands import ORDER, answer, nowake

import nowake as nw
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.impact import SquareRoot
from nowake.verbs.plan_basket import BASKET_KINDS
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


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A parameter store with the square-root law of a desk."""
    path = tmp_path_factory.mktemp("fits") / "p.db"
    nw.fit("square-root", generate_orders(SquareRoot(y=0.8), 1, Design(orders=300, days=30))).save(path, name="desk")
    return path


def listed(*arguments: str) -> list[dict[str, str]]:
    """The trade list on standard output."""
    done = nowake("plan", *arguments, "--out", "-")
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(done.stdout.splitlines()))


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


def test_a_drift_costs_every_plan_and_the_frontier(tmp_path: Path) -> None:
    asked = ("plan", "generated", *ORDER, "--drift-bps", "30")
    found = answer(*asked, "--schedule", "twap", "--compare", "almgren-chriss-drift,almgren-chriss")
    assert len(found["plans"]) == 3
    for plan in found["plans"]:
        assert plan["cost_parts"]["drift"] != 0
        assert plan["expected_cost_bps"] == pytest.approx(sum(plan["cost_parts"].values()))
    calm = answer("plan", "generated", *ORDER, "--schedule", "twap")["plan"]
    moved = found["plans"][0]["cost_parts"]
    assert moved | {"drift": 0} == pytest.approx(calm["cost_parts"] | {"drift": 0})


def test_the_frontier_has_the_plan_among_its_points_where_its_risk_is() -> None:
    rows = answer("plan", "generated", *ORDER, "--frontier", "--compare", "twap")["frontier"]
    risks = [row["risk_bps"] for row in rows]
    assert risks == sorted(risks, reverse=True)
    assert {row["plan"] for row in rows} == {"", "Almgren-Chriss (chosen)", "TWAP"}


def test_a_largest_participation_is_kept_by_one_order() -> None:
    asked = ("plan", "generated", *ORDER, "--risk-aversion", "get-done")
    free = answer(*asked)["rows"]
    shares = [row["quantity"] / row["expected_volume"] for row in free]
    most = round(0.7 * max(shares), 5)
    capped = answer(*asked, "--max-participation", str(most))["rows"]
    assert max(row["quantity"] / row["expected_volume"] for row in capped) <= most * 1.01


def test_a_curve_from_a_file_serves_a_forecast(tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("time,share\n09:30,1\n10:30,1\n11:00,6\n12:00,1\n")
    asked = ("plan", "generated", *ORDER, "--schedule", "vwap", "--forecast", "--curve", str(curve), "--bucket", "30m")
    found = answer(*asked)
    volume = {row["start_ns"]: row["expected_volume"] for row in found["rows"]}
    done = {row["start_ns"]: row["quantity"] for row in found["rows"]}
    for start_ns, quantity in done.items():
        assert quantity / 2_000 == pytest.approx(volume[start_ns] / sum(volume.values()), abs=1e-3)
    assert "Volume runs as curve.csv says." in " ".join(nowake(*asked).stdout.split())


def test_the_trade_list_may_go_to_standard_output_and_says_whose_it_is_in_a_file(tmp_path: Path) -> None:
    rows = listed("generated", *ORDER, "--compare", "twap")
    assert sum(int(row["lots"]) for row in rows) == 2_000
    path = tmp_path / "list.csv"
    done = nowake("plan", "generated", *ORDER, "--compare", "twap", "--out", str(path))
    assert "the trades of Almgren-Chriss" in " ".join(done.stdout.split())
    assert listed("--basket", "demo")[0]["symbol"] == "ALDER"


def test_many_buckets_are_summed_up_on_the_screen_and_whole_in_the_list() -> None:
    asked = ("generated", *ORDER, "--bucket", "1s", "--schedule", "twap")
    text = nowake("plan", *asked).stdout
    assert len(text.splitlines()) < 200
    assert "buckets each" in text
    assert "buckets are finer than 2,000 lots can follow" in " ".join(text.split())
    assert len(listed(*asked)) > 3_000


def test_fitted_parameters_plan_an_order_and_a_basket_and_say_what_lies_beyond_them(params: Path, basket: Path) -> None:
    found = answer(
        "plan", "generated", *ORDER, "--params", str(params), "--schedule", "power-law", "--as-of", "2030-01-01"
    )
    assert found["plan"]["name"] == "power law"
    text = " ".join(nowake("plan", "generated", "--sell", "2000000", "--params", str(params)).stdout.split())
    assert f"Impact is square root as fitted and kept in {params}." in text
    assert "an extrapolation" in text
    basket.write_text(BASKET.replace("20000,50", "2000000,50"))
    found = answer("plan", "--basket", str(basket), "--params", str(params))
    assert any("as fitted under 'desk'" in note for note in found["notes"])
    assert any("1 of 3 lines lie outside" in note or "lines lie outside" in note for note in found["notes"])
    plain = answer("plan", "--basket", str(basket))
    assert found["plan"]["expected_cost_bps"] != pytest.approx(plain["plan"]["expected_cost_bps"], rel=0.01)


def test_all_schedules_are_listed_for_machines_too_and_of_a_basket_its_own() -> None:
    found = answer("plan", "--schedules")
    assert [row["name"] for row in found["schedules"]] == list(KINDS)
    assert [row["name"] for row in found["basket_schedules"]] == list(BASKET_KINDS)
    text = nowake("plan", "--basket", "demo", "--schedules").stdout
    assert "risk-parity" in text
    assert "almgren-chriss" not in text


# A basket.


def test_a_basket_stands_beside_others_and_on_its_frontier(basket: Path) -> None:
    asked = ("plan", "--basket", str(basket), "--compare", "all", "--max-participation", "0.5")
    found = answer(*asked)
    names = [row["plan"] for row in found["plans"]]
    assert names[0] == "Optimal basket"
    assert {f"optimal, {word}" for word in ("passive", "neutral", "aggressive", "get-done")} < set(names)
    costs = {row["plan"]: row["expected_cost_bps"] for row in found["plans"]}
    assert costs["optimal, passive"] < costs["optimal, aggressive"] < costs["optimal, get-done"]
    assert costs["optimal, neutral"] == pytest.approx(costs["Optimal basket"])
    rows = answer(*asked, "--frontier")["frontier"]
    assert "Optimal basket (chosen)" in {row["plan"] for row in rows}
    risks = [row["risk_bps"] for row in rows]
    assert risks == sorted(risks, reverse=True)
    tight = answer(
        "plan", "--basket", str(basket), "--compare", "risk-parity,aggressive", "--max-participation", "0.06"
    )
    assert "optimal, aggressive" in {row["plan"] for row in tight["plans"]} | {
        f"optimal, {name}" for name in tight["not_planned"]
    }


def test_a_frontier_beside_a_cap_says_that_it_knows_none() -> None:
    shown = nowake("plan", "generated", *ORDER, "--max-participation", "0.2", "--frontier").stdout
    assert "without a largest participation" in " ".join(shown.split())


def test_a_basket_trades_in_the_close_by_a_curve_under_a_drift(basket: Path, tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("time,share\n09:30,3\n12:45,1\n")
    day = ("--date", "2026-01-05", "--buckets", "2")
    asked = ("--basket", str(basket), "--schedule", "even", *day)
    plain, bent, closing = (
        answer("plan", *asked, *more)
        for more in ((), ("--curve", str(curve)), ("--close-auction", "0.5", "--schedule", "optimal"))
    )
    # Evenly by volume: three quarters before a quarter to one.
    first = [next(int(row["quantity"]) for row in found["trades"]) for found in (plain, bent)]
    assert first == [10_000, 15_000]
    assert [row["auction"] for row in closing["trades"] if row["symbol"] == "AAA"] == ["", "", "close"]
    in_sessions = answer("plan", "--basket", str(basket), "--close-auction", "0.5", "--buckets", "2")["trades"]
    assert [row["auction"] for row in in_sessions if row["symbol"] == "BBB"] == ["", "", "close"]
    early = nowake("plan", "--basket", "demo", "--close-auction", "0.1")  # Its lines all end before the close.
    assert (early.returncode, "no line's window reaches the close" in early.stderr) == (2, True)
    drifting = answer("plan", "--basket", str(basket), "--drift-bps", "40")
    assert drifting["plan"]["cost_parts_bps"]["drift"] != 0


def test_lines_have_a_participation_and_a_drift_of_their_own(basket: Path) -> None:
    head, *lines = BASKET.splitlines()
    more = ("0.055,", ",25", ",")
    basket.write_text(
        "\n".join([f"{head},max_participation,drift_bps", *(f"{a},{b}" for a, b in zip(lines, more, strict=True))])
    )
    found = answer("plan", "--basket", str(basket), "--risk-aversion", "get-done")
    fastest = {row["symbol"]: row["fastest"] for row in found["rows"]}
    assert fastest["AAA"] <= 0.055 * 1.01 < fastest["BBB"]
    assert found["plan"]["cost_parts_bps"]["drift"] < 0  # A sale gains by a rise while it waits.


def test_rows_of_another_currency_are_left_out_when_going_on(basket: Path) -> None:
    head, *lines = BASKET.splitlines()
    basket.write_text("\n".join([f"{head},currency", f"{lines[0]},USD", f"{lines[1]},EUR", f"{lines[2]},"]))
    assert nowake("plan", "--basket", str(basket)).returncode == 2
    done = nowake("plan", "--basket", str(basket), "--keep-going")
    assert done.returncode == 1
    assert "currency EUR, and the basket is in USD" in " ".join(done.stdout.split())


def test_quantities_of_small_lots_are_exact(basket: Path) -> None:
    head, *lines = BASKET.splitlines()
    basket.write_text(f"{head},lot_size\n{lines[0].replace('20000', '12.3456')},0.0001\n")
    done = nowake("plan", "--basket", str(basket), "--json")
    assert '"quantity": 12.3456,' in done.stdout
    assert json.loads(done.stdout)["rows"][0]["quantity"] == 12.3456
    assert "of 1 line\n" in nowake("plan", "--basket", str(basket)).stdout


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
        "auction": "",
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
