"""`python -m tests.simulation --seeds 5000 [--first 0]`: try seeds, tell the story of each that fails, exit 1 then."""

import argparse
import sys
import time

from tests.simulation.trial import attempt


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0)
    wish = parser.parse_args()
    began, reports, failed = time.monotonic(), 0, list[int]()
    for count, seed in enumerate(range(wish.first, wish.first + wish.seeds), start=1):
        outcome = attempt(seed)
        reports += outcome.reports
        if outcome.differences:
            failed.append(seed)
            sys.stdout.write(outcome.story + "\n")
        if count % 500 == 0 or count == wish.seeds:
            took_s = time.monotonic() - began
            sys.stdout.write(f"seeds={count} failed={len(failed)} reports={reports} seconds={took_s:.0f}\n")
            sys.stdout.flush()
    if failed:
        sys.stdout.write(f"failed: {' '.join(map(str, failed))}; keep them in tests/simulation/kept_seeds.txt\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
