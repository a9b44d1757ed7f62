"""Coverage of the intervals at which `run --precision` stops, with the real engine and exact answers.

    python tests/campaigns/precision_coverage.py           300 runs of each precision
    python tests/campaigns/precision_coverage.py --full    1,000

Beside them what an interval for one look would have covered at the same stop. Exit code 1 where the former is below 95 % by more
than four standard errors.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from coverage_of_precision import asked, coverage, fewest, mean_looks


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    runs = 1000 if parser.parse_args().full else 300
    wrong = 0
    for one in asked():
        at = time.perf_counter()
        found = coverage(one, runs)
        bad = found.held < fewest(runs)
        wrong += bad
        stops = ", ".join(f"{n} at look {k}" for k, n in sorted(found.looks.items()))
        print(
            f"{one.target:<28} {found.held / runs:7.2%} hold {one.truth:.6g}{'  WRONG' if bad else ''}; for one look "
            f"{found.naive / runs:.2%}; {mean_looks(found.looks):.1f} looks on average ({stops}); "
            f"{time.perf_counter() - at:.0f} s",
            flush=True,
        )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
