"""The SMS centre as a client meets it over a socket: its rules, and each of its faults where the client sees it."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from simulators.sms_centre.centre import SmsCentre
from simulators.sms_centre.codec import write
from simulators.sms_centre.commands import Command, MessageState, Status, Tag
from simulators.sms_centre.faults import (
    Answers,
    Faults,
    Limits,
    Links,
    Outcomes,
    Receipts,
    Refusals,
    read_faults,
)
from simulators.sms_centre.link import Timing
from simulators.sms_centre.pdus import (
    Bind,
    Body,
    Bound,
    Broken,
    Cancel,
    MessageId,
    Nothing,
    Pdu,
    Queried,
    Query,
    Replace,
    ShortMessage,
    tlv,
    tlv_number,
)
from simulators.sms_centre.records import Originated
from simulators.sms_centre.sessions import State
from simulators.sms_centre.stream import Stream
from tests.certificates import self_signed

NUMBER = "8613800000000"
DEADLINE_S = 30.0


class Client:
    """A connection that says what the test says, and answers nothing by itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._stream = Stream()
        self._received: list[Pdu | Broken] = []
        self._sequence = 0

    def write(self, octets: bytes) -> None:
        self._writer.write(octets)

    def send(self, command: Command, body: Body | None = None) -> int:
        self._sequence += 1
        self._writer.write(write(Pdu(command, self._sequence, body or Nothing())))
        return self._sequence

    def answer(self, pdu: Pdu, status: Status = Status.ESME_ROK) -> None:
        body = MessageId() if pdu.command is Command.DELIVER_SM else Nothing()
        self._writer.write(write(Pdu(Command(pdu.command | 0x80000000), pdu.sequence, body, status)))

    async def receive(self) -> Pdu | Broken:
        """Return what comes next. Raises EOFError at the end of the connection."""
        async with asyncio.timeout(DEADLINE_S):
            while not self._received:
                data = await self._reader.read(65_536)
                if not data:
                    raise EOFError
                self._received += self._stream.feed(data)
        return self._received.pop(0)

    async def next(self, command: Command) -> Pdu:
        received = await self.receive()
        assert isinstance(received, Pdu)
        assert received.command is command
        return received

    async def call(self, command: Command, body: Body | None = None) -> Pdu:
        """Send a request; what comes next is its answer."""
        sequence = self.send(command, body)
        received = await self.receive()
        assert isinstance(received, Pdu)
        assert received.sequence == sequence
        return received

    async def submit(self, text: str = "leave now", *, to: str = NUMBER) -> Pdu:
        return await self.call(Command.SUBMIT_SM, a_message(text, to=to))

    async def receipt(self) -> ShortMessage:
        """Take the next PDU, which is a receipt, and answer it."""
        pdu = await self.next(Command.DELIVER_SM)
        self.answer(pdu)
        assert isinstance(pdu.body, ShortMessage)
        return pdu.body

    async def is_alive(self) -> bool:
        """Whether enquire_link is what the centre answers next: nothing else was on its way."""
        return (await self.call(Command.ENQUIRE_LINK)).command is Command.ENQUIRE_LINK_RESP

    async def at_end(self) -> list[Pdu | Broken]:
        """Return what still comes until the connection ends."""
        came: list[Pdu | Broken] = []
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                came.append(await self.receive())
        return came


def a_message(text: str = "leave now", *, to: str = NUMBER, registered: int = 1) -> ShortMessage:
    return ShortMessage(source="10690", destination=to, payload=text.encode(), registered_delivery=registered)


def id_of(pdu: Pdu) -> str:
    assert isinstance(pdu.body, MessageId)
    return pdu.body.message_id


def receipted(receipt: ShortMessage) -> str:
    value = tlv(receipt.tlvs, Tag.RECEIPTED_MESSAGE_ID)
    assert value is not None
    return value.rstrip(b"\0").decode()


@contextlib.asynccontextmanager
async def connected(centre: SmsCentre, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Client]:
    reader, writer = await asyncio.open_connection(centre.host, centre.port, ssl=tls)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def bound(
    centre: SmsCentre, command: Command = Command.BIND_TRANSCEIVER, *, version: int = 0x34
) -> AsyncGenerator[Client]:
    async with connected(centre) as client:
        bind = Bind(system_id="gridwarden", password="secret", interface_version=version)
        assert (await client.call(command, bind)).status == Status.ESME_ROK
        yield client


