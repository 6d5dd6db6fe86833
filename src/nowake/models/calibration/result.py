"""What a fit of an impact model to metaorders hands back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from nowake.models.calibration.goodness import Bucket
from nowake.models.calibration.noise import Noise
from nowake.models.calibration.outliers import Policy
from nowake.models.impact.contract import Impact
from nowake.models.pretrade.seen import Seen
from nowake.statistics.measurement import Measurement

if TYPE_CHECKING:
    import polars as pl

Model = TypeVar("Model", bound=Impact)


class Fit(msgspec.Struct, Generic[Model], frozen=True, kw_only=True):
    """A fitted model and how far to trust it. Prints as a table.

    Parameters
    ----------
    model
        The model at the estimates, with their clustered covariance.
    estimates
        Each fitted parameter with its interval at `level`, by name.
    orders, clusters, dropped
        Rows used, clusters among them (day-and-symbol unless `method` says otherwise), rows left out.
    r2, cv_r2
        Share of the weighted variance of cost explained: in sample, and on later days not fitted to (NaN where there
        are fewer than five days).
    method
        How it was fitted and how the intervals were made, in words.
    data_hash
        sha256 of the columns fitted to, so that parameters can be told apart by what made them.
    notes
        What a user must know to trust it, one sentence each.
    nuisances
        What was fitted beside the parameters: `spread` (quoted spreads paid an order), `relaxed` (share that stays).
    standard_errors
        Of all that was fitted, by name.
    left_out
        Rows left out, by reason.
    noise
        The fitted variance of a cost.
    policies
        The same model with and without outliers, the headline first.
    buckets
        Observed and fitted cost by size, small to large.
    seen
        The ranges of size, speed, length and market of the orders fitted to.
    """

    model: Model
    estimates: dict[str, Measurement]
    level: float
    orders: int
    clusters: int
    dropped: int
    r2: float
    cv_r2: float
    method: str
    data_hash: str
    seen: Seen
    notes: tuple[str, ...] = ()
    nuisances: dict[str, Measurement] = {}
    standard_errors: dict[str, float] = {}
    left_out: dict[str, int] = {}
    noise: Noise = Noise()
    policies: tuple[Policy, ...] = ()
    buckets: tuple[Bucket, ...] = ()

    def to_frame(self) -> pl.DataFrame:
        """One row a fitted number: parameter, value, low, high, se, unit, meaning."""
        import polars as pl  # noqa: PLC0415

        about = {parameter.name: (parameter.unit, parameter.meaning) for parameter in self.model.parameters}
        rows = [
            {
                "parameter": name,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "se": self.standard_errors.get(name),
                "unit": about.get(name, _NUISANCE.get(name, ("", "")))[0],
                "meaning": about.get(name, _NUISANCE.get(name, ("", "")))[1],
            }
            for name, found in (self.estimates | self.nuisances).items()
        ]
        return pl.DataFrame(rows)

    def by_size(self) -> pl.DataFrame:
        """Observed against fitted cost, one row a bucket of size."""
        import polars as pl  # noqa: PLC0415

        return pl.DataFrame([msgspec.structs.asdict(bucket) for bucket in self.buckets])

    def __str__(self) -> str:
        return "\n".join([self._head(), *self._estimates(), *self._goodness(), *self._policies(), *self._notes()])

    def _head(self) -> str:
        left_out = f"; {self.dropped:,} left out" if self.dropped else ""
        return f"{self.model.name} fitted to {self.orders:,} orders in {self.clusters:,} clusters{left_out}"

    def _estimates(self) -> list[str]:
        about = {parameter.name: (parameter.unit, parameter.meaning) for parameter in self.model.parameters} | _NUISANCE
        rows = [f"  {'':<12}{'estimate':>11}  {f'{self.level:.0%} interval':<26}s.e."]
        for name, found in (self.estimates | self.nuisances).items():
            interval = f"[{found.low:.4g}, {found.high:.4g}]"
            unit, meaning = about.get(name, ("", ""))
            said = f"{unit}; {meaning}" if unit and meaning else unit or meaning
            se = self.standard_errors.get(name, 0.0)
            rows.append(f"  {name:<12}{found.value:>11.4g}  {interval:<26}{se:<10.2g}{said}".rstrip())
        return rows

    def _goodness(self) -> list[str]:
        later = "not known, fewer than five days" if self.cv_r2 != self.cv_r2 else f"{self.cv_r2:.3f}"
        return [f"R² {self.r2:.3f}; on later days {later}", self.method]

    def _policies(self) -> list[str]:
        if not self.policies:
            return []
        names = list(self.policies[0].values)
        rows = [f"  {'outliers':<32}{'orders':>10}{'touched':>9}  " + "".join(f"{name:<22}" for name in names).rstrip()]
        for policy in self.policies:
            cells = "".join(f"{f'{policy.values[name]:.4g} ± {policy.se[name]:.2g}':<22}" for name in names)
            rows.append(f"  {policy.name:<32}{policy.orders:>10,}{policy.touched:>9,}  {cells}".rstrip())
        return rows

    def _notes(self) -> list[str]:
        return [f"- {note}" for note in self.notes]


_NUISANCE = {
    "spread": ("quoted spreads", "paid for crossing"),
    "relaxed": ("", "share of the peak that stays"),
}
