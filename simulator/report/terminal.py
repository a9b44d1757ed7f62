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
    first `keep` columns; without a width they are one group."""
    wide = [max(len(head), *(len(row[k]) for row in rows), 0) if rows else len(head) for k, head in enumerate(heads)]
    if width is not None and keep:
        room = max(NARROWEST, width) - indent
        most = max(12, room - GAP - max(wide[keep:], default=0) - sum(wide[: keep - 1]) - GAP * (keep - 1))
        wide[keep - 1] = min(wide[keep - 1], most)
    for n, group in enumerate(_groups(wide, width, keep, indent)):
        if n:
            yield ""
        shown = [*range(keep), *group]
        for row in (heads, *rows):
            cells = (_cut(row[k], wide[k]).ljust(wide[k]) for k in shown)
            yield (" " * indent + (" " * GAP).join(cells)).rstrip()


def _groups(wide: Sequence[int], width: int | None, keep: int, indent: int) -> list[list[int]]:
    left = indent + sum(wide[:keep]) + GAP * keep
    groups: list[list[int]] = []
    used = 0
    for k in range(keep, len(wide)):
        used += wide[k] + GAP
        if not groups or (width is not None and left + used - GAP > max(NARROWEST, width)):
            groups.append([])
            used = wide[k] + GAP
        groups[-1].append(k)
    return groups or [[]]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"


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
