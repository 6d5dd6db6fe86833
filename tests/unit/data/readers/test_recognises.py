"""Readers of tables look at any file without raising, and never at more than its beginning."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nowake.data.readers import bars, lean, trade_tape

READERS = {"bars": bars, "trades": trade_tape, "lean": lean}
WORDS = st.sampled_from(
    ["time", "open", "high", "low", "close", "volume", "price", "1677628800", "1", "-1", "nan", "é", '"']
)
TABLES = st.lists(st.lists(WORDS, max_size=9).map(",".join), max_size=6).map("\n".join).map(str.encode)
PACKED = st.sampled_from(
    [b"PK\x03\x04", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"BZh9", b"\xfd7zXZ\x00", b"\xef\xbb\xbf"]
)


@pytest.mark.parametrize("name", READERS)
@given(content=st.one_of(st.binary(max_size=200), TABLES, st.builds(bytes.__add__, PACKED, st.binary(max_size=60))))
def test_any_bytes_are_looked_at_without_raising(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.zip"
        path.write_bytes(content)
        assert READERS[name].recognises(path) in {True, False}


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_is_not_there_or_is_a_folder_is_not_recognised(name: str, tmp_path: Path) -> None:
    assert not READERS[name].recognises(tmp_path / "nothing.csv")
    assert not READERS[name].recognises(tmp_path)


@pytest.mark.parametrize("name", READERS)
def test_each_reader_has_the_four_names(name: str) -> None:
    assert name == READERS[name].FORMAT
    assert all(callable(getattr(READERS[name], each)) for each in ("recognises", "recordings", "pieces"))
