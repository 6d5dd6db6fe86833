"""The house rules that a machine can hold: who imports whom, what is absent, how long things are."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "nowake"

# Room -> rooms it may import, besides itself. Rooms that nobody has moved into yet keep their place.
PURE = {"domain", "kernels"}
STATISTICS = PURE | {"statistics"}
MATHS = STATISTICS | {"microstructure", "models", "schedules"}
MAY_IMPORT = {
    "domain": set(),
    "kernels": set(),
    "statistics": PURE,
    "microstructure": STATISTICS,
    "models": STATISTICS | {"microstructure"},
    "schedules": STATISTICS | {"microstructure", "models"},
    "data": PURE,
    "tca": MATHS,
    "algos": MATHS,
    "making": MATHS,
    "routing": MATHS,
    "engine": PURE,
    "sim": STATISTICS | {"engine", "models"},
    "live": PURE | {"engine", "data"},
    "reports": MATHS | {"engine", "tca"},
}
EVERYTHING = {"verbs", "cli", "service", "__init__", "__main__"}
WAIVED: dict[str, str] = {}
# What would make a run depend on when or where it runs.
WORLD = {"time", "random", "uuid", "secrets", "socket", "subprocess", "threading", "asyncio"}
# A count of the whole process needs a lock; it starts no thread and decides nothing.
LOCKS = {"schedules/solvers/blas.py"}
HERMETIC = {
    "domain",
    "kernels",
    "statistics",
    "models",
    "microstructure",
    "schedules",
    "algos",
    "making",
    "routing",
    "engine",
    "sim",
    "tca",
}
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "perf_counter", "monotonic"}
NO_FILES = HERMETIC - {"engine", "kernels"}  # The journal's store and the compiled code's cache keep files.
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_KERNEL = 600, 70, 120


class Import(NamedTuple):
    """One import of one module, and where it stands."""

    where: str
    room: str
    target: str
    is_eager: bool


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@functools.cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}


@functools.cache
def imports() -> tuple[Import, ...]:
    return tuple(each for path, tree in trees().items() for each in _imports(path, tree))


def _imports(path: Path, tree: ast.Module) -> Iterator[Import]:
    lazy = {id(inner) for outer in ast.walk(tree) if _is_lazy(outer) for inner in ast.walk(outer)}
    for node in ast.walk(tree):
        where = f"{path.relative_to(SOURCE)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{where}: relative import; write the whole name"
            targets = [_imported(node.module or "", alias.name) for alias in node.names]
        else:
            continue
        yield from (Import(where, room_of(path), target, id(node) not in lazy) for target in targets)


def _imported(module: str, name: str) -> str:
    """What `from module import name` reads: a module of that name where there is one, else the module itself."""
    inner = SOURCE.joinpath(*module.split(".")[1:], name)
    is_ours = module.split(".", maxsplit=1)[0] == "nowake"
    return f"{module}.{name}" if is_ours and (inner.is_dir() or inner.with_suffix(".py").exists()) else module


def _is_lazy(node: ast.AST) -> bool:
    """A function's body runs later; a block for the type checker never runs."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))


def ours() -> list[tuple[Import, str]]:
    """Imports of our own rooms, with the room."""
    return [(each, each.target.split(".")[1]) for each in imports() if each.target.startswith("nowake.")]


def test_every_room_has_its_place_in_the_house() -> None:
    rooms = {room_of(path) for path in trees()}
    assert rooms - set(MAY_IMPORT) - EVERYTHING == set()


def test_imports_point_down() -> None:
    """The waivers are all the exceptions there are; one that is no longer needed fails too, so the list shrinks."""
    wrong = {
        f"{each.where.split(':')[0]} imports {each.target}"
        for each, room in ours()
        if each.room not in EVERYTHING and room != each.room and room not in MAY_IMPORT[each.room]
    }
    assert wrong == set(WAIVED)


