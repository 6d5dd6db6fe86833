"""The one error tree. Every message shows the offending value and the way out.

NowakeError
├── BadParameter    a value the caller chose cannot be used            (also a ValueError)
│   └── Infeasible      limits that no solution keeps together
├── BadData         a file or table says something it must not         (also a ValueError)
│   └── Unidentified    data that cannot tell what was asked of them
├── NotFound        a symbol, date or file is not there                (also a LookupError)
├── BadJournal      a journal is damaged before its last record
└── OutOfCapacity   a fixed-size store is full

A refusal by the gate or a venue is an event with a reason, not an exception: it is news, not a fault.
"""

from __future__ import annotations

from collections.abc import Sequence


class NowakeError(Exception):
    """Anything nowake raises on purpose."""


class BadParameter(NowakeError, ValueError):  # noqa: N818
    """A parameter is out of its range; the message shows the value and the range."""


class Infeasible(BadParameter):
    """Limits that cannot hold together; the message names them and the least that has to give.

    Parameters
    ----------
    message
        One line for people.
    relaxations
        The same as records, one for each limit that is in the way; what they hold is told where they are raised.
    """

    def __init__(self, message: str, relaxations: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.relaxations = tuple(relaxations)


class BadData(NowakeError, ValueError):  # noqa: N818
    """Market data that would make a result wrong; the message shows file, row and value."""


class Unidentified(BadData):
    """Data that cannot tell a parameter; the message says why, with the number it rests on, and the way out."""


class NotFound(NowakeError, LookupError):  # noqa: N818
    """Something named does not exist; the message lists what does."""


class BadJournal(NowakeError):  # noqa: N818
    """A journal that cannot be trusted; the message shows the offset."""


class OutOfCapacity(NowakeError):  # noqa: N818
    """A preallocated store is full; the message shows its size."""
