"""Tables of fits: parameters with intervals, models side by side, symbols, and what a parameter store holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nowake.models.calibration.compare import Comparison
from nowake.models.calibration.hierarchical import Hierarchy
from nowake.models.calibration.online import Alarm, DayResult
from nowake.models.calibration.result import Fit
from nowake.models.impact.contract import Impact
from nowake.reports import formats
from nowake.reports.table import Column, Table
from nowake.statistics.measurement import Measurement

_BESIDE = {"spread": ("quoted spreads", "paid for crossing"), "relaxed": ("", "share of the peak that stays")}


def fit_table(fit: Fit[Impact]) -> Table:
    """One model's parameters."""
    about = {parameter.name: (parameter.unit, parameter.meaning) for parameter in fit.model.parameters} | _BESIDE
    rows = [
        {
            "parameter": name,
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "se": fit.standard_errors.get(name),
            "meaning": "; ".join(filter(None, about.get(name, ("", "")))),
        }
        for name, found in (fit.estimates | fit.nuisances).items()
    ]
    columns = (
        Column("parameter", "parameter", is_number=False),
        Column("value", "estimate", formats.number),
        Column("low", f"{fit.level:.0%}\nfrom", formats.number),
        Column("high", "to", formats.number),
        Column("se", "standard\nerror", formats.number, spare=1),
        Column("meaning", "unit; meaning", is_number=False, is_prose=True, spare=2),
    )
    left_out = f", {fit.dropped:,} left out" if fit.dropped else ""
    later = f", on later days {fit.cv_r2:.3f}" if fit.cv_r2 == fit.cv_r2 else ""
    notes = (
        f"{fit.orders:,} orders in {fit.clusters:,} clusters{left_out}; R² {fit.r2:.3f}{later}.",
        *fit.method.split("\n"),
        *fit.notes,
    )
    return Table(f"{fit.model.name}, fitted", columns, tuple(rows), notes)


def sizes_table(fit: Fit[Impact]) -> Table:
    """What was paid against the law, by size."""
    rows = [
        {
            "size": bucket.share_of_day,
            "orders": bucket.orders,
            "paid": bucket.observed_bps,
            "low": bucket.low_bps,
            "high": bucket.high_bps,
            "law": bucket.fitted_bps,
        }
        for bucket in fit.buckets
    ]
    columns = (
        Column("size", "of day's\nvolume", _share),
        Column("orders", "orders", formats.count),
        Column("paid", "paid", formats.bps),
        Column("low", f"{fit.level:.0%}\nfrom", formats.bps),
        Column("high", "to", formats.bps),
        Column("law", "law", formats.bps),
    )
    note = "Impact in bps, less the spread as fitted; each row has its own mix of symbols and durations."
    return Table(f"{fit.model.name} by size", columns, tuple(rows), (note,))


def outliers_table(fit: Fit[Impact]) -> Table:
    """The same model with and without outliers."""
    names = list(fit.policies[0].values) if fit.policies else []
    rows = []
    for policy in fit.policies:
        values = {name: f"{policy.values[name]:.4g} ± {policy.se[name]:.2g}" for name in names}
        rows.append({"policy": policy.name, "orders": policy.orders, "touched": policy.touched, **values})
    columns = (
        Column("policy", "outliers", is_number=False),
        Column("orders", "orders", formats.count),
        Column("touched", "touched", formats.count),
        *(Column(name, name, is_number=False) for name in names),
    )
    return Table(f"{fit.model.name} with and without outliers", columns, tuple(rows))


def comparison_table(found: Comparison) -> Table:
    """Models side by side, the best first."""
    first = found.scores[0]
    against = {each.worse: each for each in found.verdicts if each.better == first.name}
    rows = []
    for score in found.scores:
        verdict = against.get(score.name)
        forecast = score.forecast
        rows.append(
            {
                "model": score.name,
                "fitted": score.fitted,
                "behind": (first.loglik - first.penalty) - (score.loglik - score.penalty),
                "aic": score.aic,
                "bic": score.bic,
                "aic_behind": score.aic - min(each.aic for each in found.scores),
                "bic_behind": score.bic - min(each.bic for each in found.scores),
                "r2": None if forecast is None else forecast.r2.value,
                "r2_interval": None if forecast is None else (forecast.r2.low, forecast.r2.high),
                "error_bps": None if forecast is None else forecast.error_bps.value,
                "bias_bps": None if forecast is None else forecast.bias_bps.value,
                "p": None if verdict is None else verdict.adjusted_p,
                "test": None if verdict is None else verdict.test,
                "forecast_p": None if verdict is None else verdict.forecast_p,
            }
        )
    columns = (
        Column("model", "model", is_number=False),
        Column("fitted", "fitted", formats.count, spare=4),
        Column("behind", "log lik.\nbehind", formats.number),
        Column("aic_behind", "AIC\nbehind", formats.number, spare=6),
        Column("bic_behind", "BIC\nbehind", formats.number, spare=5),
        Column("r2", "R² on\nlater days", formats.number),
        Column("r2_interval", f"{found.level:.0%}\ninterval", _interval, spare=2),
        Column("error_bps", "error", formats.bps, spare=3),
        Column("bias_bps", "bias", formats.bps, spare=3),
        Column("p", "p, as good\nas the best", _p),
        Column("test", "test", is_number=False, spare=1),
        Column("forecast_p", "p, on\nlater days", _p, spare=1),
    )
    notes = (
        f"{found.statement[0].upper()}{found.statement[1:]}.",
        f"{found.orders:,} orders in {found.clusters:,} clusters; p of all pairs at once (Holm); likelihood less its "
        "penalty for fitting; errors and bias of forecasts in bps, positive where the model is too cheap.",
        *found.notes,
    )
    return Table("Models side by side", columns, tuple(rows), notes)


