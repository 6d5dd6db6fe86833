"""Files of one feed: which belong together, and in which order their messages were received."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from nowake.data.readers.level_files import Part, Reading, as_received, details, together

HOUR_NS = 3_600 * 10**9
DAY = dt.date(2024, 1, 1)


def part(name, kinds, begin=0.0, end=24.0, market="BTC"):
    """A file of whole days; begin and end in hours."""
    first, last = (DAY + dt.timedelta(days=int(hour // 24)) for hour in (begin, max(end - 0.001, begin)))
    begin_ns, end_ns = int(begin * HOUR_NS), int(end * HOUR_NS)
    return Part(Path(name), (market,), frozenset(kinds.split()), begin_ns, end_ns, first, last)


def names(groups):
    """The files of each recording."""
    return [[str(each.path) for each in group] for group in groups]


def grouped(*parts):
    """What belongs together, the book first."""
    return together(parts, rank=lambda part: "book" not in part.kinds)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([part("a1", "book"), part("a2", "book", 24, 48)], [["a1", "a2"]]),
        ([part("a1", "book"), part("a2", "book", 72, 96)], [["a1"], ["a2"]]),
        ([part("a", "book trade"), part("b", "book trade")], [["a"], ["b"]]),
        ([part("a", "book", 0, 13), part("b", "book", 12, 24)], [["a"], ["b"]]),
        ([part("a", "book", 0, 12.01), part("b", "book", 12, 24)], [["a", "b"]]),
        ([part("trade", "trade"), part("book", "book")], [["book", "trade"]]),
        ([part("a", "book"), part("b", "book", market="ETH")], [["a"], ["b"]]),
        ([part("b", "book", 0, 1), part("t", "trade", 48, 49)], [["b"], ["t"]]),
        (
            [part("x/b", "book"), part("x/t", "trade"), part("y/b", "book"), part("y/t", "trade")],
            [["x/b", "x/t"], ["y/b", "y/t"]],
        ),
        (
            [part("a1", "book"), part("b1", "book"), part("a2", "book", 24, 48), part("b2", "book", 24, 48)],
            [["a1", "a2"], ["b1", "b2"]],
        ),
        ([part("a", "book trade"), part("t", "trade")], [["a"], ["t"]]),
    ],
)
def test_files_belong_together_that_follow_one_another_or_tell_other_things(parts, expected):
    assert expected == names(grouped(*parts))
    assert expected == names(grouped(*reversed(parts)))


def test_recordings_of_one_market_and_day_are_told_apart_by_their_first_file():
    groups = grouped(part("good.txt.gz", "book"), part("gap.txt", "book"), part("other.txt", "book", market="ETH"))

    assert ["gap", "good", ""] == details(groups)


@pytest.mark.parametrize("block", [1, 3, 100])
def test_messages_of_files_side_by_side_come_as_they_were_received(block):
    book, trades, later = list(range(0, 100, 2)), list(range(31, 60, 3)), list(range(100, 120))

    def reading(times):
        return Reading(
            times[0], ([(time, str(time)) for time in times[k : k + block]] for k in range(0, len(times), block))
        )

    got = [each for some in as_received([reading(each) for each in (book, trades, later)]) for each in some]

    expected = sorted(book + trades + later)
    assert [(time, str(time)) for time in expected] == got


def test_one_damaged_local_time_does_not_keep_the_others_waiting():
    damaged = [(0, "a"), (1, "b"), (999, "c"), (4, "d"), (5, "e")]
    other = [(2, "x"), (3, "y"), (6, "z")]

    got = [each for some in as_received([Reading(0, iter([damaged])), Reading(2, iter([other]))]) for _, each in some]

    assert ["a", "b"] == got[:2]
    assert ["a", "b", "c", "d", "e"] == [each for each in got if each < "x"]
    assert got.index("c") < got.index("z")
