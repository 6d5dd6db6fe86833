from __future__ import annotations

import dataclasses
import datetime as dt
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nowake.data.column_names import MissingColumns
from nowake.data.orders import OrdersRead, read_orders, write_orders
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.metaorder import Metaorders
from nowake.verbs.load_orders import load_orders

HEADER = "order_id,symbol,side,start,end,quantity,arrival_price,average_price,volatility,daily_volume,spread_bps"
GOOD = "a1,IBM,buy,2024-01-03T10:00,2024-01-03T13:15,1000,100,100.2,0.02,1000000,4"
LATER = "a2,MSFT,sell,2024-01-03T11:00,2024-01-03T12:00,500,50,49.9,0.01,2000000,2"


def read(tmp_path: Path, *lines: str, header: str = HEADER, **options: object) -> OrdersRead:
    path = tmp_path / "desk.csv"
    path.write_text("\n".join((header, *lines)) + "\n")
    return read_orders(path, **options)  # type: ignore[arg-type]


def with_value(line: str, column: str, value: str, order_id: str = "bad") -> str:
    fields = line.split(",")
    fields[HEADER.split(",").index(column)] = value
    if column != "order_id":
        fields[0] = order_id
    return ",".join(fields)


def test_a_row_an_order_is_read_with_its_length_in_sessions_and_its_cost(tmp_path: Path) -> None:
    orders = read(tmp_path, GOOD, LATER).orders
    assert orders.symbols == ("IBM", "MSFT")
    assert orders.symbol.tolist() == [0, 1]
    assert orders.side.tolist() == [1, -1]
    np.testing.assert_allclose([3.25 / 6.5, 1 / 6.5], orders.days)
    np.testing.assert_allclose([20.0, 20.0], orders.cost_bps)
    assert orders.start_ns[0] == int(dt.datetime(2024, 1, 3, 15, tzinfo=dt.UTC).timestamp()) * 10**9
    assert orders.day.tolist() == [(dt.date(2024, 1, 3) - dt.date(1970, 1, 1)).days] * 2


def test_nights_weekends_and_half_days_count_as_the_calendar_says(tmp_path: Path) -> None:
    friday_to_monday = with_value(with_value(GOOD, "start", "2024-01-05T15:00"), "end", "2024-01-08T10:30")
    half_day = with_value(with_value(GOOD, "start", "2024-07-03T09:30"), "end", "2024-07-03T13:00", "half")
    orders = read(tmp_path, friday_to_monday, half_day).orders
    np.testing.assert_allclose([2 / 6.5, 1.0], orders.days)


def test_another_calendar_counts_other_sessions_and_gives_the_zone_of_bare_times(tmp_path: Path) -> None:
    orders = read(tmp_path, GOOD, calendar="24/7").orders
    np.testing.assert_allclose(3.25 / 24, orders.days, rtol=1e-3)
    assert orders.start_ns[0] == int(dt.datetime(2024, 1, 3, 10, tzinfo=dt.UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("symbol", "", "symbol is missing"),
        ("side", "hold", "neither buy nor sell"),
        ("quantity", "0", "quantity must be above 0"),
        ("quantity", "-5", "quantity must be above 0"),
        ("quantity", "many", "quantity is missing or no number"),
        ("arrival_price", "", "arrival_price is missing or no number"),
        ("average_price", "nan", "average_price is missing or no number"),
        ("average_price", "-1", "average_price must be above 0"),
        ("volatility", "inf", "volatility is missing or no number"),
        ("volatility", "2.1", "give a fraction"),
        ("daily_volume", "0", "daily_volume must be above 0"),
        ("spread_bps", "-1", "spread_bps must be 0 or more"),
        ("start", "soon", "start is missing or no time"),
        ("end", "", "end is missing or no time"),
        ("end", "2024-01-03T09:59", "end is before the start"),
        ("end", "2024-01-03T10:00", "leaves no time of a session"),
    ],
)
def test_an_order_that_cannot_be_used_is_left_out_counted_and_shown(
    tmp_path: Path, column: str, value: str, what: str
) -> None:
    bad = with_value(GOOD, column, value)
    found = read(tmp_path, GOOD, bad, LATER)
    assert len(found.orders) == 2
    assert found.dropped == 1
    assert what in found.message
    assert "1 of 3 orders left out" in found.message
    assert f"desk.csv row 3: {column} {value!r}" in found.message
    with pytest.raises(BadData, match=r"desk\.csv row 3"):
        read(tmp_path, GOOD, bad, LATER, strict=True)


