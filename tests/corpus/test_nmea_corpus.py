"""Four real receivers' logs against gpsd's reading of them. The data is read in place where it is kept."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.wire import nmea
from ingest.wire.reports import Fix

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "nmea"
LOGS = sorted(FOLDER.glob("*.log"))


def decoded(log: Path) -> dict[float, Fix]:
    """Return our fixes by time. Epochs are cut where a new RMC or GGA time begins, as a terminal would send them."""
    lines = [line for line in log.read_bytes().splitlines() if line.startswith(b"$")]
    packets = [b"\n".join(lines[at : at + 40]) for at in range(0, len(lines), 40)]
    return {float(fix.t): fix for packet in packets for fix in nmea.decode(packet).fixes}


def oracle(log: Path) -> dict[float, Any]:
    """Return gpsd's places by time; it repeats a time as sentences come in, the last one holds."""
    found: dict[float, Any] = {}
    for line in Path(f"{log}.chk").read_text().splitlines():
        report: Any = json.loads(line) if line.startswith("{") else {}
        if report.get("class") == "TPV" and report.get("mode", 0) > 1 and "time" in report and "lat" in report:
            found[datetime.fromisoformat(report["time"]).timestamp()] = report
    return found


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_our_fixes_are_where_gpsd_puts_them(log: Path) -> None:
    theirs = oracle(log)
    ours = decoded(log)
    both = ours.keys() & theirs.keys()
    assert len(both) >= max(1, len(ours) - 1)  # gpsd holds a receiver's first fix back
    for at in both:
        assert ours[at].lon == pytest.approx(theirs[at]["lon"], abs=1e-6)
        assert ours[at].lat == pytest.approx(theirs[at]["lat"], abs=1e-6)
