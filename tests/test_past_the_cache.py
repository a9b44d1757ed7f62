"""Long files go to the disk past the system's cache, and are the same."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from pathlib import Path
from typing import Any

import pytest

from simulator.store import disk
from simulator.store.disk import BLOCK, DIRECT, LONG, write_whole

pytestmark = pytest.mark.skipif(not DIRECT, reason="the system has no way past its cache")
SIZES = [0, 1, BLOCK, LONG - 1, LONG, LONG + 1, 3 * LONG + BLOCK - 1]


def content(size: int) -> memoryview:
    """At the beginning of a page."""
    room = mmap.mmap(-1, max(1, size))
    view = memoryview(room)
    view[:size] = (os.urandom(BLOCK) * (size // BLOCK + 1))[:size]
    return view[:size]


def direct_writes(monkeypatch: pytest.MonkeyPatch, fails: int | None = None) -> list[bool]:
    """Of each write whether it went past the cache; of these the one numbered `fails` is refused as where that is not known."""
    seen: list[bool] = []
    write = os.write

    def noted(handle: int, piece: Any) -> int:
        direct = bool(fcntl.fcntl(handle, fcntl.F_GETFL) & DIRECT)
        if direct and fails is not None and sum(seen) == fails:
            raise OSError(errno.EINVAL, "invalid argument")
        seen.append(direct)
        return write(handle, piece)

    monkeypatch.setattr(disk.os, "write", noted)
    return seen


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [disk.PIECE, 2 * BLOCK, 3 * BLOCK + 5])
def test_a_file_holds_what_was_given(size: int, piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "PIECE", piece)
    given = content(size)
    write_whole(tmp_path, "a", [given, b"and the rest"])
    assert (tmp_path / "a").read_bytes() == bytes(given) + b"and the rest"


def test_long_content_at_a_page_goes_past_the_cache_and_its_tail_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = direct_writes(monkeypatch)
    write_whole(tmp_path, "a", [content(LONG + 1)])
    if not any(seen):
        pytest.skip("this file system cannot")
    assert seen == [True, False]
    del seen[:]
    write_whole(tmp_path, "b", [content(LONG + 1 + BLOCK)[1:]])  # not at a page
    write_whole(tmp_path, "c", [content(LONG - BLOCK)])
    assert not any(seen)


@pytest.mark.parametrize("fails", [0, 1])
def test_where_the_file_system_cannot_it_is_written_as_ever(
    fails: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "PIECE", LONG)
    direct_writes(monkeypatch, fails)
    given = content(3 * LONG + 7)
    write_whole(tmp_path, "a", [given])
    assert (tmp_path / "a").read_bytes() == bytes(given)
