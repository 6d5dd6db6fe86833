"""The same shares again and again: over the grid's step, and over how wrong a clock might be.

A step much longer than markets take to tell each other opens the bounds of the information share; one much shorter
sees mostly rounding, bounce and idle quotes. So Hasbrouck (1995) took one second, and so the picture to
look at is shares over steps. A skew of one clock moves news between markets: shares that turn over within the doubt of
the clocks say nothing. A point that is refused is kept with its reason, and the others stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypedDict, Unpack

import msgspec

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.discovery.estimation import Discovery, discover
from nowake.microstructure.discovery.grid import Grid, Market, align
from nowake.microstructure.discovery.vecm import Criterion


class Options(TypedDict, total=False):
    """Those of `discover`."""

    lags: int | None
    most_lags: int
    criterion: Criterion
    repeats: int
    seed: int
    level: float
    test_level: float


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Shares at one step and one skew.

    Parameters
    ----------
    every_ns, skew_ns
        The grid's step, and what one market's stamps were moved later by.
    discovery
        None where it was refused.
    refused
        Why; empty where it was not.
    """

    every_ns: int
    skew_ns: int
    discovery: Discovery | None
    refused: str


def sweep(
    markets: Sequence[Market],
    intervals_ns: Iterable[int],
    *,
    sessions: Iterable[tuple[int, int]] | None = None,
    longest_age_ns: int | None = None,
    **options: Unpack[Options],
) -> tuple[Point, ...]:
    """Shares at every step, 100 ms to a minute say, with their intervals.

    Parameters
    ----------
    intervals_ns
        Steps of the grid.
    sessions, longest_age_ns
        Those of `align`.
    **options
        Those of `discover`.

    Raises
    ------
    BadParameter
        When there are no steps, or a parameter is out of its range.
    """
    spans = None if sessions is None else tuple(sessions)
    points = tuple(
        _point(
            lambda every_ns=every_ns: align(  # type: ignore[misc]
                markets, every_ns=every_ns, sessions=spans, longest_age_ns=longest_age_ns
            ),
            every_ns=every_ns,
            skew_ns=0,
            options=options,
        )
        for every_ns in intervals_ns
    )
    if not points:
        raise BadParameter("intervals_ns is empty; give steps such as [100_000_000, 1_000_000_000, 10_000_000_000]")
    return points


def skew_sensitivity(
    markets: Sequence[Market],
    *,
    market: str,
    skews_ns: Iterable[int],
    every_ns: int,
    sessions: Iterable[tuple[int, int]] | None = None,
    longest_age_ns: int | None = None,
    **options: Unpack[Options],
) -> tuple[Point, ...]:
    """Shares were one market's clock behind by each of several skews, so that its stamps belong later.

    Parameters
    ----------
    market
        The name of the one that is moved.
    skews_ns
        What is added to its stamps, negative ones too.
    every_ns, sessions, longest_age_ns
        Those of `align`.
    **options
        Those of `discover`.

    Raises
    ------
    BadParameter
        When no market has that name, or a parameter is out of its range.
    """
    spans = None if sessions is None else tuple(sessions)
    names = [one.name for one in markets]
    if market not in names:
        raise BadParameter(f"market {market!r} is none of {', '.join(names)}")

    def moved(skew_ns: int) -> list[Market]:
        return [one.shifted(skew_ns) if one.name == market else one for one in markets]

    return tuple(
        _point(
            lambda skew_ns=skew_ns: align(  # type: ignore[misc]
                moved(skew_ns), every_ns=every_ns, sessions=spans, longest_age_ns=longest_age_ns
            ),
            every_ns=every_ns,
            skew_ns=skew_ns,
            options=options,
        )
        for skew_ns in skews_ns
    )


def _point(made: Callable[[], Grid], *, every_ns: int, skew_ns: int, options: Options) -> Point:
    try:
        return Point(every_ns=every_ns, skew_ns=skew_ns, discovery=discover(made(), **options), refused="")
    except BadData as why:
        return Point(every_ns=every_ns, skew_ns=skew_ns, discovery=None, refused=str(why))
