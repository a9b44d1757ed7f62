"""The text of a scenario: read with care, parsed by tomllib, with the place of every key and value.

tomllib gives no positions, so a scanner walks the text once before it. The scanner accepts more than TOML and stops
where it is lost; up to the first error it sees what tomllib sees. So what it refuses tomllib never meets, and what it
noted explains tomllib's complaint.
"""

import errno
import math
import os
import re
import stat
import sys
import tomllib
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, NoReturn

from simulator.scenario.diagnostics import Diagnostic, Place, ScenarioError

Key = tuple[str | int, ...]
Span = tuple[int, int]  # start and end in the text

MAX_BYTES = 1 << 20
MAX_PARTS = 32  # of a dotted key; tomllib's time grows with the square
MAX_BRACKETS = 32  # inside each other; tomllib recurses
MAX_DEPTH = 64  # of a value, by brackets and dots together
MAX_DIGITS = 400  # Python refuses to read integers of more than 4300
MAX_ENTRIES = 50_000  # values and parts of keys; a quarter of a second
MAX_FINDINGS = 100
KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}

FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
PART = re.compile(r"""[\w-]++|"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*+'""", re.ASCII)
BASIC = r'"""(?:[^"\\]++|\\.|"(?!""))*+"{3,5}|"(?!"")(?:[^"\\\n]++|\\.)*+"'
LITERAL = r"'''(?:[^']++|'(?!''))*+'{3,5}|'(?!'')[^'\n]*+'"
STRING = re.compile(f"{BASIC}|{LITERAL}", re.DOTALL)
BARE = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*+|[^\s,\[\]{}#=\"']++", re.ASCII)
NUMBER = re.compile(r"[+-]?(?:inf|nan|0[xob][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]+)?(?:[eE][+-]?[\d_]+)?)", re.ASCII)


@dataclass(frozen=True)
class Source:
    name: str  # for display
    text: str
    data: dict[str, Any]
    keys: dict[Key, Span] = field(default_factory=dict, repr=False, compare=False)
    values: dict[Key, Span] = field(default_factory=dict, repr=False, compare=False)

    def place(self, key: Key) -> Place:
        """Where the key stands; for one that is not written, the nearest table around it."""
        for size in range(len(key), 0, -1):
            span = self.keys.get(key[:size]) or self.values.get(key[:size])  # an element of an array has no key
            if span:
                return _place(self.name, self.text, *span)
        return _place(self.name, self.text, 0, 1)

    def value_place(self, key: Key) -> Place:
        """Where the value stands, as far as its first line goes; for a table with a header, the header."""
        span = self.values.get(key)
        return _place(self.name, self.text, *span) if span else self.place(key)


def read(path: Path, name: str | None = None) -> Source:
    """The scenario in a file. Never waits for a pipe or a device, never reads more than `MAX_BYTES`."""
    name = str(path) if name is None else name
    try:
        raw = _bytes(path, name)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        _refuse("E001", f"cannot read `{name}`: {_reason(error)}", None)
    if len(raw) > MAX_BYTES:
        _too_large(name)
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        good = raw[: error.start].decode()
        bad = "".join(f"\\x{byte:02x}" for byte in raw[error.start : error.end])
        rest = raw[error.end :].decode(errors="backslashreplace")
        place = _place(name, good + bad + rest, len(good), len(good) + len(bad))
        _refuse("E002", f"this is not UTF-8: {bad}", place, "save the file with the encoding UTF-8")
    return parse(text, name)


def parse(text: str, name: str) -> Source:
    if len(text) > MAX_BYTES:
        _too_large(name)
    if forbidden := FORBIDDEN.search(text):
        what = f"U+{ord(forbidden[0]):04X} ({unicodedata.name(forbidden[0], 'a control character')})"
        _refuse("E002", f"the character {what} is not allowed", _place(name, text, *forbidden.span()), "remove it")
    scan = _Scanner(name, text)
    scan.run()
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([_syntax_error(error, scan), *scan.findings]) from None
    except Exception as error:  # a fault of the parser must not look like a fault of ours
        message = f"`{name}` cannot be parsed: {error or type(error).__name__}"
        raise ScenarioError([Diagnostic("E003", message, None), *scan.findings]) from None
    if scan.findings:
        raise ScenarioError(scan.findings)
    return Source(name, text, data, scan.keys, scan.values)


# --- reading


def _bytes(path: Path, name: str) -> bytes:
    _require_file(os.stat(path), name)  # noqa: PTH116 - before opening: to open a pipe is to wait for its writer
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _require_file(os.fstat(handle), name)  # it may have been exchanged meanwhile
        raw = b""
        while len(raw) <= MAX_BYTES and (more := os.read(handle, MAX_BYTES + 1 - len(raw))):
            raw += more
        return raw
    finally:
        os.close(handle)


def _require_file(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = KINDS.get(stat.S_IFMT(status.st_mode), "a device")
        _refuse("E001", f"cannot read `{name}`: it is {kind}, not a file", None)


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOENT:
        return "there is no such file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error)


def _too_large(name: str) -> NoReturn:
    _refuse("E004", f"`{name}` is larger than {MAX_BYTES >> 20} MiB", None, "put long series into a CSV file")


def _refuse(code: str, message: str, place: Place | None, hint: str | None = None) -> NoReturn:
    raise ScenarioError([Diagnostic(code, message, place, hint)]) from None


def _place(name: str, text: str, start: int, end: int) -> Place:
    starts, lines = _lines(text)
    number = bisect_right(starts, start)
    line, column = lines[number - 1], start - starts[number - 1]
    length = len(line[column : end - starts[number - 1]].rstrip())
    return Place(name, number, column + 1, max(1, length), line)


@lru_cache(maxsize=16)  # thousands of places in one long line share it
def _lines(text: str) -> tuple[list[int], list[str]]:
    """Where each line starts, and the lines."""
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines[:-1]), initial=0))
    return starts, [line.rstrip("\r") for line in lines]


