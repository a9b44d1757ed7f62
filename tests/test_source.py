"""Every key and value has its place; no file, however strange, gets past the reader as anything but a ScenarioError."""

import json
import os
import re
import socket
import time
import tomllib
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.scenario.diagnostics import Place, ScenarioError
from simulator.scenario.source import parse, read

DOCUMENT = '''# every way to write a key
title = "lab"   # with a comment
"quoted key" = 1
'literal.key' = 2
"esc\\u0061ped" = 3
1.5 = 4
dotted . "part" .deep = [1, [2, 3], { x = 1, y.z = [4] }, ]
empty = {}
none = []
date = 1979-05-27 07:32:00Z
day = 1979-05-27
time = 07:32:00
hex = 0xFF
many = [
  1, # one ]
  "two ] # not a comment",
  { three = 3, "fo,ur" = { five = '}' } },
]
long = """
[not.a.header]
key = 1 \\""" still inside """""
raw = \'\'\'x''y = 1
z\'\'\'
blank = ""
void = \'\'

[contracts.xai]
fee = "1.25B/mo"
  [contracts."a.b".terms]   # indented
  months = 36

[[round]]
size = 1
[[round]]
size = 2
[round.terms]
cap = 3
[[round.tranche]]
due = 4
[[round.tranche]]
due = 5
[contracts]
count = 1
'''


def leaves(value, key=()):
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from leaves(item, (*key, name))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*key, index))
    elif key:
        yield key, value


def marked(place: Place) -> str:
    return place.text[place.column - 1 : place.column - 1 + place.length]


def check_every_place(source):
    """What is marked for a key reads as its name, what is marked for a value as the value."""
    lines = source.text.split("\n")
    for key, value in leaves(source.data):
        for size in range(1, len(key) + 1):
            place = source.place(key[:size])
            assert place.text == lines[place.line - 1].rstrip("\r")
            if isinstance(key[size - 1], str):
                assert tomllib.loads(f"{marked(place)} = 0") == {key[size - 1]: 0}
        shown = marked(source.value_place(key))
        assert key in source.values or (value == {} and key in source.keys)
        if key in source.values and not shown.startswith(('"""', "'''", "{", "[")):
            assert tomllib.loads(f"value = {shown}") == {"value": value}


def refused(text: str) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        parse(text, "f.toml")
    return caught.value


def only(error: ScenarioError):
    (one,) = error.diagnostics
    return one


@contextmanager
def at_once():
    start = time.perf_counter()
    yield
    assert time.perf_counter() - start < 2  # a slow machine; a fast one needs 0.3


# --- places


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_key_and_value_of_the_document_has_its_place(newline):
    text = DOCUMENT.replace("\n", newline)
    source = parse(text, "f.toml")
    assert source.data == tomllib.loads(text)
    check_every_place(source)


@pytest.mark.parametrize(
    ("key", "line", "column", "shown"),
    [
        (("title",), 2, 1, "title"),
        (("quoted key",), 3, 1, '"quoted key"'),
        (("escaped",), 5, 1, '"esc\\u0061ped"'),
        (("1", "5"), 6, 3, "5"),
        (("dotted",), 7, 1, "dotted"),
        (("dotted", "part"), 7, 10, '"part"'),
        (("dotted", "part", "deep"), 7, 18, "deep"),
        (("dotted", "part", "deep", 1, 0), 7, 30, "2"),
        (("dotted", "part", "deep", 2, "y", "z"), 7, 48, "z"),
        (("many", 2, "fo,ur", "five"), 17, 28, "five"),
        (("contracts",), 27, 2, "contracts"),
        (("contracts", "xai"), 27, 12, "xai"),
        (("contracts", "a.b"), 29, 14, '"a.b"'),
        (("contracts", "a.b", "terms", "months"), 30, 3, "months"),
        (("round",), 32, 3, "round"),
        (("round", 1), 34, 3, "round"),
        (("round", 1, "terms"), 36, 8, "terms"),
        (("round", 1, "tranche", 1), 40, 9, "tranche"),
        (("round", 1, "tranche", 1, "due"), 41, 1, "due"),
        (("contracts", "xai", "missing"), 27, 12, "xai"),
        (("round", 7, "size"), 32, 3, "round"),
        (("nowhere", "at all"), 1, 1, "#"),
        ((), 1, 1, "#"),
    ],
)
def test_a_key_is_found_where_it_is_written_or_at_the_nearest_table_around_it(key, line, column, shown):
    place = parse(DOCUMENT, "f.toml").place(key)
    assert (place.file, place.line, place.column, marked(place)) == ("f.toml", line, column, shown)


