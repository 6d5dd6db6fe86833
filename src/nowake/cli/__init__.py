"""The command line: one file a command, every one with --json where a machine may read."""

from nowake.cli.main import main

__all__ = ["main"]
