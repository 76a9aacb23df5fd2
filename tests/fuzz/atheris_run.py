"""`python -m tests.fuzz.atheris_run mqtt --seconds 60`: let atheris look for bytes that break a decoder's promise.

The process ends with an error at the first find and prints where it left the bytes: make a seed of them. "all" takes
the targets in turns, for a short run. Where atheris has no wheel, seeds are changed at random, without guidance.
"""

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any, Final

PACKAGES: Final = ["ingest", "tracker", "alerts", "dashboard", "simulators"]
LONGEST: Final = 2048  # bytes of an input


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.atheris_run", description=__doc__)
    parser.add_argument("target", help="a name in tests/fuzz/targets.py, or all")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=-1, help="stop after so many, if the seconds are not over before")
    parser.add_argument("--seed", type=int, default=0, help="0: another one every time")
    parser.add_argument("--corpus", type=Path, help="a folder to begin with and to keep finds of new paths in")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gridwarden-fuzz-") as folder:
        corpus: Path = wish.corpus or Path(folder)
        corpus.mkdir(parents=True, exist_ok=True)
        (_by_atheris if find_spec("atheris") else _at_random)(wish, corpus)


def holds_of(name: str) -> tuple[Callable[[bytes], None], list[bytes]]:
    """Return the promise to test and its seeds; of "all" the first byte chooses the target."""
    targets = importlib.import_module("tests.fuzz.targets").TARGETS  # late, so that what it imports is instrumented
    if name != "all":
        return targets[name].holds, list(targets[name].seeds)
    holds = [target.holds for target in targets.values()]
    seeds = [bytes((at,)) + seed for at, target in enumerate(targets.values()) for seed in target.seeds]
    return lambda data: holds[data[0] % len(holds) if data else 0](data[1:]), seeds


def _by_atheris(wish: argparse.Namespace, corpus: Path) -> None:
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=PACKAGES):
        holds, seeds = holds_of(wish.target)
    for at, seed in enumerate(seeds):
        (corpus / f"seed-{at}").write_bytes(seed)
    options = [f"-max_total_time={wish.seconds}", f"-runs={wish.runs}", f"-seed={wish.seed}", f"-max_len={LONGEST}"]
    options += ["-timeout=20", f"-artifact_prefix={tempfile.gettempdir()}/gridwarden-{wish.target}-"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], holds)
    atheris.Fuzz()  # does not return: the process ends


def _at_random(wish: argparse.Namespace, corpus: Path) -> None:
    holds, seeds = holds_of(wish.target)
    rng, ends_at = Random(wish.seed or None), time.monotonic() + wish.seconds
    count = 0
    while count != wish.runs and time.monotonic() < ends_at:
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(0, 8)):
            at = rng.randrange(len(data) + 1)
            data[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
        (corpus / "last").write_bytes(data)
        holds(bytes(data))
        count += 1
    sys.stdout.write(f"Done {count} runs at random: there is no atheris here\n")


if __name__ == "__main__":
    main()
