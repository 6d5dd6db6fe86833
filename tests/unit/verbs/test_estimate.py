"""The verb: one order, lists of them, files of them, and all the questions of the page."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import nowake as nw
from nowake.data.day import Day
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import select
from nowake.models import impact
from nowake.models.market import MarketState
from nowake.models.pretrade.fees import Fees
from nowake.models.pretrade.portfolio import Portfolio
from nowake.models.pretrade.seen import Seen
from nowake.verbs.asked import Model, Stored
from nowake.verbs.books import books_of, market_of_day
from nowake.verbs.default_models import default_model, default_models, list_models
from nowake.verbs.estimate import estimate_in
from nowake.verbs.estimates import estimate_orders
from nowake.verbs.market import market_of
from nowake.verbs.pretrade import pretrade

HEADER = "symbol,side,quantity,days,participation,start,end,price,volatility,daily_volume,spread_bps\n"


@pytest.fixture(scope="module")
def order(generated_day: Day) -> nw.ParentOrder:
    return nw.ParentOrder.buy(generated_day.instrument, 2_000, start="10:00", end="11:00")


@pytest.fixture
def orders(tmp_path: Path):
    def write(rows: str) -> Path:
        path = tmp_path / "orders.csv"
        path.write_text(HEADER + rows)
        return path

    return write


def test_a_list_of_orders_is_the_same_call(generated_day: Day, order: nw.ParentOrder) -> None:
    sell = nw.ParentOrder.sell(generated_day.instrument, 500, start="12:00", end="15:00")
    found = nw.estimate([order, sell], generated_day, fees=Fees(bps=0.5))
    one_by_one = [nw.estimate(each, generated_day, fees=Fees(bps=0.5)).expected_bps for each in (order, sell)]
    assert found.costs[0].expected_bps.tolist() == pytest.approx(one_by_one)
    assert found.to_frame()["side"].to_list() == ["buy", "sell"]
    assert found.plot().svg.startswith("<svg")


def test_one_order_by_several_models_stands_side_by_side(generated_day: Day, order: nw.ParentOrder) -> None:
    models = [impact.SquareRoot(), impact.PowerLaw(y=0.8, exponent=0.6).known_to(y=0.1)]
    found = nw.estimate(order, generated_day, models)
    assert found.models == ("square root", "power law")
    assert [nw.estimate(order, generated_day, model).expected_bps for model in models] == pytest.approx(
        [float(cost.expected_bps[0]) for cost in found.costs]
    )


def test_an_order_of_another_day_is_told_beside_the_others(generated_day: Day, order: nw.ParentOrder) -> None:
    other_day = nw.load_day("generated", "2026-01-06")
    other = nw.ParentOrder.buy(other_day.instrument, 5, start="10:00", end="11:00")
    found = nw.estimate([order, other], generated_day)
    assert [(each.row, each.symbol) for each in found.refused] == [(2, "GEN")]
    assert "build the order from day.instrument" in found.refused[0].reason
    assert "Not estimated" in str(found)
    assert nw.estimate([order, other], [generated_day, other_day]).refused == ()


def test_the_square_root_leads_the_page_and_the_rule_of_thumb_follows(
    generated_day: Day, order: nw.ParentOrder
) -> None:
    names = [each.model for each in pretrade(order, generated_day, curves=False, ways=False, book=False).estimates]
    assert names[0] == "square root"
    assert "linear (Almgren-Chriss)" in names[1:]


def test_a_market_that_is_given_needs_no_day(order: nw.ParentOrder) -> None:
    market = MarketState.given(price=40, daily_volatility=0.02, daily_volume=1e6, spread_bps=5)
    found = estimate_in(order, market, impact.SquareRoot())
    assert found.expected_bps == pytest.approx(2.5 + 200 * (2_000 / 1e6) ** 0.5)


def test_what_a_model_was_fitted_to_becomes_a_warning(generated_day: Day, order: nw.ParentOrder) -> None:
    seen = Seen(orders=50, share_of_day=(0.5, 1.0), speed=(0, 1e9), days=(0, 9), volatility=(0, 1), spread_bps=(0, 99))
    found = nw.estimate(order, generated_day, seen=seen)
    assert "of the 50 orders the model was fitted to: an extrapolation" in found.warnings[0]
    assert found.warnings[0] in str(found)


def test_a_model_is_asked_by_its_name_or_its_class(generated_day: Day, order: nw.ParentOrder) -> None:
    wanted = nw.estimate(order, generated_day, impact.SquareRoot()).expected_bps
    line = nw.estimate(order, generated_day, impact.Linear.from_market(market_of(order, generated_day))).expected_bps
    asked: list[tuple[Model, float]] = [
        ("square-root", wanted), (impact.SquareRoot, wanted), ("linear", line), (impact.Linear, line)
    ]  # fmt: skip
    for model, bps in asked:
        assert nw.estimate(order, generated_day, model).expected_bps == pytest.approx(bps)
        assert nw.estimate([order], generated_day, model).costs[0].expected_bps == pytest.approx([bps])
        assert pretrade(order, generated_day, model, book=False).estimates[0].expected_bps == pytest.approx(bps)
    assert nw.estimate(order, generated_day, ["square-root", impact.Linear]).models[0] == "square root"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("cube-root", "model 'cube-root' is not known; choose from all, square-root"),
        (impact.TwoPart, "two-part has no parameters until it is fitted"),
        (impact.PowerLaw, "power-law has default parameters that nobody measured"),
        (int, "int is not an impact model; give for example impact.SquareRoot"),
        (3, "int is not an impact model"),
    ],
)
def test_what_is_no_model_or_has_no_parameters_says_so(
    generated_day: Day, order: nw.ParentOrder, model: object, message: str
) -> None:
    with pytest.raises(BadParameter, match=message):
        nw.estimate(order, generated_day, model)  # type: ignore[call-overload]


def test_what_lies_beyond_a_fit_is_told_for_one_order_a_page_and_a_list(
    generated_day: Day, order: nw.ParentOrder
) -> None:
    seen = Seen(orders=50, share_of_day=(0.5, 1.0), speed=(0, 1e9), days=(0, 9), volatility=(0, 1), spread_bps=(0, 99))
    kept = Stored(impact.SquareRoot(), seen, "desk")
    words = "of the 50 orders the model was fitted to: an extrapolation"
    assert words in " ".join(nw.estimate(order, generated_day, kept).warnings)
    page = pretrade(order, generated_day, [kept, kept._replace(name="fund")], book=False)
    assert words in " ".join(page.estimates[0].warnings)
    assert [each.model for each in page.estimates] == ["square root, desk", "square root, fund"]
    found = nw.estimate([order], generated_day, kept)
    assert words in found.to_frame()["warnings"][0]
    assert "1 of 1 orders are beyond the orders square root was fitted to: row 1." in str(found)


def test_a_portfolio_is_asked_of_one_order_only(generated_day: Day, order: nw.ParentOrder) -> None:
    held = Portfolio.of({"GEN": -1e5, "X": 1e5}, [[4e-4, 1e-4], [1e-4, 2e-4]])
    found = nw.estimate(order, generated_day, portfolio=held)
    assert found.portfolio is not None
    assert found.portfolio.before == pytest.approx(held.risk)
    with pytest.raises(BadParameter, match="one order and one model"):
        nw.estimate([order], generated_day, portfolio=held)  # type: ignore[call-overload]


def test_the_estimate_answers_the_questions_by_its_own_model(generated_day: Day, order: nw.ParentOrder) -> None:
    made = nw.estimate(order, generated_day, impact.Linear(gamma=0.0, eta=1e-6, epsilon=0.01), fees=Fees(bps=1))
    best = made.best(0.3)
    assert best.flat[0] < best.participation < best.flat[1]
    assert made.capacity(made.expected_bps).quantity == pytest.approx(order.quantity, rel=1e-6)
    # A model of speed reads the volume of the window, which is not the day's by the clock.
    fast = nw.estimate(order, generated_day, impact.TwoPart(alpha=0.2, gamma=0.3))
    assert fast.market.window_volume != pytest.approx(fast.market.daily_volume * fast.days, rel=0.01)
    assert fast.capacity(fast.expected_bps).quantity == pytest.approx(order.quantity, rel=1e-6)
    assert made.curve(n=7).participation.shape == (7,)
    assert made.strategies()[0].expected_bps == pytest.approx(made.expected_bps, rel=1e-3)


def test_a_file_of_orders_is_read_row_by_row_and_none_is_lost(orders) -> None:
    path = orders(
        "AAA,buy,10000,0.5,,,,50,0.02,1000000,4\n"
        "BBB,sell,20000,,0.1,,,20,0.03,2000000,8\n"
        "CCC,B,5000,,,2024-03-01T10:00,2024-03-04T10:00,10,0.02,1e6,5\n"
        "DDD,hold,5,1,,,,10,0.02,1e6,5\n"
        "EEE,buy,5,1,0.1,,,10,0.02,1e6,5\n"
        "FFF,buy,5,,,,,10,0.02,1e6,5\n"
        "GGG,buy,5,1,,,,,,1e6,5\n"
        "HHH,buy,5,1,,,,10,2,1e6,5\n"
        ",buy,5,1,,,,10,0.02,1e6,5\n"
        "JJJ,buy,many,1,,,,10,0.02,1e6,5\n"
        "KKK,buy,5,,,2024-03-02T10:00,2024-03-02T11:00,10,0.02,1e6,5\n"
        "LLL,buy,5,1,,,,10,0.02,1e6\n"
        "MMM,buy,5,1,,,,10,NaN,1e6,5\n"
        "NNN,buy,5,1,,,,10,0,1e6,5\n"
    )
    found = estimate_orders(path)
    assert [listed.symbol for listed in found.orders] == ["AAA", "BBB", "CCC"]
    # From ten on a Friday to ten on Monday is one session; ten percent of volume is a ninth of the others'.
    assert [listed.days for listed in found.orders] == pytest.approx([0.5, 20_000 * 9 / 2e6, 1.0])
    assert found.costs[0].expected_bps[0] == pytest.approx(2 + 200 * 0.1)
    reasons = {each.row: each.reason for each in found.refused}
    assert list(reasons) == list(range(4, 15))
    for row, words in {
        4: "side 'hold' is neither buy nor sell",
        5: "days and participation are given; give one",
        6: "nothing says how long it may take",
        7: "price, volatility missing, and there is no day of GGG",
        8: "daily_volatility 2.0 is above 1",
        9: "symbol is missing",
        10: "quantity 'many' is not a number",
        11: "leave no time of a session between them",
        12: "spread_bps missing, and there is no day of LLL",
        13: "volatility NaN must be finite",
        14: "volatility 0 must be above 0",
    }.items():
        assert words in reasons[row], reasons[row]
    assert found.lost == 11


def test_orders_of_a_file_are_measured_on_the_day_of_their_symbol(generated_day: Day, orders) -> None:
    path = orders(
        "GEN,buy,2000,,,10:00,11:00,,,,\n"
        "GEN,buy,2000,,,10:00,11:00,,,,50\n"
        "GEN,buy,2000,0.4,,,,,,,\n"
        "GEN,buy,0.5,,,,,,,,\n"
    )
    found = estimate_orders(path, days=[generated_day])
    order = nw.ParentOrder.buy(generated_day.instrument, 2_000, start="10:00", end="11:00")
    wanted = nw.estimate(order, generated_day)
    assert found.costs[0].expected_bps[0] == pytest.approx(wanted.expected_bps)
    assert found.costs[0].input_sd_bps[0] == pytest.approx(wanted.input_sd_bps)
    assert found.costs[0].spread_bps[1] == 25
    assert found.orders[2].days == 0.4
    assert found.orders[2].market.window_volume is None
    assert "not a multiple of lot size 1" in found.refused[0].reason


def test_a_parquet_file_with_times_and_other_names_reads_the_same(tmp_path: Path, orders) -> None:
    csv = orders("AAA,buy,10000,,,2024-03-01T10:00,2024-03-01T15:00,50,0.02,1000000,4\n")
    frame = pl.read_csv(csv).with_columns(
        pl.col("start").str.to_datetime("%Y-%m-%dT%H:%M"), pl.col("end").str.to_datetime("%Y-%m-%dT%H:%M")
    )
    frame.rename({"quantity": "shares", "volatility": "sigma"}).write_parquet(tmp_path / "orders.parquet")
    names = {"shares": "quantity", "sigma": "volatility"}
    found = estimate_orders(tmp_path / "orders.parquet", columns=names)
    assert found.to_frame().equals(estimate_orders(csv).to_frame())


def test_a_file_that_is_no_list_is_refused_whole(orders, generated_day: Day) -> None:
    with pytest.raises(BadData, match="a header and no rows"):
        estimate_orders(orders(""))
    with pytest.raises(BadParameter, match="two days of one symbol"):
        estimate_orders(orders("A,buy,1,1,,,,1,0.1,1,1\n"), days=[generated_day, generated_day])


def test_columns_that_are_not_known_are_told(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("symbol,side,quantity,days,price,volatility,daily_volume,spread_bps,sigm\nA,buy,1,1,1,0.1,10,1,5\n")
    assert estimate_orders(path).notes == ("columns that are not known were not looked at: sigm",)


def test_scores_of_a_list_rank_within_it(tmp_path: Path) -> None:
    rows = "".join(f"S{k},buy,10,1,,,,10,0.0{k},1e6,{k}\n" for k in range(1, 6))
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + rows)
    frame = estimate_orders(path).to_frame()
    assert frame["volatility_score"].to_list() == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])
    assert frame["liquidity_score"].to_list() == pytest.approx([0.9, 0.7, 0.5, 0.3, 0.1])
    assert frame["volume_score"].to_list() == pytest.approx([0.5] * 5)


def test_default_models_have_intervals_or_say_why_they_cannot_answer(generated_day: Day, order: nw.ParentOrder) -> None:
    market = market_of(order, generated_day)
    found, absent = default_models(market)
    assert {"square-root", "linear"} <= set(found)
    assert all(model.covariance for model in found.values())
    assert "needs shares_outstanding" in absent["almgren2005"]
    assert "fitted" in absent["kyle"]
    with pytest.raises(BadParameter, match="model almgren2005 needs shares_outstanding"):
        default_model("almgren2005", market)
    assert "almgren2005" in default_models(market_of(order, generated_day, shares_outstanding=1e8))[0]
    assert [model.name for model in list_models(["linear"])] == ["linear (Almgren-Chriss)"]
    assert "Almgren et al. 2005" not in {model.name for model in list_models()}
    with pytest.raises(BadParameter, match="model 'kyle' has no parameters that hold for a list"):
        list_models(["kyle"])


def test_books_of_a_day_agree_with_its_quotes(generated_day: Day, order: nw.ParentOrder) -> None:
    found = books_of(generated_day, start_ns=order.start_ns, end_ns=order.end_ns, looks=50)
    assert found is not None
    quotes = generated_day.quotes
    for k in (0, 20, 49):
        last = int(np.searchsorted(quotes.time_ns, found.time_ns[k], side="right")) - 1
        assert (found.bid_ticks[k, 0], found.bid_lots[k, 0]) == (quotes.bid_ticks[last], quotes.bid_lots[last])
        assert (found.ask_ticks[k, 0], found.ask_lots[k, 0]) == (quotes.ask_ticks[last], quotes.ask_lots[last])
    assert (np.diff(found.ask_ticks, axis=1)[found.ask_lots[:, 1:] > 0] > 0).all()


def test_the_whole_page_holds_every_answer_and_asks_nobody(
    generated_day: Day, order: nw.ParentOrder, tmp_path: Path
) -> None:
    made = pretrade(
        order, generated_day, risk_aversion=0.3, limit_bps=15, fees=Fees(bps=0.2),
        reference=[market_of_day(generated_day)] * 5, command="nowake estimate",
    )  # fmt: skip
    text = str(made)
    for title in ("Expected cost", "Best rate and horizon", "Cost against urgency", "Capacity", "Ways to trade"):
        assert title in text
    assert "Among 5 markets given for comparison" in text
    page = made.write(tmp_path / "page.html").read_text()
    for words in (
        "How fast",
        "How much",
        "In which way",
        "What the market offers",
        "What was assumed",
        "An explanation",
    ):
        assert words in page
    for forbidden in ("<script", "http://", "https://", "@import"):
        assert forbidden not in page.replace("http://www.w3.org", "")
    again = made.write(tmp_path / "again.html").read_text()
    assert page == again
    assert made.to_frame()["model"].n_unique() == len(made.estimates)


def test_a_forecast_looks_at_nothing_after_the_start(generated_day: Day, order: nw.ParentOrder) -> None:
    """The same answers on a day cut off at the order's start."""

    def until(table, end_ns):
        return select(table, table.time_ns <= end_ns)

    early = dataclasses.replace(
        generated_day,
        quotes=until(generated_day.quotes, order.start_ns),
        trades=until(generated_day.trades, order.start_ns),
        events=generated_day.events[generated_day.events["time_ns"] <= order.start_ns],
    )
    whole, seen = (pretrade(order, day, look_ahead=False, limit_bps=15) for day in (generated_day, early))
    assert str(whole) == str(seen)
    assert "explanation, not a forecast" not in str(whole)