# Sessions


async def test_a_bind_is_answered_with_the_centres_name_and_version() -> None:
    async with SmsCentre() as centre, connected(centre) as client:
        answer = await client.call(Command.BIND_TRANSCEIVER, Bind("gridwarden", "secret"))
        assert isinstance(answer.body, Bound)
        assert answer.body.system_id == "centre"
        assert tlv_number(answer.body.tlvs, Tag.SC_INTERFACE_VERSION) == 0x34
        assert [session.state for session in centre.sessions] == [State.BOUND_TRX]


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [("stranger", "secret", Status.ESME_RINVSYSID), ("gridwarden", "guess", Status.ESME_RINVPASWD)],
)
async def test_who_is_not_known_is_not_bound(system_id: str, password: str, status: Status) -> None:
    async with SmsCentre() as centre, connected(centre) as client:
        assert (await client.call(Command.BIND_TRANSCEIVER, Bind(system_id, password))).status == status
        assert (await client.submit()).status == Status.ESME_RINVBNDSTS


async def test_a_second_bind_and_a_receivers_submission_are_refused_by_the_table() -> None:
    async with SmsCentre() as centre, bound(centre, Command.BIND_RECEIVER) as client:
        second = await client.call(Command.BIND_TRANSMITTER, Bind("gridwarden", "secret"))
        assert (second.command, second.status) == (Command.BIND_TRANSMITTER_RESP, Status.ESME_RALYBND)
        assert (await client.submit()).status == Status.ESME_RINVBNDSTS
        assert centre.counts.illegal == 2


async def test_what_cannot_be_parsed_gets_its_status_and_the_session_goes_on() -> None:
    async with SmsCentre() as centre, bound(centre) as client:
        client.write(bytes.fromhex("0000001200000777000000000000002a") + b"??")
        nack = await client.next(Command.GENERIC_NACK)
        assert (nack.status, nack.sequence) == (Status.ESME_RINVCMDID, 0x2A)
        refused = await client.call(Command.SUBMIT_SM, ShortMessage(destination="1" * 30))
        assert (refused.command, refused.status) == (Command.SUBMIT_SM_RESP, Status.ESME_RINVDSTADR)
        assert await client.is_alive()
        assert centre.counts.broken == 2


async def test_a_command_length_out_of_bounds_ends_the_connection() -> None:
    async with SmsCentre() as centre, bound(centre) as client:
        client.write(b"GET / HTTP/1.1\r\n\r\n")
        nack = await client.next(Command.GENERIC_NACK)
        assert nack.status == Status.ESME_RINVCMDLEN
        assert await client.at_end() == []


async def test_who_does_not_bind_in_time_is_put_out() -> None:
    async with SmsCentre(timing=Timing(bind_s=0.1)) as centre, connected(centre) as client:
        assert await client.at_end() == []
        assert centre.counts.given_up == 1


async def test_the_centre_enquires_after_who_is_quiet_and_gives_up_who_is_dead() -> None:
    timing = Timing(enquire_after_s=0.1, answer_s=0.5)
    async with SmsCentre(timing=timing) as centre, bound(centre) as client:
        client.answer(await client.next(Command.ENQUIRE_LINK))
        again = await client.next(Command.ENQUIRE_LINK)
        assert again.sequence == 2
        assert await client.at_end() == []


async def test_an_unbind_is_answered_and_ends_the_connection() -> None:
    async with SmsCentre() as centre, bound(centre) as client:
        assert (await client.call(Command.UNBIND)).command is Command.UNBIND_RESP
        assert await client.at_end() == []
        await centre.until(lambda: not centre.sessions)


