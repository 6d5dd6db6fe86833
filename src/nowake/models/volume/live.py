"""One day of volume under way: what has traded, what the state is, what is still to come.

A forecast is lognormal: mean exp(m + v/2) times the share of days on which the bucket trades. The sum of what is to
come is matched to a lognormal of its mean and variance (Fenton 1960), correlations between buckets included. Each
update gives a new state and leaves the old one as it is, so a plan can be made from any moment of the day again."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Session
from nowake.models.volume.curve import VolumeCurve, edges_of
from nowake.models.volume.state_space import Dynamics, Gaussian
from nowake.statistics.measurement import Measurement, t_of

SURPRISE = 3.0  # Standard deviations beyond which a surprise is drawn in.

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Law:
    """What a day's forecast needs of a fit: float64[buckets] arrays in log volume, and the dynamics.

    `phi` the usual log volume, `phi_variance` how well it is known, `noise` the variance of the noise, `traded` the
    share of days on which the bucket has volume; `days` behind them. `stretch` is how much wider than the model says
    the sums to come turned out on the days fitted to: real days drift in ways it does not know.
    """

    phi: Floats
    phi_variance: Floats
    noise: Floats
    traded: Floats
    dynamics: Dynamics
    days: int
    stretch: float = 1.0


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Forecast:
    """Volume of buckets still to come.

    `first` is the bucket it begins with; `expected`, `low`, `high` are float64[buckets to come] with prediction
    intervals at `level`; `remaining` is their sum, `total` that of the day with what has traded.
    """

    first: int
    expected: Floats
    low: Floats
    high: Floats
    remaining: Measurement
    total: Measurement
    level: float

    def __str__(self) -> str:
        return (
            f"from bucket {self.first + 1}: {self.remaining.value:,.0f} to come "
            f"[{self.remaining.low:,.0f}, {self.remaining.high:,.0f}], {self.total.value:,.0f} in the day "
            f"[{self.total.low:,.0f}, {self.total.high:,.0f}], at {self.level:.0%}"
        )


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LiveVolume:
    """A day after some of its buckets.

    Parameters
    ----------
    law, session
        What was learnt, and which day.
    before
        The level as it was known before the open.
    seen
        float64[buckets so far]: what traded; NaN where nothing is known.
    state, covariance
        (level, swing of the next bucket) and float64[2, 2].
    """

    law: Law
    session: Session
    before: Gaussian
    seen: Floats
    state: Floats
    covariance: Floats

    @classmethod
    def before_open(cls, law: Law, session: Session, level: Gaussian) -> LiveVolume:
        """The day before anything traded."""
        return cls(
            law=law,
            session=session,
            before=level,
            seen=np.zeros(0),
            state=np.array([level.mean, 0.0]),
            covariance=np.diag([level.variance, law.dynamics.swing_sd**2]),
        )

    @property
    def bucket(self) -> int:
        """The bucket that comes next, counted from 0."""
        return len(self.seen)

    @property
    def edges_ns(self) -> npt.NDArray[np.int64]:
        """Where the buckets begin, and the close."""
        return edges_of(self.session, (self.session.close_ns - self.session.open_ns) // len(self.law.phi))

    def update(self, bucket: int, volume: float) -> LiveVolume:
        """The day one bucket later.

        Parameters
        ----------
        bucket
            The one that comes next, as a check that none was lost.
        volume
            What traded in it: 0 tells nothing of the state, nor does NaN (halted, or not known).

        Raises
        ------
        BadParameter
            When another bucket comes next, the day is over, or the volume is below 0.
        """
        if bucket != self.bucket or bucket >= len(self.law.phi):
            after = f"bucket {self.bucket} comes next" if self.bucket < len(self.law.phi) else "the day is over"
            raise BadParameter(f"bucket {bucket}: {after}; give each once, NaN for one that is not known")
        if not math.isnan(volume) and not 0 <= volume < math.inf:
            raise BadParameter(f"volume {volume} must be 0 or more, or NaN where it is not known")
        state, P = self.state, self.covariance
        if volume > 0 and self.law.traded[bucket] > 0:
            state, P = self._learnt(bucket, math.log(volume))
        a, swing = self.law.dynamics.swing_memory, self.law.dynamics.swing_sd**2
        carry = np.array([1.0, a])
        P = P * np.outer(carry, carry)
        P[1, 1] += (1 - a * a) * swing
        return dataclasses.replace(self, seen=np.append(self.seen, volume), state=state * carry, covariance=P)

    def _learnt(self, bucket: int, log_volume: float) -> tuple[Floats, Floats]:
        P = self.covariance
        towards = P.sum(axis=1)
        spread = float(towards.sum() + self.law.noise[bucket] + self.law.phi_variance[bucket])
        surprise = log_volume - self.law.phi[bucket] - float(self.state.sum())
        most = SURPRISE * math.sqrt(spread)
        gain = towards / spread
        return self.state + gain * max(-most, min(most, surprise)), P - np.outer(gain, towards)

    def forecast(self, level: float = 0.95) -> Forecast:
        """What is still to come today, bucket by bucket and in all.

        Raises
        ------
        BadParameter
            When the day is over.
        """
        k, law = self.bucket, self.law
        if k >= len(law.phi):
            raise BadParameter(f"all {k} buckets of {self.session.date} have traded; nothing is to come")
        mean, covariance = self._logs()
        variance = np.diag(covariance)
        expected = law.traded[k:] * np.exp(mean + variance / 2)
        quantile = t_of(level, max(law.days - 2, 1))
        half = quantile * np.sqrt(variance)
        total, spread = _sum_of(expected, covariance)
        spread *= law.stretch
        low, high = (total * math.exp(sign * quantile * spread - spread**2 / 2) for sign in (-1, 1))
        seen = float(np.nansum(self.seen))
        method = f"state-space forecast after {k} of {len(law.phi)} buckets"
        made = {"level": level, "n": law.days, "method": method}
        return Forecast(
            first=k,
            expected=expected,
            low=np.where(law.traded[k:] > 0, np.exp(mean - half), 0.0),
            high=np.where(law.traded[k:] > 0, np.exp(mean + half), 0.0),
            remaining=_measured(total, low, high, made),
            total=_measured(seen + total, seen + low, seen + high, made),
            level=level,
        )

    def surprise_of_rest(self, rest: float) -> float:
        """How many standard deviations of the model the logarithm of a sum to come lies from its centre."""
        mean, covariance = self._logs()
        expected = self.law.traded[self.bucket :] * np.exp(mean + np.diag(covariance) / 2)
        total, spread = _sum_of(expected, covariance)
        return (math.log(rest / total) + spread**2 / 2) / spread

    def expected(self) -> Floats:
        """float64[buckets to come]: expected volume of each, without the work of an interval."""
        mean, variance = self._means()
        return np.asarray(self.law.traded[self.bucket :] * np.exp(mean + variance / 2))

    def curve(self) -> VolumeCurve:
        """Shares of the whole day: what traded, and what is expected to."""
        whole = np.concatenate((np.nan_to_num(self.seen), self.expected()))
        shares = whole / whole.sum()
        return VolumeCurve(
            edges_ns=tuple(int(edge) for edge in self.edges_ns),
            shares=tuple(float(share) for share in shares / math.fsum(shares)),
            days=self.law.days,
        )

    def next_share(self) -> float:
        """Share of what is still to come that falls into the next bucket: how much of the rest of an order it gets.

        0 where the venue pauses in it, and where nothing is to come.
        """
        expected = self.expected()
        whole = float(expected.sum())
        return float(expected[0]) / whole if whole > 0 else 0.0

    def _fading(self) -> Floats:
        return np.asarray(self.law.dynamics.swing_memory ** np.arange(len(self.law.phi) - self.bucket))

    def _means(self) -> tuple[Floats, Floats]:
        """Mean and variance of the log volume of each bucket to come."""
        k, fade, P = self.bucket, self._fading(), self.covariance
        swing = self.law.dynamics.swing_sd**2
        variance = P[0, 0] + 2 * fade * P[0, 1] + fade**2 * P[1, 1] + (1 - fade**2) * swing
        mean = self.law.phi[k:] + self.state[0] + fade * self.state[1]
        return mean, variance + self.law.noise[k:] + self.law.phi_variance[k:]

    def _logs(self) -> tuple[Floats, Floats]:
        """Mean and covariance of the log volumes of the buckets to come."""
        k, fade, P = self.bucket, self._fading(), self.covariance
        apart = np.abs(np.subtract.outer(np.arange(len(fade)), np.arange(len(fade))))
        both = np.outer(fade, fade)
        covariance = P[0, 0] + P[0, 1] * np.add.outer(fade, fade) + P[1, 1] * both
        covariance += self.law.dynamics.swing_sd**2 * (fade[apart] - both)
        covariance[np.diag_indices(len(fade))] += self.law.noise[k:] + self.law.phi_variance[k:]
        return self._means()[0], covariance


def _sum_of(expected: Floats, covariance: Floats) -> tuple[float, float]:
    """Mean of the sum of lognormals, and the standard deviation of the logarithm of the one it is matched to."""
    total = float(expected.sum())
    if not total > 0:
        return 0.0, 0.0
    return total, math.sqrt(math.log1p(float(expected @ np.expm1(covariance) @ expected) / total**2))


def _measured(value: float, low: float, high: float, made: dict[str, object]) -> Measurement:
    return Measurement(value=value, low=min(low, value), high=max(high, value), **made)  # type: ignore[arg-type]
