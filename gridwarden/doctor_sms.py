"""What is wrong with an SMS gateway: asked once, whatever its kind; nothing is sent."""

import asyncio
import time

from alerts.core.gammu import GammuGateway
from alerts.over_http.gateway import HttpGateway
from alerts.program import AnyGateway
from alerts.smpp.connecting import NotBound, bound
from alerts.smpp.gateway import Gateway
from alerts.smpp.link import Link, Listeners
from alerts.smpp.pdus import Deliver
from alerts.smpp.states import Role
from gridwarden.diagnosis import Finding, Grade
from gridwarden.doctor_gateways import examine_gammu, examine_http
from gridwarden.settings import Settings
from gridwarden.sms_gateways import SmsGatewaysError, gateways


def examine(settings: Settings) -> list[Finding]:
    """Return a line for each gateway of the file, and one for a file that cannot be used."""
    try:
        found = gateways(settings, public_url=settings.public_url or f"http://{settings.host}:{settings.port}")
    except SmsGatewaysError as wrong:
        return [Finding(Grade.BAD, "sms gateways", str(wrong))]
    return [finding for gateway in found for finding in asyncio.run(_examine(gateway))]


async def _examine(gateway: AnyGateway) -> list[Finding]:
    match gateway:
        case Gateway():
            return [await _bound(gateway)]
        case HttpGateway():
            return await examine_http(gateway)
        case GammuGateway():
            return [await examine_gammu(gateway)]


async def _bound(gateway: Gateway) -> Finding:
    """Connect, bind, unbind."""
    role = Role.TRANSMITTER if gateway.is_pair else Role.TRANSCEIVER
    listeners = Listeners(delivered=_leave, late=lambda _tag, _id: None)
    try:
        link = await bound(gateway, role, listeners, tick=time.monotonic)
    except NotBound as why:
        return Finding(Grade.BAD, f"sms gateway {gateway.name}", str(why))
    await link.unbind()
    what = f"sms gateway {gateway.name}: bound to {gateway.where} as {gateway.system_id}"
    if gateway.tls is None and gateway.host not in {"127.0.0.1", "::1", "localhost"}:
        return Finding(Grade.WARN, what, "messages and password cross the network in the clear: use tls, or a tunnel")
    return Finding(Grade.OK, what)


def _leave(_link: Link, _deliver: Deliver) -> None:
    """What comes meanwhile is not acknowledged, so that it comes again to who stores it."""
