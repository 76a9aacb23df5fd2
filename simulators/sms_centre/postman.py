"""Brings receipts and messages from phones to clients: over a link that receives, or later, when there is one.

A delivery is done with when the client answers. What a link had no answer to goes to the next one: a receipt may come
twice then, as it does at an operator's.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from simulators.sms_centre.agenda import Agenda
from simulators.sms_centre.commands import Status
from simulators.sms_centre.counts import Counts
from simulators.sms_centre.records import Delivery, Kind

_TRIES: Final = 5
_RETRY_S: Final = 1.0
_LATER: Final = frozenset({Status.ESME_RX_T_APPN, Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL, Status.ESME_RSYSERR})


class Receiver(Protocol):
    """A link as the postman sees it."""

    @property
    def system_id(self) -> str: ...
    @property
    def receives(self) -> bool: ...
    def deliver(self, delivery: Delivery) -> None: ...


class Postman:
    """`clock` is epoch s. At most `keep` deliveries wait for a link of one client: the oldest are dropped then."""

    def __init__(self, agenda: Agenda, counts: Counts, *, clock: Callable[[], float], keep: int) -> None:
        self._agenda: Final = agenda
        self._counts: Final = counts
        self._clock: Final = clock
        self._keep: Final = keep
        self._links: Final[list[Receiver]] = []
        self._waiting: Final[dict[str, deque[Delivery]]] = {}
        self.deliveries: Final[deque[Delivery]] = deque(maxlen=keep)

    def post(self, delivery: Delivery, *, over: Receiver | None = None) -> None:
        """Send over `over` if it receives, else over another link of the client, else keep."""
        if delivery.tries == 0 and delivery.sent_at is None:
            self.deliveries.append(delivery)
        self._send(delivery, over)

    def went_up(self, link: Receiver) -> None:
        """Send what waited for a link like this."""
        self._links.append(link)
        if link.receives:
            for delivery in self._waiting.pop(link.system_id, ()):
                link.deliver(delivery)

    def went_down(self, link: Receiver, left: list[Delivery]) -> None:
        """`left`: what was given to the link and not answered."""
        if link in self._links:
            self._links.remove(link)
        for delivery in left:
            self._send(delivery, None)

    def sent(self, delivery: Delivery) -> None:
        delivery.tries += 1
        if delivery.sent_at is None:
            delivery.sent_at = self._clock()
        if delivery.kind is Kind.RECEIPT:
            self._counts.receipts_sent += 1
        else:
            self._counts.originated_sent += 1

    def answered(self, delivery: Delivery, status: int) -> None:
        """Settle, or try again what the client cannot take now."""
        delivery.status = status
        if status == Status.ESME_ROK:
            delivery.acknowledged_at = self._clock()
            if delivery.kind is Kind.RECEIPT:
                self._counts.receipts_acknowledged += 1
            else:
                self._counts.originated_acknowledged += 1
        elif status in _LATER:
            self.retry(delivery)
        else:
            self._counts.receipts_refused += 1

    def retry(self, delivery: Delivery) -> None:
        """Try again in a while, a few times."""
        if delivery.tries >= _TRIES:
            self._counts.receipts_refused += 1
            return
        self._counts.receipts_retried += 1
        self._agenda.after(_RETRY_S, self._send, delivery, None)

    def _send(self, delivery: Delivery, over: Receiver | None) -> None:
        link = over if over is not None and over.receives else self._link_of(delivery.system_id)
        if link is None:
            self._waiting.setdefault(delivery.system_id, deque(maxlen=self._keep)).append(delivery)
        else:
            link.deliver(delivery)

    def _link_of(self, system_id: str) -> Receiver | None:
        """Return a link of the client that receives; they take turns."""
        for at, link in enumerate(self._links):
            if link.system_id == system_id and link.receives:
                self._links.append(self._links.pop(at))
                return link
        return None
