"""What is wrong with an SMS gateway that is not SMPP: a request that sends nothing, or a look at smsd's tables."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from alerts.core.gammu import CREATOR, GammuGateway
from alerts.core.verdicts import Verdict
from alerts.over_http import reading
from alerts.over_http.asking import NoAnswer, asked, new_client
from alerts.over_http.description import Check
from alerts.over_http.filling import Letter
from alerts.over_http.gateway import HttpGateway
from alerts.providers.gammu import ModemAway, reached
from alerts.store import gammu
from gridwarden.diagnosis import Finding, Grade


async def examine_http(gateway: HttpGateway) -> list[Finding]:
    """Return a line for the account, or one for each template where those can be asked about; and one for callbacks."""
    found: list[Finding] = []
    check = gateway.description.check
    if check is None:
        found.append(Finding(Grade.WARN, _title(gateway.name), "its description has no check: nothing was asked"))
    else:
        found += [await _checked(gateway, check, letter) for letter in _letters(gateway, check)]
    return [*found, *_callbacks(gateway)]


async def examine_gammu(gateway: GammuGateway) -> Finding:
    title = _title(gateway.name)
    try:
        async with reached(gateway) as theirs:
            state = await gammu.state(theirs, creator=CREATOR)
    except ModemAway as away:
        return Finding(Grade.BAD, title, str(away))
    if not state.is_alive:
        return Finding(Grade.BAD, f"{title}: {gateway.where}", "gammu-smsd does not run, or its modem does not send")
    return Finding(Grade.OK, f"{title}: gammu-smsd runs at {gateway.where}, {state.waiting} messages wait")


async def _checked(gateway: HttpGateway, check: Check, letters: list[Letter]) -> Finding:
    title = _title(gateway.name)
    now = datetime.now(UTC)
    async with new_client(gateway) as client:
        try:
            ready = gateway.request(check.request, letters, now=now, nonce=secrets.token_hex(16))
            status, octets = await asked(client, ready, gateway)
        except NoAnswer as none:
            return Finding(Grade.BAD, title, str(none))
    verdict, words = reading.checked(check, status=status, octets=octets)
    code = letters[0].names["template"] if letters else ""
    if verdict is not Verdict.TAKEN:
        return Finding(Grade.BAD, f"{title}: {gateway.where}", " ".join(f"refused: {code} {words}".split()))
    what = f"{title}: {gateway.where} knows us" + (f", and template {code}" if code else "")
    if urlsplit(gateway.where).scheme == "http" and not _is_here(gateway.where):
        return Finding(Grade.WARN, what, "messages and secrets cross the network in the clear: use https, or a tunnel")
    return Finding(Grade.OK, what)


def _letters(gateway: HttpGateway, check: Check) -> list[list[Letter]]:
    """Return what fills the check: nothing, or each template where it asks about one."""
    if "{template}" not in check.model_dump_json():
        return [[]]
    return [
        [Letter(delivery=0, attempt=0, number="", names={"template": each.code}, variables={})]
        for each in gateway.templates
    ]


def _callbacks(gateway: HttpGateway) -> Iterator[Finding]:
    callbacks = gateway.description.callbacks
    if callbacks is None:
        yield Finding(Grade.WARN, f"{_title(gateway.name)}: nobody tells what became of its messages")
    elif _is_here(gateway.callback_url) and not _is_here(gateway.where):
        told = f"it would call back at {gateway.callback_url}, which is this machine's own"
        yield Finding(Grade.WARN, f"{_title(gateway.name)}: {told}", "set callback_url, or GRIDWARDEN_PUBLIC_URL")


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in {"127.0.0.1", "::1", "localhost"}


def _title(name: str) -> str:
    return f"sms gateway {name}"
