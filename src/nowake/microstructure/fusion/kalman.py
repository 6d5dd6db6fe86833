"""One price through time from sources that speak when they like: a random walk, seen with offsets and noise.

    m_t = m_s + sqrt(t - s) drift e        the efficient price, a random walk in time
    y   = m_t + b_i + r_i e                source i: its offset b_i, its noise r_i

Kalman 1960; the offsets are constants of the state, so that they are learned as reports come and their errors go into
that of the price (Harvey 1989, "Forecasting, Structural Time Series Models and the Kalman Filter", chapter 3). Nothing
is known of the price before the first report, and it starts exactly there (no large number stands for ignorance);
offsets are N(0, offset_sd^2) before. A source of offset_sd 0, the anchor, says what the price IS; without one the level
is known only as well as offsets are small. Noise is learned in `learning`, or stated report by report.

A source may be late, silent or faster than the others: time only widens what is believed. Two sources of one stamp are
heard one after the other, which is the same. `smooth_prices` also uses what came later, for looking back: never live.

Wrong where noises are correlated between sources or through time (a bounce, two feeds of one venue): what is told as
error is then too small, and the whiteness test (`innovations`) says so; and where the price jumps."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.kernels import runtime
from nowake.kernels.kalman_job import KALMAN, KALMAN_ROW
from nowake.microstructure.fusion.report import SECOND_NS, Belief, Floats, Ints, Reports, normal_price
from nowake.statistics.measurement import Measurement

DIGITS = 1e8  # An offset_sd over a noise beyond which the squares of both do not fit in one number.


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """How one source speaks.

    Parameters
    ----------
    name
        As its reports say.
    noise_sd
        Standard deviation of its own noise, above 0, in the unit of the price.
    offset_sd
        How far it may be off on average, standard deviation before anything is heard; 0 for an anchor.
    """

    name: str
    noise_sd: float
    offset_sd: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.noise_sd < math.inf:
            raise BadParameter(f"noise_sd {self.noise_sd} of {self.name} must be above 0 and finite")
        if not 0 <= self.offset_sd < math.inf:
            raise BadParameter(f"offset_sd {self.offset_sd} of {self.name} must be 0 or more and finite")


class PriceModel(msgspec.Struct, frozen=True, kw_only=True):
    """A price and who speaks of it.

    Parameters
    ----------
    sources
        Different ones.
    drift_sd
        How far the price moves in a second, standard deviation, 0 or more.
    """

    sources: tuple[Source, ...]
    drift_sd: float

    def __post_init__(self) -> None:
        names = self.names
        if not names or len(set(names)) < len(names):
            raise BadParameter(f"sources {names} must be one or more different ones")
        if not 0 <= self.drift_sd < math.inf:
            raise BadParameter(f"drift_sd {self.drift_sd} must be 0 or more and finite")

    @property
    def names(self) -> tuple[str, ...]:
        """Of the sources."""
        return tuple(source.name for source in self.sources)

    @property
    def least_sd(self) -> float:
        """The noise that can be told beside the largest offset_sd."""
        return max(source.offset_sd for source in self.sources) / DIGITS


def check_noise(model: PriceModel, least: float) -> None:
    """Refuse noise too small beside offsets for the filter's arithmetic.

    Raises
    ------
    BadParameter
        As said.
    """
    if least < model.least_sd:
        raise BadParameter(
            f"an sd of {least:g} beside an offset_sd of {model.least_sd * DIGITS:g} is beyond the digits of a number; "
            f"give offsets of {least * DIGITS:g} at most"
        )


class PriceFilter:
    """The price as reports come, one at a time.

    Parameters
    ----------
    model
        The sources and the walk.

    Raises
    ------
    BadParameter
        When an offset_sd is more than 1e8 times a noise_sd.
    """

    def __init__(self, model: PriceModel) -> None:
        check_noise(model, min(source.noise_sd for source in model.sources))
        self.model = model
        self.time_ns: int | None = None
        self.heard = 0
        self.passed_over = 0
        self._place = {name: place for place, name in enumerate(model.names)}
        self._noise = [source.noise_sd**2 for source in model.sources]
        self._mean = [0.0] * (len(model.sources) + 1)
        self._covariance = prior(model).tolist()
        self._weights = [[0.0] * len(model.sources) for _ in self._mean]  # Of the state, linear in what each said.
        self._squares = 0.0

    def on_report(self, time_ns: int, source: str, value: float, sd: float = math.nan) -> None:
        """A source says a value; `sd` is its own error where it states one, NaN where it does not.

        A value that is no number is passed over and counted.

        Raises
        ------
        BadParameter
            When the source is not of the model, or the sd is below a 1e8th of an offset_sd.
        BadData
            When it is before the last report, or its sd is 0 or less. Nothing changes then.
        """
        place = self._place.get(source)
        if place is None:
            raise BadParameter(f"source {source!r} is not one of {', '.join(self.model.names)}")
        if self.time_ns is not None and time_ns < self.time_ns:
            raise BadData(f"a report of {source} at {time_ns} is before the last one, at {self.time_ns}; sort by time")
        if sd <= 0:
            raise BadData(f"sd {sd} of {source} must be above 0, or NaN where it is not known")
        if math.isfinite(sd):
            check_noise(self.model, sd)
        if not math.isfinite(value):
            self.passed_over += 1
            return
        noise = sd * sd if math.isfinite(sd) else self._noise[place]
        if self.time_ns is None:
            self._begin(place, value, noise)
        else:
            self._step(place, (time_ns - self.time_ns) / SECOND_NS, value, noise)
        self.time_ns = time_ns
        self.heard += 1

    @property
    def value(self) -> float:
        """The price after the last report; NaN before the first."""
        return self._mean[0] if self.heard else math.nan

    @property
    def sd(self) -> float:
        """Its standard deviation after the last report."""
        return math.sqrt(self._covariance[0][0]) if self.heard else math.nan

    @property
    def surprise(self) -> float:
        """Mean square of what reports differed from what was expected, in variances expected: near 1 where all fits."""
        return self._squares / (self.heard - 1) if self.heard > 1 else math.nan

    def offset(self, source: str, *, level: float = 0.95) -> Measurement:
        """How far a source is off, and how surely that is known."""
        place = self._place[source] + 1
        sd = math.sqrt(max(0.0, self._covariance[place][place]))
        return normal_price(self._mean[place], sd, level=level, n=self.heard, method="Kalman filter")

    def belief(self, at_ns: int | None = None, *, level: float = 0.95) -> Belief:
        """The price at an instant not before the last report, by default that one.

        `weights` is the sum of what the price takes of each source's words, all together 1: below 0 where a source
        tells another's offset. `sd_if_common` is NaN: of errors through time no single common one can be told.

        Raises
        ------
        BadData
            When nobody has spoken, or the instant is before the last report.
        """
        if self.time_ns is None:
            raise BadData("no source has said anything; wait for one")
        now = self.time_ns if at_ns is None else at_ns
        if now < self.time_ns:
            raise BadData(f"{now} is before the last report, at {self.time_ns}; look back with smooth_prices")
        variance = self._covariance[0][0] + self.model.drift_sd**2 * (now - self.time_ns) / SECOND_NS
        sd = math.sqrt(variance)
        return Belief(
            price=normal_price(self._mean[0], sd, level=level, n=self.heard, method="Kalman filter"),
            sd=sd,
            sd_if_common=math.nan,
            weights=dict(zip(self.model.names, self._weights[0], strict=True)),
        )

    def _begin(self, place: int, value: float, noise: float) -> None:
        k, rows = place + 1, self._covariance
        own = rows[k][k]
        self._mean[0] = value
        rows[0][0] = noise + own
        rows[0][k] = rows[k][0] = -own
        self._weights[0][place] = 1.0

    def _step(self, place: int, seconds: float, value: float, noise: float) -> None:
        k, rows, mean = place + 1, self._covariance, self._mean
        rows[0][0] += self.model.drift_sd**2 * seconds
        loads = [row[0] + row[k] for row in rows]
        innovation = value - mean[0] - mean[k]
        expected = loads[0] + loads[k] + noise
        told = [ours + theirs for ours, theirs in zip(self._weights[0], self._weights[k], strict=True)]
        told[place] -= 1.0  # What the innovation is made of, less.
        for j, load in enumerate(loads):
            gain = load / expected
            weights = self._weights[j]
            for m, part in enumerate(told):
                weights[m] -= gain * part
            mean[j] += gain * innovation
            row = rows[j]
            for m, other in enumerate(loads):
                row[m] -= gain * other
        self._squares += innovation * innovation / expected


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """A price through a history, at each report that said a number.

    Parameters
    ----------
    time_ns, source
        int64[n]: when, and place of who spoke.
    price, sd
        float64[n]: the price then and its standard deviation.
    innovation, expected_sd
        float64[n]: what the report differed from what was expected of it, and how much it should; NaN of the first.
    offsets
        Of each source at the end.
    log_likelihood
        Of all reports but the first, from which the price starts.
    passed_over
        Reports that said no number.
    """

    time_ns: Ints
    source: Ints
    price: Floats
    sd: Floats
    innovation: Floats
    expected_sd: Floats
    offsets: dict[str, Measurement]
    log_likelihood: float
    passed_over: int

    def __len__(self) -> int:
        return len(self.time_ns)


def filter_prices(reports: Reports, model: PriceModel, *, level: float = 0.95) -> Filtered:
    """The price of a history of reports, nothing of the future used.

    Raises
    ------
    BadData
        When no report says a number.
    BadParameter
        When a source of the reports is not of the model, or an sd is below a 1e8th of an offset_sd.
    """
    heard = Heard.of(reports, model)
    noise = heard.noise(model)
    check_noise(model, math.sqrt(float(noise.min())))
    run = heard.run(noise, model)
    errors = np.sqrt(np.maximum(np.diag(run.covariance)[1:], 0.0))
    offsets = {
        name: normal_price(float(mean), float(sd), level=level, n=len(heard.value), method="Kalman filter")
        for name, mean, sd in zip(model.names, run.mean[1:], errors, strict=True)
    }
    return Filtered(
        time_ns=heard.time_ns,
        source=heard.source,
        price=run.rows["price"].copy(),
        sd=np.sqrt(run.rows["variance"]),
        innovation=run.rows["innovation"].copy(),
        expected_sd=np.sqrt(run.rows["expected"]),
        offsets=offsets,
        log_likelihood=run.log_likelihood,
        passed_over=len(reports) - len(heard.value),
    )


def smooth_prices(reports: Reports, model: PriceModel) -> tuple[Floats, Floats]:
    """Price and standard deviation at each report that said a number, all of the history used, also what came later.

    De Jong 1989 ("Smoothing and interpolation with the state-space model", JASA 84): one pass back, no inverse.

    Raises
    ------
    BadData, BadParameter
        As in `filter_prices`.
    """
    heard = Heard.of(reports, model)
    noise = heard.noise(model)
    check_noise(model, math.sqrt(float(noise.min())))
    run = heard.run(noise, model, keep=True)
    count, size = run.means.shape
    price, variance = np.empty(count), np.empty(count)
    later, spread = (
        np.zeros(size),
        np.zeros((size, size)),
    )  # r and N: what later reports say of the state, and how surely.
    for row in range(count - 1, -1, -1):
        covariance = run.covariances[row]
        loads = covariance[0]
        price[row] = run.means[row, 0] + loads @ later
        variance[row] = covariance[0, 0] - loads @ spread @ loads
        if row == 0:
            break
        seen = np.zeros(size)
        seen[0] = seen[heard.source[row] + 1] = 1.0
        expected = run.rows["expected"][row]
        # The state before this report: its covariance times `seen` is the gain times what was expected.
        gain = covariance @ seen / noise[row]
        left = np.eye(size) - np.outer(gain, seen)
        later = seen * (run.rows["innovation"][row] / expected) + left.T @ later
        spread = np.outer(seen, seen) / expected + left.T @ spread @ left
    return price, np.sqrt(np.maximum(variance, 0.0))


def prior(model: PriceModel) -> Floats:
    """Covariance of price and offsets before anything is heard; of the price it is set by the first report."""
    return np.diag([0.0, *(source.offset_sd**2 for source in model.sources)])


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What one pass of the kernel leaves."""

    rows: npt.NDArray[Any]
    mean: Floats
    covariance: Floats
    means: Floats
    covariances: Floats

    @property
    def log_likelihood(self) -> float:
        """Of all reports but the first."""
        expected, innovation = self.rows["expected"][1:], self.rows["innovation"][1:]
        return -0.5 * float(np.sum(np.log(2 * np.pi * expected) + innovation**2 / expected))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Reports that say a number, sources numbered as in a model."""

    time_ns: Ints
    source: Ints
    value: Floats
    sd: Floats

    @classmethod
    def of(cls, reports: Reports, model: PriceModel) -> Heard:
        """Those of a table.

        Raises
        ------
        BadData
            When there are none.
        BadParameter
            When a source is not of the model.
        """
        strange = [name for name in reports.names if name not in model.names]
        if strange:
            raise BadParameter(f"sources {strange} are not of the model, which has {list(model.names)}")
        said = np.isfinite(reports.value)
        if not said.any():
            raise BadData(f"none of {len(reports)} reports says a number")
        places = np.array([model.names.index(name) for name in reports.names], np.int64)
        return cls(
            time_ns=np.ascontiguousarray(reports.time_ns[said], np.int64),
            source=places[reports.source[said]],
            value=np.ascontiguousarray(reports.value[said], np.float64),
            sd=np.ascontiguousarray(reports.sd[said], np.float64),
        )

    def noise(self, model: PriceModel) -> Floats:
        """Variance of each report: its own where it states one, else its source's."""
        usual = np.array([source.noise_sd for source in model.sources])[self.source]
        return np.where(np.isfinite(self.sd), self.sd, usual) ** 2

    def run(self, noise: Floats, model: PriceModel, *, keep: bool = False) -> Run:
        """One pass of the kernel."""
        size, count = len(model.sources) + 1, len(self.value)
        kept = count if keep else 0
        arrays: dict[str, npt.NDArray[Any]] = {
            "time_ns": self.time_ns,
            "source": self.source,
            "value": self.value,
            "noise": np.ascontiguousarray(noise),
            "mean": np.zeros(size),
            "covariance": prior(model),
            "loads": np.zeros(size),
            "out": np.empty(count, KALMAN_ROW),
            "means": np.empty((kept, size)),
            "covariances": np.empty((kept, size, size)),
        }
        job = np.zeros(1, KALMAN)
        for name, array in arrays.items():
            job[name] = array.ctypes.data if array.size else 0
        job["count"], job["sources"], job["drift"] = count, size - 1, model.drift_sd**2
        runtime.load("kalman:filtered")(job.ctypes.data)
        return Run(arrays["out"], arrays["mean"], arrays["covariance"], arrays["means"], arrays["covariances"])
