"""How compiled loops reach Python: numba makes the machine code once, later processes load it without numba.

A kernel is one function of one address (of a context record, see `nowake.kernels.state`) that returns an int. It
raises nothing, allocates nothing and calls no library, so its machine code stands alone. The first use on a machine
compiles it with numba (seconds) and stores the object code in the user's cache folder; every later process maps that
file through llvmlite in milliseconds and never imports numba. Called through ctypes: about 0.25 microseconds a call,
the GIL kept.

The cache folder is named by a hash of all kernel sources, because numba's own cache does not see an edit in an
imported helper, and a file in it by processor and LLVM, because code for one processor may not run on another.
Kernels that need numba's arrays use `njit` below, which is numba's with our cache folder."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FAULT = -(1 << 63)  # What a kernel returns when numba's code reports an error: it must not happen.

Kernel = Callable[[int], int]

_DIGEST_BYTES = 32


@functools.cache
def load(entry: str) -> Kernel:
    """The kernel named "module:function", from the cache when it is there, else compiled (seconds, said) and stored.

    A cache that cannot be written is no error: the code then lives in memory and the next process compiles again.
    """
    code = _stored(entry)
    if code is None:
        code = _compile(entry)
        _store(entry, code)
    return _link(entry, code)


def announce(what: str) -> None:
    """Say on standard error what the first use on a machine waits for, where it disturbs no output."""
    print(f"nowake: first use on this machine: {what} ...", file=sys.stderr, flush=True)


def njit(function: Any) -> Any:
    """numba's `njit` for kernels that take arrays: cached in our folder, numpy's error model, GIL released.

    The user's own numba settings are as before afterwards, also when numba was imported before us.
    """
    numba = _library("numba")
    with _numba_cache_in(cache_folder()):
        return numba.njit(cache=True, error_model="numpy", nogil=True)(function)


def announce_njit(dispatcher: Any, what: str) -> None:
    """Say what `njit` code is compiled for, unless it was compiled before, in this process or another."""
    module = dispatcher.__module__.rpartition(".")[2]
    if not dispatcher.signatures and not any(cache_folder().rglob(f"{module}.*.nbi")):
        announce(what)


@functools.cache
def cache_folder() -> Path:
    """Where compiled code is kept: <user cache>/nowake/<hash of the kernel sources>, or a private temporary folder."""
    wanted = _user_cache() / "nowake" / _hash_of_sources()
    try:
        wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=wanted):
            return wanted
    except OSError:
        return Path(tempfile.mkdtemp(prefix="nowake-"))


def _library(name: str) -> Any:
    """A library that is imported when first needed, and untyped to mypy."""
    return importlib.import_module(name)


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _hash_of_sources() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@contextmanager
def _numba_cache_in(folder: Path) -> Iterator[None]:
    config = _library("numba.core.config")
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


@functools.cache
def _machine() -> tuple[str, str, str]:
    """Processor, its features, and a short name of both together with LLVM's version."""
    llvm = _library("llvmlite.binding")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    identity = "\0".join((_library("llvmlite").__version__, llvm.get_process_triple(), cpu, features))
    return cpu, features, hashlib.sha256(identity.encode()).hexdigest()[:16]


def _path(entry: str) -> Path:
    return cache_folder() / f"{entry.replace(':', '.')}.{_machine()[2]}.o"


def _stored(entry: str) -> bytes | None:
    """The object code on disk, or None where it is missing or damaged."""
    try:
        content = _path(entry).read_bytes()
    except OSError:
        return None
    digest, code = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return code if hashlib.sha256(code).digest() == digest else None


def _store(entry: str, code: bytes) -> None:
    path = _path(entry)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(hashlib.sha256(code).digest() + code)
        os.replace(file.name, path)  # Whole or not at all, also when two processes compile at once.
    except OSError:
        return  # A full or read-only disk costs the next process a compilation, not this one its result.


def _symbol(entry: str) -> str:
    return "nowake_" + entry.replace(":", "_")


def _compile(entry: str) -> bytes:
    """Machine code of one kernel: numba's optimised LLVM text, with a plain C entry point added."""
    announce(f"compiling {entry}")
    numba, llvm = _library("numba"), _library("llvmlite.binding")
    module_name, function_name = entry.split(":")
    function = getattr(importlib.import_module(f"nowake.kernels.{module_name}"), function_name)
    dispatcher = numba.njit("int64(int64)", error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)(
        function
    )
    (signature,) = dispatcher.signatures
    text = dispatcher.inspect_llvm(signature)
    inner = dispatcher.overloads[signature].fndesc.llvm_func_name
    module = llvm.parse_assembly(text + _c_entry_point(_symbol(entry), inner))
    module.verify()
    for declared in module.functions:
        alone = not declared.is_declaration or declared.name.startswith("llvm.")
        assert alone or declared.name in {"memset", "memcpy", "memmove"}, f"{entry} calls {declared.name}"
    return bytes(_target_machine(module.triple).emit_object(module))


def _c_entry_point(symbol: str, inner: str) -> str:
    """numba returns a status and writes the result through a pointer; C callers get the result."""
    return f"""
define i64 @{symbol}(i64 %address) {{
  %result = alloca i64
  %fault = alloca ptr
  %status = call i32 @{inner}(ptr %result, ptr %fault, i64 %address)
  %value = load i64, ptr %result
  %good = icmp eq i32 %status, 0
  %answer = select i1 %good, i64 %value, i64 {FAULT}
  ret i64 %answer
}}
"""


def _target_machine(triple: str) -> Any:
    llvm = _library("llvmlite.binding")
    cpu, features, _ = _machine()
    target = llvm.Target.from_triple(triple)
    return target.create_target_machine(cpu=cpu, features=features, opt=3, reloc="default", codemodel="jitdefault")


def _link(entry: str, code: bytes) -> Kernel:
    """Map object code into this process. The engine that owns the memory lives as long as the function."""
    llvm = _library("llvmlite.binding")
    triple = llvm.get_process_triple()
    module = llvm.parse_assembly(f'target triple = "{triple}"\n')
    engine = llvm.create_mcjit_compiler(module, _target_machine(triple))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    function = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(engine.get_function_address(_symbol(entry)))
    function.engine = engine  # type: ignore[attr-defined]
    return function