@pytest.mark.parametrize(
    ("key", "line", "column", "shown"),
    [
        (("title",), 2, 9, '"lab"'),
        (("date",), 10, 8, "1979-05-27 07:32:00Z"),
        (("many",), 14, 8, "["),
        (("many", 1), 16, 3, '"two ] # not a comment"'),
        (("many", 2, "fo,ur", "five"), 17, 35, "'}'"),
        (("long",), 19, 8, '"""'),
        (("contracts", "xai"), 27, 12, "xai"),
        (("contracts", "xai", "missing"), 27, 12, "xai"),
    ],
)
def test_a_value_is_marked_as_far_as_its_first_line_goes(key, line, column, shown):
    place = parse(DOCUMENT, "f.toml").value_place(key)
    assert (place.line, place.column, marked(place)) == (line, column, shown)


NAMES = st.sampled_from(["a", "b-1", "2", "with space", "dot.ted", 'quo"te', "it's", "#", "", "back\\slash", "é", "]="])


class Writer:
    """Writes a tree as TOML, choosing among the ways to write it; every leaf has a value of its own."""

    def __init__(self, draw):
        self.draw, self.count, self.lines = draw, 0, []

    def flip(self):
        return self.draw(st.booleans())

    def key(self, name):
        ways = [json.dumps(name, ensure_ascii=False), json.dumps(name)]
        if re.fullmatch(r"[A-Za-z0-9_-]+", name):
            ways.append(name)
        if "'" not in name:
            ways.append(f"'{name}'")
        return self.draw(st.sampled_from(ways))

    def leaf(self):
        self.count += 1
        n = self.count
        ways = [str(n), f"-{n}", f"{n}.5e-1", hex(n), f"2026-01-01T00:00:{n % 60:02}.{n:06}", f'"{n} ] }} # \\" , ="']
        ways += [f"'{n} [ {{ # \\'", f'"""\n{n} [x]\na = "b" \\""" """""', f"'''{n}\n[y]''z\n'''", "true"]
        return self.draw(st.sampled_from(ways))

    def value(self, node):
        if node is None:
            return self.leaf()
        if isinstance(node, list):
            gap = self.draw(st.sampled_from(["", " ", "\n  ", " # ] , [\n"]))
            items = [self.value(item) for item in node]
            end = "," + gap if items and self.flip() else gap
            return "[" + gap + f"{gap},{gap}".join(items) + end + "]"
        pairs = [pair for name, item in node.items() for pair in self.pairs(self.key(name), item, self.flip())]
        return "{ " + ", ".join(pairs) + " }"

    def pairs(self, key, node, dotted):
        if dotted and isinstance(node, dict) and node:
            dot = self.draw(st.sampled_from([".", " . "]))
            return [pair for name, item in node.items() for pair in self.pairs(key + dot + self.key(name), item, True)]
        return [key + self.draw(st.sampled_from(["=", " = ", "\t=  "])) + self.value(node)]

    def table(self, path, node):
        later = []
        for name, item in node.items():
            tables = isinstance(item, list) and item and all(isinstance(one, dict) for one in item)
            if (isinstance(item, dict) or tables) and self.flip():
                later.append((name, item))
            else:
                self.lines += self.pairs(self.key(name), item, self.flip())
        for name, item in later:
            for one in [item] if isinstance(item, dict) else item:
                header = ".".join(map(self.key, (*path, name)))
                self.lines.append(f"  [{header}] # x" if isinstance(item, dict) else f"[[ {header} ]]")
                self.table((*path, name), one)
                self.lines += [""] * self.flip()


TREES = st.dictionaries(
    NAMES,
    st.recursive(st.none(), lambda c: st.dictionaries(NAMES, c, max_size=3) | st.lists(c, max_size=3), max_leaves=12),
    max_size=4,
)


@st.composite
def documents(draw):
    writer = Writer(draw)
    writer.table((), draw(TREES))
    return draw(st.sampled_from(["\n", "\r\n"])).join("\n".join(writer.lines).split("\n"))


@given(documents())
@settings(deadline=None, max_examples=300)
def test_every_leaf_of_any_document_has_exactly_its_place(text):
    source = parse(text, "f.toml")
    assert source.data == tomllib.loads(text)
    check_every_place(source)


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_a_damaged_document_is_refused_exactly_if_tomllib_refuses_it(data):
    text = data.draw(documents() | st.just(DOCUMENT))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from([*"[]{}=,.\"'#\n 1ax\\", "", '"""'])) + text[at + 1 :]
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        error = refused(text)
        assert [one.code for one in error.diagnostics].count("E003") == 1
        assert all(1 <= one.place.line <= text.count("\n") + 1 for one in error.diagnostics)
        assert str(error)
    else:
        check_every_place(parse(text, "f.toml"))


