"""What the name of a table says of what is in it, where nothing inside does: symbol and venue.

`SPY_1min_20240220_20240517.csv`, `binanceus_BTCUSDT_1m_20230301.csv.zst`, `6EH4.XCME_1min_bars.csv.gz`: a symbol is the
first word in capitals, a venue a word in small letters before it or a MIC behind a point. Only a name said so is
taken; without one the symbol is the whole stem in capitals, and the venue is unknown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from nowake.data.text import printable

UNKNOWN_VENUE = "UNKNOWN"

_PACKED = {".gz", ".zst", ".xz", ".bz2"}
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9/-]*(?:\.[A-Z0-9]{1,4})?")
_VENUE = re.compile(r"[a-z][a-z0-9]{2,}")
_MIC = re.compile(r"(.+)\.([A-Z][A-Z0-9]{3})")
_NO_VENUE = {"bars", "trades", "minute", "ohlcv", "ohlc", "candles", "klines", "data", "tape", "prints", "ticks"}
_QUOTED_IN = re.compile(r".{2,}?[-/]?(USDT|USDC|BUSD|USD|EUR|GBP|JPY|BTC|ETH)")


class TableName(NamedTuple):
    """Symbol and venue."""

    symbol: str
    venue: str


def named(path: Path) -> TableName:
    """What a file's name says."""
    stem = printable(path.name)
    while Path(stem).suffix.lower() in {*_PACKED, ".csv", ".txt", ".tsv"}:
        stem = Path(stem).stem
    words = [word for word in re.split(r"[_ ]+", stem) if word]
    place = next((place for place, word in enumerate(words) if _is_symbol(word)), None)
    if place is None:
        return TableName(stem.upper(), UNKNOWN_VENUE)
    symbol, venue = words[place], UNKNOWN_VENUE
    if place and _VENUE.fullmatch(words[place - 1]) and words[place - 1] not in _NO_VENUE:
        venue = words[place - 1].upper()
    with_mic = _MIC.fullmatch(symbol)
    if with_mic:
        symbol, venue = with_mic[1], with_mic[2]
    return TableName(symbol, venue)


def quoted_in(symbol: str) -> str:
    """The currency a pair is quoted in, dollars where the symbol is no pair that says it."""
    match = _QUOTED_IN.fullmatch(symbol)
    return match[1] if match else "USD"


def _is_symbol(word: str) -> bool:
    """Capitals, with a letter among them: not a date, nor a length of bars."""
    return bool(_SYMBOL.fullmatch(word)) and any(sign.isalpha() for sign in word)