# --- positions


class _LostError(Exception):
    """The text is not TOML from here on; tomllib will say why."""


class _Scanner:
    def __init__(self, name: str, text: str) -> None:
        self.name, self.text, self.at = name, text, 0
        self.keys: dict[Key, Span] = {}  # where a key is first mentioned
        self.values: dict[Key, Span] = {}
        self.defined: dict[int, tuple[Key, Span]] = {}  # by the position just after: what was defined, and its key
        self.newest: dict[Key, int] = {}  # the latest element of an array of tables
        self.open: list[int] = []  # brackets
        self.unclosed: int | None = None  # quote
        self.entries = 0
        self.findings: list[Diagnostic] = []

    def run(self) -> None:
        table: Key = ()
        with suppress(_LostError):
            while self.skip() < len(self.text):
                if self.text.startswith("[", self.at):
                    table = self.header()
                else:
                    self.pair(table)

    def header(self) -> Key:
        size = 2 if self.text.startswith("[[", self.at) else 1
        self.at += size
        key, parts = self.dotted(())
        if size == 2:
            self.newest[key] = self.newest.get(key, -1) + 1
            key = self.element(key)
            self.keys.setdefault(key, parts[-1])
        self.defined[self.at] = key, (parts[0][0], parts[-1][1])
        self.need("]" * size)
        return key

    def pair(self, table: Key) -> None:
        key, parts = self.dotted(table)
        self.need("=")
        self.value(key)
        self.defined[self.at] = key, (parts[0][0], parts[-1][1])

    def dotted(self, key: Key) -> tuple[Key, list[Span]]:
        parts: list[Span] = []
        while True:
            start = self.skip()
            key = (*self.element(key), self.part())
            parts.append((start, self.at))
            self.keys.setdefault(key, parts[-1])
            self.count(key, start)
            if len(parts) > MAX_PARTS:
                self.refuse(f"a key has more than {MAX_PARTS} parts", parts[0][0], self.at)
            if not self.take("."):
                return key, parts

    def element(self, key: Key) -> Key:
        return (*key, self.newest[key]) if key in self.newest else key

    def part(self) -> str:
        text = self.match(PART)
        if text[0] not in "\"'":
            return text
        if text[0] == "'" or "\\" not in text:
            return text[1:-1]
        try:
            return str(tomllib.loads(f"key={text}")["key"])
        except tomllib.TOMLDecodeError:
            raise _LostError from None

    def value(self, key: Key) -> None:
        start = self.skip()
        match self.text[start : start + 1]:
            case "[":
                self.items("]", lambda index: self.value((*key, index)))
            case "{":
                self.items("}", lambda _: self.pair(key))
            case '"' | "'":
                self.match(STRING)
            case _:
                self.check(self.match(BARE), start)
        self.values[key] = start, self.at
        self.count(key, start)

    def items(self, close: str, item: Callable[[int], None]) -> None:
        self.open.append(self.at)
        self.at += 1
        if len(self.open) > MAX_BRACKETS:
            self.refuse(f"more than {MAX_BRACKETS} brackets are open inside each other", self.open[-1], self.at)
        index = 0
        while not self.take(close):
            item(index)
            index += 1
            if not self.take(","):
                self.need(close)
                break
        self.open.pop()

    def check(self, text: str, start: int) -> None:
        if not NUMBER.fullmatch(text):
            return
        if len(text) > MAX_DIGITS:
            self.refuse(f"a number has more than {MAX_DIGITS} digits", start, self.at)
        if len(self.findings) < MAX_FINDINGS and not _finite(text):
            place = _place(self.name, self.text, start, self.at)
            self.findings.append(Diagnostic("E011", "numbers must be finite", place))

    def count(self, key: Key, start: int) -> None:
        self.entries += 1
        if len(key) > MAX_DEPTH:
            self.refuse(f"this is more than {MAX_DEPTH} levels deep", start, self.at)
        if self.entries > MAX_ENTRIES:
            self.refuse(f"there are more than {MAX_ENTRIES:,} keys and values", start, self.at)

    def skip(self) -> int:
        blank = BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        return self.at

    def match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.skip())
        if not found:
            if self.text.startswith(('"', "'"), self.at):
                self.unclosed = self.at
            raise _LostError
        self.at = found.end()
        return found[0]

    def take(self, token: str) -> bool:
        found = self.text.startswith(token, self.skip())
        self.at += len(token) if found else 0
        return found

    def need(self, token: str) -> None:
        if not self.take(token):
            raise _LostError

    def refuse(self, message: str, start: int, end: int) -> NoReturn:
        _refuse("E004", message, _place(self.name, self.text, start, end))


