"""Hundreds of random scenarios against the one-path oracle.

    python tests/campaigns/oracle.py --scenarios 500 --paths 3 --seed 1

Prints how many paths came to each ending, and writes a scenario on which the two disagree to the folder given by `--keep`.
Exit code 1 if there is any.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from agreement import compare_interpreted, written
from companies import companies


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", type=int, default=300, metavar="N")
    parser.add_argument("--paths", type=int, default=3, metavar="N", help="of each scenario")
    parser.add_argument("--seed", type=int, default=1, help="of the scenarios")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where scenarios without agreement are written")
    chosen = parser.parse_args()
    endings: dict[str, int] = {}
    disagreements: list[str] = []
    seen = 0

    @seed(chosen.seed)
    @settings(
        max_examples=chosen.scenarios,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(text=companies())
    def live(text: str) -> None:
        nonlocal seen
        seen += 1
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = compare_interpreted(written(text, Path(folder)), range(chosen.paths))
            except Exception as problem:
                disagreements.append(text)
                print(f"scenario {seen}: {' '.join(str(problem).split())[:300]}", flush=True)
                if chosen.keep is not None:
                    chosen.keep.mkdir(parents=True, exist_ok=True)
                    (chosen.keep / f"scenario-{seen}.toml").write_text("format = 1\n" + text)
                return
        for cause, count in found.items():
            endings[cause] = endings.get(cause, 0) + count

    began = time.perf_counter()
    live()
    for cause, count in sorted(endings.items(), key=lambda item: -item[1]):
        print(f"{count:7} {cause}")
    print(f"{seen - len(disagreements)} of {seen} scenarios agree, {time.perf_counter() - began:.0f} s")
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
