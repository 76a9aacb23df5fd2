"""What an import would do, or did, as text for a terminal and as an object for programs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tracker.city.intake.compare import SAMPLES, Change, Difference
from tracker.city.intake.findings import Findings, Weight

HEADLINES = {
    Weight.ERROR: "wrong: nothing can be applied before it is put right",
    Weight.FIXED: "repaired",
    Weight.HINT: "to know",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`difference` is None when the files are too broken to be compared."""

    files: tuple[str, ...]
    findings: Findings
    difference: Difference | None

    @property
    def is_applicable(self) -> bool:
        return self.difference is not None and not self.findings.has_errors

    def lines(self, language: str = "en") -> Iterator[str]:
        """Yield what a person reads: findings by weight and word, then what would change."""
        for weight in Weight:
            if self.findings.number(weight):
                yield f"{HEADLINES[weight]} ({self.findings.number(weight):,})"
                yield from self._findings(weight, language)
        yield from self._changes()

    def _findings(self, weight: Weight, language: str) -> Iterator[str]:
        for word, count, listed in self.findings.listed(weight):
            yield f"  {word} ({count:,})"
            for finding in listed:
                yield f"    {finding.place}: {finding.what(language)}"
            if count > len(listed):
                yield f"    ... and {count - len(listed):,} more"
            if todo := listed[0].todo(language):
                yield f"    -> {todo}"

    def _changes(self) -> Iterator[str]:
        if self.difference is None:
            yield "borders are checked, and changes counted, when the units are a tree"
            return
        if not self.difference:
            yield "nothing changes"
            return
        yield f"{'':10}{'added':>10}{'changed':>10}{'closed':>10}"
        for change in self.difference.all():
            if change:
                counts = (len(change.added), len(change.changed), len(change.closed))
                yield f"{change.kind:10}" + "".join(f"{count:>10,}" for count in counts)
                yield from _samples(change)

    def shape(self, language: str = "en") -> dict[str, Any]:
        """Return the report as plain values; `word` tells programs what the texts tell people."""
        return {
            "files": list(self.files),
            "is_applicable": self.is_applicable,
            "is_empty": self.difference is not None and not self.difference,
            "counts": {weight.value: self.findings.number(weight) for weight in Weight},
            "findings": [
                {
                    "word": word,
                    "weight": weight.value,
                    "count": count,
                    "todo": listed[0].todo(language),
                    "listed": [
                        {"file": finding.place.file, "row": finding.place.row, "what": finding.what(language)}
                        for finding in listed
                    ],
                }
                for weight in Weight
                for word, count, listed in self.findings.listed(weight)
            ],
            "changes": [] if self.difference is None else [_shape(change) for change in self.difference.all()],
        }


def _samples(change: Change) -> Iterator[str]:
    for what, codes in (("added", change.added), ("closed", change.closed)):
        if codes:
            yield f"    {what}: {', '.join(codes[:SAMPLES])}{', ...' if len(codes) > SAMPLES else ''}"
    for sample in change.samples:
        yield f"    changed: {sample}"


def _shape(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "added": len(change.added),
        "changed": len(change.changed),
        "closed": len(change.closed),
        "added_samples": list(change.added[:SAMPLES]),
        "closed_samples": list(change.closed[:SAMPLES]),
        "changed_samples": list(change.samples),
    }
