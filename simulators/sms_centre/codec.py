"""Bodies of PDUs, from bytes and to bytes. Strict: what does not fit the standard's table is refused with a status.

Every body is a row of fields in the order of the wire. The body of messages, which is nearly all of the traffic, is
read and written by hand, because that is several times faster.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from simulators.sms_centre import pdus
from simulators.sms_centre.commands import LENGTHS, Command, Status, Tag
from simulators.sms_centre.pdus import Body, Nothing, Pdu, ShortMessage, Tlvs

HEADER: Final = struct.Struct(">IIII")  # command_length, command_id, command_status, sequence_number
LONGEST_PAYLOAD: Final = 254  # of short_message; more goes into the TLV message_payload

_TLV: Final = struct.Struct(">HH")
_LONGEST_ADDRESS: Final = 21  # with its NUL, as all lengths of text below
_LONGEST_ID: Final = 65
_LONGEST_TIME: Final = 17
_LONGEST_TEXT: Final = 255  # of a text that we write ourselves


class UnreadableError(Exception):
    """A body that breaks the standard; `status` is what the sender is told."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status: Final = status


class Text(NamedTuple):
    """A C-octet string of at most `most` octets, its NUL included; `status` refuses a longer one."""

    most: int
    status: Status


class Octet(NamedTuple):
    """One unsigned octet."""


class Payload(NamedTuple):
    """sm_length and short_message."""


class Optional(NamedTuple):
    """TLVs, to the end of the PDU."""


Field = Text | Octet | Payload | Optional

_OCTET: Final = Octet()
_MESSAGE_ID: Final = Text(_LONGEST_ID, Status.ESME_RINVMSGID)
_SOURCE: Final = (_OCTET, _OCTET, Text(_LONGEST_ADDRESS, Status.ESME_RINVSRCADR))
_DESTINATION: Final = (_OCTET, _OCTET, Text(_LONGEST_ADDRESS, Status.ESME_RINVDSTADR))
_LONG_SOURCE: Final = (_OCTET, _OCTET, Text(_LONGEST_ID, Status.ESME_RINVSRCADR))
_SERVICE: Final = Text(6, Status.ESME_RINVSERTYP)
_SYSTEM_ID: Final = Text(16, Status.ESME_RINVSYSID)
_PASSWORD: Final = Text(9, Status.ESME_RINVPASWD)
_SCHEDULE: Final = Text(_LONGEST_TIME, Status.ESME_RINVSCHED)
_VALIDITY: Final = Text(_LONGEST_TIME, Status.ESME_RINVEXPIRY)
_OPTIONAL: Final = Optional()

FIELDS: Final[Mapping[type[Body], tuple[Field, ...]]] = {
    Nothing: (),
    pdus.Bind: (
        _SYSTEM_ID,
        _PASSWORD,
        Text(13, Status.ESME_RINVSYSTYP),
        _OCTET,
        _OCTET,
        _OCTET,
        Text(41, Status.ESME_RINVPARLEN),
    ),
    pdus.Bound: (_SYSTEM_ID, _OPTIONAL),
    pdus.MessageId: (_MESSAGE_ID, _OPTIONAL),
    pdus.Query: (_MESSAGE_ID, *_SOURCE),
    pdus.Queried: (_MESSAGE_ID, Text(_LONGEST_TIME, Status.ESME_RINVPARLEN), _OCTET, _OCTET),
    pdus.Cancel: (_SERVICE, _MESSAGE_ID, *_SOURCE, *_DESTINATION),
    pdus.Replace: (_MESSAGE_ID, *_SOURCE, _SCHEDULE, _VALIDITY, _OCTET, _OCTET, Payload()),
    pdus.Alert: (*_LONG_SOURCE, *_LONG_SOURCE, _OPTIONAL),
    pdus.Outbind: (_SYSTEM_ID, _PASSWORD),
}
BODIES: Final[Mapping[Command, type[Body]]] = {
    Command.BIND_RECEIVER: pdus.Bind,
    Command.BIND_TRANSMITTER: pdus.Bind,
    Command.BIND_TRANSCEIVER: pdus.Bind,
    Command.BIND_RECEIVER_RESP: pdus.Bound,
    Command.BIND_TRANSMITTER_RESP: pdus.Bound,
    Command.BIND_TRANSCEIVER_RESP: pdus.Bound,
    Command.SUBMIT_SM: ShortMessage,
    Command.SUBMIT_SM_RESP: pdus.MessageId,
    Command.DELIVER_SM: ShortMessage,
    Command.DELIVER_SM_RESP: pdus.MessageId,
    Command.QUERY_SM: pdus.Query,
    Command.QUERY_SM_RESP: pdus.Queried,
    Command.CANCEL_SM: pdus.Cancel,
    Command.CANCEL_SM_RESP: Nothing,
    Command.REPLACE_SM: pdus.Replace,
    Command.REPLACE_SM_RESP: Nothing,
    Command.UNBIND: Nothing,
    Command.UNBIND_RESP: Nothing,
    Command.ENQUIRE_LINK: Nothing,
    Command.ENQUIRE_LINK_RESP: Nothing,
    Command.ALERT_NOTIFICATION: pdus.Alert,
    Command.OUTBIND: pdus.Outbind,
    Command.GENERIC_NACK: Nothing,
}


