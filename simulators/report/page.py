"""report.json and index.html of a run: one file that needs no network, on a desk, on a phone and on paper.

The page's own policy forbids everything but its style sheet and its script, each by its hash. So even a text that came
in as markup could load nothing and run nothing.
"""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from simulators.report.comparison import comparison
from simulators.report.conditions import conditions, missing, trouble
from simulators.report.course import course, machine
from simulators.report.delays import delays
from simulators.report.further import further, warnings
from simulators.report.markup import Html, joined, raw, tag
from simulators.report.model import Report
from simulators.report.picture import chart_style, read
from simulators.report.results import goals, head, positions
from simulators.report.verdict import verdict
from simulators.report.words import heads

JSON: Final = "report.json"
PAGE: Final = "index.html"


def write_report(report: Report, folder: Path, beside: Sequence[Report] = ()) -> None:
    """Write report.json and index.html into a folder, which is made; what was there is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    (folder / PAGE).write_text(page(report, beside), encoding="utf-8")


def page(report: Report, beside: Sequence[Report] = ()) -> str:
    """Return the whole page; `beside` are columns beside this report's."""
    style, script = chart_style() + read("page.css"), read("page.js")
    reports, columns = [report, *beside], heads([report, *beside])
    body = [
        goals(report),
        positions(report),
        comparison(reports, columns) if beside else None,
        delays(report, columns, beside),
        course(report),
        machine(report),
        further(report),
        warnings(report),
        trouble(report),
        missing(report),
        conditions(report),
    ]
    whole = tag(
        "html",
        _head(verdict(report), style, script),
        tag("body", head(report), tag("main", *body), tag("script", raw(script))),
        lang="en",
    )
    return f"<!doctype html>\n{whole}\n"


def _head(title: str, style: str, script: str) -> Html:
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        joined(tag("style", raw(style))),
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
