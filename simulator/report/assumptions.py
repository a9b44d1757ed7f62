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
    table, key, value, comments, depth = "", "", [], [], 0  # type: ignore[var-annotated]
    for line in text.splitlines():
        code, comment = split(line)
        hidden = STRING.sub(lambda m: "_" * len(m.group()), code)
        if depth == 0:
            if not code.strip():
                continue
            if hidden.lstrip().startswith("["):
                table = code.strip().strip("[]").strip()
                continue
            at = hidden.find("=")
            if at < 0:
                continue
            key, value, comments = code[:at].strip(), [code[at + 1 :].strip()], []
        else:
            value.append(code.strip())
        if comment:
            comments.append(comment)
        depth = max(0, depth + len(OPEN.findall(hidden)) - len(CLOSE.findall(hidden)))
        if depth == 0:
            yield _made(f"{table}.{key}" if table else key, " ".join(v for v in value if v), comments)


def _made(key: str, value: str, comments: list[str]) -> Assumption:
    first = comments[0] if comments else ""
    match = GRADE.match(first)
    kept = [c for k, c in enumerate(comments) if k == 0 or GRADE.sub("", c)]
    source = " · ".join([GRADE.sub("", kept[0]), *kept[1:]]) if kept else ""
    return Assumption(key, value, match.group(1) if match else "", source)
