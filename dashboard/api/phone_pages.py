"""The phone pages as HTML: they work without JavaScript, on any phone, and load nothing from anywhere else."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Response
from fastapi.responses import HTMLResponse

from alerts.changes.passing import MOST_CHARACTERS
from alerts.core.records import OwnWarning, Passing
from alerts.core.states import AlertState
from alerts.core.texts import event_words
from alerts.core.words import Words
from alerts.phones import PushOffer
from alerts.store.phones import Phone
from dashboard.api import phone_words as said
from dashboard.api.phone_style import STYLE, mark

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # an address with a signed link is nobody else's business
    "X-Robots-Tag": "noindex",
}


class Pages:
    """Pages in one language and one time zone. Everything that people wrote is escaped here."""

    def __init__(self, language: str, timezone: ZoneInfo) -> None:
        self._language = language
        self._timezone = timezone

    def say(self, words: Words, **filled: object) -> str:
        """Return the words, filled in and escaped."""
        return escape(words.in_language(self._language).format(**filled))

    def page(
        self, title: str, head: str, body: str, *, status: int = 200, foot: str = "", script: str = ""
    ) -> Response:
        """`title` is text; the others are HTML of ours."""
        html = (
            f'<!doctype html><html lang="{self._language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">'
            '<meta name="color-scheme" content="light dark"><link rel="icon" href="/mark.svg" type="image/svg+xml">'
            f'<link rel="manifest" href="/my/manifest.webmanifest"><title>{escape(title)}</title>'
            f"<style>{STYLE}</style>{script}</head><body>{head}"
            f'<main class="wide">{body}</main>{foot}</body></html>'
        )
        return HTMLResponse(html, status, headers=HEADERS)

    def problem(self, what: Words, how: Words | None, *, status: int, back: str | None = None) -> Response:
        """Say what is wrong, and what to do."""
        advice = "" if how is None else f'<p class="row">{self.say(how)}</p>'
        link = "" if back is None else f'<p class="row"><a class="button" href="{back}">{self.say(said.BACK)}</a></p>'
        head = f'<header><div class="wide"><h1>{self.say(what)}</h1></div></header>'
        return self.page(what.in_language(self._language), head, advice + link, status=status)

    def warning(
        self, one: OwnWarning, *, confirm: str, tail: str = "", back: str | None = None, thanks: bool = False
    ) -> Response:
        """One warning to read. `confirm` is where its button is sent to, `tail` HTML of ours below it."""
        is_in_force = one.state is AlertState.ISSUED
        parts = [
            self._over(one) if not is_in_force else "",
            *(self._passing(passing, one) for passing in one.passings),
            self._section(said.TO_DO, one.instruction, "do") if is_in_force else "",
            self._section(said.SITUATION, one.description),
            self._section(said.WHERE, self._places(one)),
            f'<p class="second row">{self.say(said.UNTIL, at=self._moment(one.expires_at))}</p>'
            if is_in_force and one.expires_at
            else "",
            self._answered(one, thanks=thanks),
            tail,
        ]
        foot = ""
        if is_in_force and one.acknowledged_at is None:
            foot = (
                f'<div class="foot"><form class="wide" method="post" action="{confirm}">'
                f'<button class="large">{self.say(said.CONFIRM)}</button></form></div>'
            )
        return self.page(self._name(one), self._head(one, back), "".join(parts), foot=foot)

    def list(self, phone: Phone, found: Sequence[OwnWarning], *, push: PushOffer | None) -> Response:
        """All of a member's warnings, and what this phone does."""
        title = said.OF.in_language(self._language).format(name=phone.name)
        head = f'<header><div class="wide"><h1>{escape(title)}</h1></div></header>'
        in_force = [one for one in found if one.state is AlertState.ISSUED]
        over = [one for one in found if one.state is not AlertState.ISSUED]
        nothing = f'<div class="note"><p>{self.say(said.NONE)}</p><p class="second">{self.say(said.NONE_HOW)}</p></div>'
        body = (
            f"<h2>{self.say(said.IN_FORCE)}</h2>"
            + (self._rows(in_force) if in_force else nothing)
            + (f"<h2>{self.say(said.RECENT)}</h2>{self._rows(over)}" if over else "")
            + self._this_phone(phone, push)
        )
        script = '<script src="/my/phone.js" defer></script>' if push else ""
        return self.page(title, head, body, script=script)

    def passing(self, one: OwnWarning, *, passing: UUID, words: str = "", problem: Words | None = None) -> Response:
        """The form by which a leader passes a warning down."""
        here = f"/my/alerts/{one.id}"
        wrong = "" if problem is None else f'<p class="bad row" role="alert">{self.say(problem)}</p>'
        do = self.say(said.PASS_ONE) if one.may_tell == 1 else self.say(said.PASS_DO, count=one.may_tell)
        body = (
            f'<p class="row">{self.say(said.PASS_WHO, count=one.may_tell)}</p>'
            f'<form class="row" method="post" action="{here}/pass">'
            f'<input type="hidden" name="passing" value="{passing}">'
            f'<label for="words">{self.say(said.PASS_WORDS, most=MOST_CHARACTERS)}</label>'
            f'<textarea id="words" name="words" required maxlength="{MOST_CHARACTERS}">{escape(words)}</textarea>'
            f'{wrong}<button class="large">{do}</button></form>'
        )
        title = said.PASS_TITLE.in_language(self._language)
        return self.page(title, self._head(one, here), body, status=200 if problem is None else 422)

    def opening(self, token: str) -> str:
        """Return the offer to open all warnings on this phone, by the link that is being looked at."""
        return (
            '<form class="note" method="post" action="/my/open">'
            f'<input type="hidden" name="token" value="{escape(token)}">'
            f'<p class="second">{self.say(said.OPEN_HOW)}</p>'
            f'<button class="row">{self.say(said.OPEN)}</button></form>'
        )

    def passing_link(self, one: OwnWarning) -> str:
        """Return the way to the form, for who leads somebody below."""
        if one.may_tell == 0:
            return ""
        return f'<p class="row"><a class="button" href="/my/alerts/{one.id}/pass">{self.say(said.PASS)}</a></p>'

    def _head(self, one: OwnWarning, back: str | None) -> str:
        level, is_over = one.level, one.state is not AlertState.ISSUED
        facts = level.facts
        name = said.WARNING.in_language(self._language).format(colour=facts.colour.in_language(self._language))
        event = event_words(one.event).in_language(self._language)
        drill = f'<span class="badge">{self.say(said.DRILL)}</span>' if one.is_drill else ""
        link = "" if back is None else f'<a class="back" href="{back}">&lsaquo; {self.say(said.BACK)}</a>'
        return (
            f'<header class="{"over" if is_over else level.value}"><div class="wide">{link}'
            f'<p class="mark">{mark(level, size_px=36, is_on_fill=not is_over)}'
            f"<span>{escape(f'{facts.numeral} {name} · {event}')}</span>{drill}</p>"
            f"<h1>{escape(one.headline)}</h1>"
            f'<p class="second">{escape(one.issuer.in_language(self._language))} · {self._moment(one.changed_at)}</p>'
            "</div></header>"
        )

    def _name(self, one: OwnWarning) -> str:
        facts = one.level.facts
        return f"{facts.numeral} {facts.colour.in_language(self._language)} · {one.headline}"

    def _section(self, title: Words, text: str, style: str = "") -> str:
        return f'<h2>{self.say(title)}</h2><p class="{style}">{escape(text)}</p>' if text else ""

    def _places(self, one: OwnWarning) -> str:
        comma = "、" if self._language == "zh" else ", "
        return comma.join(place.in_language(self._language) for place in one.places)

    def _over(self, one: OwnWarning) -> str:
        at = "" if one.ended_at is None else self._moment(one.ended_at)
        note = f'<p class="second">{escape(one.note)}</p>' if one.note else ""
        return f'<div class="note"><p class="good">{self.say(said.OVER[one.state], at=at)}</p>{note}</div>'

    def _passing(self, passing: Passing, one: OwnWarning) -> str:
        """Words passed down: who heard them reads who said them, who said them reads how many heard."""
        at = self._moment(passing.passed_at)
        unit = passing.unit.name if self._language == "zh" else passing.unit.name_en or passing.unit.name
        said_by_me = passing.member == one.member
        who = (
            self.say(said.PASSED, count=passing.people, at=at)
            if said_by_me
            else self.say(said.HEARD, name=passing.name, unit=unit, at=at)
        )
        return f'<div class="note said"><p class="second">{who}</p><p>{escape(passing.words)}</p></div>'

    def _answered(self, one: OwnWarning, *, thanks: bool) -> str:
        if one.acknowledged_at is None:
            return ""
        at = self.say(said.CONFIRMED, at=self._moment(one.acknowledged_at))
        thank = f"{self.say(said.THANKS)} " if thanks else ""
        return f'<p class="good row" role="status">✓ {thank}{at}</p>'

    def _rows(self, found: Sequence[OwnWarning]) -> str:
        return f'<ul class="rows">{"".join(self._row(one) for one in found)}</ul>'

    def _row(self, one: OwnWarning) -> str:
        if one.state is not AlertState.ISSUED:
            state = self.say(said.SHORT_OVER[one.state])
        elif one.acknowledged_at is None:
            state = f'<span class="wanted">{self.say(said.UNCONFIRMED)}</span>'
        else:
            state = f'<span class="good">✓ {self.say(said.CONFIRMED_SHORT)}</span>'
        drill = f"{self.say(said.DRILL)} · " if one.is_drill else ""
        event = escape(event_words(one.event).in_language(self._language))
        return (
            f'<li><a href="/my/alerts/{one.id}">{mark(one.level, size_px=36)}'
            f"<span><strong>{escape(one.headline)}</strong>"
            f'<span class="second">{drill}{event} · {self._moment(one.changed_at)}</span>'
            f'<span class="second">{state}</span></span></a></li>'
        )

    def _this_phone(self, phone: Phone, push: PushOffer | None) -> str:
        others = ""
        if phone.others:
            count = self.say(said.OTHER) if phone.others == 1 else self.say(said.OTHERS, count=phone.others)
            others = (
                f'<form class="note" method="post" action="/my/close-others"><p>{count}</p>'
                f'<button class="row">{self.say(said.CLOSE_OTHERS)}</button></form>'
            )
        return (
            f"<h2>{self.say(said.THIS_PHONE)}</h2>{self._push(phone, push)}{others}"
            f'<form class="row" method="post" action="/my/close"><button>{self.say(said.CLOSE)}</button></form>'
        )

    def _push(self, phone: Phone, push: PushOffer | None) -> str:
        """Hidden until the script knows that the browser can do it; it asks for permission after a tap only."""
        if push is None:
            return ""
        return (
            f'<div class="note" id="push" hidden data-key="{escape(push.public_key)}" '
            f'data-known="{str(phone.is_pushed_to).lower()}">'
            f'<p class="good" data-shown="on" hidden>✓ {self.say(said.PUSH_IS_ON)}</p>'
            f'<p class="second">{self.say(said.PUSH_HOW)}</p>'
            f'<p class="bad row" data-shown="blocked" role="alert" hidden>{self.say(said.PUSH_BLOCKED)}</p>'
            f'<p class="bad row" data-shown="failed" role="alert" hidden>{self.say(said.PUSH_FAILED)}</p>'
            f'<button class="row" data-shown="off" data-do="on" hidden>{self.say(said.PUSH_ON)}</button>'
            f'<button class="row" data-shown="on" data-do="off" hidden>{self.say(said.PUSH_OFF)}</button></div>'
        )

    def _moment(self, at: datetime) -> str:
        local = at.astimezone(self._timezone)
        if self._language == "zh":
            return f"{local.month}月{local.day}日 {local:%H:%M}"
        return f"{local.day} {local:%b %H:%M}"
