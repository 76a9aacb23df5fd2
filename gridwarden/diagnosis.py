"""What `gridwarden doctor` finds: one line a check, and whether the deployment may stay as it is. Pure."""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple


class Grade(Enum):
    OK = "ok"
    WARN = "warn"  # it works, and will hurt one day
    BAD = "bad"  # data can be lost, or strangers get in


class Finding(NamedTuple):
    grade: Grade
    what: str
    advice: str = ""  # what to do, when it is not ok

    def line(self) -> str:
        said = f"{self.grade.value:<4}  {self.what}"
        return f"{said}: {self.advice}" if self.advice else said


def judged(what: str, advice: str, *, is_well: bool, otherwise: Grade = Grade.BAD) -> Finding:
    """Return OK without advice when it is well, else `otherwise` with it."""
    return Finding(Grade.OK, what) if is_well else Finding(otherwise, what, advice)


def is_bad(findings: Iterable[Finding]) -> bool:
    return any(finding.grade is Grade.BAD for finding in findings)
