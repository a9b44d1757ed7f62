"""For CI: the engine must not have become half as fast, measured against a program that runs beside it on the same machine.

python benchmarks/gate.py            fails if the ratio to numpy on the shipped deal is below half of the recorded one
python benchmarks/gate.py --record   measures longer and records the ratio in gate.json

A ratio of CPU seconds, the least of interleaved rounds, hardly depends on how fast or how busy a machine is; it is taken
three times before it fails. That both price the same company is checked by peers.py, which also tells numpy's best chunk.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from peers import contest

RECORD = Path(__file__).with_name("gate.json")
MARGIN = 0.5
TRIES = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", action="store_true", help="write gate.json instead of checking against it")
    given = parser.parse_args()
    programs = contest.gate_programs()
    if given.record:
        RECORD.write_text(json.dumps({"ratio_to_numpy": round(ratio(programs, 1.0, 8), 3)}) + "\n")
        print(RECORD.read_text(), end="")
        return
    recorded = float(json.loads(RECORD.read_text())["ratio_to_numpy"])
    least = MARGIN * recorded
    for _ in range(TRIES):
        found = ratio(programs, 0.3, 4)
        print(f"numpy takes {found:.2f} times as long as the engine; recorded {recorded:.2f}, at least {least:.2f}")
        if found >= least:
            return
    sys.exit("the engine has become slower: python benchmarks/hot_loop.py tells where, --record accepts it")


def ratio(programs: list[contest.Program], seconds: float, rounds: int) -> float:
    """CPU seconds of numpy over those of the engine."""
    engine, numpy = contest.times(programs, seconds, rounds).values()
    return numpy / engine


if __name__ == "__main__":
    main()
