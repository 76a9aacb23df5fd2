"""Where operators over HTTP call back: what became of a message, and what people wrote.

Not under /api: no account calls here, and what it is answered is the operator's own language. The secret at the end of
the path is proof; nothing of ours writes it down.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response

from alerts.callbacks import CallbackRefused, Callbacks
from alerts.over_http.callbacks import Call

MOST_BODY_BYTES: Final = 1_048_576  # some thousand receipts
SIGNATURE: Final = "X-Twilio-Signature"


class BodyTooLong(Exception):  # noqa: N818 - of theirs
    """More than anybody has to say."""


def router(callbacks: Callbacks) -> APIRouter:
    routes = APIRouter()

    @routes.api_route("/sms/{gateway}/{what}", methods=["GET", "POST"])
    async def signed(request: Request, gateway: str, what: str) -> Response:
        return await _answer(callbacks, request, gateway, what, secret="")

    @routes.api_route("/sms/{gateway}/{what}/{secret}", methods=["GET", "POST"])
    async def secret(request: Request, gateway: str, what: str, secret: str) -> Response:
        return await _answer(callbacks, request, gateway, what, secret=secret)

    return routes


async def _answer(callbacks: Callbacks, request: Request, gateway: str, what: str, *, secret: str) -> Response:
    try:
        call = Call(
            url=_url(callbacks.base(gateway), request),
            query=_query(request.query_params.multi_items()),
            body=await _body(request),
            path_secret=secret,
            signature=request.headers.get(SIGNATURE, ""),
            address="" if request.client is None else request.client.host,
        )
        reply = await callbacks.hear(gateway, what, call)
    except BodyTooLong:
        return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except CallbackRefused as refused:
        return Response(status_code=refused.status)
    return Response(reply.body, reply.status, media_type=reply.type, headers={"Cache-Control": "no-store"})


def _url(base: str, request: Request) -> str:
    query = request.url.query
    return f"{base}{request.url.path}{'?' if query else ''}{query}"


def _query(items: list[tuple[str, str]]) -> Mapping[str, str]:
    return dict(items)


async def _body(request: Request) -> bytes:
    octets = bytearray()
    async for chunk in request.stream():
        octets += chunk
        if len(octets) > MOST_BODY_BYTES:
            raise BodyTooLong
    return bytes(octets)
