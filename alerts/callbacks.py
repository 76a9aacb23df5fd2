"""What operators over HTTP tell us unasked: receipts and what people wrote, stored before they hear that we have it.

A receipt that comes before our own commit of its message's id waits in its table (alerts.providers.matching). A
callback for an id that is not ours is kept and answered like any other: it is no business of who asks. Who does not
prove to be the operator learns nothing, and is said in the log once a minute.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from psycopg_pool import AsyncConnectionPool

from alerts import metrics
from alerts.core.policy import Policy
from alerts.over_http.callbacks import Call, Heard, heard_inbound, heard_status, is_from, is_proven
from alerts.over_http.description import Callbacks as Described
from alerts.over_http.description import Reply
from alerts.over_http.gateway import HttpGateway
from alerts.over_http.reading import Unreadable
from alerts.providers.matching import match, within_of
from alerts.store import inbound, sms
from alerts.store.inbound import Part
from alerts.store.sms import Said

SAID_EVERY_S: Final = 60.0

log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


class CallbackRefused(Exception):  # noqa: N818 - of theirs
    """`status`: what it is answered with; the message is for the log, not for who asks."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Callbacks:
    """Of all gateways that call back."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        clock: Callable[[], datetime],
        gateways: Sequence[HttpGateway],
        *,
        policy: Policy,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._gateways = {gateway.name: gateway for gateway in gateways}
        self._within = within_of(policy)
        self._tick = tick
        self._said_s: dict[tuple[str, HTTPStatus], float] = {}

    def base(self, name: str) -> str:
        """Return the address that the operator was told, up to our path; empty for a gateway that there is not."""
        gateway = self._gateways.get(name)
        return "" if gateway is None else gateway.callback_url.rstrip("/")

    async def hear(self, name: str, what: str, call: Call) -> Reply:
        """Store what a callback says; return what the operator wants to hear. Raises CallbackRefused."""
        try:
            return await self._hear(name, what, call)
        except CallbackRefused as refused:
            self._say(name, refused, call.address)
            raise

    async def _hear(self, name: str, what: str, call: Call) -> Reply:
        gateway = self._gateways.get(name)
        if gateway is None or gateway.description.callbacks is None:
            raise CallbackRefused(HTTPStatus.NOT_FOUND, "no gateway of that name calls back")
        callbacks = gateway.description.callbacks
        try:
            self._judge(gateway, callbacks, call)
            heard = _heard(gateway, callbacks, what, call)
        except Unreadable as wrong:
            raise CallbackRefused(HTTPStatus.BAD_REQUEST, str(wrong)) from wrong
        await self._keep(name, heard)
        for reason, count in Counter(heard.unreadable).items():
            metrics.SMS_RECEIPTS.labels(name, "unreadable").inc(count)
            log.warning("sms.bad_receipt", gateway=name, reason=reason, receipts=count)
        return callbacks.reply

    def _judge(self, gateway: HttpGateway, callbacks: Described, call: Call) -> None:
        if not is_from(call.address, gateway.networks):
            raise CallbackRefused(HTTPStatus.FORBIDDEN, "from a network that is not the operator's")
        if not is_proven(callbacks, call, secret=gateway.secrets[callbacks.secret]):
            raise CallbackRefused(HTTPStatus.FORBIDDEN, "wrong secret, or wrong signature")

    async def _keep(self, name: str, heard: Heard) -> None:
        now = self._clock()
        said = [Said(each.operator_id, each.fate, each.word) for each in heard.receipts]
        written = [
            Part(each.source, each.destination, each.text, operator_id=each.operator_id) for each in heard.written
        ]
        new = 0
        async with self._pool.connection() as connection, connection.transaction():
            if said:
                await sms.keep_receipts(connection, said, provider=name, source="receipt", now=now)
                ids = sorted({each.operator_id for each in said})
                await match(connection, ids, provider=name, within=self._within, now=now)
            if written:
                new = await inbound.keep(connection, written, provider=name, now=now)
        for state, count in Counter(each.state for each in said).items():
            metrics.SMS_RECEIPTS.labels(name, state).inc(count)
        metrics.SMS_INBOUND.labels(name).inc(new)
        if new < len(written):
            log.info("sms.inbound_repeated", gateway=name, messages=len(written) - new)

    def _say(self, name: str, refused: CallbackRefused, address: str) -> None:
        """Say it once a minute: whoever knocks must not fill the log. An unknown name is the caller's, not ours."""
        known = name if name in self._gateways else "unknown"
        metrics.SMS_CALLBACKS_REFUSED.labels(known, refused.status.name.lower()).inc()
        now_s, key = self._tick(), (known, refused.status)
        if now_s - self._said_s.get(key, -SAID_EVERY_S) >= SAID_EVERY_S:
            self._said_s[key] = now_s
            log.warning("sms.callback_refused", gateway=known, reason=str(refused), address=address)


def _heard(gateway: HttpGateway, callbacks: Described, what: str, call: Call) -> Heard:
    if what == "status" and callbacks.status is not None:
        return heard_status(callbacks.status, call, country_code=gateway.country_code)
    if what == "inbound" and callbacks.inbound is not None:
        return heard_inbound(callbacks.inbound, call, country_code=gateway.country_code)
    raise CallbackRefused(HTTPStatus.NOT_FOUND, "this gateway tells no such thing")
