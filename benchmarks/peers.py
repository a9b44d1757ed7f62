"""Hand-written programs for the same companies against the engine: first whether they agree, then how fast they are.

python benchmarks/peers.py [--company full|subset|both] [--seconds S] [--rounds R] [--paths N] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from peers import contest


def show(title: str, found: dict[str, Any]) -> None:
    print(f"{title}: ratio to the engine, ns a path-month (the engine {found['engine_ns']:.0f})")
    for row in found["peers"]:
        print(
            f"  x {row['ratio']:5.2f}  {row['ns']:9,.0f} ns  {row['name']}  ({row['comparisons']:,} comparisons within"
            f" {contest.ERRORS:g} standard errors; false alarms expected {row['false_alarms_expected']:.2f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--company", choices=("full", "subset", "both"), default="both")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each program a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--paths", type=int, default=196_608, help="of each program that are compared")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    given = parser.parse_args()
    document = {}
    with tempfile.TemporaryDirectory() as room:
        for name, title in (("full", "the shipped deal"), ("subset", "the subset without contracts")):
            if given.company in (name, "both"):
                programs = contest.full_programs() if name == "full" else contest.subset_programs(Path(room))
                document[name] = contest.contest(programs, given.paths, given.seconds, given.rounds)
                if not given.json:
                    show(title, document[name])
    if given.json:
        print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
