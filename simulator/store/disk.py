"""Files that are whole or not there, one writer a place, and folders that change places in one step.

A file is written under a hidden name, flushed to the disk and then renamed, so that what carries its name is whole whenever
the machine stops. Errors of the system reach the caller as OSError.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

TEMPORARY = ".tmp"
PIECE = 1 << 24  # bytes handed to the system at a time
BLOCK = 1 << 12  # what disks and pages are whole multiples of
LONG = 1 << 20  # bytes of a file that are worth going past the system's cache
DIRECT = getattr(os, "O_DIRECT", 0)
NO_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP)
AT_CWD = -100  # Linux: a path is relative to the current folder
SWAP = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS


class StoreError(Exception):
    """A run folder that cannot be written or read; the message says which and why."""


def write_whole(folder: Path, name: str, pieces: Iterable[Any]) -> None:
    """One file out of buffers, durable before it has its name."""
    temporary = folder / f".{name}{TEMPORARY}"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            for piece in pieces:
                rest = _past_the_cache(handle, memoryview(piece).cast("B"))
                while len(rest):
                    rest = rest[os.write(handle, rest[:PIECE]) :]
            os.fsync(handle)
        except BaseException:
            with suppress(OSError):
                os.close(handle)
            raise
        os.close(handle)
        os.replace(temporary, folder / name)  # noqa: PTH105 - faults are planted in the functions of os
        sync_folder(folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def _past_the_cache(handle: int, content: memoryview) -> memoryview:
    """Write whole blocks of long content straight from memory that lies at a page, where the system can; returns what is left.

    To copy half a gigabyte into the system's cache takes half a second of a processor, and nobody reads it soon."""
    whole = len(content) // BLOCK * BLOCK
    if not DIRECT or whole < LONG or os.lseek(handle, 0, os.SEEK_CUR):
        return content
    if np.frombuffer(content, dtype=np.uint8).ctypes.data % BLOCK:
        return content
    flags, done = fcntl.fcntl(handle, fcntl.F_GETFL), 0
    try:
        fcntl.fcntl(handle, fcntl.F_SETFL, flags | DIRECT)
        while done < whole and done % BLOCK == 0:
            done += os.write(handle, content[done : min(whole, done + PIECE)])
    except OSError as problem:
        if problem.errno != errno.EINVAL:  # a file system that cannot; anything else is a failure like any other
            raise
    finally:
        fcntl.fcntl(handle, fcntl.F_SETFL, flags)
    return content[done:]


def sync_folder(folder: Path) -> None:
    """The names in a folder, on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def link(source: Path, target: Path) -> None:
    """The same file under a second name; a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError as problem:
        if problem.errno not in (errno.EPERM, errno.EXDEV, errno.EMLINK, *NO_EXCHANGE):
            raise
        write_whole(target.parent, target.name, [source.read_bytes()])


def exchange(a: Path, b: Path) -> bool:
    """Two folders change places in one step. False where the system cannot do that."""
    libc = ctypes.CDLL(None, use_errno=True)
    here, there = os.fsencode(a), os.fsencode(b)
    if sys.platform == "darwin" and hasattr(libc, "renamex_np"):
        failed = libc.renamex_np(here, there, ctypes.c_uint(SWAP))
    elif hasattr(libc, "renameat2"):
        failed = libc.renameat2(AT_CWD, here, AT_CWD, there, ctypes.c_uint(SWAP))
    else:
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in NO_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(a))


def place(folder: Path, target: Path) -> None:
    """Move a whole folder to its place; what lay there is gone afterwards, and never gone before the new one is there."""
    if not target.exists():
        os.rename(folder, target)  # noqa: PTH104
    elif exchange(folder, target):
        sync_folder(target.parent)
        shutil.rmtree(folder, ignore_errors=True)
    else:
        old = beside(target, "old")
        shutil.rmtree(old, ignore_errors=True)
        os.rename(target, old)  # noqa: PTH104
        os.rename(folder, target)  # noqa: PTH104
        shutil.rmtree(old, ignore_errors=True)
    sync_folder(target.parent)


def beside(target: Path, what: str) -> Path:
    """The hidden neighbour of a run folder: `partial` (unfinished), `old` (on its way out), `lock`."""
    return target.parent / f".{target.name}.{what}"


class Lock:
    """One writer a run folder. The system lets go of it when the process ends, however it ends: a lock file that was left
    behind locks nothing. Raises StoreError if somebody else holds it."""

    def __init__(self, target: Path) -> None:
        self.path = beside(target, "lock")
        while True:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._still_there(handle):
                    os.ftruncate(handle, 0)
                    os.write(handle, f"{os.getpid()}\n".encode())
                    self.handle: int | None = handle
                    return
            except BlockingIOError:
                holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
                os.close(handle)
                raise StoreError(
                    f"another run{f' (process {holder})' if holder.isdigit() else ''} is writing {target}; wait for it, or "
                    "give another --out"
                ) from None
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)  # its holder has just taken it away: once more

    def _still_there(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), self.path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        if self.handle is not None:
            with suppress(OSError):
                os.unlink(self.path)  # noqa: PTH108
            with suppress(OSError):
                os.close(self.handle)
            self.handle = None
