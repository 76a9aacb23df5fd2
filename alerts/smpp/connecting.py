"""From an address to a bound link, and one clear line for each way in which that fails."""

import asyncio
import ssl
from collections.abc import Callable

from alerts.smpp.gateway import Gateway, Tls
from alerts.smpp.link import BindRefused, Link, LinkEnded, Listeners
from alerts.smpp.states import Role
from alerts.smpp.verdicts import HOPELESS, bind_words


class NotBound(Exception):  # noqa: N818 - of the world outside
    """There is no bound link; the message says why in one line. `is_hopeless`: only new settings will help."""

    def __init__(self, reason: str, *, is_hopeless: bool = False) -> None:
        super().__init__(reason)
        self.is_hopeless = is_hopeless


async def bound(gateway: Gateway, role: Role, listeners: Listeners, *, tick: Callable[[], float]) -> Link:
    """Connect and bind. Raises NotBound."""
    link = await _connected(gateway, lambda: Link(gateway, listeners, tick=tick))
    try:
        await link.bind(role)
    except BindRefused as refused:
        is_hopeless = refused.status in HOPELESS
        raise NotBound(
            f"{gateway.where} refused {gateway.system_id}: {bind_words(refused.status)}", is_hopeless=is_hopeless
        ) from refused
    except LinkEnded as ended:
        raise NotBound(f"{gateway.where} ended the connection before the bind: {ended}") from ended
    except TimeoutError as silent:
        link.end("no answer to the bind")
        raise NotBound(
            f"{gateway.where} is connected and does not answer a bind in {gateway.timing.answer_s:g} s"
        ) from silent
    except ValueError as wrong:
        link.end("the bind cannot be written")
        raise NotBound(f"gateway {gateway.name}: {wrong}", is_hopeless=True) from wrong
    except asyncio.CancelledError:
        link.end("we are stopping")
        raise
    return link


async def _connected(gateway: Gateway, make: Callable[[], Link]) -> Link:
    loop, tls = asyncio.get_running_loop(), gateway.tls
    try:
        context = None if tls is None else _context(tls)
    except OSError as wrong:
        raise NotBound(f"gateway {gateway.name}: the authorities' file: {wrong}", is_hopeless=True) from wrong
    name = None if tls is None else tls.name or gateway.host
    try:
        async with asyncio.timeout(gateway.timing.connect_s):
            _, link = await loop.create_connection(make, gateway.host, gateway.port, ssl=context, server_hostname=name)
    except ssl.SSLCertVerificationError as wrong:
        why = wrong.verify_message or str(wrong)
        raise NotBound(f"{gateway.where} shows a certificate that is not believed: {why}", is_hopeless=True) from wrong
    except ssl.SSLError as wrong:
        raise NotBound(f"{gateway.where} does not speak TLS ({wrong.reason or wrong})") from wrong
    except TimeoutError as silent:
        raise NotBound(f"{gateway.where} does not answer in {gateway.timing.connect_s:g} s") from silent
    except OSError as away:
        raise NotBound(f"{gateway.where} cannot be reached: {_words(away)}") from away
    return link


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _words(error: OSError) -> str:
    return "nobody listens there" if isinstance(error, ConnectionRefusedError) else error.strerror or str(error)
