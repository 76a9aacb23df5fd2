"""The final report as a page that stands alone: no script, no other file, so that what is kept is what was shown.

Everything that people wrote is escaped in `text`; sections are functions of the evidence and of the words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from alerts.core.evidence import Evidence, Missed, Progress, VersionFact
from alerts.core.records import UnitName
from alerts.core.texts import event_words, name_of
from alerts.core.words import Words
from dashboard.api import report_chart
from dashboard.api.report_words import WORDS, Language, word

STYLE: Final = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
REACH: Final = ("audience", "told", "delivered", "acknowledged", "failed", "unknown")
CHANNEL: Final = ("people", "told", "delivered", "failed", "unknown")
NOTHING: Final = "\u2013"
Cells = Iterable[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """How one reader is spoken to: language and clock."""

    language: Language
    timezone: ZoneInfo
    levels: Mapping[str, Words]  # of units, by code

    def say(self, key: str, **values: object) -> str:
        return escape(WORDS[self.language][key].format(**values))

    def word(self, prefix: str, value: str) -> str:
        return escape(word(self.language, prefix, value))

    def unit(self, unit: UnitName | None) -> str:
        if unit is None:
            return NOTHING
        return escape((unit.name_en or unit.name) if self.language == "en" else unit.name)

    def level(self, code: str) -> str:
        words = self.levels.get(code)
        return escape(code if words is None else words.in_language(self.language))

    def at(self, moment: datetime | None) -> str:
        if moment is None:
            return NOTHING
        return f"{moment.astimezone(self.timezone):%Y-%m-%d %H:%M:%S}"


def page(
    evidence: Evidence,
    *,
    digest: str,
    language: Language,
    timezone: ZoneInfo,
    levels: Mapping[str, Words],
    read_at: datetime,
) -> str:
    """Return the report as HTML; `digest` is of its canonical document."""
    speech = Speech(language=language, timezone=timezone, levels=levels)
    newest = evidence.versions[-1]
    title = speech.say("report", alert=name_of(newest.level, newest.event).in_language(language))
    sections = (
        _head(evidence, newest, title, speech),
        _facts(evidence, digest, read_at, speech),
        _figures(evidence, speech),
        _course(evidence, speech),
        _audience(evidence, speech),
        _versions(evidence, speech),
        _deeds(evidence, speech),
        _escalations(evidence, speech),
        _entrants(evidence, speech),
        _missed(evidence, speech),
        _proof(evidence, digest, speech),
    )
    drill = "drill" if evidence.is_drill else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title} {evidence.identifier or ""}</title>'
        f'<style>{STYLE}</style></head><body class="{drill}">{"".join(sections)}</body></html>'
    )


def text(value: object) -> str:
    """Return what somebody wrote, safe and with its lines."""
    return escape(str(value)).replace("\n", "<br>")


def table(head: Cells, rows: Iterable[Cells], *, look: str = "") -> str:
    """Cells are HTML. A table without rows is not shown."""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    if not body:
        return ""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    return f'<table class="{look}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def section(title: str, *content: str) -> str:
    return f"<section><h2>{title}</h2>{''.join(content)}</section>"


def _head(evidence: Evidence, newest: VersionFact, title: str, speech: Speech) -> str:
    drill = ""
    if evidence.is_drill:
        drill = f'<p class="drill-mark"><strong>{speech.say("drill")}</strong> {speech.say("drill/how")}</p>'
    return (
        f'{drill}<header class="head-{newest.level}"><span class="numeral">{newest.level.facts.numeral}</span>'
        f"<div><h1>{title}</h1><p>{text(newest.headline)}</p></div></header>"
        f'<p class="screen">{speech.say("print")} <a href="report.json">{speech.say("json")}</a> '
        f'<a href="report.csv">{speech.say("csv")}</a></p>'
    )


def _facts(evidence: Evidence, digest: str, read_at: datetime, speech: Speech) -> str:
    facts = (
        ("identifier", f"<code>{escape(evidence.identifier or NOTHING)}</code>"),
        ("state", speech.word("state", evidence.state)),
        ("issuer", speech.unit(evidence.issuer)),
        ("author", escape(evidence.created_by)),
        ("issued", speech.at(evidence.issued_at)),
        ("ended", speech.say("not_ended") if evidence.ended_at is None else speech.at(evidence.ended_at)),
        ("covers", speech.unit(evidence.covers)),
        ("read", speech.at(read_at)),
    )
    listed = "".join(f"<div><dt>{speech.say(key)}</dt><dd>{value}</dd></div>" for key, value in facts)
    return f'<dl class="facts">{listed}</dl><p class="digest">SHA-256 <code>{digest}</code></p>'


def _figures(evidence: Evidence, speech: Speech) -> str:
    reach = evidence.reach
    boxes = [
        f"<div><b>{getattr(reach, name):,}</b><span>{speech.say(name)}"
        f"{'' if name == 'audience' else ' ' + share(getattr(reach, name), reach.audience)}</span></div>"
        for name in REACH
    ]
    return f'<div class="figures">{"".join(boxes)}</div><p class="quiet">{speech.say("page/of")}</p>'


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else NOTHING


def _course(evidence: Evidence, speech: Speech) -> str:
    since = evidence.issued_at
    rows = [
        _progress(speech.say(name), progress, since, speech)
        for name, progress in (("told", evidence.told), ("acknowledged", evidence.acknowledged))
    ]
    chart = ""
    if evidence.curve:
        chart = (
            report_chart.svg(evidence.curve, of=evidence.told.of, label=speech.say("curve"))
            + f'<p class="legend"><span class="key-told"></span>{speech.say("told")} '
            f'<span class="key-acknowledged"></span>{speech.say("acknowledged")} · {speech.say("curve")}</p>'
        )
    head = ("", *(speech.say(key) for key in ("people", "first", "half", "most", "last")))
    return section(speech.say("progress"), chart, table(head, rows))


def _progress(name: str, progress: Progress, since: datetime, speech: Speech) -> list[str]:
    moments = (progress.first_at, progress.half_at, progress.most_at, progress.last_at)
    return [
        name,
        f"{progress.reached:,} / {progress.of:,}",
        *(
            f'<span class="quiet">{speech.say("never")}</span>'
            if at is None
            else f"+{report_chart.span((at - since).total_seconds())}<br><small>{speech.at(at)}</small>"
            for at in moments
        ),
    ]


def _audience(evidence: Evidence, speech: Speech) -> str:
    audience = evidence.audience
    reasons = [(speech.word("why", why), f"{people:,}") for why, people in audience.by_reason.items()]
    levels = [
        (
            speech.level(level),
            *(f"{getattr(reach, name):,}" for name in REACH),
            share(reach.acknowledged, reach.audience),
        )
        for level, reach in audience.by_level.items()
    ]
    channels = [
        (speech.word("channel", channel), *(f"{getattr(reach, name):,}" for name in CHANNEL))
        for channel, reach in audience.by_channel.items()
    ]
    answers = [(speech.word("channel", channel), f"{people:,}") for channel, people in audience.by_answer.items()]
    people = speech.say("people")
    return section(
        speech.say("who"),
        table((speech.say("by_reason"), people), reasons, look="small"),
        table((speech.say("by_answer"), people), answers, look="small"),
        table(
            (speech.say("by_level"), *(speech.say(name) for name in REACH), speech.say("share")), levels, look="numbers"
        ),
        table((speech.say("by_channel"), *(speech.say(name) for name in CHANNEL)), channels, look="numbers"),
    )


def _versions(evidence: Evidence, speech: Speech) -> str:
    return section(speech.say("versions"), *(_version(one, speech) for one in evidence.versions))


def _version(one: VersionFact, speech: Speech) -> str:
    where = ("、" if speech.language == "zh" else ", ").join(speech.unit(unit) for unit in one.targets)
    lines = (
        ("where", f"{where}{' · ' + speech.say('area') if one.has_area else ''}"),
        ("what", f"<strong>{text(one.headline)}</strong><br>{text(one.description)}"),
        ("todo", text(one.instruction)),
        ("note", text(one.note)),
    )
    listed = "".join(f"<div><dt>{speech.say(key)}</dt><dd>{value}</dd></div>" for key, value in lines if value)
    progress = ""
    if one.told is not None and one.acknowledged is not None:
        progress = (
            f"{speech.say('told')} {one.told.reached:,} / {one.told.of:,} · "
            f"{speech.say('acknowledged')} {one.acknowledged.reached:,} / {one.acknowledged.of:,}"
        )
    who = speech.say("clock") if one.made_by is None else escape(one.made_by)
    event = escape(event_words(one.event).in_language(speech.language))
    return (
        f'<article class="version edge-{one.level}"><h3>{speech.say("version", number=one.version)} · '
        f"{speech.word('kind', one.kind)} · {event} {speech.word('level', one.level)}</h3>"
        f'<p class="quiet">{speech.at(one.made_at)} · {speech.say("by")} {who}'
        f"{' · ' + progress if progress else ''}</p><dl>{listed}</dl></article>"
    )


def _deeds(evidence: Evidence, speech: Speech) -> str:
    rows = [
        (
            speech.at(deed.at),
            speech.say("clock") if deed.account is None else escape(deed.account),
            speech.word("action", deed.action.removeprefix("alert.")),
            _detail(deed.detail, speech),
        )
        for deed in evidence.deeds
    ]
    return section(
        speech.say("deeds"), table([speech.say(key) for key in ("at", "account", "deed", "detail")], rows, look="log")
    )


def _detail(detail: Mapping[str, Any], speech: Speech) -> str:
    said = {key: value for key, value in detail.items() if value not in ("", None)}
    if "level" in said:
        said["level"] = word(speech.language, "level", str(said["level"]))
    return " · ".join(f"{speech.word('detail', key)} {text(value)}" for key, value in said.items())


def _escalations(evidence: Evidence, speech: Speech) -> str:
    rows = [
        (speech.at(one.at), speech.word("step", one.step), f"{one.people:,}", f"{one.messages:,}")
        for one in evidence.escalations
    ]
    head = [speech.say(key) for key in ("at", "step", "people", "messages")]
    return section(speech.say("escalations"), table(head, rows, look="log") or _none(speech))


def _entrants(evidence: Evidence, speech: Speech) -> str:
    rows = [(escape(one.name), speech.unit(one.unit), speech.at(one.told_at)) for one in evidence.entrants]
    head = [speech.say(key) for key in ("name", "unit", "told")]
    return section(speech.say("entrants"), table(head, rows, look="log") or _none(speech))


def _none(speech: Speech) -> str:
    return f'<p class="quiet">{speech.say("none")}</p>'


def _missed(evidence: Evidence, speech: Speech) -> str:
    title = f"{speech.say('missed')} ({evidence.missed_total:,})"
    if not evidence.missed:
        return section(title, f'<p class="quiet">{speech.say("missed/none")}</p>')
    more = ""
    if len(evidence.missed) < evidence.missed_total:
        more = speech.say("missed/more", shown=f"{len(evidence.missed):,}", total=f"{evidence.missed_total:,}")
    return section(title, f'<p class="quiet">{more}</p>', *(_one_missed(one, speech) for one in evidence.missed))


def _one_missed(one: Missed, speech: Speech) -> str:
    tried = [
        (
            speech.at(attempt.at),
            speech.word("kind", attempt.kind),
            speech.word("channel", attempt.channel),
            escape(attempt.provider),
            escape(attempt.outcome.replace("_", " ")),
            text(attempt.detail),
        )
        for attempt in one.attempts
    ]
    ended = [
        f"{speech.word('channel', message.channel)} {escape(message.address)} "
        f"{speech.word('delivery', message.state)}{': ' + text(message.detail) if message.detail else ''}"
        for message in one.messages
    ]
    head = [speech.say(key) for key in ("at", "messages", "channel", "provider", "outcome", "said")]
    return (
        f'<article class="missed"><h3>{escape(one.name)} <small>{speech.unit(one.unit)} · '
        f"{escape(one.phone or NOTHING)} · {speech.word('missing', one.why)}</small></h3>"
        f"<p>{'<br>'.join(ended)}</p>{table(head, tried, look='log')}</article>"
    )


def _proof(evidence: Evidence, digest: str, speech: Speech) -> str:
    rows: Sequence[Cells] = [
        (escape(one.table), f"{one.rows:,}", f"<code>{one.sha256}</code>") for one in evidence.fingerprints
    ]
    head = (speech.say("table"), speech.say("rows"), "SHA-256")
    whole = f'<p class="digest">{speech.say("document")}: <code>{digest}</code></p>'
    return section(speech.say("proof"), f"<p>{speech.say('proof/how')}</p>", whole, table(head, rows, look="numbers"))
