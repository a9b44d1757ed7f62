"""Every kind of mistake has a small file in scenarios/broken; what is said about it is exactly what the file expects.

A line that must be named carries the comment `# <-- E014`; the other half of a contradiction `# <-- E003 also`. What must
be named in another file is listed as `# expect broken-plan.csv:3 E016`. The rendered text is kept in tests/snapshots;
SIMULATOR_UPDATE_SNAPSHOTS=1 writes it anew, and the difference is what gets reviewed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import simulator
from simulator.scenario.diagnostics import CODES, Diagnostic, Place, ScenarioError

ROOT = Path(__file__).parent.parent
FOLDER = "scenarios/broken"
FILES = sorted((ROOT / FOLDER).glob("E*.toml"))
SNAPSHOTS = Path(__file__).parent / "snapshots"
NEEDS_NO_FILE = {"E001", "E002", "E004"}  # such files cannot be kept, or would be unkind to whoever opens them

# What is said without a hint.
WITHOUT_HINT = (
    # the message itself says what is allowed
    r"`\w+` is text",
    r"this should be (a valid|greater than).*",
    r".* is outside the valid range of this key, .*",
    r"numbers must be finite",
    r".* is not one of .*",
    r"a name in \[\w+\] has letters, digits, '-' and '_'",
    r"`one` is not a number of years",
    # one of the two is wrong, and nobody else knows which
    r"`extends` runs in a circle: .*",
    r"the (contract|flow|window) (ends|opens) .* before it (starts|opens) .*",
    r".* lies outside the term, .*",
    r"more is drawn .* than the limit allows .*",
    r"the line has matured .* before month 1",
    # there could be one
    r"one distribution mixes units: .*",
    r"this key takes a fixed number, not a distribution",
    r"wants p10 < p50 < p90, not .*",
    r"`truncate` wants low < high, not .*",
    r"\[\w+\] is a table of keys",
    r"there is no \[revenue\] whose run-rate could open the gate",
    r"`\w+` is no regime to move to from `\w+`",
    r"two regimes have the same name",
    r"`[\w.]+` stands twice",
)
Found = set[tuple[str, int, str]]


def refused(file: Path) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        simulator.load(file)
    return caught.value


def of(file: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Diagnostic, ...]:
    """The complaints about a file, with names as somebody sees them who stands at the root of the project."""
    monkeypatch.chdir(ROOT)
    return refused(file.relative_to(ROOT)).diagnostics


def expected(file: Path) -> tuple[Found, Found]:
    """The marks of a file: what must be named, and what must be named as the other half."""
    name, named, also = f"{FOLDER}/{file.name}", set(), set()
    for number, line in enumerate(file.read_text().split("\n"), 1):
        if mark := re.search(r"# <-- ((?:E\d{3} ?)+)(also)?$", line):
            (also if mark[2] else named).update((name, number, code) for code in mark[1].split())
        if mark := re.fullmatch(r"# expect (\S+):(\d+) (E\d{3})", line):
            named.add((f"{FOLDER}/{mark[1]}", int(mark[2]), mark[3]))
    return named, also


def at(place: Place | None, code: str) -> tuple[str, int, str]:
    assert place is not None, f"{code} without a place"
    return place.file, place.line, code


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_complaint_names_the_marked_lines_and_no_other(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diagnostics = of(file, monkeypatch)
    named, also = expected(file)
    assert named
    assert {at(d.place, d.code) for d in diagnostics} == named
    assert {at(d.also, d.code) for d in diagnostics if d.also} == also


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_the_text_is_the_one_that_was_reviewed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = str(refused(file.relative_to(ROOT))) + "\n"
    snapshot = SNAPSHOTS / f"{file.stem}.txt"
    if os.environ.get("SIMULATOR_UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_marked_place_lies_in_the_line_that_is_shown(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in of(file, monkeypatch):
        for place in (one.place, one.also):
            if place is not None:
                assert place.text == (ROOT / place.file).read_text().split("\n")[place.line - 1]
                assert 1 <= place.column <= len(place.text)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_complaint_says_what_to_write_instead(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in of(file, monkeypatch):
        assert one.hint or any(re.fullmatch(pattern, one.message) for pattern in WITHOUT_HINT), one.message


def test_what_has_got_a_hint_is_no_longer_listed_as_without(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = [one.message for file in FILES for one in of(file, monkeypatch) if not one.hint]
    assert [pattern for pattern in WITHOUT_HINT if not any(re.fullmatch(pattern, said) for said in bare)] == []


def test_the_name_of_a_broken_file_begins_with_a_code_that_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    for file in FILES:
        assert file.stem[:4] in {one.code for one in of(file, monkeypatch)}


def test_every_code_has_a_broken_file_or_a_test_below() -> None:
    shown = {code for file in FILES for _, _, code in expected(file)[0]}
    assert shown | NEEDS_NO_FILE == set(CODES)


def test_every_snapshot_has_its_broken_file() -> None:
    assert {file.stem for file in SNAPSHOTS.glob("*.txt")} == {file.stem for file in FILES}


def test_the_files_that_others_extend_are_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    simulator.load(f"{FOLDER}/base.toml")
    (one,) = refused(Path(f"{FOLDER}/base-with-a-mistake.toml")).diagnostics
    assert at(one.place, one.code) == (f"{FOLDER}/base-with-a-mistake.toml", 9, "E014")


# --- what cannot be kept as a file


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.toml"
    for file, reason in ((missing, "there is no such file"), (tmp_path, "it is a folder, not a file")):
        (one,) = refused(file).diagnostics
        assert one.code == "E001"
        assert one.place is None
        assert file.name in one.message
        assert reason in one.message


@pytest.mark.parametrize(
    ("raw", "column", "message"),
    [
        (b"title = 'K\xf6ln'", 11, "this is not UTF-8: \\xf6"),
        (b"title = '\x1b[2J'", 10, "the character U+001B (a control character) is not allowed"),
        ("title = '\u202ecod.exe'".encode(), 10, "the character U+202E (RIGHT-TO-LEFT OVERRIDE) is not allowed"),
    ],
)
def test_text_that_is_not_what_it_seems_is_refused_at_its_place(
    raw: bytes, column: int, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "case.toml"
    file.write_bytes(b"format = 1\n" + raw + b"\n")
    (one,) = refused(file).diagnostics
    assert one.place is not None
    assert (one.code, one.place.line, one.place.column, one.message) == ("E002", 2, column, message)
    assert one.hint


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("#" * ((1 << 20) + 1), None),
        ("format = 1\na = " + "[" * 33 + "]" * 33, 2),
        ("format = 1\n" + ".".join("a" * 33) + " = 1", 2),
        ("format = 1\na = " + "1" * 401, 2),
    ],
    ids=["bytes", "brackets", "dots", "digits"],
)
def test_a_file_beyond_the_limits_is_refused_at_its_place(text: str, line: int | None, tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text(text)
    (one,) = refused(file).diagnostics
    assert one.code == "E004"
    assert (one.place.line if one.place else None) == line