def test_a_file_without_a_usable_order_is_refused_with_the_reasons(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"2 of 2 orders of .* cannot be used for one reason: volatility is above 1"):
        read(tmp_path, with_value(GOOD, "volatility", "2"), with_value(LATER, "volatility", "1.5", "worse"))


def test_an_order_told_twice_word_for_word_counts_once_and_one_told_two_ways_not_at_all(tmp_path: Path) -> None:
    other_way = with_value(LATER, "quantity", "600", order_id="a2")
    found = read(tmp_path, GOOD, GOOD, LATER, other_way, with_value(GOOD, "quantity", "7", "a3"))
    assert found.orders.quantity.tolist() == [1000, 7]
    assert [(each.orders, each.reason) for each in found.left_out] == [
        (1, "order_id stands in a row above, word for word the same"),
        (2, "order_id stands in several rows that differ"),
    ]


def test_rows_out_of_order_are_sorted_by_start_and_said_so(tmp_path: Path) -> None:
    found = read(tmp_path, LATER, GOOD)
    assert found.orders.quantity.tolist() == [1000, 500]
    assert found.notes == ("rows were not in order of their starts and were sorted",)


def test_an_order_with_an_extraordinary_cost_is_kept_and_told(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD, with_value(LATER, "average_price", "25"))
    assert found.orders.cost_bps.tolist() == pytest.approx([20.0, 5000.0])
    assert "1 orders cost more than 10 standard deviations" in found.message


def test_what_is_unknown_of_an_optional_column_is_nan_and_counted_where_something_stood(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD + ",,n/a", LATER + ",49.8,-3", header=HEADER + ",later_price,trade_size")
    np.testing.assert_array_equal([np.nan, 49.8], found.orders.later_price)
    assert found.orders.trade_size is None
    assert found.notes == ("trade_size of 2 orders cannot be used and is taken as unknown",)


def test_missing_columns_are_named_together_with_what_they_may_be_called_and_how_to_measure_them(
    tmp_path: Path,
) -> None:
    header = "symbol,side,start,end,Qty,arrival_price,average_price,ADV"
    line = "IBM,buy,2024-01-03T10:00,2024-01-03T13:15,1000,100,100.2,1000000"
    with pytest.raises(BadParameter) as error:
        read(tmp_path, line, header=header)
    text = str(error.value)
    assert "desk.csv has no quantity, volatility, daily_volume, spread_bps" in text
    assert "columns={'Qty': 'quantity', 'ADV': 'daily_volume'}" in text
    assert "MarketState.measure(order, quotes, trades, end_ns=order.start_ns)" in text


THEIRS = (
    "ParentID,RIC,Direction,ArrivalTime,CompletionTime,Cum_Qty,Strike,Avg Px,DailyVol,ADV20,QuotedSpreadBps",
    "OrderId,Ticker,BuySell,start_time,Completed,Executed Qty,arrival_px,avg_exec_price,sigma,AvgDailyVolume,BidAskBps",
    "ORDER_ID,INSTRUMENT,SIDE,TIME,END_TIME,SHARES,ARRIVAL,EXEC_PRICE,VOL,ADV,SPREAD",
)


@pytest.mark.parametrize("header", THEIRS)
@pytest.mark.parametrize("strict", [False, True])
def test_a_file_none_of_whose_names_are_ours_is_read_with_what_the_error_suggests(
    tmp_path: Path, header: str, strict: bool
) -> None:
    with pytest.raises(MissingColumns, match="has no symbol, side, start") as error:
        read(tmp_path, GOOD, header=header, strict=strict)
    assert f"it has {header.replace(',', ', ')}" in str(error.value)
    found = read(tmp_path, GOOD, header=header, columns=error.value.suggested)
    assert found.orders.cost_bps.tolist() == pytest.approx([20.0])
    assert "order_id" in error.value.suggested.values()