@given(st.text(st.sampled_from("[]{}=,.\"'#\n\r\t 1ae-\\+:_é\u202e")))
@settings(deadline=None, max_examples=300)
def test_any_text_is_parsed_or_refused(text):
    try:
        assert parse(text, "f.toml").data == tomllib.loads(text)
    except ScenarioError as error:
        assert str(error).endswith(("error", "errors"))  # noqa: PT017


def test_the_scenarios_of_the_project_have_a_place_for_everything():
    for file in sorted((Path(__file__).parent.parent / "scenarios").rglob("*.toml")):
        if not file.name.startswith(("E003", "E011-not-finite")):  # those cannot be parsed, on purpose
            check_every_place(read(file))


# --- syntax errors


@pytest.mark.parametrize(
    ("text", "shown", "hint"),
    [
        ("fee = 1.25B/mo", "1.25B/mo", 'put the value in quotes: "1.25B/mo"'),
        ("fee = 1.25 B/mo # monthly", "1.25 B/mo", 'put the value in quotes: "1.25 B/mo"'),
        ("x = { fee = 1.25B/mo, y = 1 }", "1.25B/mo", 'put the value in quotes: "1.25B/mo"'),
        ("x = { fee = 1.25 B/mo, y = 1 }", "1.25 B/mo", 'put the value in quotes: "1.25 B/mo"'),
        ("x = [5 %, 6 %]", "5 %", 'put the value in quotes: "5 %"'),
        ("fees = [\n  1,\n  2B, # two\n]", "2B", 'put the value in quotes: "2B"'),
        ("share = 5%", "5%", 'put the value in quotes: "5%"'),
        ("start = 2026-11", "2026-11", 'put the date in quotes: "2026-11"'),
        ('name = lab"', 'lab"', 'put the value in quotes: "lab"'),
        ("name = “lab”", "“lab”", 'use straight quotes: "lab"'),
        ("n = 1;", "1;", "leave out the `;` at the end"),
        ("fee = 1.25B/mo, # monthly", "1.25B/mo,", "leave out the `,` at the end"),
        ("n = 1 // one", "1 // one", "a comment starts with #"),
        ("n = -NaN", "-NaN", "numbers must be finite"),
        ("n = 1__0", "1__0", "an underscore stands between two digits"),
        ("n = -", "-", 'put the value in quotes: "-"'),
        ("on = True", "True", "write `true`, in small letters"),
        ("on = [FALSE]", "FALSE", "write `false`, in small letters"),
        ("cap = null", "null", "leave the key out"),
        ("n = 1,000,000", "1,000,000", "write the number without commas: 1000000"),
        ("n = 007", "007", "write the number without leading zeros"),
        ("n = .5", ".5", "write digits on both sides of the point"),
        ("a = 1 b = 2", "1 b = 2", "write one `key = value` on a line"),
        ('a = "x\nb = 1', '"x', 'add the missing "'),
        ("a = 'x\nb = 'y'", "'x", "add the missing '"),
        ('a = """x\n\n', '"""x', 'add the missing """'),
        ("a = [1, 2\nb = 3", "b", "add the missing `,` or `]`"),
        ("a = [1 2]", "2", "add the missing `,` or `]`"),
        ("a = [1,", "", "add the missing `,` or `]`"),
        ("a = { b = 1", "", "add the missing `,` or `}`"),
        ("[a\nb = 1", "", "write `[table]`, or `[[table]]` for a list of tables"),
        ("fee: 1", ":", "write `key = value`; a key of several words needs quotes"),
        ("my fee = 1", "f", "write `key = value`; a key of several words needs quotes"),
        ('a = "C:\\q"', "\\q", "write `\\\\` for a backslash, or put the text in single quotes"),
        ("a = { b = 1, }", "}", "an inline table stays on one line, with no comma at its end"),
        ("a = { b = 1 }, c", ",", "write `key = value`, `[table]` or `# comment`, each on its line"),
        ("[a]]", "]", "write `key = value`, `[table]` or `# comment`, each on its line"),
        ("[a..b]", ".", "write a name; single dots separate the parts of a key"),
        ("größe = 1", "ö", "write `key = value`; a key of several words needs quotes"),
        ("änderung = 1", "ä", "write `key = value`, `[table]` or `# comment`; letters beyond a to z need quotes"),
        ('a = "C:\\users"', "\\u", "write `\\\\` for a backslash, or put the text in single quotes"),
        ('a = "\\ud800"', "\\ud800", "write `\\\\` for a backslash, or put the text in single quotes"),
        ("a =", "", None),
        ("a == 1", "=", None),
        ("a = # later", "#", None),
        ("a = 2026-13-01", "2026-13-01", "there is no such date or time"),
        ("a = 2026-02-31", "2026-02-31", "there is no such date or time"),
    ],
)
def test_a_slip_is_marked_and_the_hint_says_how_to_write_it(text, shown, hint):
    one = only(refused(text))
    assert (one.code, marked(one.place), one.hint) == ("E003", shown, hint)


