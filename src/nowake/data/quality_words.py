"""A quality report as a person reads it: the verdict, then what was counted, then what the reader noticed."""

from __future__ import annotations

from nowake.data.findings import KINDS, Findings
from nowake.data.quality import QualityReport, TableQuality
from nowake.domain.units import NS_PER_MS, NS_PER_SECOND, NS_PER_US

_WIDTH = 26
_ALWAYS = ("rows", "first_ns", "last_ns", "longest_silence_s")  # Other lines only where one of them is not 0.
_MOST_IN_A_MIX = 12


def in_words(report: QualityReport) -> str:
    """The whole report."""
    lines = [
        f"quality of {report.source} {report.session.date}",
        _line("verdict", report.verdict),
        _line("replay", f"no: {report.cannot_replay_because}" if report.cannot_replay_because else "yes"),
        "",
        *_counts(report),
    ]
    if report.transitions is not None:
        lines.append(_line("book transitions", f"{report.transitions_explained:,} of {report.transitions:,} explained"))
        lines.append(_line("levels revealed", f"{report.resyncs_revealed:,}"))
    found = _found(report.findings)
    lines += ["", *found] if found else []
    lines += [_line("note", note) for note in report.notes]
    return "\n".join(lines)


def _counts(report: QualityReport) -> list[str]:
    """A column for each table; faults of which there are none are named in one line."""
    tables = list(report.tables.values())
    if not tables:
        return []
    lines = [f"{'':<{_WIDTH}}" + "".join(f"{name:>16}" for name in report.tables)]
    absent = []
    for field in TableQuality.__struct_fields__:
        values = [getattr(table, field) for table in tables]
        name = field.removesuffix("_ns").removesuffix("_s").replace("_", " ")
        if field in _ALWAYS or any(values):
            unit = ", s" if field.endswith("_s") else ""
            lines.append(f"{name + unit:<{_WIDTH}}" + "".join(f"{_cell(report, field, each):>16}" for each in values))
        elif field not in report.findings.counts:
            absent.append(name)
    return [*lines, _line("none", ", ".join(absent))] if absent else lines


def _cell(report: QualityReport, field: str, value: float | None) -> str:
    if value is None:
        return "-"
    if field.endswith("_ns"):
        return report.session.clock(int(value))
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


def _found(findings: Findings) -> list[str]:
    lines = []
    for name, count in findings.counts.items():
        if count:
            is_fault, meaning = KINDS[name]
            fault = "FAULT: " if is_fault else ""
            lines.append(_line(name.replace("_", " "), f"{count:,}  {fault}{meaning}"))
            lines += [_line("", f"  {example}") for example in findings.examples.get(name, ())]
    for group, mix in findings.mixes.items():
        total = sum(mix.values())
        largest = sorted(mix.items(), key=lambda pair: -pair[1])
        shown = [f"{name} {count:,} ({count / total:.1%})" for name, count in largest[:_MOST_IN_A_MIX] if total]
        more = f", {len(largest) - _MOST_IN_A_MIX} more" if len(largest) > _MOST_IN_A_MIX else ""
        lines.append(_line(group, ", ".join(shown) + more))
    lines += [_line(*_measure(name, value)) for name, value in findings.measures.items()]
    return lines


def _measure(name: str, value: float) -> tuple[str, str]:
    """A name and a number with its unit, which the name ends in."""
    words, _, unit = name.rpartition("_")
    words = words.replace("_", " ")
    if unit != "ns":
        return words or unit, f"{value:,.6g} {unit}" if words else f"{value:,.6g}"
    for size, short in ((NS_PER_SECOND, "s"), (NS_PER_MS, "ms"), (NS_PER_US, "µs")):
        if abs(value) >= size:
            return words, f"{value / size:,.6g} {short}"
    return words, f"{value:,.0f} ns"


def _line(name: str, text: str) -> str:
    return f"{name:<{_WIDTH}}{text}"
