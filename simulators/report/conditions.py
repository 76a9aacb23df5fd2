"""Under which conditions all this was found, what is missing in it, and what went wrong meanwhile."""

from simulators.report.blocks import facts, panel, table
from simulators.report.markup import Html, Inside, tag
from simulators.report.model import Report
from simulators.report.words import count, decimal, moment, seconds

KINDS = {"none": "none", "listener": "into the listening door", "broker": "into the broker"}


def missing(report: Report) -> Html | None:
    """Return what is not measured, each with its reason."""
    if not report.not_yet:
        return None
    rows = [[tag("code", path), reason] for path, reason in report.not_yet.items()]
    return panel("Not yet", table("Values that are missing, and why", ["Value", "Reason"], rows, words=2))


def trouble(report: Report) -> Html | None:
    if not report.trouble:
        return None
    return panel("Trouble", tag("ul", *(tag("li", line) for line in report.trouble), class_="trouble"))


def conditions(report: Report) -> Html:
    machine, links = report.machine, report.connections
    shared = f"{count(links.gateway)} {KINDS.get(links.gateway_kind, links.gateway_kind)}" if links.gateway else "none"
    versions = f"Gridwarden {report.version}, Python {machine.python}, PostgreSQL {machine.postgres or 'unknown'}"
    rows: list[tuple[str, Inside]] = [
        ("Machine", f"{machine.cores} cores, {machine.cpu or 'processor unknown'}, {decimal(machine.memory_gb)} GB"),
        ("System", machine.system),
        ("Versions", versions),
        ("Under load", report.name),
        ("Began", moment(report.started_at)),
        ("Took", seconds(report.ended_at - report.started_at)),
        ("Terminals", f"{count(report.terminals)}, every {seconds(report.interval_s)}"),
        ("Connections of terminals", f"{count(links.real)} real, {count(links.at_most)} open at most"),
        ("Gateway connections", shared),
        ("Scenario and seed", f"{report.scenario}, {report.seed}"),
        ("Command", tag("code", report.command)),
    ]
    return panel("Conditions", facts(rows))
