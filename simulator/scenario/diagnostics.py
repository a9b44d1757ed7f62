"""What is wrong with a scenario, and where: diagnostics that point at the text, and how they look in a terminal."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

CODES: dict[str, str] = {
    "E001": "the file cannot be read",
    "E002": "the text is not UTF-8, or has control or bidirectional characters",
    "E003": "the text is not valid TOML",
    "E004": "the file is too large or nested too deeply",
    "E005": "the scenario cannot extend what it names",
    "E010": "the value has the wrong type or unit",
    "E011": "the value is out of range",
    "E012": "a key is missing",
    "E013": "two keys contradict each other",
    "E014": "the key is unknown",
    "E015": "the name stands for nothing",
    "E016": "there is a problem with a CSV file",
    "E017": "the type is unknown",
    "E018": "the name is a duplicate or ambiguous",
}

TAB = "    "
SHOWN = 100  # diagnostics; nobody reads more, and a file can have thousands
WIDTH = 120  # characters of a source line that are shown
LEAD = 40  # of these, before the caret, where a line is cropped
LONGEST_MESSAGE = 600
MOST_NAMES = 400  # to compare a word with; so many are no list that somebody knows by heart
LONGEST_WORD = 64  # beyond this nobody mistyped a key; comparing would only be slow
# These are printable by Python's rules and yet show nothing: fillers, joiners, selectors of a variant.
BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


class Place(NamedTuple):
    file: str  # display name
    line: int  # from 1
    column: int  # from 1, in characters
    length: int = 1  # of the part to underline, in characters
    text: str = ""  # the whole source line; without it only the position is shown


@dataclass(frozen=True)
class Diagnostic:
    code: str
    message: str
    place: Place | None
    hint: str | None = None
    also: Place | None = None  # the other half of a contradiction
    also_label: str = ""


class ScenarioError(Exception):
    """Everything found wrong with a scenario, all at once."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return render(self.diagnostics)


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """The text for a person, in the order of the files; safe to print whatever the files contain."""
    found = sorted(diagnostics, key=_order)
    blocks = ["\n".join(_lines(one)) for one in found[:SHOWN]]
    total = "1 error" if len(found) == 1 else f"{len(found)} errors"
    rest = f", {len(found) - SHOWN} of them not shown" if len(found) > SHOWN else ""
    return "\n\n".join([*blocks, total + rest])


def near(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was probably meant: by spelling first, then as an abbreviation or a part of a longer name."""
    meant = _plain(word)
    if not meant or len(word) > LONGEST_WORD:
        return None
    known = {name for name in candidates if len(name) <= LONGEST_WORD}
    if len(known) > MOST_NAMES:
        return None
    names = sorted(known, key=lambda name: (len(name), name))
    for same in (_plain, _run_together):
        wanted = same(word)
        for name in names:
            if same(name) == wanted:
                return name
    spelled = {_plain(name): name for name in reversed(names)}
    if close := difflib.get_close_matches(meant, spelled, n=1, cutoff=0.7):
        return spelled[close[0]]
    if len(meant) < 3:
        return None
    for name in names:
        plain = _plain(name)
        if plain.startswith(meant) or meant.startswith(f"{plain}_") or plain.endswith(f"_{meant}"):
            return name
    return None


def _order(one: Diagnostic) -> tuple[str, int, int]:
    return (one.place.file, one.place.line, one.place.column) if one.place else ("", 0, 0)


def _lines(one: Diagnostic) -> Iterator[str]:
    gutter = max((len(str(place.line)) for place in (one.place, one.also) if place), default=1)
    yield f"error[{safe(one.code)}]: {_cropped(one.message)}"
    if one.place:
        yield from _excerpt(one.place, gutter, arrow="-->", mark="^")
    if one.also:
        yield from _excerpt(one.also, gutter, arrow=":::", mark="-", label=one.also_label)
    if one.hint:
        yield f"{'':{gutter}} = help: {_cropped(one.hint)}"


def _excerpt(place: Place, gutter: int, *, arrow: str, mark: str, label: str = "") -> Iterator[str]:
    note = f" {_cropped(label)}" if label else ""
    position = f"{'':{gutter}}{arrow} {safe(place.file)}:{place.line}:{place.column}"
    if not place.text:
        yield position + note
        return
    start = min(max(place.column - 1, 0), len(place.text))
    first = max(0, min(start - LEAD, len(place.text) - WIDTH))
    stop = first + WIDTH
    end = min(start + place.length, stop)
    before = ("…" if first else "") + safe(place.text[first:start])
    marked = safe(place.text[start:end])
    after = safe(place.text[end:stop]) + ("…" if len(place.text) > stop else "")
    yield position
    yield f"{'':{gutter}} |"
    yield f"{place.line:>{gutter}} | {before}{marked}{after}".rstrip()
    yield f"{'':{gutter}} | {' ' * _cells(before)}{mark * max(1, _cells(marked))}{note}"


def safe(text: str) -> str:
    """Nothing that moves the cursor, reorders the line or cannot be seen reaches a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(TAB if char == "\t" else char if _shows(char) else _escape(char) for char in text)


def _shows(char: str) -> bool:
    return char.isprintable() and not BLANK.match(char)


def _escape(char: str) -> str:
    number = ord(char)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _cropped(text: str) -> str:
    return safe(text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "…")


def _cells(text: str) -> int:
    """Columns of a terminal: two for a wide character, none for what joins the one before."""
    return sum(0 if _joins(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _joins(char: str) -> bool:
    """Accents, and the vowels and finals of a Korean syllable written in parts."""
    return unicodedata.category(char) in ("Mn", "Me") or "\u1160" <= char <= "\u11ff"


def _plain(word: str) -> str:
    return word.casefold().strip().replace("-", "_").replace(" ", "_")


def _run_together(word: str) -> str:
    return _plain(word).replace("_", "")
