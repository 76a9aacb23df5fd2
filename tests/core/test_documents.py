"""What the documents say is what the code does."""

import re
from pathlib import Path

import pytest

from ingest.wire.reports import MAX_PAYLOAD, MAX_REPORTS, Reason

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert broken == []


def test_the_protocol_explains_every_reason_and_no_other() -> None:
    reasons = (ROOT / "docs" / "protocol.md").read_text().split("## Reasons")[1]
    assert set(re.findall(r"^\| `([^`]+)` \|", reasons, re.MULTILINE)) == {reason.value for reason in Reason}


def test_the_protocol_states_the_limits_that_hold() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text()
    assert f"an array of up to {MAX_REPORTS}" in text
    assert f"at most {MAX_PAYLOAD // 1024} KiB" in text


def test_lock_files_carry_no_address() -> None:
    locks = [*ROOT.glob("requirements*.lock"), ROOT / "dashboard" / "web" / "package-lock.json"]
    assert [lock.name for lock in locks if re.search(r"https?://(?!.*funding)", lock.read_text())] == []