def read_body(command: Command, data: bytes, at: int, end: int) -> Body:
    """Return the body in data[at:end]. A response without a body is Nothing. Raises UnreadableError."""
    kind = BODIES[command]
    if kind is ShortMessage:
        return _read_short_message(data, at, end)
    if kind is Nothing or (at == end and command >= Command.GENERIC_NACK):
        if at != end:
            raise UnreadableError(Status.ESME_RINVCMDLEN, f"{end - at} octets where {command.name} has no body")
        return Nothing()
    values: list[Any] = []
    for field in FIELDS[kind]:
        value, at = _READ[type(field)](field, data, at, end)
        values.append(value)
    if at != end:
        raise UnreadableError(Status.ESME_RINVCMDLEN, f"{end - at} octets behind the end of {command.name}")
    return kind(*values)


def write(pdu: Pdu) -> bytes:
    """Return the PDU as bytes. Raises ValueError for a field that has no room on the wire."""
    body = pdu.body
    if isinstance(body, ShortMessage):
        octets = _write_short_message(body)
    elif isinstance(body, pdus.MessageId):
        octets = _write_text(body.message_id) + _write_tlvs(body.tlvs)
    else:
        values = (getattr(body, name) for name in body.__struct_fields__)
        fields = FIELDS[type(body)]
        octets = b"".join(_WRITE[type(field)](value) for field, value in zip(fields, values, strict=True))
    return HEADER.pack(HEADER.size + len(octets), pdu.command, pdu.status, pdu.sequence) + octets


def _read_short_message(data: bytes, at: int, end: int) -> ShortMessage:
    service, at = _text(data, at, end, 6, Status.ESME_RINVSERTYP)
    _need(at + 2, end)
    source_ton, source_npi = data[at], data[at + 1]
    source, at = _text(data, at + 2, end, _LONGEST_ADDRESS, Status.ESME_RINVSRCADR)
    _need(at + 2, end)
    destination_ton, destination_npi = data[at], data[at + 1]
    destination, at = _text(data, at + 2, end, _LONGEST_ADDRESS, Status.ESME_RINVDSTADR)
    _need(at + 3, end)
    esm_class, protocol, priority = data[at : at + 3]
    schedule, at = _text(data, at + 3, end, _LONGEST_TIME, Status.ESME_RINVSCHED)
    validity, at = _text(data, at, end, _LONGEST_TIME, Status.ESME_RINVEXPIRY)
    _need(at + 5, end)
    registered, replaces, coding, default, length = data[at : at + 5]
    at += 5
    if length > LONGEST_PAYLOAD or at + length > end:
        raise UnreadableError(Status.ESME_RINVMSGLEN, f"sm_length {length} where {end - at} octets are left")
    payload = data[at : at + length]
    at += length
    return ShortMessage(
        service,
        source_ton,
        source_npi,
        source,
        destination_ton,
        destination_npi,
        destination,
        esm_class,
        protocol,
        priority,
        schedule,
        validity,
        registered,
        replaces,
        coding,
        default,
        payload,
        _tlvs(data, at, end) if at < end else (),
    )


