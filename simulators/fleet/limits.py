"""How many connections a process may open."""

import resource
from typing import Final

_OTHER_FILES: Final = 200  # descriptors that are no connections


class LimitError(Exception):
    """The process may not open so many connections."""


def make_room(connections: int) -> None:
    """Raise the soft limit of open files as far as needed and allowed. Raises LimitError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise LimitError(
            f"{connections} connections need {wanted} open files, this process may have {hard} (ulimit -n)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