def test_a_file_of_fills_none_of_whose_names_are_ours_is_known_as_one(tmp_path: Path) -> None:
    header = "ParentID,FillTime,LastPx,LastQty,RIC,Direction,ArrivalTime,Strike,DailyVol,ADV20,QuotedSpreadBps"
    with pytest.raises(MissingColumns, match="has no order_id, fill_time, fill_price") as error:
        read(tmp_path, header=header)
    assert dict(zip(header.split(","), FILLS.split(","), strict=True)) == error.value.suggested


def test_a_suggestion_is_told_for_the_shell_too() -> None:
    error = MissingColumns("x.csv", ["end (or days)"], ["Done At"], {"Done At": "end"})
    assert (
        str(error) == "x.csv has no end (or days); it has Done At; if these are they, give columns={'Done At': 'end'}"
    )
    assert error.in_shell().endswith("if these are they, give --column 'Done At=end'")
    assert "--column YOURS=OURS" in MissingColumns("x.csv", ["end"], ["q"], {}).in_shell()


def test_orders_most_of_which_fail_for_one_reason_are_refused_not_fitted_without_them(tmp_path: Path) -> None:
    percent = [with_value(GOOD, "volatility", "2.0", f"p{number}") for number in range(3)]
    small = with_value(GOOD, "volatility", "0.9", "q")
    with pytest.raises(BadData, match=r"3 of 4 orders of desk.csv .* volatility is above 1; .*volatility_in=percent"):
        read(tmp_path, *percent, small)
    orders = read(tmp_path, *percent, small, volatility_in="percent").orders
    assert orders.volatility.tolist() == pytest.approx([0.02, 0.02, 0.02, 0.009])
    assert "median volatility is 90%" in read(tmp_path, small).message
    assert len(read(tmp_path, GOOD, GOOD, GOOD).orders) == 1
    with pytest.raises(BadParameter, match="volatility_in 'bps' must be one of fraction, percent"):
        read(tmp_path, GOOD, volatility_in="bps")


def test_your_own_names_are_mapped(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD, header=HEADER.replace("quantity", "Qty"), columns={"Qty": "quantity"})
    assert found.orders.quantity.tolist() == [1000]


def test_neither_an_end_nor_days_is_a_missing_column(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match=r"has no end \(or days\)"):
        read(tmp_path, GOOD, header=HEADER.replace(",end,", ",finish_at,"))


def test_days_in_the_file_are_taken_as_they_are_and_ask_no_calendar(tmp_path: Path) -> None:
    line = GOOD.replace("2024-01-03T13:15", "0.25").replace("T10:00", "T23:30-05:00")
    orders = read(tmp_path, line, header=HEADER.replace(",end,", ",days,"), calendar="no such", timezone="Asia/Tokyo")
    assert orders.orders.days.tolist() == [0.25]
    assert orders.orders.day.tolist() == [(dt.date(2024, 1, 4) - dt.date(1970, 1, 1)).days]


FILLS = "order_id,fill_time,fill_price,fill_quantity,symbol,side,start,arrival_price,volatility,daily_volume,spread_bps"
ORDER_A = "IBM,buy,2024-01-03T10:00,100,0.02,1000000,4"


def test_fills_are_added_up_to_their_order(tmp_path: Path) -> None:
    rows = (
        f"a,2024-01-03T10:30,100.1,300,{ORDER_A}",
        f"b,2024-01-03T11:00,99,50,{ORDER_A.replace('buy', 'sell')}",
        f"a,2024-01-03T13:15,100.5,100,{ORDER_A}",
    )
    found = read(tmp_path, *rows, header=FILLS)
    assert found.orders.quantity.tolist() == [400, 50]
    np.testing.assert_allclose([100.2, 99], found.orders.average_price)
    np.testing.assert_allclose([0.5, 1 / 6.5], found.orders.days)
    assert found.message == ""


def test_an_order_without_a_start_began_at_its_first_fill(tmp_path: Path) -> None:
    header = FILLS.replace("start,", "")
    about = ORDER_A.replace("2024-01-03T10:00,", "")
    rows = (f"a,2024-01-03T12:00,100.1,300,{about}", f"a,2024-01-03T11:00,100.5,100,{about}")
    found = read(tmp_path, *rows, f"single,2024-01-03T12:00,100,1,{about}", header=header)
    np.testing.assert_allclose([1 / 6.5], found.orders.days)
    assert "1 whose end leaves no time" in found.message