async def test_it_speaks_tls(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with SmsCentre(tls=server) as centre, connected(centre, trusting) as client:
        bind = Bind("gridwarden", "secret")
        assert (await client.call(Command.BIND_TRANSMITTER, bind)).status == Status.ESME_ROK


# Messages and receipts


async def test_a_message_is_taken_and_its_receipt_names_it() -> None:
    async with SmsCentre() as centre, bound(centre) as client:
        message_id = id_of(await client.submit())
        receipt = await client.receipt()
        assert receipted(receipt) == message_id
        assert f"id:{message_id} sub:001 dlvrd:001".encode() in receipt.payload
        assert receipt.esm_class == ShortMessage.RECEIPT
        await centre.until(lambda: centre.counts.receipts_acknowledged == 1)
        assert [(each.message_id, each.status) for each in centre.receipts] == [(message_id, Status.ESME_ROK)]
        assert [whole.text for whole in centre.to(NUMBER)] == ["leave now"]


async def test_who_speaks_an_older_version_gets_no_tlvs() -> None:
    async with SmsCentre() as centre, bound(centre, version=0x33) as client:
        await client.submit()
        assert (await client.receipt()).tlvs == ()


async def test_receipts_wait_for_a_receiver() -> None:
    async with SmsCentre() as centre:
        async with bound(centre, Command.BIND_TRANSMITTER) as sender:
            ids = [id_of(await sender.submit(str(number))) for number in range(3)]
            await centre.until(lambda: centre.counts.done == 3)
            assert await sender.is_alive()
        async with bound(centre, Command.BIND_RECEIVER) as receiver:
            assert [receipted(await receiver.receipt()) for _ in ids] == ids


async def test_a_receipt_that_is_not_answered_comes_again_over_the_next_connection() -> None:
    async with SmsCentre() as centre:
        async with bound(centre) as client:
            message_id = id_of(await client.submit())
            await client.next(Command.DELIVER_SM)
            centre.drop_links()
            assert await client.at_end() == []
        async with bound(centre) as client:
            assert receipted(await client.receipt()) == message_id
            await centre.until(lambda: centre.counts.receipts_acknowledged == 1)
            assert centre.receipts[0].tries == 2


@pytest.mark.parametrize("says_later", [True, False])
async def test_a_receipt_that_the_client_cannot_take_now_comes_again(says_later: bool) -> None:  # noqa: FBT001
    async with SmsCentre(timing=Timing(answer_s=0.2)) as centre, bound(centre) as client:
        await client.submit()
        first = await client.next(Command.DELIVER_SM)
        if says_later:
            client.answer(first, Status.ESME_RX_T_APPN)
        assert receipted(await client.receipt()) == centre.submissions[0].id
        await centre.until(lambda: centre.counts.receipts_acknowledged == 1)
        assert centre.counts.receipts_retried == 1


async def test_a_receipt_that_the_client_refuses_for_good_does_not_come_again() -> None:
    async with SmsCentre() as centre, bound(centre) as client:
        await client.submit()
        client.answer(await client.next(Command.DELIVER_SM), Status.ESME_RX_R_APPN)
        await centre.until(lambda: centre.counts.receipts_refused == 1)
        assert await client.is_alive()


async def test_no_more_deliveries_are_on_their_way_than_agreed() -> None:
    async with SmsCentre(timing=Timing(deliveries=2)) as centre, bound(centre) as client:
        for number in range(3):
            client.send(Command.SUBMIT_SM, a_message(str(number)))
        await centre.until(lambda: centre.counts.done == 3)
        assert centre.sessions[0].in_flight == 2
        came = [await client.receive() for _ in range(5)]
        waiting = [each for each in came if isinstance(each, Pdu) and each.command is Command.DELIVER_SM]
        assert await client.is_alive()
        client.answer(waiting[0])
        await client.receipt()


async def test_messages_under_way_can_be_asked_after_cancelled_and_replaced() -> None:
    async with SmsCentre(faults=Faults(receipts=Receipts(delay_s=3600))) as centre, bound(centre) as client:
        message_id = id_of(await client.submit())
        replace = Replace(message_id=message_id, source="10690", payload=b"stay", registered_delivery=1)
        assert (await client.call(Command.REPLACE_SM, replace)).status == Status.ESME_ROK
        assert [whole.text for whole in centre.messages] == ["stay"]
        answer = await client.call(Command.CANCEL_SM, Cancel(message_id=message_id, source="10690"))
        assert answer.status == Status.ESME_ROK
        assert b"stat:DELETED" in (await client.receipt()).payload
        queried = await client.call(Command.QUERY_SM, Query(message_id=message_id, source="10690"))
        assert isinstance(queried.body, Queried)
        assert queried.body.state == MessageState.DELETED


async def test_a_phone_answers_in_as_many_parts_as_it_takes() -> None:
    async with SmsCentre() as centre, bound(centre) as client:
        text = "已经撤离。" * 20
        sent = centre.deliver(Originated(NUMBER, "10690", text))
        parts = [await client.receipt() for _ in sent]
        assert all(part.esm_class == ShortMessage.HAS_HEADER and part.data_coding == 8 for part in parts)
        assert b"".join(part.payload[6:] for part in parts).decode("utf-16-be") == text
        await centre.until(lambda: all(each.acknowledged_at for each in sent))


async def test_a_phone_that_is_back_is_told() -> None:
    async with SmsCentre() as centre, bound(centre) as client:
        centre.alert(NUMBER)
        assert (await client.next(Command.ALERT_NOTIFICATION)).command is Command.ALERT_NOTIFICATION


async def test_a_killed_centre_comes_back_on_its_port_and_knows_what_it_took() -> None:
    async with SmsCentre() as centre:
        async with bound(centre) as client:
            await client.submit()
            await centre.kill()
            await client.at_end()
        with pytest.raises(OSError, match=r"refused|Connect"):
            await asyncio.open_connection(centre.host, centre.port)
        await centre.start()
        async with bound(centre) as client:
            assert receipted(await client.receipt()) == centre.submissions[0].id


# Faults


@pytest.mark.parametrize(
    ("refusals", "status"),
    [
        (Refusals(throttled_share=1), Status.ESME_RTHROTTLED),
        (Refusals(queue_full_share=1), Status.ESME_RMSGQFUL),
        (Refusals(system_error_share=1), Status.ESME_RSYSERR),
        (Refusals(submit_failed_share=1), Status.ESME_RSUBMITFAIL),
        (Refusals(unknown_number_share=1), Status.ESME_RINVDSTADR),
        (Refusals(unknown_prefixes=("8613",)), Status.ESME_RINVDSTADR),
    ],
)
async def test_a_refusal_says_why_and_nothing_is_taken(refusals: Refusals, status: Status) -> None:
    async with SmsCentre(faults=Faults(refusals=refusals)) as centre, bound(centre) as client:
        assert (await client.submit()).status == status
        assert not centre.submissions
        assert centre.counts.refused == {status: 1}


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        (Limits(rate_per_s=0.01), Status.ESME_RTHROTTLED),
        (Limits(number_per_minute=1), Status.ESME_RTHROTTLED),
        (Limits(number_per_day=1), Status.ESME_RSUBMITFAIL),
        (Limits(queue=1), Status.ESME_RMSGQFUL),
    ],
)
async def test_a_limit_refuses_what_is_over_it(limits: Limits, status: Status) -> None:
    faults = Faults(limits=limits, receipts=Receipts(delay_s=3600))
    async with SmsCentre(faults=faults) as centre, bound(centre) as client:
        assert [(await client.submit(text)).status for text in "ab"] == [Status.ESME_ROK, status]


