"""nowake data"""

from __future__ import annotations

import importlib

import click

from nowake.cli.main import unknown

_COMMANDS = ("info", "check", "convert")


class _Lazy(click.Group):
    """Says which commands there are when another is asked for, and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature.
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"nowake.cli.data.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS:
            raise unknown(f"data {args[0]}", tuple(f"data {name}" for name in _COMMANDS))
        return super().resolve_command(ctx, args)


@click.group("data", cls=_Lazy, short_help="What data is there, and can it be trusted?")
def command() -> None:
    """What data is there, can it be trusted, and how to keep it so that it is read quickly."""
