"""Compiled code comes from the cache without numba, and goes there without touching the user's settings."""

from __future__ import annotations

import os
import subprocess
import sys

from nowake.kernels import runtime

LOAD = """
import sys
from nowake.kernels import runtime
kernel = runtime.load("own:rehash")
print("numba" in sys.modules, runtime.cache_folder(), runtime.load("own:rehash") is kernel)
"""


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | environment
    ).stdout.split()


def test_second_process_loads_the_kernel_without_numba(tmp_path):
    first = python(LOAD, XDG_CACHE_HOME=str(tmp_path), LOCALAPPDATA=str(tmp_path), HOME=str(tmp_path))
    second = python(LOAD, XDG_CACHE_HOME=str(tmp_path), LOCALAPPDATA=str(tmp_path), HOME=str(tmp_path))
    assert ["True", "False"] == [first[0], second[0]]
    assert str(tmp_path) in second[1]


def test_cache_that_cannot_be_written_falls_back_to_a_temporary_folder(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    nowhere = str(tmp_path / "file")
    answer = python(LOAD, XDG_CACHE_HOME=nowhere, LOCALAPPDATA=nowhere, HOME=nowhere, TMPDIR=str(tmp_path))
    assert ["True", "True"] == [answer[0], answer[2]]
    assert nowhere not in answer[1]


def test_importing_the_kernels_room_imports_no_numba():
    modules = "nowake.kernels, nowake.kernels.layout, nowake.kernels.state, nowake.sim.book, nowake.kernels.runtime"
    code = f"import sys; import {modules}; print([name for name in ('numba', 'llvmlite') if name in sys.modules])"
    assert ["[]"] == python(code)


def test_damaged_object_file_is_compiled_again(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "cache_folder", lambda: tmp_path)
    runtime._store("own:rehash", b"code")
    assert b"code" == runtime._stored("own:rehash")
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert runtime._stored("own:rehash") is None


def test_compiling_is_said_and_loading_what_is_compiled_is_not(tmp_path):
    code = "from nowake.kernels import runtime; runtime.load('tracking:rehash')"
    places = dict(os.environ, XDG_CACHE_HOME=str(tmp_path))
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=places).stderr
        for _ in range(2)
    ]
    assert ["nowake: first use on this machine: compiling tracking:rehash ...\n", ""] == said


def test_njit_caches_in_our_folder_and_leaves_the_users_setting_alone(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import numba\n"
        "numba.config.CACHE_DIR = 'users-own'\n"
        "from nowake.kernels.runtime import njit, cache_folder\n"
        "@njit\n"
        "def twice(x):\n"
        "    return 2 * x\n"
        "print(twice(21), numba.config.CACHE_DIR, any(cache_folder().rglob('mine.twice*')))\n"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import mine"
    assert ["42", "users-own", "True"] == python(code, XDG_CACHE_HOME=str(tmp_path), HOME=str(tmp_path))