@pytest.mark.parametrize(
    ("fill", "what"),
    [
        ("b,2024-01-03T11:00,-1,50", "has a fill without a time, price or quantity above 0"),
        ("b,later,99,50", "has a fill without a time, price or quantity above 0"),
        ("b,2024-01-03T11:00,99,0", "has a fill without a time, price or quantity above 0"),
        (",2024-01-03T11:00,99,50", "order_id is missing"),
    ],
)
def test_one_bad_fill_leaves_its_whole_order_out(tmp_path: Path, fill: str, what: str) -> None:
    rows = (
        f"a,2024-01-03T10:30,100.1,300,{ORDER_A}",
        f"b,2024-01-03T10:45,100.1,300,{ORDER_A}",
        f"{fill},{ORDER_A}",
    )
    found = read(tmp_path, *rows, header=FILLS)
    assert len(found.orders) == (1 if fill.startswith("b") else 2)
    assert what in found.message


def test_fills_that_disagree_about_their_order_leave_it_out(tmp_path: Path) -> None:
    rows = (
        f"a,2024-01-03T10:30,100.1,300,{ORDER_A}",
        f"a,2024-01-03T10:45,100.1,300,{ORDER_A.replace('buy', 'sell')}",
        f"b,2024-01-03T10:45,100.1,300,{ORDER_A}",
    )
    found = read(tmp_path, *rows, header=FILLS)
    assert len(found.orders) == 1
    assert "1 whose order_id has fills that disagree about the order" in found.message


def some_orders() -> Metaorders:
    rng = np.random.default_rng(3)
    count = 40
    start = np.sort(rng.integers(1_600_000_000_000_000_000, 1_700_000_000_000_000_000, count))
    later = rng.uniform(10, 20, count)
    later[::3] = np.nan
    return Metaorders(
        symbols=("A", "B, Inc", "ü"),
        symbol=np.arange(count) % 3,
        start_ns=start,
        day=start // 86_400_000_000_000,
        side=np.where(rng.uniform(size=count) > 0.5, 1, -1),
        quantity=rng.uniform(1, 1e6, count),
        days=rng.uniform(0.01, 2, count),
        arrival_price=rng.uniform(10, 20, count),
        average_price=rng.uniform(14, 15, count),
        volatility=rng.uniform(0.01, 0.05, count),
        daily_volume=rng.uniform(1e6, 1e7, count),
        spread_bps=rng.uniform(0, 9, count),
        later_price=later,
    )


@pytest.mark.parametrize("name", ["desk.parquet", "desk.csv"])
def test_orders_that_are_written_are_read_back_to_the_last_digit(tmp_path: Path, name: str) -> None:
    orders = some_orders()
    back = read_orders(write_orders(orders, tmp_path / name)).orders
    for field in dataclasses.fields(Metaorders):
        one, other = getattr(orders, field.name), getattr(back, field.name)
        np.testing.assert_array_equal(one, other, err_msg=field.name)


def test_orders_are_not_written_to_a_file_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match=r"end its name in .parquet or .csv"):
        write_orders(some_orders(), tmp_path / "desk.xlsx")


def test_a_parquet_file_of_another_desk_with_numbers_and_timestamps_is_read(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "symbol": ["X"], "side": [1], "quantity": [5], "arrival_price": [10.0], "average_price": [10.1],
            "volatility": [0.01], "daily_volume": [1000], "spread_bps": [1.0],
            "start": [1_704_294_000_000], "end": [1_704_297_600_000],
        }
    )  # fmt: skip
    frame.write_parquet(tmp_path / "x.parquet")
    orders = read_orders(tmp_path / "x.parquet", time_unit="ms").orders
    np.testing.assert_allclose([1 / 6.5], orders.days)


