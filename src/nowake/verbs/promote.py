"""From a plain record of an inner room to the public object that also prints, tabulates and draws itself."""

from __future__ import annotations

from typing import TypeVar

import msgspec

Public = TypeVar("Public", bound=msgspec.Struct)


def promote(record: msgspec.Struct, public: type[Public], **extra: object) -> Public:
    """A `public` struct with every field of the record it extends, and `extra` ones of its own."""
    fields = {name: getattr(record, name) for name in record.__struct_fields__}
    return public(**fields, **extra)
