"""The page behind a signed link: a leader acknowledges without logging in.

Looking never acknowledges: the previews of message apps and virus scanners open links too. Only the button does, and
all it can do is this one answer, so the form needs no other proof of who pressed it.
"""

from collections.abc import Callable
from datetime import datetime
from html import escape
from string import Template
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from alerts.core import links
from alerts.core.errors import Refusal
from alerts.core.levels import Level
from alerts.core.links import BadLink, Link
from alerts.core.records import Alert
from alerts.core.words import Words
from alerts.desk import Desk
from dashboard.api.answers import language_of

PAGE: Final = Template("""<!doctype html>
<html lang="$language"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title</title><style>
body { margin: 0; font: 16px/1.5 system-ui, "Noto Sans SC", "Microsoft YaHei", sans-serif; color: #14202f }
header { padding: 24px 16px; background: $fill; color: $ink; font-size: 20px }
main { padding: 16px; white-space: pre-line }
button { width: 100%; min-height: 56px; font: inherit; font-size: 20px; color: #fff; background: #1259c3; border: 0;
  border-radius: 6px }
</style></head><body><header><strong>$title</strong></header><main>$text$action</main></body></html>""")
FILLS: Final = {
    Level.RED: ("#d92d2d", "#fff"),
    Level.ORANGE: ("#f08c00", "#10151f"),
    Level.YELLOW: ("#f5c518", "#10151f"),
    Level.BLUE: ("#1f6feb", "#fff"),
}
NEUTRAL: Final = ("#eaeff7", "#14202f")
BUTTON: Final = Words("我已收到", "I have received this")
THANKS: Final = Words("已确认，谢谢。", "Acknowledged. Thank you.")
DRILL: Final = Words("【演练】", "DRILL. ")
BAD_LINK: Final = Words("链接无效或已过期", "This link is not valid, or its time is over")


def router(desk: Desk, *, secret: bytes, clock: Callable[[], datetime]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/ack/{token}")
    async def show(request: Request, token: str) -> Response:
        language = language_of(request)
        try:
            alert = await desk.get(read(token).alert)
        except (BadLink, Refusal):
            return page(language, BAD_LINK.in_language(language), status=404)
        button = f'<form method="post"><button>{escape(BUTTON.in_language(language))}</button></form>'
        return alert_page(language, alert, button)

    @routes.post("/ack/{token}")
    async def acknowledge(request: Request, token: str) -> Response:
        language = language_of(request)
        try:
            link = read(token)
            await desk.acknowledge(link.alert, link.member, "link")
            alert = await desk.get(link.alert)
        except (BadLink, Refusal):
            return page(language, BAD_LINK.in_language(language), status=404)
        return alert_page(language, alert, f"<p><strong>{escape(THANKS.in_language(language))}</strong></p>")

    def read(token: str) -> Link:
        return links.read(token, secret=secret, now=clock())

    return routes


def alert_page(language: str, alert: Alert, action: str) -> Response:
    """Return the alert in its level's colour, with `action` (HTML) below."""
    content = alert.content
    facts = content.level.facts
    drill = DRILL.in_language(language) if content.is_drill else ""
    title = f"{drill}{facts.numeral} {facts.colour.in_language(language)} · {content.headline}"
    text = "\n\n".join(part for part in (content.description, content.instruction) if part)
    return page(language, title, text=text, action=action, colours=FILLS[content.level])


def page(
    language: str,
    title: str,
    *,
    text: str = "",
    action: str = "",
    colours: tuple[str, str] = NEUTRAL,
    status: int = 200,
) -> Response:
    """`action` is HTML of ours; everything else is escaped."""
    fill, ink = colours
    html = PAGE.substitute(language=language, title=escape(title), text=escape(text), action=action, fill=fill, ink=ink)
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
