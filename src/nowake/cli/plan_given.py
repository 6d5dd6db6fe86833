"""What stands on the command line of `nowake plan`, against what would otherwise be ignored or overwritten."""

from __future__ import annotations

import os
from collections.abc import Iterable

import click
from click.core import ParameterSource

from nowake.domain.errors import BadParameter

_TYPED = {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}
_OUTPUTS = ("html", "out")
_INPUTS = ("basket", "covariance", "returns", "params", "curve", "source")


def refuse_given(names: Iterable[str], why: str) -> None:
    """Refuse the first of these options that somebody typed, whatever its value: 0 is typed too.

    Raises
    ------
    BadParameter
        "--<option> <why>".
    """
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) in _TYPED:
            raise BadParameter(f"{_flag(context, name)} {why}")


def refuse_overwriting() -> None:
    """Refuse an output that is an input, or the other output, by whatever path or link it is named.

    Raises
    ------
    BadParameter
        With both options and the file.
    """
    context = click.get_current_context()
    outputs = [(name, context.params[name]) for name in _OUTPUTS if context.params.get(name) not in {None, "", "-"}]
    for place, (name, path) in enumerate(outputs):
        for other in _INPUTS:
            if any(_is_same(path, read) for read in _paths(context.params.get(other))):
                raise BadParameter(
                    f"--{name} {path} would overwrite what {_flag(context, other)} reads; write to another file"
                )
        for other, written in outputs[:place]:
            if _is_same(path, written):
                raise BadParameter(f"--{other} and --{name} both write {path}; give them two files")


def _paths(value: object) -> list[str]:
    """What an input may mean as a path: a source's format stands before a colon."""
    text = str(value or "")
    return [each for each in (text, text.partition(":")[2]) if each]


def _is_same(written: str, read: str) -> bool:
    """Whether writing one file changes the other, or a file in the other where that is a folder."""
    if os.path.realpath(written) == os.path.realpath(read):
        return True
    if not (os.path.exists(written) and os.path.exists(read)):
        return False
    if os.path.isdir(read):
        return os.path.commonpath((os.path.realpath(written), os.path.realpath(read))) == os.path.realpath(read)
    return os.path.samefile(written, read)


def _flag(context: click.Context, name: str) -> str:
    """An option as it is typed."""
    (found,) = (each for each in context.command.params if each.name == name)
    return max(found.opts, key=len) if isinstance(found, click.Option) else name.upper()