def test_a_list_writes_a_page(orders, tmp_path: Path) -> None:
    found = estimate_orders(orders("AAA,buy,10000,0.5,,,,50,0.02,1000000,4\nBBB,buy,1,1,,,,,,,\n"))
    page = found.write(tmp_path / "list.html").read_text()
    assert "AAA" in page
    assert "there is no day of BBB" in page


def test_a_rule_of_thumb_by_each_market_stands_beside_the_others(orders) -> None:
    path = orders("AAA,buy,10000,0.5,,,,50,0.02,1000000,4\nBBB,buy,10000,0.5,,,,20,0.02,3000000,9\n")
    found = estimate_orders(path, list_models(["linear", "square-root"]))
    assert found.refused == ()
    assert found.models == ("square root", "linear (Almgren-Chriss)")  # What a page leads with comes first.
    for place, order in enumerate(found.orders):
        terms = order.market.terms(order.quantity, order.days)
        line = impact.Linear.from_market(order.market)
        wanted = line.half_spread_bps(terms) + line.total_bps(terms)
        assert found.costs[1].expected_bps[place] == pytest.approx(wanted)


@pytest.mark.parametrize("source", ["lobster:AMZN:5", "binance:BTCUSDT@BINANCE-USDM", "dbn:ESH4", "lean:IBM:tick"])
def test_real_days_of_orders_levels_futures_and_tables_are_analysed_whole(data_root: Path, source: str) -> None:
    dates = {"dbn:ESH4": "2023-12-26", "lean:IBM:tick": "2013-10-07", "binance:BTCUSDT@BINANCE-USDM": "2024-08-08"}
    day = nw.load_day(source, dates.get(source), root=data_root)
    session = day.instrument.session
    order = nw.ParentOrder.sell(day.instrument, 40, start=session.open_ns, end=session.close_ns)
    made = pretrade(order, day, risk_aversion=0.3, limit_bps=20)
    assert made.liquidity is not None
    assert (made.liquidity.sweep is not None) == day.can_replay
    assert 0 < made.liquidity.bid_touch < float("inf")
    for each in made.estimates:
        low, high = each.expected_interval()
        assert low < each.expected_bps < high
    assert "Liquidity" in str(made)
