from __future__ import annotations

import dataclasses

import numpy as np

from nowake.domain.metaorder import Metaorders


def orders(symbols: tuple[str, ...], start: list[int], **columns: object) -> Metaorders:
    n = len(start)
    whole = {
        "symbol": np.arange(n) % len(symbols),
        "start_ns": np.array(start, dtype=np.int64),
        "day": np.zeros(n, np.int64),
        "side": np.ones(n, np.int64),
        **{
            name: np.full(n, float(len(symbols)))
            for name in (
                "quantity", "days", "arrival_price", "average_price", "volatility", "daily_volume", "spread_bps",
            )
        },
        **columns,
    }  # fmt: skip
    return Metaorders(symbols=symbols, **whole)  # type: ignore[arg-type]


def test_joined_orders_are_in_time_order_and_symbols_of_one_name_are_one() -> None:
    one = orders(("B", "A"), [1, 5], later_price=np.array([7.0, 8.0]))
    other = orders(("C", "B", "D"), [2, 3, 6])
    joined = Metaorders.joined([one, other])
    assert joined.symbols == ("A", "B", "C", "D")
    assert [joined.symbols[code] for code in joined.symbol] == ["B", "C", "B", "A", "D"]
    assert joined.start_ns.tolist() == [1, 2, 3, 5, 6]
    np.testing.assert_array_equal([7.0, np.nan, np.nan, 8.0, np.nan], joined.later_price)
    assert joined.quantity.tolist() == [2, 3, 3, 2, 3]
    assert joined.last_price is None


def test_orders_joined_with_nothing_are_the_same() -> None:
    one = orders(("A", "B"), [1, 5, 9])
    joined = Metaorders.joined([one])
    for field in dataclasses.fields(Metaorders):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(joined, field.name))


def test_orders_print_as_a_summary_of_what_they_are() -> None:
    days = np.array([18_262, 18_262, 18_292])
    text = str(orders(("A", "B"), [1, 5, 9], day=days, average_price=np.full(3, 2.02), later_price=np.full(3, 2.0)))
    assert text.startswith("3 orders of 2 symbols on 2 days, 2020-01-01 to 2020-01-31\n")
    assert "cost bps             100.0     100.0     100.0" in text
    assert text.endswith("also known, where not empty: later_price")
    assert str(orders(("A",), [1]).take(np.zeros(1, bool))) == "no orders"


def test_orders_as_a_frame_have_names_dates_and_unknown_values_as_null() -> None:
    frame = orders(("A", "B"), [0, 86_400 * 10**9], later_price=np.array([7.0, np.nan])).to_frame()
    assert frame["symbol"].to_list() == ["A", "B"]
    assert [str(date) for date in frame["date"]] == ["1970-01-01", "1970-01-01"]
    assert str(frame["start"][1]) == "1970-01-02 00:00:00+00:00"
    assert frame["later_price"].to_list() == [7.0, None]
    assert "last_price" not in frame.columns
