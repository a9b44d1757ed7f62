"""Tables and sentences that fit a terminal: what is too wide goes on below, never over the edge."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

GAP = 2
NARROWEST = 40  # below that nobody lays anything out


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, keep: int = 1, indent: int = 2
) -> Iterator[str]:
    """Columns as wide as what is in them. Where they do not fit side by side, groups of them follow one another, each beside the
    first `keep` columns; where not even one does, each row is told below its name. Without a width all stand side by side."""
    wide = [max([len(head), *(len(row[k]) for row in rows)]) for k, head in enumerate(heads)]
    side = indent + sum(wide[:keep]) + GAP * keep
    if width is not None and side + max(wide[keep:], default=0) > max(NARROWEST, width):
        yield from _below(heads, rows, keep, indent)
        return
    for n, group in enumerate(_groups(wide, width, keep, side)):
        if n:
            yield ""
        shown = [*range(keep), *group]
        for row in (heads, *rows):
            yield (" " * indent + (" " * GAP).join(row[k].ljust(wide[k]) for k in shown)).rstrip()


def _below(heads: Sequence[str], rows: Sequence[Sequence[str]], keep: int, indent: int) -> Iterator[str]:
    for row in rows:
        names = (
            (f"{head} {cell}" if head and keep > 1 else cell) for head, cell in zip(heads, row[:keep], strict=False)
        )
        yield " " * indent + ", ".join(names)
        for head, cell in zip(heads[keep:], row[keep:], strict=True):
            if cell:
                yield f"{' ' * (indent + GAP)}{head}{': ' if head else ''}{cell}"


def _groups(wide: Sequence[int], width: int | None, keep: int, side: int) -> list[list[int]]:
    groups: list[list[int]] = []
    used = 0
    for k in range(keep, len(wide)):
        used += wide[k] + GAP
        if not groups or (width is not None and side + used - GAP > max(NARROWEST, width)):
            groups.append([])
            used = wide[k] + GAP
        groups[-1].append(k)
    return groups or [[]]


def fitted(lines: Iterable[str], width: int | None) -> Iterator[str]:
    """The lines, those that are too long broken between words and going on a little further in."""
    for line in lines:
        if width is None or len(line) <= max(NARROWEST, width):
            yield line
            continue
        inside = len(line) - len(line.lstrip(" "))
        yield from textwrap.wrap(
            line.strip(),
            max(NARROWEST, width),
            initial_indent=" " * inside,
            subsequent_indent=" " * (inside + 2),
            break_on_hyphens=False,
        )
