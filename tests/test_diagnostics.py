"""Diagnostics point at the right column, and nothing in a file can take over the terminal that shows them."""

import pickle
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.scenario.diagnostics import CODES, Diagnostic, Place, ScenarioError, near, render

UNKNOWN = Diagnostic(
    "E014",
    "unknown key `volatilty` in [price]",
    Place("scenarios/lab.toml", 11, 1, 9, "volatilty = 0.35"),
    "did you mean `volatility`?",
)


def cells(text: str) -> int:
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me") or c == "\u1161"
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )


def excerpt(place: Place) -> tuple[str, str]:
    """The source line and the line of carets, without the gutter."""
    lines = render([Diagnostic("E014", "x", place)]).split("\n")
    return lines[3].partition(" | ")[2], lines[4].partition(" | ")[2]


def test_a_diagnostic_has_code_place_line_caret_and_hint():
    assert render([UNKNOWN]) == (
        "error[E014]: unknown key `volatilty` in [price]\n"
        "  --> scenarios/lab.toml:11:1\n"
        "   |\n"
        "11 | volatilty = 0.35\n"
        "   | ^^^^^^^^^\n"
        "   = help: did you mean `volatility`?\n"
        "\n"
        "1 error"
    )


def test_the_other_half_of_a_contradiction_is_shown_with_its_label():
    first, second = Place("a.toml", 9, 1, 5, "start = 1"), Place("base.toml", 10, 3, 3, "  end = 0")
    assert render([Diagnostic("E013", "start is after end", first, "swap them", second, "ends here")]) == (
        "error[E013]: start is after end\n"
        "  --> a.toml:9:1\n"
        "   |\n"
        " 9 | start = 1\n"
        "   | ^^^^^\n"
        "  ::: base.toml:10:3\n"
        "   |\n"
        "10 |   end = 0\n"
        "   |   --- ends here\n"
        "   = help: swap them\n"
        "\n"
        "1 error"
    )


def test_without_a_place_only_message_and_hint_are_shown():
    assert render([Diagnostic("E001", "cannot read `x`", None, "check it")]) == (
        "error[E001]: cannot read `x`\n  = help: check it\n\n1 error"
    )


def test_without_a_source_line_only_the_position_is_shown():
    assert render([Diagnostic("E001", "m", Place("f", 3, 2))]) == "error[E001]: m\n --> f:3:2\n\n1 error"


def test_diagnostics_come_in_the_order_of_files_lines_and_columns():
    places = [Place("b", 1, 1), Place("a", 10, 1), Place("a", 9, 5), Place("a", 9, 4), None]
    text = render(Diagnostic("E010", "m", place) for place in places)
    assert [line.split("> ")[1] for line in text.split("\n") if "-->" in line] == ["a:9:4", "a:9:5", "a:10:1", "b:1:1"]
    assert text.startswith("error[E010]: m\n\nerror")
    assert text.endswith("\n\n5 errors")


def test_an_error_is_its_rendered_diagnostics_and_survives_pickling():
    error = ScenarioError([UNKNOWN])
    assert str(error) == render([UNKNOWN])
    assert pickle.loads(pickle.dumps(error)).diagnostics == (UNKNOWN,)


@pytest.mark.parametrize(
    ("bad", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\r", "\\x0d"),
        ("\n", "\\x0a"),
        ("\x9b", "\\x9b"),
        ("\u202e", "\\u202e"),
        ("\u200b", "\\u200b"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\u3164", "\\u3164"),
        ("\ufe0f", "\\ufe0f"),
    ],
)
def test_characters_that_act_on_a_terminal_are_shown_as_escapes_everywhere(bad, shown):
    place = Place(f"f{bad}", 1, 2, 1, f"x{bad}y")
    text = render([Diagnostic("E014", f"m{bad}", place, f"h{bad}", place, f"l{bad}")])
    assert bad not in text.replace("\n", "" if bad == "\n" else "\n")
    for part in "m", "h", "l", "x", "f":
        assert part + shown in text


@given(st.text(), st.text(), st.text(), st.integers(1, 300), st.integers(0, 300))
@settings(deadline=None)
def test_whatever_a_file_contains_only_printable_characters_are_shown(file, message, text, column, length):
    place = Place(file, 1, column, length, text)
    shown = render([Diagnostic("E014", message, place, message, place, file)])
    assert all(line.isprintable() for line in shown.split("\n"))
    shown.encode()


LINES = st.text(st.sampled_from("ab =\t\x1b\u202e漢字Ａe\u0301é🙂\u1100\u1161"), max_size=400)


@given(LINES, LINES, LINES)
@settings(deadline=None)
def test_the_carets_stand_under_the_marked_text(before, inside, after):
    start, marked = "<" + before, "[" + inside + "]"
    line, carets = excerpt(Place("f", 1, len(start) + 1, len(marked), start + marked + after))
    assert line.count("[") == 1
    assert cells(line[: line.index("[")]) == carets.index("^")
    if "]" in line:
        assert cells(line[: line.index("]") + 1]) == len(carets)


@pytest.mark.parametrize("column", [1, 30, 5_000, 999_990, 1_000_000, 1_000_001, 2_000_000])
def test_a_very_long_line_is_cropped_around_the_caret(column):
    line, carets = excerpt(Place("f", 1, column, 50, "x" * 1_000_000))
    assert len(line) <= 122
    assert "…" in (line[0], line[-1])
    assert carets.rindex("^") <= len(line)


def test_a_very_long_message_is_cropped():
    assert len(render([Diagnostic("E014", "m" * 100_000, None)])) < 1000


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("volatilty", "volatility"),
        ("Volatility", "volatility"),
        ("burn-rate", "burn_rate"),
        ("burnrate", "burn_rate"),
        ("burn rate", "burn_rate"),
        ("vol", "volatility"),
        ("interest", "interest_rate"),
        ("rate", "burn_rate"),
        ("volatility_per_year", "volatility"),
        ("ab", None),
        ("zebra", None),
        ("", None),
        ("v" * 100_000, None),
    ],
)
def test_the_nearest_name_is_found_by_spelling_then_by_its_parts(word, meant):
    assert near(word, {"volatility", "burn_rate", "interest_rate"}) == meant


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=8))
@settings(deadline=None)
def test_the_nearest_name_is_a_candidate_and_does_not_depend_on_their_order(word, names):
    assert near(word, names) == near(word, reversed(names))
    assert near(word, names) in [None, *names]


def test_every_code_has_a_meaning_of_one_line():
    for code, meaning in CODES.items():
        assert code[0] == "E"
        assert code[1:].isdecimal()
        assert len(code) == 4
        assert meaning
        assert meaning.isprintable()
