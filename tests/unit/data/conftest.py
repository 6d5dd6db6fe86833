"""The folder of real data, or a skip that says it is not there; and LOBSTER files written for one test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

MESSAGES = """\
34200.000000001,1,11,100,1000000,1
34200.000000002,1,12,50,1000200,-1
34200.5,4,11,40,1000000,1
34201,3,12,50,1000200,-1
"""
BOOK = """\
1000300,70,1000000,100
1000200,50,1000000,100
1000200,50,1000000,60
1000300,70,1000000,60
"""


@pytest.fixture
def real_data():
    """The data folder; NOWAKE_DATA names it, by default ../shared/data seen from the project's root."""
    folder = Path(os.environ.get("NOWAKE_DATA") or ROOT / "../shared/data")
    if not (folder / "lobster").is_dir():
        pytest.skip(f"no market data at {folder}; set NOWAKE_DATA to the folder that holds lobster/")
    return folder


@pytest.fixture
def write_lobster(tmp_path):
    """Write a pair of files for symbol TEST on 2012-06-21 into <tmp>/lobster; returns <tmp>."""

    def write(messages=MESSAGES, book=BOOK, *, levels=1, symbol="TEST", date="2012-06-21"):
        folder = tmp_path / "lobster"
        folder.mkdir(exist_ok=True)
        name = f"{symbol}_{date}_34200000_57600000"
        if messages is not None:
            (folder / f"{name}_message_{levels}.csv").write_text(messages)
        if book is not None:
            (folder / f"{name}_orderbook_{levels}.csv").write_text(book)
        return tmp_path

    return write