def _write_short_message(body: ShortMessage) -> bytes:
    return b"".join(
        (
            _write_text(body.service_type),
            bytes((body.source_ton, body.source_npi)),
            _write_text(body.source),
            bytes((body.destination_ton, body.destination_npi)),
            _write_text(body.destination),
            bytes((body.esm_class, body.protocol_id, body.priority)),
            _write_text(body.schedule_time),
            _write_text(body.validity_period),
            bytes((body.registered_delivery, body.replace_if_present, body.data_coding, body.default_message_id)),
            _write_payload(body.payload),
            _write_tlvs(body.tlvs),
        )
    )


def _need(upto: int, end: int) -> None:
    if upto > end:
        raise UnreadableError(Status.ESME_RINVCMDLEN, "the PDU ends within a field")


def _text(data: bytes, at: int, end: int, most: int, status: Status) -> tuple[str, int]:
    close = data.find(0, at, end)
    if close < 0:
        raise UnreadableError(Status.ESME_RINVCMDLEN, "a text runs past the end of the PDU")
    if close - at >= most:
        raise UnreadableError(status, f"a text of {close - at} octets; at most {most - 1}")
    return data[at:close].decode("latin-1"), close + 1


def _tlvs(data: bytes, at: int, end: int) -> Tlvs:
    found: list[tuple[int, bytes]] = []
    while at < end:
        if at + _TLV.size > end:
            raise UnreadableError(Status.ESME_RINVOPTPARSTREAM, "a TLV ends within its tag and length")
        tag, length = _TLV.unpack_from(data, at)
        at += _TLV.size
        if at + length > end:
            raise UnreadableError(Status.ESME_RINVOPTPARSTREAM, f"TLV {tag:#06x} runs past the end of the PDU")
        fits = LENGTHS.get(tag)
        if fits is not None and not fits.least <= length <= fits.most:
            raise UnreadableError(Status.ESME_RINVPARLEN, f"TLV {Tag(tag).name} of {length} octets")
        found.append((tag, data[at : at + length]))
        at += length
    return tuple(found)


def _read_octet(_field: Any, data: bytes, at: int, end: int) -> tuple[int, int]:
    _need(at + 1, end)
    return data[at], at + 1


def _read_text(field: Any, data: bytes, at: int, end: int) -> tuple[str, int]:
    return _text(data, at, end, field.most, field.status)


def _read_payload(_field: Any, data: bytes, at: int, end: int) -> tuple[bytes, int]:
    length, at = _read_octet(_field, data, at, end)
    if length > LONGEST_PAYLOAD or at + length > end:
        raise UnreadableError(Status.ESME_RINVMSGLEN, f"sm_length {length} where {end - at} octets are left")
    return data[at : at + length], at + length


def _read_optional(_field: Any, data: bytes, at: int, end: int) -> tuple[Tlvs, int]:
    return _tlvs(data, at, end), end


def _write_text(value: str) -> bytes:
    octets = value.encode("latin-1")
    if 0 in octets or len(octets) > _LONGEST_TEXT:
        raise ValueError(f"{value!r} is no text of a PDU")
    return octets + b"\0"


def _write_payload(value: bytes) -> bytes:
    if len(value) > LONGEST_PAYLOAD:
        raise ValueError(f"{len(value)} octets in short_message; at most {LONGEST_PAYLOAD}")
    return bytes((len(value),)) + value


def _write_octet(value: int) -> bytes:
    return bytes((value,))


def _write_tlvs(value: Tlvs) -> bytes:
    return b"".join(_TLV.pack(tag, len(octets)) + octets for tag, octets in value) if value else b""


_READ: Final[Mapping[type[Field], Callable[[Any, bytes, int, int], tuple[Any, int]]]] = {
    Text: _read_text,
    Octet: _read_octet,
    Payload: _read_payload,
    Optional: _read_optional,
}
_WRITE: Final[Mapping[type[Field], Callable[[Any], bytes]]] = {
    Text: _write_text,
    Octet: _write_octet,
    Payload: _write_payload,
    Optional: _write_tlvs,
}
