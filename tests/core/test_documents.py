"""What the documents say is what the code does."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from typer.main import get_group

from gridwarden.cli import app
from gridwarden.settings import Settings
from ingest.wire.reports import MAX_PAYLOAD, MAX_REPORTS, Reason
from tracker.database.migrate import FOLDER

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


def test_every_table_is_a_noun_of_the_glossary() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text().lower()
    nouns = {noun.strip() for row in re.findall(r"^\| ([^|]+) \|", glossary, re.MULTILINE) for noun in row.split(",")}
    statements = "\n".join(path.read_text() for path in FOLDER.glob("*.sql"))
    tables = set(re.findall(r"^CREATE TABLE (\w+)", statements, re.MULTILINE))
    assert {table for table in tables if table.replace("_", " ") not in nouns} == set()


def test_every_variable_that_is_named_is_a_setting() -> None:
    pages = [*PAGES, ROOT / "docker-compose.yml", ROOT / "deploy" / "Dockerfile"]
    named = {name for page in pages for name in re.findall(r"\bGRIDWARDEN_([A-Z_]+)\b", page.read_text())}
    assert named - {name.upper() for name in Settings.model_fields} == set()


def test_every_command_that_is_named_exists() -> None:
    pages = [page.read_text() for page in PAGES]
    named = {name for page in pages for name in re.findall(r"`gridwarden ([a-z-]+)", page)}
    compose = (ROOT / "docker-compose.yml").read_text()
    named |= set(re.findall(r"command: \[([a-z]+)\]", compose))
    assert "migrate" in named
    assert named - set(get_group(app).commands) == set()


def test_every_metric_to_watch_exists() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    named = {name.removesuffix("_total") for name in re.findall(r"`(gridwarden_[a-z_]+)`", operations)}
    known = {line.split()[2].removesuffix("_total") for line in served().splitlines() if line.startswith("# TYPE")}
    assert named - known == set()


def served() -> str:
    """Return what /metrics says once these modules are in the process, as they are under `gridwarden up`."""
    for module in ("ingest.metrics", "alerts.metrics", "tracker.bus.redis_streams"):
        import_module(module)
    return generate_latest().decode()


def test_every_test_that_holds_a_promise_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "reliability.md").read_text()))
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert named - set(re.findall(r"def (test_\w+)", tests)) == set()
