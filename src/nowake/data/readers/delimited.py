"""Delimited text in blocks of whole lines, as columns of text, and numbers out of them, exactly.

A block holds a few hundred thousand rows, so that a file of any length is read in the same memory. Rows are counted
from 1, header included, as an editor counts them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from nowake.data.readers.packed import head
from nowake.data.text import shortened
from nowake.domain.errors import BadData

_SEPARATORS = (",", ";", "\t", "|")
_PLAIN = re.compile(rb"^[\t\r\n -\xff]*$")  # No control signs: what text has, whatever its encoding.
_DECIMAL = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$"
_DIGITS = 19  # What has more does not fit an int64; of those with as many, the cast decides.


class Head(NamedTuple):
    """The beginning of a delimited file: its separator and its first whole rows, the first of which may be names."""

    separator: str
    rows: list[list[str]]


class Block(NamedTuple):
    """Rows of a file as columns of text, and which row of the file the first one is."""

    name: str
    first_row: int
    frame: pl.DataFrame

    def fault(self, index: int, column: str, why: str) -> BadData:
        """The error for a field of this block."""
        value = shortened(str(self.frame[column][index] or ""))
        return BadData(f"{self.name} row {self.first_row + index}: {column} {value!r} {why}")


def look(path: Path) -> Head | None:
    """The first rows of a file, None where it is no delimited text. Never raises."""
    content = head(path)
    text = content.removeprefix(b"\xef\xbb\xbf")
    if not text or b"\0" in text or _PLAIN.match(text) is None:
        return None
    lines = text.decode("utf-8", errors="replace").splitlines()
    if len(lines) > 1 and not content.endswith(b"\n"):
        lines.pop()  # Cut by the look, or by its writer.
    separator = max(_SEPARATORS, key=lines[0].count)
    if not lines[0].count(separator):
        return None
    try:
        rows = [[field.strip() for field in row] for row in csv.reader(lines, delimiter=separator)]
    except csv.Error:
        return None
    return Head(separator, rows)


def blocks(
    chunks: Iterable[bytes], *, name: str, columns: Sequence[str], separator: str = ",", skip_rows: int = 0
) -> Iterator[Block]:
    """The rows of a file, in blocks.

    Parameters
    ----------
    chunks
        Its content, cut anywhere.
    name
        Of the file, for messages.
    columns
        Names of all its columns, in order.
    skip_rows
        Rows at its beginning that are no data.

    Raises
    ------
    BadData
        When a row has another number of fields.
    """
    row, rest, skipped = 1, b"", 0
    for chunk in chunks:
        content = rest + chunk
        cut = content.rfind(b"\n") + 1
        rest, content = content[cut:], content[:cut]
        while skipped < skip_rows and content:
            content = content[content.find(b"\n") + 1 :]
            skipped, row = skipped + 1, row + 1
        if content.strip():
            yield Block(name, row, _frame(content.rstrip(b"\r\n"), name, row, columns, separator))
        row += content.count(b"\n")
    if rest.strip() and skipped == skip_rows:
        yield Block(name, row, _frame(rest, name, row, columns, separator))


def _frame(content: bytes, name: str, row: int, columns: Sequence[str], separator: str) -> pl.DataFrame:
    schema = dict.fromkeys(columns, pl.String)
    try:
        frame = pl.read_csv(content, has_header=False, schema=schema, separator=separator).fill_null("")
    except pl.exceptions.PolarsError:
        raise _first_ragged(content, name, row, len(columns), separator) from None
    if frame.height and (frame[columns[-1]] == "").any():
        _refuse_short(content, name, row, len(columns), separator)
    return frame.with_columns(pl.all().str.strip_chars())


def _refuse_short(content: bytes, name: str, row: int, wanted: int, separator: str) -> None:
    """Refuse a row with fewer fields, which would be read as empty ones."""
    for number, line in enumerate(content.splitlines(), start=row):
        if line and line.count(separator.encode()) + 1 < wanted:
            raise _ragged(name, number, line.decode("utf-8", errors="replace"), wanted, separator)


def _first_ragged(content: bytes, name: str, row: int, wanted: int, separator: str) -> BadData:
    for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), start=row):
        if len(next(csv.reader([line], delimiter=separator), [])) != wanted:
            return _ragged(name, number, line, wanted, separator)
    return BadData(f"{name} row {row}: cannot be read as {wanted} columns from here on; copy the file again")


def _ragged(name: str, row: int, line: str, wanted: int, separator: str) -> BadData:
    fields = line.count(separator) + 1
    return BadData(
        f"{name} row {row}: {fields} fields instead of {wanted} in {shortened(line)!r}; repair the row, or copy the "
        "file again"
    )


def scaled(text: pl.Series, decimals: int) -> pl.Series:
    """Decimal numbers times ten to the power of `decimals`, as int64, never through a float.

    Null where it is no plain decimal number, has more decimals than that (zeros apart), or does not fit 64 bits.
    """
    parts = text.str.strip_prefix("-").str.strip_prefix("+").str.splitn(".", 2)
    frame = parts.struct.rename_fields(["whole", "fraction"]).struct.unnest()
    fraction = frame["fraction"].fill_null("").str.strip_chars_end("0")
    digits = frame["whole"].str.strip_chars_start("0") + fraction.str.pad_end(decimals, "0")
    value = (
        pl.select(pl.when(digits == "").then(pl.lit("0")).otherwise(digits)).to_series().cast(pl.Int64, strict=False)
    )
    fits = text.str.contains(_DECIMAL) & (fraction.str.len_bytes() <= decimals) & (digits.str.len_bytes() <= _DIGITS)
    sign = pl.select(pl.when(text.str.starts_with("-")).then(pl.lit(-1)).otherwise(pl.lit(1))).to_series()
    return pl.select(pl.when(fits).then(value * sign)).to_series()


def decimals_of(text: pl.Series) -> int:
    """The most decimals any of these numbers has, zeros at the end apart."""
    most = text.str.extract(r"\.([0-9]*)").str.strip_chars_end("0").str.len_bytes().max()
    return int(most) if isinstance(most, int) else 0


def integers(block: Block, column: str, decimals: int = 0, *, why: str = "is not a whole number") -> pl.Series:
    """A column as `scaled` integers.

    Raises
    ------
    BadData
        At the first field that cannot be one; shows file, row and value.
    """
    values = scaled(block.frame[column], decimals)
    if values.has_nulls():
        raise block.fault(int(values.is_null().arg_max() or 0), column, why)
    return values
