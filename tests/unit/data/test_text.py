"""Seconds as text become nanoseconds without a float in between."""

from __future__ import annotations

import polars as pl
import pytest

from nowake.data.text import seconds_to_ns


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("35576", 35_576_000_000_000),
        ("35576.", 35_576_000_000_000),
        ("0.5", 500_000_000),
        ("34200.017459617", 34_200_017_459_617),
        ("1704205800.123456789", 1_704_205_800_123_456_789),  # A float would end in ...790 or worse.
        ("35821.088778456004", 35_821_088_778_456),
        ("35821.0887784555996", 35_821_088_778_456),
        ("0.9999999996", 1_000_000_000),
        ("-1.5", None),
        ("1.5.2", None),
        ("1e5", None),
        (".5", None),
        ("", None),
        ("nan", None),
    ],
)
def test_seconds_are_exact_to_the_nanosecond_or_null(text, ns):
    assert [ns] == seconds_to_ns(pl.Series([text])).to_list()