def _finite(number: str) -> bool:
    try:
        if re.match("0[xob]", number):
            return int(number, 0) <= sys.float_info.max
        return math.isfinite(float(number))
    except ValueError:
        return True  # not a number after all, which tomllib will say


# --- what tomllib's complaint means

HEADER = re.compile(r"""[ \t]*(\[{1,2}[A-Za-z_][\w."' -]*\]{1,2})[ \t]*+(?:#|\r?$)""", re.ASCII | re.MULTILINE)
SLIPS: tuple[tuple[str, str], ...] = (  # what stands where a value should, and what to do
    (r"(?i:true|false)", "write `{lower}`, in small letters"),
    (r"(?i:none|null|nil)", "leave the key out"),
    (r"[+-]?(?i:inf|infinity|nan)", "numbers must be finite"),
    (r"[“”„«‘’‚].*", "use straight quotes: {text}"),
    (r"\S+\s+(//|--).*", "a comment starts with #"),
    (r".*[,;]", "leave out the `{last}` at the end"),
    (r"\d{4}-\d\d-\d\d.*", "there is no such date or time"),
    (r"\d{4}-\d\d?(-\d\d?)?", "put the date in quotes: {text}"),
    (r"[+-]?(\.\d+|\d+\.)([eE].*)?", "write digits on both sides of the point"),
    (r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", "write the number without commas: {number}"),
    (r"[+-]?0\d[\d_]*(\.\d*)?", "write the number without leading zeros"),
    (r"[+-]?(?=[\d.]*_)[\d_]+(\.[\d_]*)?", "an underscore stands between two digits"),
    (r".*=.*", "write one `key = value` on a line"),
    (r'"?[^"\\]{1,60}"?', "put the value in quotes: {text}"),
    (r".*", "put the value in quotes"),
)
ESCAPE = "write `\\\\` for a backslash, or put the text in single quotes"
ESCAPES = ("Unescaped", "Invalid hex", "Escaped")
ONCE = "delete one of them, or give it another name"
ENTRY = "write `key = value`, `[table]` or `# comment`"
COMPLAINTS: tuple[tuple[str, str, str], ...] = (  # how tomllib's begins; ours; what to do
    ("Expected '='", "there is no `=` after the key", "write `key = value`; a key of several words needs quotes"),
    ("Invalid initial", "a key is missing here", "write a name; single dots separate the parts of a key"),
    ("Unclosed inline", "the inline table is not closed", "an inline table stays on one line"),
    ("Invalid statement", "this is no key, table or comment", f"{ENTRY}; letters beyond a to z need quotes"),
    ("Expected ']", "the header of the table is not closed", "write `[table]`, or `[[table]]` for a list of tables"),
    ("Expected newline", "there is something after the end of the value or header", f"{ENTRY}, each on its line"),
    *((begin, "no such escape in a string", ESCAPE) for begin in ESCAPES),
)


def _syntax_error(error: tomllib.TOMLDecodeError, scan: _Scanner) -> Diagnostic:
    complaint, at = _complaint(error, scan.text)
    here = at, at + 1
    if complaint.startswith(ESCAPES):  # tomllib has passed the backslash
        start = scan.text.rfind("\\", 0, at)
        here = start, max(start + 2, at)

    def found(message: str, span: Span, hint: str = "", also: Span | None = None, label: str = "") -> Diagnostic:
        other = _place(scan.name, scan.text, *also) if also else None
        return Diagnostic("E003", message, _place(scan.name, scan.text, *span), hint or None, other, label)

    if at in scan.defined and complaint.startswith(("Cannot", "Duplicate")):
        return found(*_clash(scan, *scan.defined[at]))
    if scan.unclosed is not None and scan.unclosed < at:
        quote = scan.text[scan.unclosed]
        quote *= 3 if scan.text.startswith(quote * 3, scan.unclosed) else 1
        return found("the string is not closed", (scan.unclosed, len(scan.text)), f"add the missing {quote}")
    if scan.open and (header := _header(scan, at)):
        opened = scan.open[-1], scan.open[-1] + 1
        return found("a bracket is still open at this header", header, "add the missing `]`", opened, "opened here")
    if slip := _slip(complaint, at, scan):
        start, text = slip
        return found(f"`{text}` is not a value of TOML", (start, start + len(text)), _advice(text))
    rest = scan.text[at:].lstrip(" \t")[:1]
    if complaint == "Invalid value" and rest in ("", *"\r\n#,]}=") and (rest or not scan.open):
        return found("a value is missing here", here)
    if scan.open and complaint.startswith(("Unclosed", "Invalid value", "Invalid initial")):
        opened = scan.open[-1], scan.open[-1] + 1
        either = "`,` or `]`" if scan.text[opened[0]] == "[" else "`,` or `}`"
        return found(f"expected {either}", here, f"add the missing {either}", opened, "opened here")
    if complaint.startswith("Invalid initial") and "{" in scan.text[scan.text.rfind("\n", 0, at) + 1 : at]:
        return found("a key is missing here", here, "an inline table stays on one line, with no comma at its end")
    for begin, message, hint in COMPLAINTS:
        if complaint.startswith(begin):
            return found(message, here, hint)
    return found(complaint[:1].lower() + complaint[1:], here)


def _complaint(error: tomllib.TOMLDecodeError, text: str) -> tuple[str, int]:
    """tomllib's words and the position they are about; at the end of the text, just behind its last character."""
    words, _, where = str(error).rpartition(" (at ")
    numbers = re.fullmatch(r"line (\d+), column (\d+)\)", where)
    if not numbers:
        return words or str(error), len(text.rstrip())
    lines = text.split("\n")[: int(numbers[1]) - 1]
    return words, sum(len(line) + 1 for line in lines) + int(numbers[2]) - 1


def _clash(scan: _Scanner, key: Key, span: Span) -> tuple[str, Span, str, Span | None, str]:
    name = f"`{scan.text[span[0] : span[1]]}`"
    for size in range(len(key), 0, -1):
        first = scan.keys.get(key[:size])
        if first and first[0] < span[0]:
            if size == len(key):
                return f"{name} is defined twice", span, ONCE, first, "first defined here"
            return f"{name} clashes with an earlier definition", span, "", first, "first defined here"
    return f"{name} is defined twice", span, ONCE, None, ""


def _header(scan: _Scanner, at: int) -> Span | None:
    """The header of a table on the line of a complaint, if an array of an earlier line has swallowed it."""
    begin = scan.text.rfind("\n", 0, at) + 1
    found = HEADER.match(scan.text, begin) if scan.open[-1] < begin and scan.text[scan.open[-1]] == "[" else None
    return found.span(1) if found else None


def _slip(complaint: str, at: int, scan: _Scanner) -> tuple[int, str] | None:
    """The bare text that was meant as a value, if tomllib stumbled in one, and where it starts."""
    if not complaint.startswith(("Invalid value", "Invalid date", "Expected newline", "Unclosed")):
        return None
    begin = scan.text.rfind("\n", 0, at) + 1
    spans = [span for span in scan.values.values() if begin <= span[0] <= at and scan.text[span[0]] not in "\"'[{"]
    start, end = max(spans, default=(0, 0))
    between = scan.text[end:at].strip()
    unit = re.match(r"[^\W\d]|[%/$]", scan.text[at : at + 1])
    if complaint.startswith("Invalid"):
        stumbled = start == at
    elif complaint.startswith("Unclosed"):
        stumbled = at < end or (not between and unit is not None)
    else:
        stumbled = not between
    if not stumbled or not end:
        return None
    alone = re.fullmatch(r"""(?:[^="']|"[^"]*"|'[^']*')*+=\s*""", scan.text[begin:start])  # not in brackets
    text = re.compile(r"[^#\n]*" if alone else r"[^,\]}#\n]*").match(scan.text, start)
    return (start, text[0].strip()) if text and (alone or "=" not in text[0]) else None


def _advice(text: str) -> str:
    advice = next(advice for pattern, advice in SLIPS if re.fullmatch(pattern, text))
    bare = text.strip("'\"“”„«»‘’‚ ")
    return advice.format(text=f'"{bare}"', last=text[-1], lower=text.lower(), number=text.replace(",", ""))
