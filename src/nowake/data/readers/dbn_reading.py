"""What reading DBN records of any schema shares: headers, files that follow one another, instruments, ticks, clocks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nowake.data.readers.contract import Recording, Wanted
from nowake.data.readers.dbn_layout import MAGIC, MBO, TABLES, Header, first_receipt_ns, parse_header
from nowake.data.readers.dbn_survey import Survey, survey
from nowake.data.readers.packed import beginning, chunks, head
from nowake.data.readers.preopen import PreOpen
from nowake.data.readers.tracking import Told
from nowake.data.readers.trading_dates import TradingDates
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument, Session
from nowake.domain.market import Receipts

_SCALE = 9  # Decimals of a unit of price.
_HEADER_BYTES = 1 << 24  # The largest header there may be; one of all symbols of a venue takes some megabytes.
_CHUNK_BYTES = 1 << 23
_SOME_NS = 1_700_000_000_000_000_000  # For a file without a single record.
_CENT = 10**7  # The tick of an instrument that costs nothing at all.
_MOST_TICKS = np.iinfo(np.int32).max
_NEGATIVE = frozenset({"GLBX", "IFEU", "IFUS", "NDEX", "XEUR"})  # Where futures and spreads may cost less than nothing.

_DERIVATIVES = frozenset({*_NEGATIVE, "IFLL", "OPRA", "XCBF", "XEEE"})  # Where a contract is of several units.
_NO_MULTIPLIER = (
    "These files do not say what a contract is worth for one unit of price, so no amount of money is computed; give "
    "the multiplier (--multiplier 50 for the E-mini S&P 500)."
)


def header_of(path: Path) -> Header:
    """The header of a file whose schema can be read; where it does not say when it begins, its first record does.

    Raises
    ------
    BadData
        When it is damaged, or of another schema.
    """
    content = head(path)
    length = 8 + int.from_bytes(content[4:8], "little")
    if content.startswith(MAGIC) and length > len(content):
        content = beginning(path, min(length, _HEADER_BYTES))
    header = parse_header(content, path.name)
    if header.schema not in {MBO, *TABLES}:
        raise BadData(
            f"{path.name} has schema {header.schema}; of DBN files mbo, mbp-1 and trades can be read, so ask for one "
            "of those"
        )
    if header.start_ns:
        return header
    return dataclasses.replace(header, start_ns=first_record_ns(path, header))


def first_record_ns(path: Path, header: Header) -> int:
    """When the first record of a file was received, 0 where it has none."""
    first = beginning(path, header.size_bytes + 64)[header.size_bytes :]
    return first_receipt_ns(first, header.schema)


def venue_of(dataset: str) -> str:
    """ "GLBX" of "GLBX.MDP3"."""
    return dataset.partition(".")[0]


@dataclasses.dataclass(slots=True, eq=False)
class Traded:
    """An instrument on a trading date."""

    symbol: str
    publisher: int
    tick: int = 0  # In units of 1e-9; 0 where it has no price.
    negative: bool = False
    before: PreOpen | None = None
    latest_ns: int = -(1 << 62)


class Reading:
    """What reading records of any schema shares: files, instruments, dates, ticks."""

    def __init__(self, recording: Recording, wanted: Wanted, header: Header) -> None:
        self.recording, self.wanted, self.header = recording, wanted, header
        self.venue = venue_of(header.dataset)
        self.days = TradingDates(header.dataset)
        self.session: Session = self.days.session_at(header.start_ns or _SOME_NS)
        self.first_publisher = -1
        self.survey = Survey()
        self.latest_ns = -(1 << 62)  # The last stamp of the venue that can be.
        self.tick_asked = int((wanted.tick_size or 0) * 10**_SCALE)
        if wanted.tick_size is not None and wanted.tick_size * 10**_SCALE != self.tick_asked:
            raise BadParameter(f"tick_size {wanted.tick_size} is not a multiple of 1e-9 above 0")
        self.lot = int(wanted.lot_size or 1)
        if wanted.lot_size is not None and (self.lot != wanted.lot_size or self.lot < 1):
            raise BadParameter(f"lot_size {wanted.lot_size} is not a whole number of shares or contracts")

    def contents(self) -> Iterator[tuple[bytes, int]]:
        """Bytes of records, and where in their file they begin, -1 behind each file; each is begun with its header
        read. All files are read twice, the first time for the survey."""
        told = self.wanted.progress
        header = self.header
        first = None if told is None else lambda done, size: told(done // 2, size)
        second = None if told is None else lambda done, size: told(size // 2 + (done + 1) // 2, size)
        self.survey = survey(self._contents(first), header.schema)
        self.header = header
        yield from self._contents(second)

    def _contents(self, progress: Callable[[int, int], None] | None) -> Iterator[tuple[bytes, int]]:
        done, size = 0, self.recording.size_bytes
        for path in self.recording.files:
            header, place = header_of(path), 0
            for chunk in chunks(path, size=_CHUNK_BYTES, done_bytes=done, all_bytes=size, progress=progress):
                self.header, self.path = header, path
                skipped = min(max(header.size_bytes - place, 0), len(chunk))
                yield chunk[skipped:], place + skipped
                place += len(chunk)
            done += path.stat().st_size
            yield b"", -1  # The file ends here.

    def cut_short(self, place: int) -> BadData:
        """The error for a file that ends inside a record."""
        return BadData(f"{self.path.name} is cut short inside the record at byte {place:,}; copy it again")

    def instrument(self, traded: Traded) -> Instrument:
        """Reference data of an instrument on the date being read."""
        return Instrument(
            symbol=traded.symbol,
            venue=self.venue if traded.publisher == self.first_publisher else f"{self.venue}.{traded.publisher}",
            session=self.session,
            tick_size=Decimal(traded.tick).scaleb(-_SCALE).normalize(),
            lot_size=Decimal(self.lot),
            multiplier=None if self.venue in _DERIVATIVES else Decimal(1),
            negative_prices=traded.negative,
        )

    def begun(self, symbol: str, *, publisher: int, instrument_id: int) -> Traded:
        """An instrument, with the tick that fits all its prices unless another is asked for.

        The first publisher is the venue itself; others of a consolidated feed are told apart by their number.
        """
        if self.first_publisher < 0:
            self.first_publisher = publisher
        traded = Traded(symbol, publisher)
        if instrument_id in self.survey.steps:
            traded.tick = self.tick_asked or self.survey.steps[instrument_id] or _CENT
            traded.negative = self.venue in _NEGATIVE or self.survey.lowest[instrument_id] <= 0
        return traded

    def ticks(self, traded: Traded, price: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Prices in ticks."""
        ticks, rest = np.divmod(price, traded.tick)
        if rest.any():
            off, tick = (
                Decimal(int(value)).scaleb(-_SCALE).normalize() for value in (price[rest.argmax()], traded.tick)
            )
            finer = Decimal(int(np.gcd(np.gcd.reduce(price), traded.tick))).scaleb(-_SCALE).normalize()
            raise BadParameter(
                f"price {off:f} of {traded.symbol} is not a multiple of tick_size {tick:f}; ask for tick_size {finer:f}"
            )
        if len(ticks) and int(np.abs(ticks).max()) > _MOST_TICKS:
            raise BadParameter(
                f"prices of {traded.symbol} are more than {_MOST_TICKS:,} ticks of "
                f"{Decimal(traded.tick).scaleb(-_SCALE).normalize():f}; ask for a larger tick_size"
            )
        return ticks

    def lots(self, traded: Traded, size: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Sizes in lots."""
        lots, rest = np.divmod(size, self.lot)
        if rest.any():
            raise BadParameter(f"lot_size {self.lot} does not divide {size[rest.argmax()]} of {traded.symbol}")
        return lots

    def notes(self, traded: Traded) -> tuple[str, ...]:
        """What a user should know of any day read here."""
        tick = Decimal(traded.tick).scaleb(-_SCALE).normalize()
        known = () if self.wanted.tick_size else (f"The tick of {tick:f} is the greatest that divides all prices.",)
        unvalued = (_NO_MULTIPLIER,) if self.venue in _DERIVATIVES and not self.wanted.multiplier else ()
        return (*known, *unvalued, *self.days.notes)


def receipts_of(told: Told) -> tuple[Receipts | None, dict[str, float]]:
    """The two clocks, `time_ns` the venue's and `lots` the recorder's, and the least latency; None where there is none.

    A recorder whose clock runs behind is taken to have had the message at once.
    """
    if not len(told):
        return None, {}
    venue, local = np.ascontiguousarray(told["time_ns"]), np.ascontiguousarray(told["lots"])
    least = int((local - venue).min())
    measures = {"least_latency_ns": float(least)}
    return Receipts(venue, np.maximum(local, venue)), measures
