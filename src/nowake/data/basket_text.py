"""What a file of a basket must be before its rows are looked at: comma-separated text in UTF-8, or Parquet.

A file of another kind is refused with what it is, for read as CSV it would seem to lack its columns."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from pathlib import Path

from nowake.data.text import require, shortened
from nowake.domain.errors import BadData

_BEGINNINGS = {
    b"PK\x03\x04": "an Excel workbook (or another zip archive)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "Parquet, whose name must end in .parquet",
    b"%PDF": "a PDF",
}
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def check_text(path: str | Path) -> None:
    """Refuse what is no comma-separated UTF-8 text, by what it is. Parquet and .zst are left to their readers.

    Raises
    ------
    NotFound
        When the file is not there.
    BadData
        When it is a workbook, JSON, of another encoding, or of columns separated otherwise.
    """
    path = Path(path)
    require(path)
    if path.suffix in {".parquet", ".zst"}:
        return
    content = _content(path)
    for beginning, kind in _BEGINNINGS.items():
        if content.startswith(beginning):
            raise BadData(f"{path.name} is {kind}; save it as CSV")
    if content.startswith(_UTF16):
        return  # Its reader says so.
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise BadData(
            f"{path.name} line {row} holds the byte 0x{content[error.start]:02x}, which is not UTF-8 (Latin-1 or "
            "Windows-1252, it seems); save it as UTF-8"
        ) from None
    if _is_json(text):
        raise BadData(f"{path.name} is JSON; save it as CSV, a row an order")
    header = text.lstrip().partition("\n")[0]
    for sign, name in _SEPARATORS.items():
        if sign in header and "," not in header:
            raise BadData(f"{path.name} separates its columns by {name}; write commas instead, and points in decimals")


def fields_of_rows(path: Path) -> tuple[int, list[list[str]]]:
    """How many fields the header of a CSV file has, and the fields of every row, empty ones too.

    Nothing where the file is of another kind.
    """
    if path.suffix in {".parquet", ".zst"}:
        return 0, []
    try:
        header, *rows = csv.reader(io.StringIO(_content(path).decode("utf-8-sig"), newline=""))
    except (ValueError, csv.Error):
        return 0, []
    return len(header), rows


def field_fault(wanted: int, fields: list[str]) -> str:
    """What is wrong with the count of fields of a row that is not wholly empty."""
    return f"{len(fields)} fields, and the header has {wanted}; repair the row (a comma inside a field needs quotes)"


def first_of(fields: list[str]) -> str:
    """The first field, for a message."""
    return shortened(fields[0].strip()) if fields else ""


def _content(path: Path) -> bytes:
    """All bytes, unpacked where the name ends in .gz; as they are where that fails, for the reader to say why."""
    content = path.read_bytes()
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return b""


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in {"{", "["}:
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
