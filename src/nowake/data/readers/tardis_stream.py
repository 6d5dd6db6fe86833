"""One symbol's rows of tardis.dev files, made messages of a level feed.

Rows of changes that share a local time came in one message. A message with `is_snapshot` begins the book anew: each
file begins so, and so does each connection after it broke, which is counted as a gap, as what happened meanwhile is
not known. `side` of a trade is the taker's, so the resting order is on the other.

Files of the best N levels say the same levels again and again; what differs from the row before is the change. A
level that slides out of the N is gone from sight, not from the market: the book is exact to depth N only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.readers.clock_skew import TwoClocks, clock_notes, corrected
from nowake.data.readers.decimals import Decimals, from_text
from nowake.data.readers.level_messages import (
    BREAK,
    DIFF,
    PICTURE,
    Batch,
    Ints,
    Noticed,
    Prints,
    Tickers,
    Updates,
)
from nowake.domain.market import Receipts
from nowake.domain.units import NS_PER_DAY, NS_PER_MS, NS_PER_US

_NO_CLOCK = "the exchange does not stamp its messages, so times are the recorder's and latencies are unknown"


class Tables(NamedTuple):
    """Rows of one symbol, received in one span of time; what there is no file of has no rows."""

    changes: pl.DataFrame
    trades: pl.DataFrame
    quotes: pl.DataFrame
    best_levels: pl.DataFrame


class _Messages(NamedTuple):
    """Messages about the book with their rows: times in ns, whether each is or begins a picture, its rows' count."""

    venue_ns: Ints
    local_ns: Ints
    is_snapshot: npt.NDArray[np.bool_]
    rows: Ints
    side: npt.NDArray[np.int8]
    price: pl.Series
    size: pl.Series