async def test_more_than_the_window_is_throttled() -> None:
    faults = Faults(limits=Limits(window=2), answers=Answers(delay_s=3600))
    async with SmsCentre(faults=faults) as centre, bound(centre) as client:
        for number in range(2):
            client.send(Command.SUBMIT_SM, a_message(str(number), registered=0))
        assert (await client.submit("third")).status == Status.ESME_RTHROTTLED
        assert centre.sessions[0].unanswered == 2


@pytest.mark.parametrize("answers", [Answers(delay_s=0.1), Answers(late_share=1, late_s=0.1)])
async def test_an_answer_comes_later_than_what_was_asked_after_it(answers: Answers) -> None:
    async with SmsCentre(faults=Faults(answers=answers)) as centre, bound(centre) as client:
        sequence = client.send(Command.SUBMIT_SM, a_message(registered=0))
        assert await client.is_alive()
        assert (await client.next(Command.SUBMIT_SM_RESP)).sequence == sequence


async def test_a_message_may_be_taken_without_an_answer_or_not_taken_at_all() -> None:
    async with SmsCentre(faults=Faults(answers=Answers(unanswered_share=1))) as centre, bound(centre) as client:
        client.send(Command.SUBMIT_SM, a_message())
        assert receipted(await client.receipt()) == centre.submissions[0].id
        assert await client.is_alive()
    async with SmsCentre(faults=Faults(answers=Answers(ignored_share=1))) as centre, bound(centre) as client:
        client.send(Command.SUBMIT_SM, a_message())
        assert await client.is_alive()
        assert (centre.counts.ignored, len(centre.submissions)) == (1, 0)


