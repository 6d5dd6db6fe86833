"""The `nowake` command: its help, and how errors reach people (one line, the value, the way out, exit 2)."""

from __future__ import annotations

import importlib
import sys
from itertools import pairwise

import click

from nowake.cli.screen import spell_out
from nowake.domain.errors import NowakeError
from nowake.domain.version import VERSION

# In the order one meets them.
_COMMANDS = (
    "demo", "fit", "recalibrate", "estimate", "plan", "simulate", "report", "replay", "curves", "tape", "flow",
    "discover", "fills", "data",
)  # fmt: skip


def unknown(name: str, known: tuple[str, ...]) -> click.UsageError:
    """The mistake of naming a command that is not there."""
    return click.UsageError(f"command {name!r} is not known; choose from {', '.join(known)}")


class _Lazy(click.Group):
    """Commands are imported when they are called, so that help and mistakes answer at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature.
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"nowake.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS:
            raise unknown(args[0], _COMMANDS)
        _refuse_empty(args)
        return super().resolve_command(ctx, args)


def _refuse_empty(args: list[str]) -> None:
    """No argument means something when it is empty: it is a variable of the shell that was not set."""
    for before, arg in pairwise(args):
        if not arg.strip() or (arg.startswith("--") and arg.endswith("=")):
            what = arg if arg.strip() else f"{before} ''" if before.startswith("-") else "an argument ''"
            raise click.UsageError(f"{what} has no value; give one, or leave it out (is a variable not set?)")


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `nowake demo`. Costs are positive when bad, for buys and for sells.",
)
@click.version_option(VERSION, prog_name="nowake")
def nowake() -> None:
    """Plan, execute and measure large orders so that they leave as little wake in the market as possible."""


def main() -> None:
    """Run the command line; exits 0 when all went well, 1 when a check found faults, 2 when something was wrong."""
    if sys.stdout is None:
        _fail("standard output is closed, so nobody would see the answer; send it somewhere, for example to /dev/null")
    spell_out(sys.stdout, sys.stderr)
    try:
        code = nowake.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit("nowake: stopped")
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        click.echo(help_wanted.format_message())
        sys.exit(0)
    except click.ClickException as error:
        _fail(error.format_message())
    except NowakeError as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.stderr.close()  # The reader of our output went away (`| head`): nothing to say, nobody to say it to.
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.filename or 'standard output'} cannot be used: {error.strerror or error}; give another path")
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> None:
    click.echo(f"nowake: {' '.join(message.split())}", err=True)
    sys.exit(2)
