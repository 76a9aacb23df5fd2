"""PDUs as values. Text fields hold one character an octet (Latin-1), so that nothing a client says is lost."""

from typing import ClassVar

from msgspec import Struct

from simulators.sms_centre.commands import Command, Status, Tag

Tlvs = tuple[tuple[int, bytes], ...]


class Body(Struct, frozen=True, gc=False):
    """What follows a header."""


class Nothing(Body, frozen=True, gc=False):
    """unbind, enquire_link, their responses, generic_nack, and any response with an error and no body."""


class Bind(Body, frozen=True, gc=False):
    system_id: str = ""
    password: str = ""
    system_type: str = ""
    interface_version: int = 0x34
    address_ton: int = 0
    address_npi: int = 0
    address_range: str = ""


class Bound(Body, frozen=True, gc=False):
    """The response to a bind."""

    system_id: str = ""
    tlvs: Tlvs = ()


class ShortMessage(Body, frozen=True, gc=False):
    """submit_sm and deliver_sm: the same fields."""

    RECEIPT: ClassVar = 0x04  # esm_class of a delivery receipt
    HAS_HEADER: ClassVar = 0x40  # esm_class: a user data header comes first

    service_type: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    destination_ton: int = 0
    destination_npi: int = 0
    destination: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority: int = 0
    schedule_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present: int = 0
    data_coding: int = 0
    default_message_id: int = 0
    payload: bytes = b""
    tlvs: Tlvs = ()


class MessageId(Body, frozen=True, gc=False):
    """The response to submit_sm and deliver_sm."""

    message_id: str = ""
    tlvs: Tlvs = ()


class Query(Body, frozen=True, gc=False):
    message_id: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""


class Queried(Body, frozen=True, gc=False):
    message_id: str = ""
    final_date: str = ""
    state: int = 0
    error: int = 0


class Cancel(Body, frozen=True, gc=False):
    service_type: str = ""
    message_id: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    destination_ton: int = 0
    destination_npi: int = 0
    destination: str = ""


class Replace(Body, frozen=True, gc=False):
    message_id: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    schedule_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    default_message_id: int = 0
    payload: bytes = b""


class Alert(Body, frozen=True, gc=False):
    """alert_notification: a phone that was away is back."""

    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    esme_ton: int = 0
    esme_npi: int = 0
    esme: str = ""
    tlvs: Tlvs = ()


class Outbind(Body, frozen=True, gc=False):
    system_id: str = ""
    password: str = ""


class Pdu(Struct, frozen=True, gc=False):
    """`status` may be one that we have no name for."""

    command: Command
    sequence: int
    body: Body = Nothing()
    status: int = Status.ESME_ROK


class Broken(Struct, frozen=True, gc=False):
    """A PDU that cannot be read. `command` is None where it is unknown: the answer is then generic_nack.

    `is_fatal`: where the next PDU begins is not known either, the connection must end.
    """

    status: Status
    reason: str
    sequence: int = 0
    command: Command | None = None
    is_fatal: bool = False


def tlv(tlvs: Tlvs, tag: Tag) -> bytes | None:
    """Return the value of the first TLV with this tag."""
    for each, value in tlvs:
        if each == tag:
            return value
    return None


def tlv_number(tlvs: Tlvs, tag: Tag) -> int | None:
    value = tlv(tlvs, tag)
    return None if value is None else int.from_bytes(value, "big")