class TardisStream:
    """Takes tables in the order received, gives batches. The one writer of what lasts between them."""

    def __init__(self) -> None:
        self._in_snapshot, self._knows_book, self._begun = False, False, False
        self._newest_ns = {"book": 0, "trades": 0, "quotes": 0}
        self._last_local_ns = 0  # Of the newest message about the book.
        self._last_trade: tuple[object, ...] = ()
        self._best_levels = pl.DataFrame()  # The row before, of a file of the best levels.
        self._clocks = TwoClocks()
        self._notes: tuple[str, ...] = ()
        self._noticed: list[Noticed] = []

    def batch(self, tables: Tables) -> Batch:
        """The messages in these rows."""
        trades = self._without_repeats(tables.trades)
        messages = _changes(tables.changes) if len(tables.changes) else self._steps(tables.best_levels)
        stamped = [messages.venue_ns, *(_ns(table, "timestamp") for table in (trades, tables.quotes))]
        received = [messages.local_ns, *(_ns(table, "local_timestamp") for table in (trades, tables.quotes))]
        venue_ns, local_ns = np.concatenate(stamped), np.concatenate(received)
        told = venue_ns != local_ns  # Where the exchange gives no stamp the files repeat the recorder's.
        order = np.argsort(local_ns[told], kind="stable")
        venue_ns, local_ns = venue_ns[told][order], local_ns[told][order]
        measures = self._clocks.see(venue_ns, venue_ns, local_ns)
        clocks = self._clocks.envelope
        updates = self._updates(messages, min((int(times.min()) for times in stamped if len(times)), default=0))
        prints = self._prints(trades)
        tickers = self._tickers(tables.quotes)
        noticed, self._noticed = tuple(self._noticed), []
        return Batch(
            updates=updates,
            prints=prints,
            tickers=tickers,
            receipts=Receipts(venue_ns, local_ns if clocks is None else corrected(venue_ns, local_ns, clocks)),
            noticed=noticed,
            measures=measures,
            notes=(*self._notes, *((_NO_CLOCK,) if clocks is None else clock_notes(clocks))),
        )

    def notice(self, name: str, example: str, number: int = 1) -> None:
        """Count something at the time of the newest message."""
        self._noticed.append(Noticed(max(self._newest_ns.values()), name, example, number))

    def note(self, sentence: str) -> None:
        """Say something with all batches from here on, as `nowake.data.findings.Findings` has notes."""
        self._notes = tuple(dict.fromkeys((*self._notes, sentence)))

    def _in_order(self, what: str, times: Ints) -> Ints:
        """Times that never go back; those that do take the time before and are counted."""
        ordered: Ints = np.maximum.accumulate(np.maximum(times, self._newest_ns[what]))
        back = np.flatnonzero(times < ordered)
        if len(back):
            first = int(back[0])
            by_ms = int(ordered[first] - times[first]) / NS_PER_MS
            example = f"{what} at {int(times[first])} ns, {by_ms:,.3f} ms before what came before it"
            self._noticed.append(Noticed(int(times[first]), "clock_reversals", example, len(back)))
        if len(ordered):
            self._newest_ns[what] = int(ordered[-1])
        return ordered

    def _updates(self, messages: _Messages, begin_ns: int) -> Updates:
        """The messages from the first picture on, after a break where the feed begins."""
        before = np.r_[self._in_snapshot, messages.is_snapshot[:-1]][: len(messages.rows)]
        local_before_ns = np.r_[self._last_local_ns, messages.local_ns[:-1]][: len(messages.rows)]
        is_new_day = messages.local_ns // NS_PER_DAY != local_before_ns // NS_PER_DAY
        pictures = messages.is_snapshot & (~before | is_new_day)
        venue_ns = messages.venue_ns.copy()
        # A picture is stamped with the last change in it, which may be older than what came before it.
        venue_ns[pictures] = np.maximum(venue_ns[pictures], self._newest_ns["book"])
        usable = np.maximum.accumulate(pictures | self._knows_book)
        self._notice_unusable(messages, usable)
        self._notice_reconnections(messages, pictures & ~is_new_day, messages.local_ns - local_before_ns)
        times = self._in_order("book", venue_ns)
        if len(messages.rows):
            self._in_snapshot = bool(messages.is_snapshot[-1])
            self._knows_book = bool(usable[-1])
            self._last_local_ns = int(messages.local_ns[-1])
        rows = np.repeat(usable, messages.rows)
        kinds = np.where(pictures, PICTURE, DIFF).astype(np.int8)[usable]
        times, counts = times[usable], messages.rows[usable]
        if not self._begun and len(messages.rows):
            self._begun = True
            kinds, times, counts = np.r_[np.int8(BREAK), kinds], np.r_[begin_ns, times], np.r_[0, counts]
        price, size = (
            from_text(messages.price.filter(pl.Series(rows))),
            from_text(messages.size.filter(pl.Series(rows))),
        )
        return Updates(kinds, times, np.zeros(len(kinds), np.int64), counts, messages.side[rows], price, size)

    def _notice_unusable(self, messages: _Messages, usable: npt.NDArray[np.bool_]) -> None:
        if not usable.all():
            example = "changes before the first picture of the book"
            self._noticed.append(Noticed(int(messages.venue_ns[0]), "left_out", example, int((~usable).sum())))

    def _notice_reconnections(self, messages: _Messages, anew: npt.NDArray[np.bool_], apart_ns: Ints) -> None:
        """Pictures within a day: the connection broke before them."""
        for number in np.flatnonzero(anew):
            example = f"the connection was made anew, {int(apart_ns[number]) / 1e9:,.3f} s after the message before it"
            self._noticed.append(Noticed(int(messages.venue_ns[number]), "sequence_gaps", example))

    def _without_repeats(self, trades: pl.DataFrame) -> pl.DataFrame:
        """Trades but those told again at once under one number."""
        if trades.is_empty() or "id" not in trades.columns:
            return trades
        keys = trades.select("id", "price", "amount", "side").rows()
        again = [bool(key[0]) and key == before for key, before in zip(keys, [self._last_trade, *keys], strict=False)]
        self._last_trade = keys[-1]
        if any(again):
            self.notice("duplicates", f"trade {keys[again.index(True)][0]} again", sum(again))
        return trades.filter(~pl.Series(again))

    def _prints(self, trades: pl.DataFrame) -> Prints:
        sides = trades["side"].replace_strict({"buy": -1, "sell": 1}, default=0, return_dtype=pl.Int8).to_numpy()
        times = self._in_order("trades", _ns(trades, "timestamp"))
        prints = Prints(times, sides, from_text(trades["price"]), from_text(trades["amount"]))
        real = prints.size.units > 0
        return Prints(times[real], sides[real], prints.price.take(real), prints.size.take(real))

    def _tickers(self, quotes: pl.DataFrame) -> Tickers:
        bid, bid_size, ask, ask_size = (
            _zero_where_missing(quotes[name]) for name in ("bid_price", "bid_amount", "ask_price", "ask_amount")
        )
        times = self._in_order("quotes", _ns(quotes, "timestamp"))
        return Tickers(times, np.zeros(len(times), np.int64), bid, bid_size, ask, ask_size)

    def _steps(self, best_levels: pl.DataFrame) -> _Messages:
        """From rows of the best levels to what changes from one to the next; the first row is a picture."""
        has_before = len(self._best_levels) > 0
        table = pl.concat([self._best_levels, best_levels]) if has_before else best_levels
        if table.is_empty():
            return _changes(_no_changes())
        self._best_levels = table.tail(1)
        rows, side, price, size = _differences(table, picture_first=not has_before)
        numbers, starts = np.unique(rows, return_index=True)
        return _Messages(
            _ns(table, "timestamp")[numbers],
            _ns(table, "local_timestamp")[numbers],
            np.zeros(len(numbers), np.bool_) if has_before else numbers == 0,
            np.diff(starts, append=len(rows)),
            side,
            price,
            size,
        )


