"""Readers of recorded markets, one file a format; what each offers is in `nowake.data.readers.contract`."""
