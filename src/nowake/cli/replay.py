"""nowake replay"""

from __future__ import annotations

import click

from nowake.cli.options import json_option
from nowake.cli.screen import show_json


@click.command("replay", short_help="Run a journal again: the same hash, or where it differs.")
@click.argument("journal")
@json_option
def command(journal: str, *, as_json: bool) -> int:
    """Take every turn of a recorded run again, from its journal alone, and compare. Exits 1 where they differ.

    A journal cut short by a crash is replayed up to its last durable record.
    """
    from nowake.verbs.replay import replay  # noqa: PLC0415

    result = replay(journal)
    if as_json:
        show_json(
            {
                "journal": result.path,
                "same": result.same,
                "recorded_hash": result.recorded_hash,
                "replayed_hash": result.replayed_hash,
                "turns": result.record.decisions,
                "executed_lots": result.record.executed_lots,
                "residual_lots": result.record.residual_lots,
                "complete": result.is_complete,
                "torn_bytes": result.torn_bytes,
                "difference": None if result.difference is None else result.difference._asdict(),
            }
        )
    else:
        click.echo(str(result))
    return 0 if result.same else 1
