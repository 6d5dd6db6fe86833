"""What of the rows of a basket's file cannot be traded as it is written, and what a desk should know of the rest."""

from __future__ import annotations

from collections.abc import Sequence

from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_MS, NS_PER_SECOND
from nowake.models.pretrade.cautions import limit_cautions
from nowake.schedules.portfolio.basket import Line

LONGEST_DAYS = 750  # Three years: beyond, a deadline is a slip of the pen.
_SHORTEST_NS = NS_PER_MS
_SESSION_NS = 23_400 * NS_PER_SECOND  # Of a basket without a date.
_SHOWN = 5


def check_window(start_days: float, end_days: float, session: Session | None, pause: Session | None) -> None:
    """Refuse a window, in sessions from the open, that is too short or too long to be cut, or lies in a lunch break.

    Raises
    ------
    BadParameter
        With the window and the way out.
    """
    length_ns = _SESSION_NS if session is None else session.close_ns - session.open_ns
    lasts_ns = (end_days - start_days) * length_ns
    if lasts_ns < _SHORTEST_NS * (1 - 1e-6):
        raise BadParameter(f"its window is {lasts_ns / 1e6:.3g} ms long, too short to trade in; give a later end")
    if end_days > LONGEST_DAYS:
        raise BadParameter(
            f"its window ends {end_days:,.6g} sessions on, and {LONGEST_DAYS} are the most; end it sooner"
        )
    if session is None or pause is None:
        return
    opens, closes = (session.open_ns + days * length_ns for days in (start_days, end_days))
    if pause.open_ns <= opens and closes <= pause.close_ns:
        raise BadParameter(f"its window lies in the lunch break, {_hours(pause)}, when nothing trades; move it")


def pause_note(lines: Sequence[Line], session: Session | None, pause: Session | None) -> str:
    """What is done of a lunch break that windows, in sessions from the open, go through; empty where none does."""
    if session is None or pause is None:
        return ""
    length_ns = session.close_ns - session.open_ns
    begins, ends = ((each - session.open_ns) / length_ns for each in (pause.open_ns, pause.close_ns))
    crossing = [line.symbol for line in lines if line.start_days < ends and line.end_days > begins]
    if not crossing:
        return ""
    more = f" and {len(crossing) - _SHOWN:,} more" if len(crossing) > _SHOWN else ""
    return (
        f"The session pauses from {_hours(pause)}, and the plan goes through that as if it traded: what it asks for "
        f"then has to wait until the market is back ({', '.join(crossing[:_SHOWN])}{more}). End a line "
        "before, or begin it after, to keep it out of the break"
    )


def limit_notes(lines: Sequence[Line]) -> list[str]:
    """What limits mean for a plan, line by line for those that may never fill or never bind."""
    told: dict[str, str] = {}
    for line in lines:
        if line.order is not None and line.order.limit_ticks is not None:
            (told[line.symbol],) = limit_cautions(line.order, line.market)
    odd = [f"{symbol}: {text}" for symbol, text in told.items() if "where it binds" not in text]
    usual = len(told) - len(odd)
    notes = odd[:_SHOWN]
    if len(odd) > _SHOWN:
        notes.append(f"{len(odd) - _SHOWN:,} more limits are beyond reach, or away from the market")
    if usual:
        notes.append(f"{usual:,} of the lines have a limit; cost and risk are of whole lines, as if it never bound")
    return notes


def _hours(pause: Session) -> str:
    return f"{pause.clock(pause.open_ns)} to {pause.clock(pause.close_ns)}"
