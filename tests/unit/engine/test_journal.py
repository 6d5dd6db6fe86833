"""A journal survives a crash at any byte, refuses damage, and replays to the same hash."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.worlds.rude import RudeWorld
from tests.worlds.samples import parent

from nowake import algos
from nowake.domain.errors import BadJournal, BadParameter, NotFound
from nowake.engine import journal as journals
from nowake.engine.journal import MAGIC, Contents, Journal
from nowake.engine.loop import run
from nowake.engine.replay import replay
from nowake.engine.run import RunRecord


def recorded(path: Path, **options: int) -> RunRecord:
    algorithm = algos.Twap(parent(200), slices=10)
    with Journal(path, **options) as journal:
        return run(algorithm, RudeWorld(algorithm.order, 5), seed=5, journal=journal)


def algorithm_of(contents: Contents) -> algos.Algorithm:
    return msgspec.convert(contents.header.algorithm, algos.Algorithm)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunRecord]:
    path = tmp_path_factory.mktemp("runs") / "twap.journal"
    return path, recorded(path)


def test_a_whole_journal_replays_to_the_hash_the_run_printed(whole: tuple[Path, RunRecord]) -> None:
    path, record = whole
    contents = journals.read(path)
    result = replay(contents, algorithm_of(contents))
    assert record.journal_hash == contents.hash == result.record.journal_hash
    assert result.difference is None
    assert (result.record.executed_lots, result.record.residual_lots) == (record.executed_lots, record.residual_lots)


def test_a_journal_cut_at_any_byte_replays_up_to_its_last_whole_record(
    whole: tuple[Path, RunRecord], tmp_path: Path
) -> None:
    path, _ = whole
    data = path.read_bytes()
    turns = len(journals.read(path).turns)
    seen = set()
    for cut in [*range(len(data) - 400, len(data)), *range(3_000, len(data), 997)]:
        torn = tmp_path / "torn"
        torn.write_bytes(data[:cut])
        contents = journals.read(torn)
        assert contents.footer is None
        assert contents.torn_bytes < 2_000
        assert replay(contents, algorithm_of(contents)).record.journal_hash == contents.hash
        seen.add(len(contents.turns))
    assert max(seen) == turns
    assert len(seen) > 5


def test_a_zero_filled_tail_is_cut_off(whole: tuple[Path, RunRecord], tmp_path: Path) -> None:
    path, record = whole
    padded = tmp_path / "padded"
    padded.write_bytes(path.read_bytes() + bytes(4_096))
    contents = journals.read(padded)
    assert (contents.hash, contents.torn_bytes) == (record.journal_hash, 4_096)


def test_a_flipped_bit_in_the_middle_is_refused_with_its_offset(whole: tuple[Path, RunRecord], tmp_path: Path) -> None:
    data = bytearray(whole[0].read_bytes())
    data[len(data) // 2] ^= 1
    broken = tmp_path / "broken"
    broken.write_bytes(data)
    with pytest.raises(BadJournal, match=r"damaged at byte \d+"):
        journals.read(broken)


def test_another_algorithm_is_told_apart_at_its_first_different_turn(whole: tuple[Path, RunRecord]) -> None:
    contents = journals.read(whole[0])
    other = msgspec.structs.replace(algorithm_of(contents), slices=7)
    difference = replay(contents, other).difference
    assert difference is not None
    assert difference.recorded != difference.replayed


def test_the_hash_does_not_depend_on_grouping_or_on_the_file(whole: tuple[Path, RunRecord], tmp_path: Path) -> None:
    assert recorded(tmp_path / "a", commit_every=1).journal_hash == whole[1].journal_hash
    assert recorded(tmp_path / "b", commit_every=1_000_000).journal_hash == whole[1].journal_hash


def test_a_journal_is_never_overwritten(whole: tuple[Path, RunRecord]) -> None:
    with pytest.raises(BadParameter, match="already exists"):
        Journal(whole[0])


@pytest.mark.parametrize(("content", "message"), [(b"", "not a nowake journal"), (b"hello", "b'hello'")])
def test_a_file_that_is_no_journal_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(BadJournal, match=message):
        journals.read(path)


def test_a_journal_without_a_durable_header_has_nothing_to_replay(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(MAGIC + b"\x10\x00")
    with pytest.raises(BadJournal, match="nothing to replay"):
        journals.read(path)


def test_a_journal_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        journals.read(tmp_path / "nowhere")