def test_one_absurd_date_does_not_lose_the_other_orders(tmp_path: Path) -> None:
    absurd = with_value(with_value(GOOD, "start", "2190-01-03T10:00"), "end", "2190-01-03T11:00")
    found = read(tmp_path, GOOD, absurd)
    assert len(found.orders) == 1
    assert "1 whose end leaves no time" in found.message


def test_a_ragged_row_is_left_out_and_refused_where_strict(tmp_path: Path) -> None:
    assert len(read(tmp_path, GOOD, LATER + ",extra").orders) == 1
    with pytest.raises(BadData, match="row 3: 12 fields instead of 11"):
        read(tmp_path, GOOD, LATER + ",extra", strict=True)


def test_a_header_alone_an_unknown_calendar_and_no_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="has a header and no rows"):
        read(tmp_path)
    with pytest.raises(NotFound, match="calendar 'XMARS' is not known"):
        read(tmp_path, GOOD, calendar="XMARS")
    with pytest.raises(NotFound, match="is not there"):
        read_orders(tmp_path / "none.csv")


def test_the_verb_warns_once_of_what_was_left_out_and_is_silent_else(tmp_path: Path) -> None:
    path = tmp_path / "desk.csv"
    path.write_text(f"{HEADER}\n{GOOD}\n{with_value(LATER, 'side', '?')}\n")
    with pytest.warns(UserWarning, match=r"desk.csv: 1 of 2 orders left out") as caught:
        assert len(load_orders(path)) == 1
    assert len(caught) == 1
    assert caught[0].filename == __file__
    path.write_text(f"{HEADER}\n{GOOD}\n")
    assert len(load_orders(path)) == 1


def of_sides(buy: str, sell: str) -> list[str]:
    """Two dozen orders, every second a sell, sides written so."""
    rows = [with_value(GOOD, "side", sell if number % 2 else buy, f"o{number}") for number in range(24)]
    return [row.replace("2024-01-03", f"2024-01-{3 + number % 3:02d}") for number, row in enumerate(rows)]


def test_a_sell_may_say_its_size_with_a_sign_and_a_buy_may_not(tmp_path: Path) -> None:
    signed = [row.replace(",1000,", ",-1000,") if ",sell," in row else row for row in of_sides("buy", "sell")]
    found = read(tmp_path, *signed)
    assert (found.dropped, found.orders.quantity.tolist(), int(found.orders.side.sum())) == (0, [1000.0] * 24, 0)
    assert "the quantity of 12 sells is negative, and taken as its size" in found.message


def test_a_reason_that_costs_a_tenth_of_the_orders_refuses_the_file_unless_told_to_go_on(tmp_path: Path) -> None:
    rows = of_sides("1", "0")
    with pytest.raises(BadData, match=r"12 of 24 orders of .* for one reason: side is neither .*--keep-going"):
        read(tmp_path, *rows)
    assert len(read(tmp_path, *rows, strict=False).orders) == 12
    few = [row.replace(",buy,", ",hold,", number < 18) for number, row in enumerate(of_sides("buy", "sell"))]
    assert len(read(tmp_path, *few).orders) == 15


def test_a_text_in_another_encoding_or_with_other_line_ends_is_said_to_be(tmp_path: Path) -> None:
    text = "\n".join((HEADER, GOOD, LATER)) + "\n"
    for content, why in (
        (text.encode("utf-16"), "is written in UTF-16"),
        (text.replace("\n", "\r").encode(), "ends its lines with carriage returns alone"),
    ):
        path = tmp_path / "desk.csv"
        path.write_bytes(content)
        with pytest.raises(BadData, match=why):
            read_orders(path)


def test_a_pipe_is_no_file_of_orders(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotFound, match="is no regular file but a pipe or a device"):
        read_orders(tmp_path / "pipe")


def test_timestamps_of_a_year_beyond_all_calendars_are_no_times(tmp_path: Path) -> None:
    path = tmp_path / "desk.parquet"
    wrong = pl.read_csv("\n".join((HEADER, GOOD, LATER)).encode()).with_columns(
        pl.lit(1_704_300_000 * 10**9).cast(pl.Datetime("ms", "UTC")).alias("start")
    )
    wrong.write_parquet(path)
    with pytest.raises(BadData, match=r"2 of 2 orders .* start is missing or no time"):
        read_orders(path)
