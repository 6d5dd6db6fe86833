"""Lines come whole and all, however the file is packed and wherever a block ends."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections import deque

import pytest
from backports import zstd

from nowake.data.readers import packed_lines
from nowake.domain.errors import BadData

LINES = [b"line %d %s" % (number, b"x" * (number % 90)) for number in range(2_000)]


def written(path, content):
    """The path of a file with this content."""
    path.write_bytes(content)
    return path


def all_lines(path):
    """Every line of a file in one list."""
    return [line for lines in packed_lines.lines_of(path) for line in lines]


@pytest.mark.parametrize("block_bytes", [7, 1000, 1 << 18])
@pytest.mark.parametrize(
    "pack",
    [
        lambda text: text,
        gzip.compress,
        lambda text: gzip.compress(text[:5000]) + gzip.compress(text[5000:]),
        zstd.compress,
        bz2.compress,
        lzma.compress,
    ],
    ids=["plain", "gzip", "two members", "zstandard", "bzip2", "xz"],
)
@pytest.mark.parametrize("end", [b"\n", b""])
def test_all_lines_come_whole(tmp_path, monkeypatch, pack, block_bytes, end):
    monkeypatch.setattr(packed_lines, "_BLOCK_BYTES", block_bytes)

    assert LINES == all_lines(written(tmp_path / "file", pack(b"\n".join(LINES) + end)))


def test_a_gzip_that_was_cut_short_gives_its_whole_lines_and_then_says_so(tmp_path):
    content = gzip.compress(b"\n".join(LINES), mtime=0)
    path, got = written(tmp_path / "file", content[: len(content) // 2]), []

    with pytest.raises(EOFError, match="file was cut short"):
        deque(map(got.extend, packed_lines.lines_of(path)))

    assert 100 < len(got) < len(LINES)
    assert LINES[: len(got)] == got


def test_a_damaged_gzip_is_refused_saying_where(tmp_path):
    content = bytearray(gzip.compress(b"\n".join(LINES)))
    content[-8] ^= 1  # The checksum.

    with pytest.raises(BadData, match="no sound gzip after byte"):
        all_lines(written(tmp_path / "file", bytes(content)))


@pytest.mark.parametrize("pack", [lambda text: text, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstandard"])
def test_the_ends_of_a_file_are_its_first_and_last_whole_lines(tmp_path, pack):
    path = written(tmp_path / "file", pack(b"\n".join(LINES) + b"\n"))
    first, last = packed_lines.first_lines(path, 3_000), packed_lines.last_lines(path, 3_000)

    assert LINES[: len(first)] == first
    assert [*LINES, b""][-len(last) :] == last
    assert 2_500 < sum(map(len, first)) < 3_000
    assert 2_500 < sum(map(len, last)) < 3_000


def test_a_file_that_is_not_there_has_no_ends(tmp_path):
    assert [b""] == packed_lines.first_lines(tmp_path / "none", 100)
    assert [] == packed_lines.last_lines(tmp_path / "none", 100)


def test_samples_of_a_long_plain_file_are_its_ends_and_some_between(tmp_path):
    path = written(tmp_path / "file", bytes(range(100)))

    assert [bytes(range(10)), bytes(range(45, 55)), bytes(range(90, 100))] == list(packed_lines.samples(path, 10, 3))
    assert bytes(range(100)) == b"".join(packed_lines.samples(path, 50, 3))
    assert b"".join(LINES) == b"".join(
        packed_lines.samples(written(tmp_path / "gz", gzip.compress(b"".join(LINES))), 9, 3)
    )
