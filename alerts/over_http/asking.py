"""One request to a gateway over HTTP, and its answer; or in one line why there is none, and what that means."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx

from alerts.core.verdicts import Verdict
from alerts.over_http.gateway import HttpGateway
from alerts.over_http.signing import Ready

MOST_ANSWER_BYTES: Final = 1_048_576
HEADERS: Final = {"User-Agent": "Gridwarden", "Accept-Encoding": "identity"}
# What ended before anything left
BEFORE: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class NoAnswer(Exception):  # noqa: N818 - of the world outside
    """`verdict`: what it means for the messages of the request."""

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict


def context_of(authorities: Path | None) -> ssl.SSLContext:
    """Return what certificates are judged by. Raises OSError for a file that holds none."""
    context = ssl.create_default_context(cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def new_client(gateway: HttpGateway) -> httpx.AsyncClient:
    """Return a client that follows no redirect, and believes no environment variable's proxy without being told."""
    patience = gateway.patience
    return httpx.AsyncClient(
        verify=context_of(gateway.authorities),
        timeout=httpx.Timeout(patience.answer_s, connect=patience.connect_s),
        limits=httpx.Limits(max_connections=gateway.at_once, max_keepalive_connections=gateway.at_once),
        follow_redirects=False,
        trust_env=False,
        headers=HEADERS,
    )


async def asked(client: httpx.AsyncClient, ready: Ready, gateway: HttpGateway) -> tuple[int, bytes]:
    """Return the answer's status and its body. Raises NoAnswer."""
    answer_s = gateway.patience.answer_s
    try:
        async with (
            asyncio.timeout(answer_s),
            client.stream(ready.method, ready.url, headers=dict(ready.headers), content=ready.body) as answer,
        ):
            return answer.status_code, await _body(answer)
    except BEFORE as away:
        raise _unreached(away, gateway) from away
    except (TimeoutError, httpx.TimeoutException) as silent:
        raise NoAnswer(Verdict.LOST, f"no answer in {answer_s:g} s") from silent
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as wrong:
        raise NoAnswer(Verdict.BROKEN, f"{gateway.where} is no address") from wrong
    except httpx.HTTPError as ended:
        raise NoAnswer(Verdict.LOST, f"the connection ended before the answer ({type(ended).__name__})") from ended


async def _body(answer: httpx.Response) -> bytes:
    octets = bytearray()
    async for chunk in answer.aiter_raw():
        octets += chunk
        if len(octets) > MOST_ANSWER_BYTES:
            raise NoAnswer(Verdict.LOST, f"an answer of more than {MOST_ANSWER_BYTES:,} octets")
    return bytes(octets)


def _unreached(away: Exception, gateway: HttpGateway) -> NoAnswer:
    for cause in _causes(away):
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message or str(cause)
            return NoAnswer(Verdict.BROKEN, f"{gateway.where} shows a certificate that is not believed: {why}")
        if isinstance(cause, ssl.SSLError):
            return NoAnswer(Verdict.LATER, f"{gateway.where} does not speak TLS ({cause.reason or cause})")
    if isinstance(away, httpx.TimeoutException):
        return NoAnswer(Verdict.LATER, f"{gateway.where} does not answer in {gateway.patience.connect_s:g} s")
    return NoAnswer(Verdict.LATER, f"{gateway.where} cannot be reached: {away or type(away).__name__}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
