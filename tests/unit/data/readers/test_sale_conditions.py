"""Sale conditions: AlgoSeek's bits, and what the consolidated tape does with a print that has them."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.data.readers.sale_conditions import AUCTION, NOT_COUNTED, NOT_LAST, has, name_of, parse
from nowake.domain.errors import BadData

# UTP sale condition processing guidelines, consolidated: (code, updates last, updates volume).
TAPE = [
    ("1", True, True),  # @ regular
    ("20", True, True),  # F intermarket sweep
    ("40", True, True),  # O opening print
    ("80", True, True),  # 6 closing print
    ("200000", True, True),  # X cross
    ("2", False, True),  # C cash
    ("4", False, True),  # N next day
    ("100000", False, True),  # W average price
    ("400000", False, True),  # H price variation
    ("80000000", False, True),  # I odd lot
    ("2000", False, True),  # T extended hours
    ("1000000", False, False),  # M official close
    ("4000000", False, False),  # Q official open
]


@pytest.mark.parametrize(("code", "last", "volume"), TAPE)
def test_conditions_set_the_last_price_and_the_volume_as_the_tape_says(code: str, last: bool, volume: bool) -> None:
    bits = np.array([parse(code)])
    assert ([last], [volume]) == ((~has(bits, NOT_LAST)).tolist(), (~has(bits, NOT_COUNTED)).tolist())


def test_one_condition_that_may_not_set_the_last_price_is_enough() -> None:
    assert has(np.array([parse("20100020")]), NOT_LAST).tolist() == [True]


def test_auctions_are_opening_closing_and_reopening_prints_and_crosses() -> None:
    codes = ["40", "80", "100", "200000", "1", "1000000", "20000020"]
    assert [True, True, True, True, False, False, False] == has(np.array([parse(c) for c in codes]), AUCTION).tolist()


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("1", "regular"),
        ("0", "no condition"),
        ("", "no condition"),
        ("20000001", "regular"),
        ("20000020", "intermarket sweep"),
        ("20200080", "closing print + cross"),
        ("20000000", "trade-through exempt"),
    ],
)
def test_conditions_have_the_names_people_use(code: str, name: str) -> None:
    assert name == name_of(parse(code))


@pytest.mark.parametrize("code", ["xyz", "123456789", "-1", "0x1"])
def test_a_code_that_is_no_hexadecimal_number_is_refused(code: str) -> None:
    with pytest.raises(BadData, match="no hexadecimal number"):
        parse(code)
