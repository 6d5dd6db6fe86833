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
