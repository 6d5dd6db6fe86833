"""What a source says and what is believed of it: one record in, one record out, whatever the rule between them.

A source is anything that names a price: a venue's mid, an index, a model's forecast, a dealer's quote. It says a value,
how sure it is (a standard deviation, NaN where it does not say), and of when that is. A belief is the price made of
them, its interval, how much each source counted, whether they agree, and who was left out and why."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.statistics.measurement import Measurement, z_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SECOND_NS = 1_000_000_000


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One source's word on the price.

    Parameters
    ----------
    source
        Its name.
    value
        The price it names, in any one unit (ticks here); NaN is no word.
    sd
        Standard deviation it gives its own value, above 0, in the same unit; NaN where it does not say.
    time_ns
        When what it says was so, ns since the epoch.
    """

    source: str
    value: float
    sd: float = math.nan
    time_ns: int = 0

    def __post_init__(self) -> None:
        if self.sd <= 0:
            raise BadParameter(f"sd {self.sd} of {self.source} must be above 0, or NaN where it is not known")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Reports:
    """Words of several sources, in time order.

    Parameters
    ----------
    names
        The sources.
    source
        int64[n]: place in `names` of who spoke.
    value, sd
        float64[n]: as in Report, NaN where there is none.
    time_ns
        int64[n]: never falls; ties are legal.

    Raises
    ------
    BadData
        When columns differ in length, time goes back, a place is not of a name, or an sd is 0 or less.
    """

    names: tuple[str, ...]
    source: Ints
    value: Floats
    sd: Floats
    time_ns: Ints

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.source, self.value, self.sd, self.time_ns)}
        if len(lengths) > 1:
            raise BadData(f"columns of reports are of {sorted(lengths)} rows; give as many of each")
        back = np.flatnonzero(np.diff(self.time_ns) < 0)
        if len(back):
            row = int(back[0]) + 1
            raise BadData(
                f"report {row} at {self.time_ns[row]} is before the one at {self.time_ns[row - 1]}; sort them"
            )
        wrong = (self.source < 0) | (self.source >= len(self.names))
        if wrong.any():
            raise BadData(f"report {wrong.argmax()} is of source {self.source[wrong][0]}, but there are {self.names}")
        if (self.sd <= 0).any():
            raise BadData(f"report {int((self.sd <= 0).argmax())} has an sd of 0 or less; NaN where it is not known")

    def __len__(self) -> int:
        return len(self.time_ns)

    @classmethod
    def of(cls, reports: Sequence[Report]) -> Self:
        """A table of single reports, sorted by time, those of one stamp as they were given."""
        ordered = sorted(reports, key=lambda report: report.time_ns)
        names = tuple(dict.fromkeys(report.source for report in reports))
        return cls(
            names=names,
            source=np.array([names.index(report.source) for report in ordered], np.int64),
            value=np.array([report.value for report in ordered], np.float64),
            sd=np.array([report.sd for report in ordered], np.float64),
            time_ns=np.array([report.time_ns for report in ordered], np.int64),
        )

    def latest(self, at_ns: int) -> tuple[Report, ...]:
        """The last word of each source at an instant, later ones unknown; sources that have not spoken are left out."""
        heard = int(np.searchsorted(self.time_ns, at_ns, side="right"))
        rows = {int(self.source[row]): row for row in range(heard) if math.isfinite(self.value[row])}
        return tuple(
            Report(
                source=self.names[source],
                value=float(self.value[row]),
                sd=float(self.sd[row]),
                time_ns=int(self.time_ns[row]),
            )
            for source, row in sorted(rows.items())
        )


class Consistency(msgspec.Struct, frozen=True, kw_only=True):
    """Whether sources are as far apart as their errors say: sum of squares in units of those errors, about `degrees`.

    Parameters
    ----------
    chi_square, degrees
        The sum, and its mean where errors are as told.
    p_value
        Chance of a sum as large where they are.
    """

    chi_square: float
    degrees: int
    p_value: float

    @property
    def inflation(self) -> float:
        """Birge's ratio, 1 or more: what all errors would have to be multiplied by for the sources to agree."""
        return math.sqrt(max(1.0, self.chi_square / self.degrees)) if self.degrees else 1.0


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A source that was not listened to, and why."""

    source: str
    reason: str


class Belief(msgspec.Struct, frozen=True, kw_only=True):
    """What several sources say together.

    Parameters
    ----------
    price
        With its interval, in the unit of the reports.
    sd
        Standard deviation of the price, as the rule has it.
    sd_if_common
        The same if all errors were one common error: no correlation makes it worse. NaN where a rule cannot tell it.
    weights
        How much each source counted; they sum to 1 and may be negative where errors are correlated.
    consistency
        Whether the sources agree within their errors; None where only one spoke or errors are not told.
    left_out
        Who was not listened to, and why.
    notes
        What a reader has to be warned of.
    """

    price: Measurement
    sd: float
    sd_if_common: float
    weights: dict[str, float]
    consistency: Consistency | None = None
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"price {self.price}"]
        lines += [f"  {weight:+.3f} {source}" for source, weight in self.weights.items()]
        lines += [f"  left out {out.source}: {out.reason}" for out in self.left_out]
        if self.consistency is not None:
            agreement = self.consistency
            lines.append(f"  chi-square {agreement.chi_square:.3g} of {agreement.degrees}, p = {agreement.p_value:.3g}")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def chi_square_of(chi_square: float, degrees: int) -> Consistency | None:
    """The test of a sum of squares; None without degrees of freedom."""
    if degrees < 1:
        return None
    from scipy.special import chdtrc  # noqa: PLC0415  Scipy takes long to load.

    return Consistency(chi_square=chi_square, degrees=degrees, p_value=float(chdtrc(degrees, chi_square)))


def normal_price(value: float, sd: float, *, level: float, n: int, method: str) -> Measurement:
    """A price of normal error."""
    half = z_of(level) * sd
    return Measurement(value=value, low=value - half, high=value + half, level=level, n=n, method=method)


def one_word_each(reports: Sequence[Report]) -> None:
    """Refuse no reports at all, and two of one source.

    Raises
    ------
    BadData
        As said.
    """
    names = [report.source for report in reports]
    if not names:
        raise BadData("no source has said anything; wait for one")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadData(f"{twice} speaks twice at one instant; keep its last word (Reports.latest)")


def spoken(reports: Sequence[Report]) -> tuple[list[Report], list[LeftOut]]:
    """Reports with a value, and who said none.

    Raises
    ------
    BadData
        When nobody said anything, or one source speaks twice.
    """
    one_word_each(reports)
    said = [report for report in reports if math.isfinite(report.value)]
    silent = [LeftOut(source=r.source, reason="said no number") for r in reports if not math.isfinite(r.value)]
    if not said:
        raise BadData(f"none of {len(reports)} sources says a number; wait for one")
    return said, silent
