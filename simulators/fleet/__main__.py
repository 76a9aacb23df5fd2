"""`python -m simulators.fleet PLAN.json`: one worker of a load run."""

import sys
from pathlib import Path

import uvloop

from simulators.fleet.limits import LimitError
from simulators.fleet.plan import PlanError, read_plan
from simulators.fleet.worker import work
from simulators.roster import RosterError
from simulators.terminals.connector import AddressError


def main() -> int:
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program's name and one argument
        sys.stderr.write("usage: python -m simulators.fleet PLAN.json\n")
        return 2
    try:
        uvloop.run(work(read_plan(Path(sys.argv[1]))))
    except (PlanError, RosterError, AddressError, LimitError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
