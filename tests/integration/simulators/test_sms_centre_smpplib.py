"""The SMS centre with a client that is not ours: smpplib. It blocks, so it runs in a thread."""

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm

from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.faults import Faults, Outcomes, Refusals
from simulators.sms_centre.records import Originated

NUMBER = "8613800000000"
DEADLINE_S = 30.0
PASSWORD = "secret"
TEXTS = ["short", "Flood at gate 4: {leave} now for 5€ " * 9, "洪水预警🌊请立即撤离低洼地带。" * 20]


class Client:
    """What smpplib hears, in lists."""

    def __init__(self, port: int) -> None:
        self.received: list[Any] = []
        self.sent: list[Any] = []
        self.queried: list[Any] = []
        self.errors: list[int] = []
        self._client = smpplib.client.Client("127.0.0.1", port, timeout=5, allow_unknown_opt_params=False)
        self._client.set_message_received_handler(self._keep(self.received))
        self._client.set_message_sent_handler(self._keep(self.sent))
        self._client.set_query_resp_handler(self.queried.append)
        self._client.set_error_pdu_handler(self._note_error)

    @staticmethod
    def _keep(kept: list[Any]) -> Callable[[Any], None]:
        def keep(pdu: Any) -> None:  # smpplib says `pdu=`
            kept.append(pdu)

        return keep

    def _note_error(self, pdu: Any) -> None:
        self.errors.append(int(pdu.status))

    @contextmanager
    def bound(self, password: str = PASSWORD) -> Generator[smpplib.client.Client]:
        self._client.connect()
        try:
            self._client.bind_transceiver(system_id="gridwarden", password=password)
            yield self._client
            self._client.unbind()
        finally:
            self._client.disconnect()

    def submit(self, text: str) -> int:
        """Submit a text in as many parts as smpplib makes of it; return how many."""
        parts, coding, esm_class = smpplib.gsm.make_parts(text)
        for part in parts:
            self._client.send_message(
                source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
                source_addr="Gridwarden",
                dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
                destination_addr=NUMBER,
                short_message=part,
                data_coding=coding,
                esm_class=esm_class,
                registered_delivery=True,
            )
        return len(parts)

    def read_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline
            self._client.read_once()


@pytest.mark.parametrize(
    "text", ["Flood at gate 4: {leave} now for 5€ " * 9, "洪水预警🌊请立即撤离低洼地带。" * 20, "short"]
)
async def test_a_text_of_any_length_arrives_and_each_part_has_its_receipt(text: str) -> None:
    def work(client: Client) -> int:
        with client.bound():
            count = client.submit(text)
            client.read_until(lambda: len(client.received) == len(client.sent) == count)
            return count

    async with SmsCentre() as centre:
        client = Client(centre.port)
        count = await asyncio.to_thread(work, client)
        (whole,) = centre.to(NUMBER)
        assert (whole.text, whole.is_complete, whole.total) == (text, True, count)
        ids = {pdu.message_id.decode() for pdu in client.sent}
        assert ids == set(whole.ids) == {pdu.receipted_message_id.decode() for pdu in client.received}
        assert {pdu.message_state for pdu in client.received} == {smpplib.consts.SMPP_MESSAGE_STATE_DELIVERED}
        assert centre.counts.receipts_acknowledged == count


async def test_a_query_finds_what_became_of_a_message() -> None:
    def work(client: Client) -> None:
        with client.bound() as connection:
            client.submit("leave now")
            client.read_until(lambda: len(client.received) == 1)
            connection.query_message(
                message_id=client.sent[0].message_id.decode(),
                source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
                source_addr_npi=0,
                source_addr="Gridwarden",
            )
            client.read_until(lambda: len(client.queried) == 1)

    async with SmsCentre(faults=Faults(outcomes=Outcomes(undeliverable_share=1))) as centre:
        client = Client(centre.port)
        await asyncio.to_thread(work, client)
        assert client.queried[0].message_state == smpplib.consts.SMPP_MESSAGE_STATE_UNDELIVERABLE
        assert client.queried[0].error_code == 27


async def test_a_message_from_a_phone_is_received_and_acknowledged() -> None:
    def work(client: Client) -> None:
        with client.bound():
            client.read_until(lambda: len(client.received) == 1)

    async with SmsCentre() as centre:
        (sent,) = centre.deliver(Originated(NUMBER, "10690", "1"))
        client = Client(centre.port)
        await asyncio.to_thread(work, client)
        assert client.received[0].short_message == b"1"
        assert sent.acknowledged_at is not None


async def test_refusals_and_a_wrong_password_are_understood() -> None:
    def work(client: Client) -> None:
        with client.bound():
            client.submit("leave now")
            client.read_until(lambda: bool(client.errors))

    def guess(client: Client) -> None:
        with client.bound(password="guess"):
            pass

    async with SmsCentre(faults=Faults(refusals=Refusals(throttled_share=1))) as centre:
        client = Client(centre.port)
        await asyncio.to_thread(work, client)
        assert client.errors == [smpplib.consts.SMPP_ESME_RTHROTTLED]
        with pytest.raises(smpplib.exceptions.PDUError) as refused:
            await asyncio.to_thread(guess, Client(centre.port))
        assert refused.value.args[1] == smpplib.consts.SMPP_ESME_RINVPASWD