def symbols_table(found: Hierarchy) -> Table:
    """A law by symbol: what each symbol's own orders say, and what is believed with the others' help."""
    names = list(found.middle)
    rows = []
    for each in found.symbols:
        row: dict[str, object] = {"symbol": each.symbol, "orders": each.orders}
        for name in names:
            row |= _cells(name, each.estimates[name])
            row[f"{name}_pool"] = each.pool_share[name]
            row[f"{name}_alone"] = None if each.alone is None else each.alone[name].value
        rows.append(row)
    for title, values in (("(middle)", found.middle), ("(unseen)", found.predicted)):
        rows.append(
            {"symbol": title} | {key: cell for name in names for key, cell in _cells(name, values[name]).items()}
        )
    columns = [Column("symbol", "symbol", is_number=False), Column("orders", "orders", formats.count, spare=1)]
    for name in names:
        columns += [
            Column(name, name, formats.number),
            Column(f"{name}_low", f"{found.level:.0%}\nfrom", formats.number, spare=2),
            Column(f"{name}_high", "to", formats.number, spare=2),
            Column(f"{name}_alone", "alone", formats.number, spare=3),
            Column(f"{name}_pool", "of the\npool", formats.percent, spare=4),
        ]
    spread = [
        f"Standard deviation over symbols of {'log ' if _is_log(found.unseen, name) else ''}{name}: "
        f"{formats.number(each.value)} [{formats.number(each.low)}, {formats.number(each.high)}]."
        for name, each in found.between.items()
    ]
    notes = (
        *spread,
        "Middle: the middle symbol and how well it is known; unseen: where a symbol without orders will lie.",
        *found.method.split("\n"),
        *found.notes,
    )
    return Table(f"{found.unseen.name} by symbol", tuple(columns), tuple(rows), notes)


def days_table(days: Sequence[DayResult], alarm: Alarm) -> Table:
    """Finished days against what was forecast of them."""
    rows = [
        {
            "date": day.date,
            "orders": day.orders,
            "cost": day.cost_bps,
            "forecast": day.forecast_bps,
            "score": day.u,
            "evidence": day.evidence,
            "rings": "rings" if day.evidence >= 1 / alarm.alpha else "",
        }
        for day in days
    ]
    columns = (
        Column("date", "date", is_number=False),
        Column("orders", "orders", formats.count),
        Column("cost", "cost", formats.bps),
        Column("forecast", "forecast", formats.bps),
        Column("score", "score", formats.number, spare=1),
        Column("evidence", "evidence", formats.number),
        Column("rings", "alarm", is_number=False),
    )
    note = (
        "Mean cost in bps, less the spread where that is taken off; score: unit normal while the model holds, above 0 "
        f"where impact is dearer; the alarm rings at evidence {1 / alarm.alpha:.4g}."
    )
    return Table("Days against their forecast", columns, tuple(rows), (note,))


def refusals_table(refused: Mapping[str, str]) -> Table:
    """Models that the orders could not tell, and why."""
    rows = tuple({"model": name, "reason": reason} for name, reason in refused.items())
    columns = (Column("model", "model", is_number=False), Column("reason", "why not", is_number=False, is_prose=True))
    return Table("Not fitted", columns, rows)


def versions_table(versions: Sequence[Mapping[str, object]], path: str) -> Table:
    """What a parameter store holds, one version a row."""
    columns = (
        Column("id", "id", formats.count),
        Column("name", "name", is_number=False),
        Column("symbol", "symbol", is_number=False),
        Column("model", "model", is_number=False),
        Column("fitted_from", "fitted\nfrom", is_number=False, spare=2),
        Column("fitted_to", "to", is_number=False, spare=1),
        Column("usable_from", "usable\nfrom", is_number=False),
        Column("orders", "orders", formats.count, spare=3),
        Column("parameters", "parameters", is_number=False, is_prose=True),
        Column("data_hash", "data", is_number=False, spare=4),
    )
    note = (
        "A version may be used from the day after its data ended, or later where it was said so; the newest is taken."
    )
    return Table(f"Fits kept in {path}", columns, tuple(versions), (note,))


def _cells(name: str, found: Measurement) -> dict[str, object]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _is_log(model: Impact, name: str) -> bool:
    return any(each.name == name and each.low == 0 and each.high == float("inf") for each in model.parameters)


def _share(value: object) -> str:
    return f"{100 * value:.2g} %" if isinstance(value, float) else formats.MISSING


def _interval(value: object) -> str:
    return " to ".join(f"{end:.3f}" for end in value) if isinstance(value, tuple) else formats.MISSING


def _p(value: object) -> str:
    return "< 0.001" if isinstance(value, float) and value < 0.001 else formats.number(value)