def _changes(table: pl.DataFrame) -> _Messages:
    """Rows of one local time as one message."""
    local_ns = _ns(table, "local_timestamp")
    is_snapshot = (table["is_snapshot"] == "true").to_numpy()
    begins = np.ones(len(table), np.bool_)
    begins[1:] = (np.diff(local_ns) != 0) | (is_snapshot[1:] != is_snapshot[:-1])
    starts = np.flatnonzero(begins)
    side = table["side"].replace_strict({"bid": 1, "ask": -1}, return_dtype=pl.Int8).to_numpy()
    return _Messages(
        _ns(table, "timestamp")[starts],
        local_ns[starts],
        is_snapshot[starts],
        np.diff(starts, append=len(table)),
        side,
        table["price"],
        table["amount"],
    )


def _differences(
    table: pl.DataFrame, *, picture_first: bool
) -> tuple[Ints, npt.NDArray[np.int8], pl.Series, pl.Series]:
    """Row, side, price and size of each level that is not as in the row before; the first row is all or nothing."""
    level_count = sum(name.startswith("bids[") for name in table.columns) // 2
    wide = table.with_row_index("row")
    columns = [
        wide.select(
            pl.col("row").cast(pl.Int64),
            pl.lit(side, pl.Int8).alias("side"),
            pl.col(f"{name}[{level}].price").alias("price"),
            pl.col(f"{name}[{level}].amount").alias("size"),
        )
        for name, side in (("bids", 1), ("asks", -1))
        for level in range(level_count)
    ]
    long = pl.concat(columns).drop_nulls().sort("side", "price", "row", maintain_order=True)
    same = (pl.col("side") == pl.col("side").shift()) & (pl.col("price") == pl.col("price").shift())
    stayed = (same & (pl.col("row") == pl.col("row").shift() + 1)).fill_null(value=False)
    changed = ~stayed | (pl.col("size") != pl.col("size").shift())
    set_now = long.filter(changed if picture_first else changed & (pl.col("row") > 0))
    stays = stayed.shift(-1).fill_null(value=False)
    gone = long.filter(~stays & (pl.col("row") < table.height - 1)).with_columns(
        pl.col("row") + 1, pl.lit("0").alias("size")
    )
    told = pl.concat([set_now, gone]).sort("row", maintain_order=True)
    return told["row"].to_numpy(), told["side"].to_numpy(), told["price"], told["size"]


def _no_changes() -> pl.DataFrame:
    text = ("is_snapshot", "side", "price", "amount")
    return pl.DataFrame(schema={"timestamp": pl.Int64, "local_timestamp": pl.Int64, **dict.fromkeys(text, pl.String)})


def _zero_where_missing(numbers: pl.Series) -> Decimals:
    return from_text(numbers.fill_null("0"))


def _ns(table: pl.DataFrame, name: str) -> Ints:
    times: Ints = table[name].to_numpy() * NS_PER_US
    return times