def test_an_open_bracket_is_shown_beside_the_place_where_it_is_missed():
    one = only(refused("a = [1,\n 2\nb = 3"))
    assert (one.place.line, one.also.line, one.also.column, one.also_label) == (3, 1, 5, "opened here")


@pytest.mark.parametrize(
    ("text", "second", "first"),
    [
        ("a = 1\na = 2", (2, 1), (1, 1)),
        ("a = 1\r\na = 2\r\n", (2, 1), (1, 1)),
        ("[a]\nx = 1\n[b]\n[a]", (4, 2), (1, 2)),
        ("[a]\nx = 1\nx = 2", (3, 1), (2, 1)),
        ("[[a]]\nx = 1\n[[a]]\nx = 1\nx = 2", (5, 1), (4, 1)),
        ("t = { x = 1, x = { y = 2 } }", (1, 14), (1, 7)),
        ("a = 1\n[a.b]", (2, 2), (1, 1)),
        ("a.b = 1\na.b.c = 2", (2, 1), (1, 3)),
        ("a.b = 1\n[a]", (2, 2), (1, 1)),
        ("[a]\n[[a]]", (2, 3), (1, 2)),
        ("\"x\" = 1\n'x' = 2", (2, 1), (1, 1)),
    ],
)
def test_a_second_definition_is_shown_beside_the_first(text, second, first):
    one = only(refused(text))
    assert (one.code, one.place[1:3], one.also[1:3], one.also_label) == ("E003", second, first, "first defined here")


def test_a_fault_of_the_parser_is_a_complaint_and_not_a_traceback(monkeypatch):
    for fault in RecursionError("too deep"), ValueError("odd"), KeyError("k"), MemoryError():

        def loads(_text, fault=fault):
            raise fault

        monkeypatch.setattr(tomllib, "loads", loads)
        assert only(refused("a = 1")).code == "E003"


# --- limits


@pytest.mark.parametrize("number", ["inf", "-inf", "+nan", "nan", "1e400", "-1_0e9_99", "9" * 350, "0x" + "f" * 300])
def test_a_number_that_is_not_finite_is_refused_where_it_stands(number):
    one = only(refused(f"a = 1\nb = [0, {{ c = {number} }}]"))
    assert (one.code, one.place.line, one.place.column) == ("E011", 2, 15)


def test_all_numbers_that_are_not_finite_are_named_beside_a_syntax_error():
    error = refused("a = inf\nb = nan\nc = 1B")
    assert [(one.code, one.place.line) for one in error.diagnostics] == [("E003", 3), ("E011", 1), ("E011", 2)]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (".".join("a" * 33) + " = 1", 1),
        ("[" + ".".join("a" * 33) + "]", 2),
        ("a = " + "[" * 33, 37),
        ("a = " + "{a=" * 33, 101),
        ("a = " + "1" * 401, 5),
        ("[" + ".".join("a" * 32) + "]\n" + ".".join("b" * 32) + " = [1]", 68),
        ("a = [" + "1," * 50_000 + "]", 100_004),
    ],
    ids=["key", "header", "arrays", "tables", "digits", "levels", "values"],
)
def test_what_could_hold_the_parser_is_refused_at_its_place(text, column):
    one = only(refused(text))
    assert one.code == "E004"
    assert one.place.column == column


