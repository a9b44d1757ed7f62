"""What memory this process may still take, and what a run takes: asked before any work is done.

A run that the system would stop half-way is refused with both numbers. Three limits count: the address space of the process
(`ulimit -v`, RLIMIT_AS), its control group (a container), and the machine's memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROGRAM = 230_000_000  # bytes in use when a scenario of the usual size is compiled, before its first path (measured)
PROGRAM_ADDRESSES = 720_000_000  # of address space, libraries mapped included (measured)
COMPILING = 150_000_000  # while loops are compiled that no run has compiled before
STACK = 10_000_000  # address space of a thread
ARENA = 8_000_000  # what the allocator keeps for a thread
FIGURES = 50_000_000  # figures, tables of months and their files
SKETCH = 1_000_000  # counts of one figure in one month
PROC = Path("/proc/self")
GROUPS = Path("/sys/fs/cgroup")
MILLION = 1_000_000


class NotEnoughMemoryError(MemoryError):
    """A limit lies below what the run needs; the message has both."""


@dataclass(frozen=True)
class Need:
    """Bytes that a run takes beyond the compiled program."""

    held: int  # until the end
    flying: int  # by chunks between worker and summary
    writing: int

    @property
    def total(self) -> int:
        return self.held + self.flying + self.writing + FIGURES


def need(
    paths: int,
    row: int,
    kept: int,
    sketches: int,
    exact: bool,
    workers: int,
    span: int,
    chunk: int,
    part: int,
    given: int,
) -> Need:
    """row: bytes of a path in the table `paths`; kept: by month in memory, of a path; sketches: figures times months; span:
    paths of a worker's task; chunk: paths of which rows by month exist at once; part: bytes of a file's worth of rows, nought
    if nothing is written; given: bytes of a path in what a program is told by path and month."""
    held = paths * (row + kept) if exact else sketches * SKETCH
    span, chunk = min(span, paths), min(chunk, paths)
    flying = workers * (chunk * (kept + 2 * row) + ARENA) + (0 if exact else 3 * workers * span * row)
    flying += workers * span * given * 5 // 2  # the tables, their sums, and blocks of both (measured: 2.4 and 2.5)
    # rows that wait, and for each of the files on their way the table and its bytes
    return Need(held, flying, 4 * part)


def check(wanted: int, threads: int = 1) -> None:
    """Raises NotEnoughMemoryError where fewer than `wanted` further bytes are free under any limit."""
    for free, name in _free(threads):
        if free < wanted:
            raise NotEnoughMemoryError(
                f"the run needs about {wanted / MILLION:,.0f} MB of memory and {name} leaves {max(0, free) / MILLION:,.0f} MB; "
                "fewer --threads or --paths need less (--dry-run says how much)"
            )


def check_program() -> None:
    """The same for the program itself, before its libraries are loaded."""
    mapped, resident = _mine()
    for free, name in _free(0):
        wanted = PROGRAM_ADDRESSES - mapped if "address" in name else PROGRAM - resident
        if free < wanted:
            raise NotEnoughMemoryError(
                f"the program itself needs about {wanted / MILLION:,.0f} MB of memory and {name} leaves "
                f"{max(0, free) / MILLION:,.0f} MB"
            )


def _free(threads: int) -> list[tuple[int, str]]:
    mapped, resident = _mine()
    found = []
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            found.append((limit - mapped - threads * STACK, f"the limit on address space ({limit / MILLION:,.0f} MB)"))
        limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
        if limit != resource.RLIM_INFINITY:
            data = _field(PROC / "status", "VmData") * 1024
            found.append((limit - data - threads * STACK, f"the limit on data ({limit / MILLION:,.0f} MB)"))
    except ImportError:
        pass
    for limit, used in _groups():
        found.append((limit - used, f"the control group's limit ({limit / MILLION:,.0f} MB)"))
    machine = _field(Path("/proc/meminfo"), "MemTotal") * 1024
    if machine:
        found.append((machine - resident, f"this machine ({machine / MILLION:,.0f} MB)"))
    return found


def _mine() -> tuple[int, int]:
    """Bytes of address space and of memory in use by this process."""
    return _field(PROC / "status", "VmSize") * 1024, _field(PROC / "status", "VmRSS") * 1024


def _groups() -> list[tuple[int, int]]:
    """(limit, in use) of the control groups around this process; files that the system caches count as free."""
    found = []
    for line in _text(PROC / "cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            top, names = GROUPS, ("memory.max", "memory.current", "file")
        elif "memory" in controllers.split(","):
            top, names = GROUPS / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "cache")
        else:
            continue
        place = top / path.lstrip("/")
        for folder in (place, *place.parents):
            if folder != top and top not in folder.parents:
                break
            limit, used = _text(folder / names[0]).strip(), _text(folder / names[1]).strip()
            if limit.isdigit() and used.isdigit() and int(limit) < 1 << 60:
                found.append((int(limit), int(used) - _field(folder / "memory.stat", names[2])))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _field(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        words = line.replace(":", " ").split()
        if len(words) > 1 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return 0
