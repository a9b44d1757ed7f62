"""One function to parallelise: run work over tasks and hand back the results in the order of the tasks."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def available_threads() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def serial(work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    yield from map(work, tasks)


def threads(work: Callable[[Task], Result], tasks: Iterable[Task], workers: int) -> Iterator[Result]:
    """Threads over kernels that let go of the interpreter; one task more than there are workers is in flight."""
    waiting = iter(tasks)
    with ThreadPoolExecutor(workers) as pool:
        flying = deque(pool.submit(work, task) for task in islice(waiting, workers + 1))
        try:
            while flying:
                result = flying.popleft().result()
                for task in islice(waiting, 1):
                    flying.append(pool.submit(work, task))
                yield result
        finally:
            for future in flying:
                future.cancel()


def run(work: Callable[[Task], Result], tasks: Iterable[Task], workers: int) -> Iterator[Result]:
    return serial(work, tasks) if workers <= 1 else threads(work, tasks, workers)
