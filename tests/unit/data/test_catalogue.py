"""What a folder holds is found by content at any depth, and a name that fits several recordings says what to write."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import shutil

import numpy as np
import pytest

from nowake.data import folder, remembered
from nowake.data.catalogue import Name, choose, chosen, fullest, specs
from nowake.data.folder import Catalogue, look
from nowake.data.generated import generate_day
from nowake.data.load import catalogue, check_all, entries, load_day
from nowake.data.load import recordings as recordings_of
from nowake.data.readers.contract import Recording
from nowake.data.readers.registry import FORMATS, reader_of
from nowake.data.store import write_day
from nowake.domain.errors import BadData, BadParameter, NotFound

from .conftest import BOOK, MESSAGES

MONDAY, TUESDAY = dt.date(2024, 8, 5), dt.date(2024, 8, 6)


@pytest.fixture
def recording(tmp_path):
    def make(symbol="BTCUSDT", *, venue="BINANCE", first=MONDAY, last=None, detail="", folder="a", name="x", size=1):
        path = tmp_path / folder / f"{name}{first}{detail}{venue}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * size)
        symbols = (symbol,) if isinstance(symbol, str) else tuple(symbol)
        return Recording("binance", venue, symbols, first, last or first, (path,), detail)

    return make


def catalogue_of(root, *recordings):
    return Catalogue(root, recordings)


def test_every_format_has_a_reader_with_the_four_names_of_the_contract():
    for name in FORMATS:
        reader = reader_of(name)
        assert name == reader.FORMAT
        assert all(callable(getattr(reader, each)) for each in ("recognises", "recordings", "pieces"))
    with pytest.raises(BadParameter, match="format 'tape' is not known; there are parquet, lobster, itch"):
        reader_of("tape")


def test_no_reader_takes_the_file_of_another(write_lobster, tmp_path):
    root = write_lobster()
    write_day(generate_day(1, events=1_000), root / "store")
    for path in sorted(root.rglob("*")):
        if path.is_file():
            assert len([name for name in FORMATS if reader_of(name).recognises(path)]) <= 1, path


def test_no_reader_stumbles_over_files_that_are_nothing(tmp_path):
    noise = np.random.default_rng(3).integers(0, 256, 200_000, dtype=np.uint8).tobytes()
    contents = {
        "empty": b"",
        "noise": noise,
        "zeros": bytes(70_000),
        "text.csv": b"hello,world\n1,2\n",
        "cut.gz": gzip.compress(noise)[:5_000],
        "not.gz": noise,
        "not.zip": b"PK\x03\x04" + noise[:100],
        "not.zst": b"\x28\xb5\x2f\xfd" + noise[:100],
        "not.xz": b"\xfd7zXZ\x00" + noise[:100],
        "one.json": b'{"a": 1}\n',
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in FORMATS:
        assert [] == [path.name for path in tmp_path.iterdir() if reader_of(name).recognises(path)]


def test_files_are_found_at_any_depth_but_not_under_dots(write_lobster):
    root = write_lobster()
    (root / "deep" / "er").mkdir(parents=True)
    shutil.move(root / "lobster", root / "deep" / "er" / "lobster")
    assert ["lobster:TEST"] == [entry.spec for entry in catalogue(root)]
    shutil.move(root / "deep", root / ".deep")
    assert [] == catalogue(root)


def test_a_folder_that_links_to_itself_is_walked_once(write_lobster):
    root = write_lobster()
    (root / "lobster" / "loop").symlink_to(root)
    assert 1 == len(catalogue(root))


def test_several_venues_must_be_told_apart(tmp_path, recording):
    here = catalogue_of(tmp_path, recording(), recording(venue="BINANCE-USDM"))
    with pytest.raises(BadParameter, match="2 times; write binance:BTCUSDT@BINANCE or binance:BTCUSDT@BINANCE-USDM"):
        choose(here, Name("BTCUSDT"), MONDAY)
    assert "BINANCE-USDM" == chosen(here, "BTCUSDT@BINANCE-USDM", None).recording.venue
    assert "BINANCE" == chosen(here, "btcusdt@binance", MONDAY).recording.venue
    with pytest.raises(NotFound, match="BTCUSDT is not there at KRAKEN; there is binance:BTCUSDT@BINANCE, "):
        chosen(here, "BTCUSDT@KRAKEN", MONDAY)


def test_details_and_folders_tell_recordings_of_one_day_apart(tmp_path, recording):
    tick, minute = recording("SPY", detail="tick"), recording("SPY", detail="1m", folder="b")
    here = catalogue_of(tmp_path, tick, minute)
    with pytest.raises(BadParameter, match="write binance:SPY:tick or binance:SPY:1m"):
        chosen(here, "SPY", MONDAY)
    assert minute == chosen(here, "SPY:1m", MONDAY).recording == chosen(here, "SPY:b", MONDAY).recording
    assert minute == chosen(here, "SPY:1m@BINANCE", MONDAY).recording
    unnamed = [recording("SPY", folder="one"), recording("SPY", folder="two")]
    assert ["binance:SPY:one", "binance:SPY:two"] == specs(unnamed, "SPY")
    alike = [recording("SPY", name="p"), recording("SPY", name="q")]
    assert [str(each.files[0]) for each in alike] == specs(alike, "SPY")
    assert ["binance:SPY", "binance:SPY"] == specs([recording("SPY"), recording("SPY", first=TUESDAY)], "SPY")


def test_symbols_may_hold_the_signs_of_a_name(tmp_path, recording):
    here = catalogue_of(tmp_path, recording("A:B@C"), recording("ES", detail="B@C"))
    assert "A:B@C" == chosen(here, "A:B@C", None).symbol


def test_a_date_must_be_given_where_there_are_several(tmp_path, recording):
    here = catalogue_of(tmp_path, recording(), recording(first=TUESDAY, last=dt.date(2024, 8, 9)))
    with pytest.raises(NotFound, match="is there for 2024-08-05, 2024-08-06 to 2024-08-09; give one of these dates"):
        choose(here, Name("BTCUSDT"), None)
    assert TUESDAY == choose(here, Name("BTCUSDT"), TUESDAY).date
    with pytest.raises(NotFound, match="BTCUSDT has nothing on 2025-01-01; there is 2024-08-05, "):
        choose(here, Name("BTCUSDT"), dt.date(2025, 1, 1))


def test_a_symbol_must_be_given_where_there_are_several(tmp_path, recording):
    here = catalogue_of(tmp_path, recording([f"S{k:03}" for k in range(30)]))
    with pytest.raises(NotFound, match=r"holds 30 symbols, S000, S001, .* and 18 more; say which, with --symbol or as"):
        choose(here, Name(), MONDAY)
    assert "S007" == choose(here, Name("s007"), MONDAY).symbol
    with pytest.raises(NotFound, match=r"symbol 'XYZ' is not in .*; there are S000, .* and 18 more"):
        choose(here, Name("XYZ"), MONDAY)


def test_a_recording_that_names_no_symbol_may_hold_any(tmp_path, recording):
    here = catalogue_of(tmp_path, recording(()))
    assert ("BTCUSD", MONDAY) == choose(here, Name("BTCUSD"), None)[1:]
    with pytest.raises(NotFound, match=r"does not name its symbols; say which, with --symbol or as .*:SYMBOL"):
        choose(here, Name(), MONDAY)
    (row,) = entries(here, here.recordings)
    assert ("binance:...", "?", "2024-08-05") == (row.spec, row.symbol, row.dates)


def test_of_lobster_cuts_the_fullest_is_meant_and_a_level_count_names_another(write_lobster):
    root = write_lobster()
    two = "\n".join(f"{line},9999999999,0,-9999999999,0" for line in BOOK.splitlines()[:2])
    write_lobster("\n".join(MESSAGES.splitlines()[:2]), two, levels=2)
    assert ["1"] == [each.detail for each in recordings_of("lobster:TEST", root=root)[1]]
    assert ["2"] == [each.detail for each in recordings_of("lobster:TEST:2", root=root)[1]]
    assert ["lobster:TEST:1", "lobster:TEST:2"] == [entry.spec for entry in catalogue(root)]
    assert 1 == len(fullest(look(root).recordings))


def test_a_path_to_a_file_or_folder_is_a_name(write_lobster):
    root = write_lobster()
    path = next((root / "lobster").glob("*message*"))
    book = next((root / "lobster").glob("*orderbook*"))
    days = [load_day(str(where)) for where in (path, book, root, root / "lobster", f"{root}:TEST")]
    assert 1 == len({day.fingerprint for day in days})
    assert str(path) == days[0].source
    assert days[0].fingerprint == load_day(str(root), symbol="TEST").fingerprint
    with pytest.raises(BadParameter, match="names a symbol already; leave out 'TEST'"):
        load_day(f"{root}:TEST", symbol="TEST")


def test_a_file_of_no_format_says_what_it_begins_with_and_what_is_known(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"alpha;beta\n")
    with pytest.raises(
        BadData, match=r"no format that is known \(parquet, lobster, .*\): it begins with 'alpha;beta\?'"
    ):
        load_day(str(tmp_path / "x.csv"))
    (tmp_path / "none").write_bytes(b"")
    with pytest.raises(BadData, match="none is empty; copy it again"):
        load_day(str(tmp_path / "none"))
    with pytest.raises(NotFound, match=r"holds no market data of a format that is known; 2 files were looked at"):
        load_day(str(tmp_path))
    with pytest.raises(NotFound, match="nowhere is not there"):
        load_day(str(tmp_path / "nowhere"))
    with pytest.raises(NotFound, match="nowhere is not there; set NOWAKE_DATA"):
        load_day("lobster:AMZN", root=tmp_path / "nowhere")


def test_a_book_without_messages_says_so_also_beside_whole_days(write_lobster):
    root = write_lobster()
    write_lobster(symbol="HALF", messages=None)
    with pytest.raises(NotFound, match=r"'HALF' is not in .*; there are TEST; no message file stands beside HALF_2012"):
        load_day("lobster:HALF", root=root)


def test_a_slow_look_is_remembered_until_a_file_changes(write_lobster, monkeypatch, tmp_path):
    monkeypatch.setattr(remembered, "cache_folder", lambda: tmp_path / "cache" / "hash")
    monkeypatch.setattr(remembered, "WORTH_S", 0.0)
    (tmp_path / "cache").mkdir()
    root = write_lobster()
    write_lobster(symbol="HALF", messages=None)
    first = look(root / "lobster")
    with monkeypatch.context() as patch:
        patch.setattr(folder, "format_of", lambda _: pytest.fail("looked at a file again"))
        again = look(root / "lobster")
    assert (first.recordings, first.file_count) == (again.recordings, again.file_count)
    assert [(f.format, type(f.error), str(f.error)) for f in first.faults] == [
        (f.format, type(f.error), str(f.error)) for f in again.faults
    ]
    write_lobster(symbol="NEW")
    assert ["NEW", "TEST"] == [each.symbols[0] for each in look(root / "lobster").recordings]


def test_a_damaged_memory_is_no_memory(write_lobster, monkeypatch, tmp_path):
    monkeypatch.setattr(remembered, "cache_folder", lambda: tmp_path / "cache" / "hash")
    monkeypatch.setattr(remembered, "WORTH_S", 0.0)
    (tmp_path / "cache").mkdir()
    root = write_lobster() / "lobster"
    whole = look(root)
    for file in (tmp_path / "cache" / "catalogues").iterdir():
        file.write_bytes(file.read_bytes()[:50])
    assert whole == look(root)


def test_every_name_in_the_list_of_the_real_folder_is_found_again(real_data):
    rows = catalogue(real_data)
    for row in rows:
        if row.symbol != "?":
            _, found, symbol = recordings_of(row.spec, root=real_data)
            assert row.symbol == symbol
            assert row.files in [tuple(path.name for path in each.files) for each in found]


BARS = "time,open,high,low,close,volume\n" + "".join(
    f"2024-02-{day}T15:{minute}:00Z,10,11,9,10,100\n" for day in (20, 21) for minute in range(10, 40)
)


def test_one_damaged_file_costs_itself_and_is_named(tmp_path):
    (tmp_path / "SPY_1m.csv").write_text(BARS)
    (tmp_path / "QQQ_1m.csv").write_text(BARS.replace(",100\n", ",1x0\n"))
    here = look(tmp_path)
    assert [("SPY",)] == [each.symbols for each in here.recordings]
    (fault,) = here.faults
    assert f"{tmp_path.name}/QQQ_1m.csv: row 2: " == str(fault)[: len(tmp_path.name) + 20]
    assert 2 == len(check_all(tmp_path).reports)
    assert (str(fault),) == check_all(tmp_path).left_out
    assert () == check_all("bars:SPY", root=tmp_path).left_out
    with pytest.raises(NotFound, match=r"'QQQ' is not in .*; there are SPY; QQQ_1m.csv row 2"):
        load_day("bars:QQQ", "2024-02-20", root=tmp_path)


def test_only_regular_files_are_looked_at(tmp_path):
    (tmp_path / "SPY_1m.csv").write_text(BARS)
    (tmp_path / "nowhere.csv").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe.csv")
    assert (1, 1) == (len(look(tmp_path).recordings), look(tmp_path).file_count)


def test_a_day_has_one_name_however_it_is_asked_for(write_lobster, recording, tmp_path):
    root = write_lobster()
    asked = ("lobster:test", "lobster:TEST", "lobster:Test:1@xnas")
    assert ["lobster:TEST", "lobster:TEST", "lobster:TEST:1@XNAS"] == [load_day(s, root=root).source for s in asked]
    assert f"{root}:TEST" == load_day(str(root), symbol="test").source
    (report,) = check_all("lobster:test", root=root).reports
    assert "lobster:TEST" == report.source


def test_bars_of_different_lengths_are_never_one_name(tmp_path, recording):
    one, five = recording("SPY", detail="1m"), recording("SPY", detail="5m", first=TUESDAY)
    assert ["binance:SPY:1m", "binance:SPY:5m"] == specs([one, five], "SPY")
    with pytest.raises(NotFound, match="is there as binance:SPY:1m for 2024-08-05; as binance:SPY:5m for 2024-08-06;"):
        choose(catalogue_of(tmp_path, one, five), Name("SPY"), None)


def test_names_that_are_there_twice_are_said_once(tmp_path, recording):
    here = catalogue_of(tmp_path, recording(), recording(first=TUESDAY))
    with pytest.raises(NotFound, match=r"BTCUSDT is not there as 5m at KRAKEN; there is binance:BTCUSDT$"):
        chosen(here, "BTCUSDT:5m@KRAKEN", MONDAY)


def test_a_day_says_that_a_file_which_may_be_part_of_it_could_not_be_read(tmp_path):
    (tmp_path / "SPY_1m.csv").write_text(BARS)
    (tmp_path / "SPY_more.csv").write_text(BARS.replace("10,11,9,10", "10,11,9,x", 31).replace("9,x", "9,10", 30))
    (tmp_path / "QQQ_1m.csv").write_text(BARS.replace(",100\n", ",1x0\n"))
    told = [each for each in load_day("bars:SPY", "2024-02-20", root=tmp_path).warnings if "could not be read" in each]
    assert [f"A file beside it could not be read, {tmp_path.name}/SPY_more.csv: row 32: close 'x'"] == [
        each[: len(told[0].partition(" is not")[0])] for each in told
    ]
