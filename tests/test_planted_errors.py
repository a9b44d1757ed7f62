"""The list of planted errors (tests/planted): every entry still applies, is told apart from others, and names tests that exist.

That each is caught is checked by `python tests/planted/plant.py`, five of them in every run of CI.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "planted"))
from plant import ROOT, PlantedError, all_tests, errors, sample

LISTED = errors()


@pytest.mark.parametrize("error", LISTED, ids=lambda e: e.name)
def test_an_error_applies_exactly_once_and_leaves_valid_python(error: PlantedError) -> None:
    text = (ROOT / error.file).read_text()
    planted = error.planted(text)
    assert planted != text
    ast.parse(planted)
    assert error.why


@pytest.mark.parametrize("error", LISTED, ids=lambda e: e.name)
def test_an_error_names_tests_that_exist(error: PlantedError) -> None:
    assert error.caught_by
    for test in error.caught_by:
        file, _, name = test.partition("::")
        function = name.partition("[")[0]
        assert f"def {function}(" in (ROOT / file).read_text(), test


def test_an_error_that_does_not_apply_is_refused() -> None:
    error = LISTED[0]
    for text in ("", error.old * 2):
        with pytest.raises(ValueError, match="not once"):
            error.planted(text)


def test_there_are_forty_errors_with_names_of_their_own() -> None:
    assert len({e.name for e in LISTED}) == len(LISTED) >= 40
    assert len({(e.file, e.old) for e in LISTED}) == len(LISTED)


def test_rotations_go_through_the_whole_list() -> None:
    rounds = -(-len(LISTED) // 5)
    seen = [e.name for k in range(rounds) for e in sample(LISTED, 5, k)]
    assert set(seen) == {e.name for e in LISTED}
    assert len(sample(LISTED, 5, 10**6)) == 5


def test_all_tests_are_listed_but_this_file() -> None:
    files = {f.name for f in (ROOT / "tests").rglob("test_*.py")}
    assert {Path(f).name for f in all_tests(ROOT)} == files - {Path(__file__).name}