def test_nothing_inside_imports_the_package_root() -> None:
    assert [each.where for each in imports() if each.target == "nowake" and each.room not in EVERYTHING] == []


def test_only_kernels_import_numba() -> None:
    assert [
        each.where
        for each in imports()
        if each.target.split(".")[0] in {"numba", "llvmlite"} and each.room != "kernels"
    ] == []


@pytest.mark.parametrize("library", ["matplotlib", "polars", "pandas", "exchange_calendars", "jinja2"])
def test_heavy_libraries_stay_out_of_the_core(library: str) -> None:
    """Loaded where used, and never by a room that every command loads."""
    may_load_eagerly = {"matplotlib": {"reports"}, "polars": {"data"}}.get(library, set())
    assert [
        each.where
        for each in imports()
        if each.target.split(".")[0] == library and each.is_eager and each.room not in may_load_eagerly
    ] == []


def test_the_core_reads_no_clock_and_draws_no_luck_of_its_own() -> None:
    wrong = [
        each.where
        for each in imports()
        if each.room in HERMETIC and each.target.split(".")[0] in WORLD and each.where.split(":")[0] not in LOCKS
    ]
    for path, tree in trees().items():
        if room_of(path) not in HERMETIC:
            continue
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            called, owner = node.func.attr, ast.unparse(node.func.value)
            is_clock = called in CLOCKS and owner.split(".")[-1] in {"datetime", "date"}
            is_luck = owner.endswith("random") and not (called in {"default_rng", "SeedSequence"} and node.args)
            if is_clock or is_luck:
                wrong.append(f"{path.relative_to(SOURCE)}:{node.lineno} {owner}.{called}")
    assert wrong == []


def test_maths_touches_no_file() -> None:
    wrong = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path, tree in trees().items()
        if room_of(path) in NO_FILES
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input"}
    ]
    assert wrong == []


def test_rooms_do_not_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for each, room in ours():
        if each.room not in EVERYTHING and room != each.room:
            graph.setdefault(each.room, set()).add(room)
    assert circle(graph) == []


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    modules = {_module(path) for path in trees()}
    graph: dict[str, set[str]] = {}
    for each in imports():
        if each.is_eager and each.target in modules and each.target != "nowake":
            importer = _module(SOURCE / each.where.split(":")[0])
            if importer != "nowake":
                graph.setdefault(importer, set()).add(each.target)
    assert circle(graph) == []


def _module(path: Path) -> str:
    return ".".join(("nowake", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Nodes of one circle in the order met, or nothing."""
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for follower in sorted(graph.get(node, ())):
            found = visit(follower, [*path, node])
            if found:
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := visit(node, []))), [])


def test_a_circle_is_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []


def test_files_stay_readable_in_one_sitting() -> None:
    lengths = {str(path.relative_to(SOURCE)): len(path.read_text(encoding="utf-8").splitlines()) for path in trees()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_functions_fit_a_screen() -> None:
    too_long = []
    for path, tree in trees().items():
        limit = LONGEST_KERNEL if room_of(path) == "kernels" else LONGEST_FUNCTION
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > limit:
                    too_long.append(f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}: {lines} lines")
    assert too_long == []


def test_every_file_says_what_it_is() -> None:
    assert [str(path.relative_to(SOURCE)) for path, tree in trees().items() if ast.get_docstring(tree) is None] == []


def test_no_module_keeps_state() -> None:
    """No `global`, and no name at module level that is bound to an empty container to be filled later."""
    wrong = []
    for path, tree in trees().items():
        wrong += [f"{path}:{node.lineno} global" for node in ast.walk(tree) if isinstance(node, ast.Global)]
        for node in tree.body:
            value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
            is_empty = isinstance(value, (ast.Dict, ast.List)) and not ast.unparse(value).strip("{}[]")
            if is_empty:
                wrong.append(f"{path.relative_to(SOURCE)}:{node.lineno} an empty container")
    assert wrong == []