async def test_a_receipt_is_lost() -> None:
    async with SmsCentre(faults=Faults(receipts=Receipts(lost_share=1))) as centre, bound(centre) as client:
        await client.submit()
        await centre.until(lambda: centre.counts.receipts_lost == 1)
        assert await client.is_alive()


async def test_a_receipt_comes_twice() -> None:
    repeated = Receipts(repeated_share=1, repeat_after_s=0.05)
    async with SmsCentre(faults=Faults(receipts=repeated)) as centre, bound(centre) as client:
        message_id = id_of(await client.submit())
        assert [receipted(await client.receipt()) for _ in range(2)] == [message_id, message_id]
        assert [each.copy for each in centre.receipts] == [0, 1]


async def test_receipts_overtake_each_other() -> None:
    reordered = Receipts(reordered_share=0.5, reordered_s=0.3)
    async with SmsCentre(faults=Faults(receipts=reordered)) as centre, bound(centre) as client:
        for number in range(20):
            client.send(Command.SUBMIT_SM, a_message(str(number)))
        ids: list[str] = []
        while len(ids) < 20:
            pdu = await client.receive()
            assert isinstance(pdu, Pdu)
            if isinstance(pdu.body, ShortMessage):
                client.answer(pdu)
                ids.append(receipted(pdu.body))
        assert sorted(ids) == [each.id for each in centre.submissions]
        assert ids != sorted(ids)


async def test_a_receipt_comes_before_the_answer() -> None:
    async with SmsCentre(faults=Faults(receipts=Receipts(early_share=1))) as centre, bound(centre) as client:
        client.send(Command.SUBMIT_SM, a_message())
        receipt = await client.receipt()
        assert receipted(receipt) == id_of(await client.next(Command.SUBMIT_SM_RESP))


async def test_a_receipt_writes_the_id_in_other_digits_than_the_answer() -> None:
    async with SmsCentre(faults=Faults(receipts=Receipts(decimal_ids=True))) as centre, bound(centre) as client:
        message_id = id_of(await client.submit())
        assert receipted(await client.receipt()) == str(int(message_id, 16)) != message_id


@pytest.mark.parametrize(
    ("outcomes", "word"),
    [
        (Outcomes(undeliverable_share=1), b"stat:UNDELIV err:027"),
        (Outcomes(undeliverable_prefixes=("8613",)), b"stat:UNDELIV err:027"),
        (Outcomes(expired_share=1), b"stat:EXPIRED err:034"),
        (Outcomes(rejected_share=1), b"stat:REJECTD err:099"),
    ],
)
async def test_a_receipt_says_what_became_of_the_message(outcomes: Outcomes, word: bytes) -> None:
    async with SmsCentre(faults=Faults(outcomes=outcomes)) as centre, bound(centre) as client:
        await client.submit()
        assert word in (await client.receipt()).payload


@pytest.mark.parametrize("links", [Links(dropped_share=1), Links(drop_after_messages=1)])
async def test_the_connection_is_dropped_and_the_message_was_taken(links: Links) -> None:
    async with SmsCentre(faults=Faults(links=links)) as centre, bound(centre) as client:
        client.send(Command.SUBMIT_SM, a_message())
        assert await client.at_end() == []
        assert (len(centre.submissions), centre.counts.links_dropped) == (1, 1)


async def test_an_answer_is_cut_in_two() -> None:
    async with SmsCentre(faults=Faults(links=Links(cut_share=1))) as centre, bound(centre) as client:
        client.send(Command.SUBMIT_SM, a_message(registered=0))
        assert await client.at_end() == []
        assert (len(centre.submissions), centre.counts.links_cut) == (1, 1)


async def test_garbage_comes_instead_of_an_answer() -> None:
    async with SmsCentre(faults=Faults(links=Links(garbage_share=1))) as centre, bound(centre) as client:
        client.send(Command.SUBMIT_SM, a_message(registered=0))
        received = await client.receive()
        assert isinstance(received, Broken)
        assert received.is_fatal


async def test_garbage_comes_when_the_test_wants_it() -> None:
    async with SmsCentre() as centre, bound(centre) as client:
        centre.say(b"\0\0\0\1 no PDU at all")
        received = await client.receive()
        assert isinstance(received, Broken)


