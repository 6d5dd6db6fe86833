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


@pytest.mark.slow
def test_a_journal_cut_at_any_byte_replays_up_to_its_last_whole_record(
    whole: tuple[Path, RunRecord], tmp_path: Path
) -> None:
    path, _ = whole
    data = path.read_bytes()
    turns = len(journals.read(path).turns)
    seen = set()
    for cut in [*range(len(data) - 120, len(data)), *range(3_000, len(data), 1_997)]:
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


def frames(data: bytes) -> list[bytes]:
    """The frames of a journal file, heads included."""
    out, at = [], len(MAGIC)
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "little")
        out.append(data[at:end])
        at = end
    return out


@pytest.mark.slow
def test_every_flipped_bit_before_the_last_frame_is_refused(whole: tuple[Path, RunRecord], tmp_path: Path) -> None:
    data = whole[0].read_bytes()
    last = len(frames(data)[-1])
    broken = tmp_path / "broken"
    for at in [*range(len(MAGIC), len(MAGIC) + 40), *range(500, len(data) - last, 613)]:
        for bit in (1, 128):
            changed = bytearray(data)
            changed[at] ^= bit
            broken.write_bytes(changed)
            with pytest.raises(BadJournal):
                journals.read(broken)


@pytest.mark.parametrize("change", ["double", "drop", "swap", "append"])
def test_a_doubled_missing_moved_or_foreign_frame_is_refused(
    change: str, whole: tuple[Path, RunRecord], tmp_path: Path
) -> None:
    data = whole[0].read_bytes()
    broken = tmp_path / "broken"
    for k in range(1, len(frames(data)) - 2, 7):
        parts = frames(data)
        if change == "double":
            parts.insert(k, parts[k])
        elif change == "drop":
            del parts[k]
        elif change == "swap":
            parts[k], parts[k + 1] = parts[k + 1], parts[k]
        else:
            parts += parts
        broken.write_bytes(MAGIC + b"".join(parts))
        with pytest.raises(BadJournal):
            journals.read(broken)


def test_a_frame_cut_short_and_filled_with_zeros_is_a_torn_end(whole: tuple[Path, RunRecord], tmp_path: Path) -> None:
    data = whole[0].read_bytes()
    parts = frames(data)
    kept = len(MAGIC) + sum(len(part) for part in parts[:9])
    torn = tmp_path / "torn"
    for cut in (1, 5, 11, 12, 13, 60):
        torn.write_bytes(data[: kept + cut] + bytes(4_096))
        assert len(journals.read(torn).turns) == 8


def test_a_journal_joined_with_itself_is_refused(whole: tuple[Path, RunRecord], tmp_path: Path) -> None:
    twice = tmp_path / "twice"
    twice.write_bytes(whole[0].read_bytes() * 2)
    with pytest.raises(BadJournal, match="damaged"):
        journals.read(twice)


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
