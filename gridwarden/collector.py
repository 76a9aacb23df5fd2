"""Python's cycle collector, told once that everything has been started."""

import gc
from typing import Final

_COLLECT_AT: Final = (50_000, 20, 100)


def spare_what_stays() -> None:
    """Leave what was made until now (a city's terminals, grids, modules) out of every collection to come.

    What a batch makes dies by its counts; cycles are rare, so that collections may be, too.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AT)