@pytest.mark.parametrize("links", [Links(unbound_share=1), Links(unbind_after_messages=1)])
async def test_the_centre_unbinds_behind_its_answer(links: Links) -> None:
    async with SmsCentre(faults=Faults(links=links)) as centre, bound(centre) as client:
        assert (await client.call(Command.SUBMIT_SM, a_message(registered=0))).status == Status.ESME_ROK
        client.answer(await client.next(Command.UNBIND))
        assert await client.at_end() == []
        assert centre.counts.links_unbound == 1


async def test_who_does_not_answer_an_unbind_is_put_out() -> None:
    async with SmsCentre(timing=Timing(answer_s=0.1)) as centre, bound(centre) as client:
        centre.unbind_links()
        assert (await client.next(Command.UNBIND)).command is Command.UNBIND
        assert await client.at_end() == []


async def test_a_connection_falls_silent_and_stays_open() -> None:
    async with SmsCentre(faults=Faults(links=Links(silent_after_messages=2))) as centre, bound(centre) as client:
        for number in range(3):
            client.send(Command.SUBMIT_SM, a_message(str(number), registered=0))
        client.send(Command.ENQUIRE_LINK)
        answers = [(await client.next(Command.SUBMIT_SM_RESP)).sequence for _ in range(2)]
        async with bound(centre) as other:
            centre.silence_links()
            other.send(Command.ENQUIRE_LINK)
            async with bound(centre) as third:
                assert await third.is_alive()
            assert len(centre.sessions) >= 2
        assert (answers, centre.counts.submitted) == ([2, 3], 2)


async def test_a_bind_too_many_fails() -> None:
    async with (
        SmsCentre(faults=Faults(links=Links(most_sessions=1))) as centre,
        bound(centre),
        connected(centre) as second,
    ):
        answer = await second.call(Command.BIND_TRANSCEIVER, Bind("gridwarden", "secret"))
        assert answer.status == Status.ESME_RBINDFAIL


async def test_the_same_seed_and_submissions_meet_the_same_answers_over_two_centres() -> None:
    faults = Faults(refusals=Refusals(throttled_share=0.2, system_error_share=0.2, unknown_number_share=0.2))

    async def statuses(seed: int) -> Sequence[int]:
        async with SmsCentre(faults=faults, seed=seed) as centre, bound(centre) as client:
            messages = [a_message(to=f"86138{number:08d}", registered=0) for number in range(100)]
            return [(await client.call(Command.SUBMIT_SM, message)).status for message in messages]

    first = await statuses(1)
    assert first == await statuses(1)
    assert first != await statuses(2)
    assert len(set(first)) == 4


async def test_a_client_that_does_not_give_up_brings_everything_through_the_hostile_links() -> None:
    """Whoever sends again what was not answered with ESME_ROK is told ESME_ROK of every message in the end."""
    patient = Faults(
        answers=Answers(unanswered_share=0.05, ignored_share=0.05),
        refusals=Refusals(throttled_share=0.2, system_error_share=0.1),
        links=read_faults("hostile").links,
        receipts=Receipts(lost_share=0.1, repeated_share=0.1, repeat_after_s=0.01, early_share=0.1),
    )
    wanted = {f"86138{number:08d}" for number in range(300)}
    async with SmsCentre(faults=patient, seed=5) as centre:
        left = set(wanted)
        async with asyncio.timeout(60):
            while left:
                left -= await one_round(centre, sorted(left))
        assert {each.number for each in centre.submissions} == wanted
        assert centre.counts.duplicates == len(centre.duplicates) == len(centre.submissions) - len(wanted)


async def one_round(centre: SmsCentre, numbers: Sequence[str]) -> set[str]:
    """Submit once to each number and return those that were answered with ESME_ROK before the connection ended."""
    async with bound(centre) as client:
        waiting = {client.send(Command.SUBMIT_SM, a_message(to=number)): number for number in numbers}
        last = client.send(Command.ENQUIRE_LINK)
        done: set[str] = set()
        with contextlib.suppress(EOFError, ConnectionError):
            while isinstance(pdu := await client.receive(), Pdu):
                if pdu.command in {Command.DELIVER_SM, Command.UNBIND}:
                    client.answer(pdu)
                elif pdu.command is Command.SUBMIT_SM_RESP and not pdu.status:
                    done.add(waiting[pdu.sequence])
                elif pdu.sequence == last and pdu.command is Command.ENQUIRE_LINK_RESP:
                    break
        return done
