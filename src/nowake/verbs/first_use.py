"""The first use on a machine compiles the kernels, which takes seconds: said, never a silent wait."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from nowake.data.first_use import compile_readers
from nowake.kernels import runtime


def on_stderr(what: str) -> None:
    """Say a step where it disturbs no output."""
    print(f"nowake: {what} ...", file=sys.stderr, flush=True)


def compile_kernels(say: Callable[[str], None] = on_stderr) -> None:
    """Compile what a replay needs, saying so, where it is not compiled yet."""
    runtime.compile_all(
        lambda name, number, total: say(f"first use on this machine: compiling {name} ({number} of {total})")
    )


def compile_for(source: str, say: Callable[[str], None] = on_stderr, *, root: str | Path | None = None) -> None:
    """Compile what loading a day needs, saying so, where it is not compiled yet; `source` as for `load_day`."""
    compile_readers(source, lambda what: say(f"first use on this machine: {what}"), root=root)
