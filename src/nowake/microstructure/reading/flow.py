"""What one day tells of order flow, toxicity, spreads and regimes, read at once.

Every part reads the same prints with the same sides, so that they can be held against each other; a part that the data
cannot tell is listed with the reason. What this measures is the flow of all: for your own orders' costs see the
estimate before and the report after."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.market import Bars, Depth, Quotes, Trades
from nowake.domain.units import NS_PER_MINUTE
from nowake.microstructure.classify import Accuracy
from nowake.microstructure.market_orders import two_sided_touch
from nowake.microstructure.reading import (
    alarm,
    book,
    efficiency,
    informed,
    liquidity,
    news,
    order_flow,
    regimes,
    sides,
    toxicity,
)
from nowake.microstructure.reading import bars as from_bars_alone
from nowake.microstructure.reading.alarm import Rung
from nowake.microstructure.reading.heard import Floats, Heard, Ints, Options, Part, attempt, hear, sentence
from nowake.microstructure.reading.order_flow import FlowFound
from nowake.microstructure.regimes.strip import RegimeStrip
from nowake.microstructure.spreads.effective import EffectiveSpreads
from nowake.microstructure.toxicity import SensitivityRow, Vpin, daily_bucket_lots
from nowake.microstructure.toxicity.markouts import MarkOuts
from nowake.statistics.measurement import check_level


class Past(NamedTuple):
    """An earlier day."""

    quotes: Quotes
    trades: Trades
    instrument: Instrument
    depth: Depth | None = None
    bars: Bars | None = None


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FlowReading:
    """What one window of one day tells.

    Parameters
    ----------
    instrument
        What was traded.
    start_ns, end_ns
        The window.
    prints
        That were heard.
    parts
        Numbers with intervals, by part.
    rules
        Rule -> how often it is right; empty where the feed tells no sides.
    flow
        What the order-flow part found, for pictures.
    spreads, spreads_by_venue
        None where they could not be measured, and where the feed names no venues.
    markouts, markouts_by_venue
        The same of mark-outs.
    vpin, sensitivity
        VPIN through the window, and its mean by every way to sign volume and two sizes of bucket.
    strip
        Regimes.
    alarm
        Of toxic flow; None without earlier days to learn it on.
    mid
        Times and mids in currency, for pictures; (k,) each.
    options
        How it was read.
    refusals
        What could not be told and why, a sentence each.
    """

    instrument: Instrument
    start_ns: int
    end_ns: int
    prints: int
    parts: tuple[Part, ...]
    rules: dict[str, Accuracy]
    flow: FlowFound
    spreads: EffectiveSpreads | None
    spreads_by_venue: EffectiveSpreads | None
    markouts: MarkOuts | None
    markouts_by_venue: MarkOuts | None
    vpin: Vpin | None
    sensitivity: tuple[SensitivityRow, ...]
    strip: RegimeStrip | None
    alarm: Rung | None
    mid: tuple[Ints, Floats]
    options: Options
    refusals: tuple[str, ...]


def read_flow(
    quotes: Quotes,
    trades: Trades,
    instrument: Instrument,
    *,
    depth: Depth | None = None,
    bars: Bars | None = None,
    history: Sequence[Past] = (),
    start_ns: int | None = None,
    end_ns: int | None = None,
    rule: str = "lee-ready",
    hidden: bool = False,
    bucket_lots: int | None = None,
    window: int = 50,
    bar_ns: int = NS_PER_MINUTE,
    repeats: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> FlowReading:
    """Read everything between two instants, by default the session.

    Parameters
    ----------
    depth, bars
        More levels than the best, and bars, where the source has them.
    history
        Earlier days of the same instrument: the size of VPIN's buckets, the alarm and the regimes are learned on them.
    rule
        Signs prints whose side the feed does not tell; see `nowake.microstructure.classify.RULES`.
    hidden
        Whether prints against hidden interest, or agreed away from the market, count too.
    bucket_lots, window
        Of VPIN; by default buckets that fill twice the window.
    bar_ns
        Bars that regimes are told over.
    repeats, seed, level
        Of resampling and of all intervals.

    Raises
    ------
    BadParameter
        When the window is empty or a parameter is out of its range.
    BadData
        When there is nothing to read in the window, or the tables cannot be of one clock.
    """
    check_level(level)
    if bar_ns <= 0 or repeats < 100 or seed < 0:
        raise BadParameter(f"bar_ns {bar_ns} must be above 0, repeats {repeats} 100 or more, seed {seed} 0 or more")
    options = Options(rule, hidden, bucket_lots, window, bar_ns, repeats, seed, level)
    start = instrument.session.open_ns if start_ns is None else start_ns
    end = instrument.session.close_ns if end_ns is None else end_ns
    past = _past(history, instrument, options, start, end)
    if past and bucket_lots is None:
        options = options._replace(bucket_lots=_usual_bucket(past))
        past = [dataclasses.replace(each, options=options) for each in past]
    heard = hear(quotes, trades, instrument, options, depth=depth, bars=bars, start_ns=start, end_ns=end)
    if not (len(heard.quotes) or len(heard.trades) or (heard.bars is not None and len(heard.bars))):
        clock = instrument.session.clock
        raise BadData(f"neither quotes nor prints nor bars from {clock(heard.start_ns)} to {clock(heard.end_ns)}")
    return _read(heard, past)


def _past(history: Sequence[Past], instrument: Instrument, options: Options, start_ns: int, end_ns: int) -> list[Heard]:
    """Earlier days, signed as the day itself and cut to the same time after the open.

    Raises
    ------
    BadParameter
        When one is not earlier.
    """
    late = [day for day in history if day.instrument.session.close_ns > instrument.session.open_ns]
    if late:
        raise BadParameter(
            f"{late[0].instrument.session.date} is no day before {instrument.session.date}; a history is of the past"
        )
    found = []
    for day in sorted(history, key=lambda day: day.instrument.session.open_ns):
        later_ns = day.instrument.session.open_ns - instrument.session.open_ns
        ends = {"start_ns": start_ns + later_ns, "end_ns": end_ns + later_ns}
        found.append(hear(day.quotes, day.trades, day.instrument, options, depth=day.depth, bars=day.bars, **ends))
    return found


def _usual_bucket(past: Sequence[Heard]) -> int | None:
    """Lots of a bucket by the volume of earlier days; None where nothing traded on them."""
    lots = sum(int(day.trades.lots.sum()) for day in past)
    return daily_bucket_lots(lots / len(past), buckets=2 * past[0].options.window) if lots else None


def _read(heard: Heard, past: Sequence[Heard]) -> FlowReading:
    refusals: list[str] = []
    tape = _TapeParts() if not (len(heard.quotes) or len(heard.trades)) else _of_tape(heard, refusals)
    refusals = _said_once(heard, refusals)
    vpin = attempt(refusals, "VPIN", lambda: toxicity.vpin_of(heard))
    strip = attempt(refusals, "regimes", lambda: regimes.strip_of(heard, past))
    rung = attempt(refusals, "alarm", lambda: alarm.listened(heard, past)) if past else None
    parts = (
        *tape.parts,
        toxicity.toxicity(vpin, heard),
        alarm.alarm(rung, heard),
        *((news.news(heard, past, refusals),) if past and len(heard.trades) else ()),
        from_bars_alone.from_bars(heard, refusals),
        regimes.regimes(strip),
    )
    return FlowReading(
        instrument=heard.instrument,
        start_ns=heard.start_ns,
        end_ns=heard.end_ns,
        prints=len(heard.trades),
        parts=tuple(_punctuated(part) for part in parts if part.findings or part.notes),
        rules=tape.rules or {},
        flow=tape.flow,
        spreads=tape.spreads,
        spreads_by_venue=tape.spreads_by_venue,
        markouts=tape.markouts,
        markouts_by_venue=tape.markouts_by_venue,
        vpin=vpin,
        sensitivity=() if vpin is None else toxicity.sensitivity_of(heard),
        strip=strip,
        alarm=rung,
        mid=_mids(heard),
        options=heard.options,
        refusals=tuple(dict.fromkeys(refusals)),
    )


_NEED_BOTH = frozenset(
    {"order flow", "levels", "effective spread", "mark-outs", "memory of signs", "signs", "Huang-Stoll", "Hawkes"}
    | {"Kyle's lambda", "resilience", "book"}
)
_NEED_PRINTS = _NEED_BOTH | {"Glosten-Harris", "Madhavan-Richardson-Roomans"}
_NEED_QUOTES = _NEED_BOTH | {"queue imbalance", "micro-price", "quoted spread", "efficiency", "rules against truth"}


def _said_once(heard: Heard, refusals: list[str]) -> list[str]:
    """Refusals without those that only say that a whole table is missing, which is said once."""
    rows = {"quotes": len(heard.quotes), "prints": len(heard.trades)}
    missing = [name for name, count in rows.items() if not count]
    needing = {"quotes": _NEED_QUOTES, "prints": _NEED_PRINTS}
    hit = frozenset[str]().union(*(needing[name] for name in missing))
    kept = [reason for reason in refusals if reason.partition(":")[0] not in hit]
    dropped = dict.fromkeys(reason.partition(":")[0] for reason in refusals if reason not in kept)
    if missing:
        parts = f" ({', '.join(dropped)})" if dropped else ""
        kept.append(f"what needs {' or '.join(missing)}{parts}: there are none in the window")
    return kept


class _TapeParts(NamedTuple):
    """What quotes and prints tell; nothing by default."""

    parts: tuple[Part, ...] = ()
    rules: dict[str, Accuracy] | None = None
    flow: FlowFound = FlowFound()
    spreads: EffectiveSpreads | None = None
    spreads_by_venue: EffectiveSpreads | None = None
    markouts: MarkOuts | None = None
    markouts_by_venue: MarkOuts | None = None


def _of_tape(heard: Heard, refusals: list[str]) -> _TapeParts:
    by = liquidity.venues_of(heard)
    rules = attempt(refusals, "rules against truth", lambda: sides.rules_held_to_truth(heard)) or {}
    found = order_flow.find_flow(heard, refusals)
    quoted = attempt(refusals, "quoted spread", lambda: liquidity.quoted_of(heard))
    spreads = attempt(refusals, "effective spread", lambda: liquidity.spreads_of(heard))
    markouts = attempt(refusals, "mark-outs", lambda: liquidity.markouts_of(heard))
    parts = (
        *((sides.sides(heard, rules),) if len(heard.trades) else ()),
        liquidity.liquidity(quoted, spreads),
        book.book(heard, quoted, refusals),
        order_flow.order_flow(heard, found, refusals),
        informed.informed(heard, refusals),
        informed.excitement(heard, refusals),
        efficiency.efficiency(heard, refusals),
    )
    return _TapeParts(
        parts=parts,
        rules=rules,
        flow=found,
        spreads=spreads,
        spreads_by_venue=None if by is None or spreads is None else liquidity.spreads_of(heard, by),
        markouts=markouts,
        markouts_by_venue=None if by is None or markouts is None else liquidity.markouts_of(heard, by),
    )


def _punctuated(part: Part) -> Part:
    """Notes of other rooms as sentences."""
    return part._replace(notes=tuple(sentence(note) for note in part.notes))


def _mids(heard: Heard) -> tuple[Ints, Floats]:
    """Of the quotes inside the window, else the closes of its bars."""
    touch = two_sided_touch(heard.quotes)
    inside = touch.time_ns >= heard.start_ns
    if inside.any() or heard.bars is None:
        tick = heard.instrument.price(1.0)
        return touch.time_ns[inside], np.asarray(touch.mid_ticks[inside] * tick)
    return heard.bars.end_ns, heard.bars.close
