"""What machine a run was measured on: figures without it are worth nothing."""

import os
import platform
from pathlib import Path
from typing import Final

import psutil

from simulators.report.model import Machine

_CPUINFO: Final = Path("/proc/cpuinfo")


def this_machine(*, database: str) -> Machine:
    return Machine(
        cores=usable_cores(),
        cpu=_model(),
        memory_gb=round(psutil.virtual_memory().total / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        postgres=database,
    )


def usable_cores() -> int:
    """Return the cores that this process may run on: a container often has fewer than the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _model() -> str:
    try:
        lines = _CPUINFO.read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
