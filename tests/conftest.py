"""Shared fixtures: scenarios from text, hypothesis profiles."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import chromium
import pytest
from hypothesis import HealthCheck, settings

import simulator
from simulator.scenario.model import Scenario

settings.register_profile("ci", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.register_profile("dev", deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("ci" if os.environ.get("CI") else "dev")

Write = Callable[[str], Scenario]


@pytest.fixture
def scenario(tmp_path: Path) -> Write:
    """A scenario from TOML text; the calendar starts in 2026-11 unless the text says otherwise."""

    def write(text: str) -> Scenario:
        if "[calendar]" not in text:
            text += '\n[calendar]\nstart = "2026-11"\n'
        file = tmp_path / "case.toml"
        file.write_text("format = 1\n" + text)
        return simulator.load(file)

    return write


@pytest.fixture(scope="session")
def browser() -> Iterator[chromium.Browser]:
    """One for all tests; without an installed one they are skipped, in continuous integration they fail."""
    if chromium.installed() is None:
        reason = "no chromium is installed (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with chromium.browser() as found:
        yield found
