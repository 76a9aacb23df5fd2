"""How many connections this process may hold: what the system allows it in open files, less what it needs itself."""

import resource
from typing import Final

RESERVE: Final = 500  # database, log, listening sockets, files being read, and strangers that are told "full"
PLENTY: Final = 1_000_000  # where the system sets no limit


def connections_allowed(files: int) -> int:
    """Return how many connections fit beside everything else into so many open files."""
    return max(1, min(files, PLENTY) - RESERVE)


def room_for_connections() -> int:
    """Raise the soft limit of open files to the hard one; return how many connections fit into it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return connections_allowed(PLENTY if hard == resource.RLIM_INFINITY else hard)