@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * 32) + " = 1",
        "a = " + "[" * 32 + "]" * 32,
        "a = " + "1" * 300,
        "a = [" + "1," * 40_000 + "]",
    ],
)
def test_what_stays_within_the_limits_is_accepted(text):
    check_every_place(parse(text, "f.toml"))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 300_000,
        "a = " + "[" * 300_000,
        "a = " + "{ a = " * 100_000,
        "\n".join(f"{'.'.join(['a'] * 3000)}.k{i} = 1" for i in range(13)),
        "\n".join(f"k{i}.{'.'.join('a' * 30)} = 1" for i in range(15_000)),
        "a = [" + "inf," * 200_000,
        "a = [" + "[]," * 300_000,
        "[[a]]\n" * 150_000,
        "a = " + "9" * 1_000_000,
        "a = " + "9" * 1_000_000 + ".5",
        'a = """' + '"a' * 500_000,
        'a = "' + "\\a" * 500_000,
        '"' * 1_000_000,
        "a." * 500_000,
        'a = "' + "x" * 1_000_000 + '" y',
        "a = " + "x'" * 500_000,
        "a = 0" + " " * 1_000_000 + "z",
        "a = 1" + ",111" * 250_000 + "x",
        "a" * (1 << 21),
    ],
    ids=lambda text: f"{text[:12]!r}",
)
def test_a_hostile_text_is_refused_at_once_with_a_short_message(text):
    with at_once():
        message = str(refused(text))
    assert len(message) < 20_000


# --- reading


def refused_file(path: Path):
    with at_once(), pytest.raises(ScenarioError) as caught:
        read(path, "shown.toml")
    return only(caught.value)


def test_a_file_is_read_under_its_display_name(tmp_path):
    file = tmp_path / "lab.toml"
    file.write_text("a = 1")
    assert read(file).name == str(file)
    source = read(file, "lab")
    assert (source.name, source.text, source.data) == ("lab", "a = 1", {"a": 1})


def test_a_byte_order_mark_is_skipped_and_moves_no_column(tmp_path):
    file = tmp_path / "lab.toml"
    file.write_bytes(b"\xef\xbb\xbfa = 1")
    assert read(file).place(("a",)).column == 1


def test_a_missing_file_or_folder_or_name_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in tmp_path / "none", tmp_path, tmp_path / "file" / "x", tmp_path / ("x" * 5000), tmp_path / "\0", Path():
        one = refused_file(path)
        assert (one.code, one.place) == ("E001", None)
        assert "shown.toml" in one.message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")
def test_pipes_sockets_and_devices_are_refused_without_waiting(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        for name, kind in ("pipe", "a pipe"), ("socket", "a socket"), ("/dev/zero", "a device"), ("/dev", "a folder"):
            one = refused_file(Path(name))
            assert one.code == "E001"
            assert kind in one.message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")
def test_a_file_exchanged_for_a_pipe_after_the_first_look_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a = 1")
    os.mkfifo(tmp_path / "pipe")
    looked = os.stat(tmp_path / "file")  # noqa: PTH116
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", lambda _path: looked)
        one = refused_file(tmp_path / "pipe")
    assert "a pipe" in one.message


def test_a_circle_of_links_is_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert refused_file(tmp_path / "a").code == "E001"


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path):
    file = tmp_path / "secret"
    file.touch(mode=0)
    assert refused_file(file).code == "E001"


def test_permission_denied_is_a_complaint(tmp_path, monkeypatch):
    file = tmp_path / "lab.toml"
    file.write_text("a = 1")

    def denied(*_arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    assert refused_file(file).message == "cannot read `shown.toml`: permission denied"


def test_a_file_of_more_than_a_mebibyte_is_refused_whatever_its_size_says(tmp_path):
    file = tmp_path / "large"
    with file.open("wb") as handle:
        handle.truncate(1 << 40)
    assert refused_file(file).code == "E004"
    file.write_text("#" * (1 << 20))
    assert read(file).data == {}


@pytest.mark.parametrize(
    ("raw", "line", "column"),
    [
        (b"a = 1\nb = '\xff'", 2, 6),
        (b"\xc3\xa9 = '\xe2\x82'", 1, 6),
        (b"a = 1\n\x00", 2, 1),
        (b"a = '\x1b[2J'", 1, 6),
        (b"a = '\x7f'", 1, 6),
        ("# ü \u202e".encode(), 1, 5),
        *((f"a = '{char}'".encode(), 1, 6) for char in "\u2066\u2069\u202a\u200e\u200f\u061c\x85\x9b"),
    ],
)
def test_text_that_is_not_utf8_or_hides_something_is_refused_at_its_place(tmp_path, raw, line, column):
    file = tmp_path / "lab.toml"
    file.write_bytes(raw)
    one = refused_file(file)
    assert (one.code, one.place.line, one.place.column) == ("E002", line, column)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory, raw):
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(raw)
    try:
        assert read(file).data == tomllib.loads(raw.decode("utf-8-sig"))
    except ScenarioError as error:
        assert str(error)  # noqa: PT017


def test_dates_and_times_are_what_tomllib_makes_of_them():
    data = parse("a = 2026-11-01\nb = 2026-11-01 10:00:00\n", "f").data
    assert data == {"a": date(2026, 11, 1), "b": datetime(2026, 11, 1, 10)}
