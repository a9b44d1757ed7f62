"""The assumptions as the scenario states them: key, value as written, and the comment beside it with its grade."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

STRING = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)
GRADE = re.compile(r"^([FDAC])\b[:, ]?\s*")
GRADES = {"F": "fact", "D": "arithmetic on facts", "A": "assumption", "C": "disputed claim"}
OPEN, CLOSE = re.compile(r"[\[{]"), re.compile(r"[\]}]")


class Assumption(NamedTuple):
    key: str  # "contracts.xai.fee"
    value: str  # as written
    grade: str  # F, D, A, C or ""
    source: str  # the comment


def split(line: str) -> tuple[str, str]:
    """Code and comment of a line; a `#` inside a string is none."""
    hidden = STRING.sub(lambda m: "\x00" * len(m.group()), line)
    at = hidden.find("#")
    return (line, "") if at < 0 else (line[:at].rstrip(), line[at + 1 :].strip())


def read(text: str) -> Iterator[Assumption]:
    """Every key of a scenario's text, in file order. The text is one that was read without error."""
    table, key, depth = "", "", 0
    value: list[str] = []
    comments: list[str] = []
    above: list[str] = []  # lines of comment that stand right over a key
    for line in text.splitlines()[len(_head(text)) :]:
        code, comment = split(line)
        hidden = STRING.sub(lambda m: "_" * len(m.group()), code)
        if depth == 0:
            if not code.strip():
                above = [*above, comment] if comment else []
                continue
            if hidden.lstrip().startswith("["):
                table, above = code.strip().strip("[]").strip(), []
                continue
            at = hidden.find("=")
            if at < 0:
                continue
            key, value = code[:at].strip(), [code[at + 1 :].strip()]
            comments, above = [" ".join(above)] if above else [], []
        else:
            value.append(code.strip())
        if comment:
            comments.append(comment)
        depth = max(0, depth + len(OPEN.findall(hidden)) - len(CLOSE.findall(hidden)))
        if depth == 0:
            yield _made(f"{table}.{key}" if table else key, " ".join(v for v in value if v), comments)


def _made(key: str, value: str, comments: list[str]) -> Assumption:
    grades = [match.group(1) for c in comments if (match := GRADE.match(c))]
    kept = [c for c in comments if GRADE.sub("", c)]
    source = " · ".join([GRADE.sub("", kept[0]), *kept[1:]]) if kept else ""
    return Assumption(key, value, grades[0] if grades else "", source)


def _head(text: str) -> list[str]:
    """The lines of comment at the top."""
    lines = text.splitlines()
    end = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return lines[:end]


def head(text: str) -> str:
    """What the file says of itself at its top: what its abbreviations and grades mean."""
    return "\n".join(line[1:].strip() for line in _head(text) if not line.startswith("#:"))
