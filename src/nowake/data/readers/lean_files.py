"""The zip files of a Lean data folder (QuantConnect's layout of AlgoSeek data), known by the names inside them.

`20131007_spy_minute_trade.csv` says date, symbol, resolution and kind, `20131007_spy_Trade_Tick.csv` the same of ticks,
`20131007_es_minute_trade_201312.csv` the month a contract expires as well; hour and daily files hold one `spy.csv`.
Equity prices are dollars x 10,000 on a New York clock, all others plain numbers in UTC. What is in a file decides:
prices between whole numbers, and contracts that expire, are no equity's. Where all prices are whole, Lean's own chain
of folders does (crypto/coinbase/minute/btcusd/ is none), else it is an equity. Options are not read."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nowake.data.readers.contract import Progress
from nowake.domain.errors import BadData

_MEMBER = re.compile(
    r"(?P<date>\d{8})_(?P<symbol>[a-z0-9.$-]+)_"
    r"(?:(?P<resolution>second|minute)_(?P<kind>trade|quote)|(?P<tick_kind>trade|quote)_(?P<tick>tick))"
    r"(?:_(?P<expiry>\d{6}|\d{8}))?\.csv",
    re.IGNORECASE,
)
_LONG_ROW = re.compile(rb"\d{8} \d{2}:\d{2}(?:,[0-9.]+){5}\s*")
_PLAIN_ASSETS = {"future", "crypto", "forex", "cfd"}
_CHUNK_BYTES, _LOOK_BYTES = 1 << 22, 1 << 13
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


class Member(NamedTuple):
    """A table in a zip file: of the symbol itself or, where the file has several, of one expiry ("201312")."""

    name: str
    expiry: str


class LeanFile(NamedTuple):
    """A zip file, and what the names in it say. Hour and daily files have no date; they hold all."""

    path: Path
    resolution: str
    kind: str
    date: dt.date | None
    symbol: str
    members: tuple[Member, ...]

    def symbol_of(self, member: Member) -> str:
        """ "SPY", or root and expiry of a contract: "ES201312"."""
        return self.symbol + member.expiry


def parsed(path: Path) -> LeanFile | None:
    """What a zip file holds, None where it is no Lean file. Never raises."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if not name.endswith("/"))
            matches = [_MEMBER.fullmatch(name) for name in names]
            if names and all(matches):
                return _dated(path, [match for match in matches if match is not None])
            is_long = len(names) == 1 and names[0].lower() == f"{path.stem.lower()}.csv"
            if is_long and _LONG_ROW.fullmatch(_first_line(archive, names[0])):
                return _long(path, archive, names[0])
    except (*_DAMAGE, ValueError):
        return None
    return None


def has_scaled_prices(file: LeanFile) -> bool:
    """Whether prices are whole numbers of a hundredth of a cent, as of equities.

    Raises
    ------
    BadData
        When the zip file is damaged.
    """
    if any(member.expiry for member in file.members):
        return False
    first = next(chunks(file, file.members[0], size=_LOOK_BYTES), b"").splitlines()
    prices = [field for line in first for field in line.split(b",")[1:5]]
    if any(field.partition(b".")[2].strip(b"0") for field in prices):
        return False
    asset, _ = place_of(file)
    return asset not in _PLAIN_ASSETS if asset else not any(b"." in field for field in prices)


def place_of(file: LeanFile) -> tuple[str, str]:
    """Asset and market that Lean's own folders say: asset/market/resolution, and the symbol's where a file is of one
    day. Both are empty where the folders above the file are others."""
    folders = [part.lower() for part in file.path.parts[-5:-1]]
    if file.date is not None:
        *folders, symbol = folders
        if symbol != file.symbol.lower():
            return "", ""
    if len(folders) < 3 or folders[-1] != file.resolution or folders[-3] not in {"equity", *_PLAIN_ASSETS}:
        return "", ""
    return folders[-3], folders[-2]


def chunks(
    file: LeanFile,
    member: Member,
    *,
    size: int = _CHUNK_BYTES,
    done_bytes: int = 0,
    all_bytes: int = 0,
    progress: Progress | None = None,
) -> Iterator[bytes]:
    """The content of a table, in pieces of `size` bytes.

    `progress` is told packed bytes, `done_bytes` of the files before this one included.

    Raises
    ------
    BadData
        When the zip file is damaged.
    """
    try:
        with zipfile.ZipFile(file.path) as archive, archive.open(member.name) as stream:
            packed = archive.getinfo(member.name)
            share = packed.compress_size / max(packed.file_size, 1)
            read = 0
            while chunk := stream.read(size):
                read += len(chunk)
                yield chunk
                if progress is not None:
                    progress(min(done_bytes + int(read * share), all_bytes), all_bytes)
    except _DAMAGE as error:
        raise BadData(f"{file.path.name} cannot be unpacked ({error}); copy it again") from None


def merged(files: Sequence[LeanFile]) -> list[tuple[LeanFile, Member]]:
    """The tables of several files, contract by contract and in the order of their dates."""
    tables = [(file, member) for file in files for member in file.members]
    return sorted(tables, key=lambda table: (table[0].symbol_of(table[1]), table[0].date or dt.date.min))


def _dated(path: Path, matches: list[re.Match[str]]) -> LeanFile | None:
    """All tables of a file are of one date, symbol, resolution and kind."""
    said = {
        (
            match["date"],
            match["symbol"].upper(),
            (match["resolution"] or match["tick"]).lower(),
            (match["kind"] or match["tick_kind"]).lower(),
        )
        for match in matches
    }
    if len(said) != 1:
        return None
    ((date, symbol, resolution, kind),) = said
    members = tuple(Member(match.string, match["expiry"] or "") for match in matches)
    return LeanFile(path, resolution, kind, dt.date.fromisoformat(date), symbol, members)


def _long(path: Path, archive: zipfile.ZipFile, name: str) -> LeanFile:
    """Hour or daily bars: those of days all begin at midnight."""
    with archive.open(name) as stream:
        starts = [line[9:14] for line in stream.read(1 << 16).splitlines()[:50]]
    resolution = "daily" if all(start == b"00:00" for start in starts) else "hour"
    return LeanFile(path, resolution, "trade", None, path.stem.upper(), (Member(name, ""),))


def _first_line(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        return stream.readline(200)
