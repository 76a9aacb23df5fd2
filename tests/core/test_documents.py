"""What the documents say is what the code does."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY
from typer.main import get_group

from alerts.core.states import DeliveryMove
from gridwarden.cli import app
from gridwarden.settings import Settings
from ingest.rules.presence import WORDS
from ingest.wire.reports import MAX_PAYLOAD, MAX_REPORTS, Reason
from tracker.database.migrate import FOLDER

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PROMETHEUS = ROOT / "deploy" / "prometheus"
METERED = ("ingest.metrics", "alerts.metrics", "tracker.bus.redis_streams", "tracker.database.partitions")
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
    modules = [ROOT / "dashboard" / "web", ROOT / "tests" / "peers"]
    locks = [*ROOT.glob("requirements*.lock"), *(folder / "package-lock.json" for folder in modules)]
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
    assert set(re.findall(r"`(gridwarden_[a-z_]+)`", operations)) - series() - histograms() == set()


def test_every_alarm_is_about_metrics_that_exist_and_says_what_to_do() -> None:
    rules = [
        rule for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"] for rule in group["rules"]
    ]
    assert {name for rule in rules for name in re.findall(r"gridwarden_[a-z_]+", rule["expr"])} - series() == set()
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert {*rule["annotations"]} == {"summary", "action"}, rule["alert"]


def test_an_alarm_compares_with_words_that_the_metrics_carry() -> None:
    expressions = (PROMETHEUS / "rules.yml").read_text()
    presences = {word for words in re.findall(r'presence=~?"([a-z|]+)"', expressions) for word in words.split("|")}
    assert presences
    assert presences <= {*WORDS.values()}
    assert {*re.findall(r'outcome="([a-z]+)"', expressions)} == {DeliveryMove.REFUSED.value}


def test_prometheus_scrapes_the_ports_that_the_containers_serve() -> None:
    jobs = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    targets = [job["static_configs"][0]["targets"][0].split(":") for job in jobs]
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name, port in targets:
        told = services[name]["environment"]["GRIDWARDEN_METRICS_PORT"]
        assert port in (told, "8000")
        assert port in services[name].get("expose", []) or f"{port}:{port}" in services[name]["ports"]


def series() -> set[str]:
    """Return the names that can be asked for once these modules are in the process, as under `gridwarden up`."""
    for module in METERED:
        import_module(module)
    found: set[str] = set()
    for metric in REGISTRY.collect():
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(metric.type, ("",))
        found |= {metric.name + ending for ending in endings}
    return found


def histograms() -> set[str]:
    """Return those that people name without an ending."""
    return {metric.name for metric in REGISTRY.collect() if metric.type == "histogram"}


def test_every_test_that_holds_a_promise_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "reliability.md").read_text()))
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert named - set(re.findall(r"def (test_\w+)", tests)) == set()
