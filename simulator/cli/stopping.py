"""Ctrl-C and SIGTERM end a command within a second, whatever it is doing.

Python runs a handler only between two of its own instructions, and machine code or a compilation can take longer than that.
So a thread of its own is woken as well, and ends the process if nobody has done so by then. That is safe at any moment: files
are written under other names and renamed when they are whole (store/disk.py).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

GRACE = 0.4  # seconds that the command has for words of its own
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class Terminated(KeyboardInterrupt):
    """SIGTERM."""


def _stop(number: int, _: FrameType | None) -> NoReturn:
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _watch(reading: int) -> None:
    """Wait for a signal's number; no number means that the command is done."""
    with suppress(OSError):
        for number in os.read(reading, 1):
            if number in CODES:
                time.sleep(GRACE)
                with suppress(OSError, ValueError):
                    print(WORDS[signal.Signals(number)], file=sys.stderr, flush=True)
                os._exit(CODES[signal.Signals(number)])
    with suppress(OSError):
        os.close(reading)


@contextmanager
def stoppable() -> Iterator[None]:
    """Signals end what runs inside with KeyboardInterrupt or Terminated, and the process soon afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what signals do
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = {number: signal.signal(number, _stop) for number in CODES}
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading,), daemon=True, name="stopping").start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writing)
