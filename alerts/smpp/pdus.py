"""PDUs to octets and back (SMPP 3.4, sections 3.2 and 4). Strict: what does not fit the specification is refused. Pure.

Only what a client sends is written, and only what it receives is read.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from alerts.smpp.commands import RESPONSE, VERSION, Command

HEADER: Final = struct.Struct(">IIII")
_TLV: Final = struct.Struct(">HH")
LONGEST_SHORT: Final = 254  # octets of short_message; sm_length 255 is reserved
LONGEST_PAYLOAD: Final = 0xFFFF
LONGEST_SYSTEM_ID: Final = 15
LONGEST_PASSWORD: Final = 8
LONGEST_SYSTEM_TYPE: Final = 12
LONGEST_ADDRESS: Final = 20
LONGEST_MESSAGE_ID: Final = 64


class ProtocolError(Exception):
    """What the other side sent is no SMPP; the message says where and why."""


class Address(NamedTuple):
    """A number or a name, its type of number and its numbering plan (section 5.2.5 and 5.2.6)."""

    digits: str
    ton: int = 0
    npi: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """One submit_sm: one segment of a message, as it goes onto the wire."""

    source: Address
    destination: Address
    payload: bytes
    data_coding: int
    esm_class: int = 0
    validity: str = ""  # absolute or relative time (section 7.1.1), empty: the operator's own
    registered_delivery: int = 1
    service_type: str = ""
    is_payload_parameter: bool = False  # message_payload instead of short_message


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """One deliver_sm: a receipt, or a message of somebody's phone."""

    sequence: int
    source: Address
    destination: Address
    esm_class: int
    data_coding: int
    payload: bytes
    parameters: Mapping[int, bytes] = field(default_factory=dict[int, bytes])


@dataclass(frozen=True, slots=True, kw_only=True)
class Queried:
    """The answer to query_sm."""

    operator_id: str
    message_state: int
    error: int


def header(command: int, sequence: int, *, status: int = 0, body: bytes = b"") -> bytes:
    """Return one whole PDU."""
    return HEADER.pack(HEADER.size + len(body), command, status, sequence) + body


def bind(
    command: Command, sequence: int, *, system_id: str, password: str, system_type: str = "", address_range: str = ""
) -> bytes:
    """Return a bind PDU; raises ValueError for what the specification has no room for."""
    body = b"".join(
        (
            cstring(system_id, longest=LONGEST_SYSTEM_ID, name="system_id"),
            cstring(password, longest=LONGEST_PASSWORD, name="password"),
            cstring(system_type, longest=LONGEST_SYSTEM_TYPE, name="system_type"),
            bytes((VERSION, 0, 0)),
            cstring(address_range, longest=40, name="address_range"),
        )
    )
    return header(command, sequence, body=body)


def submit_body(one: Submit) -> bytes:
    """Return the body of submit_sm; raises ValueError for what the specification has no room for."""
    parameters = b""
    short = one.payload
    if one.is_payload_parameter:
        parameters, short = tlv(0x0424, one.payload), b""
    elif len(short) > LONGEST_SHORT:
        raise ValueError(f"{len(short)} octets do not fit into short_message, which has room for {LONGEST_SHORT}")
    return b"".join(
        (
            _sender(one.service_type, one.source),
            address(one.destination, name="destination address"),
            bytes((one.esm_class, 0, 0, 0)),  # at last an empty schedule_delivery_time: at once
            _validity(one.validity),
            bytes((one.registered_delivery, 0, one.data_coding, 0, len(short))),
            short,
            parameters,
        )
    )


@lru_cache(maxsize=64)
def _sender(service_type: str, source: Address) -> bytes:
    return cstring(service_type, longest=5, name="service_type") + address(source, name="source address")


@lru_cache(maxsize=64)
def _validity(validity: str) -> bytes:
    return cstring(validity, longest=16, name="validity_period")


def query_body(operator_id: str, source: Address) -> bytes:
    return cstring(operator_id, longest=LONGEST_MESSAGE_ID, name="message_id") + address(source, name="source address")


def address(given: Address, *, name: str) -> bytes:
    return bytes((given.ton, given.npi)) + cstring(given.digits, longest=LONGEST_ADDRESS, name=name)


def tlv(tag: int, value: bytes) -> bytes:
    if len(value) > LONGEST_PAYLOAD:
        raise ValueError(f"{len(value)} octets do not fit into an optional parameter")
    return _TLV.pack(tag, len(value)) + value


def cstring(text: str, *, longest: int, name: str) -> bytes:
    """Return a C-octet string; raises ValueError when it is too long, no ASCII, or holds a NUL."""
    if not text.isascii() or "\0" in text:
        raise ValueError(f"{name} must be plain ASCII")
    if len(text) > longest:
        raise ValueError(f"{name} of {len(text)} characters: SMPP 3.4 has room for {longest}")
    return text.encode("ascii") + b"\0"


class Reader:
    """Reads the fields of one body in order; raises ProtocolError where the octets end too early."""

    def __init__(self, body: bytes, *, command: int) -> None:
        self._body = body
        self._at = 0
        self._command = command

    def octet(self, name: str) -> int:
        if self._at >= len(self._body):
            raise self._broken(f"ends before {name}")
        self._at += 1
        return self._body[self._at - 1]

    def octets(self, count: int, name: str) -> bytes:
        end = self._at + count
        if end > len(self._body):
            raise self._broken(f"ends within {name}")
        found, self._at = self._body[self._at : end], end
        return found

    def text(self, name: str, *, longest: int) -> str:
        """Read a C-octet string. Operators write names in Latin-1 here and there; the octets are kept as such."""
        end = self._body.find(b"\0", self._at, self._at + longest + 1)
        if end < 0:
            raise self._broken(f"{name} has no end within {longest + 1} octets")
        found, self._at = self._body[self._at : end], end + 1
        return found.decode("latin-1") if found else ""

    def address(self, name: str) -> Address:
        ton, npi = self.octets(2, f"{name}_ton")
        return Address(self.text(name, longest=LONGEST_ADDRESS), ton, npi)

    def parameters(self) -> dict[int, bytes]:
        """Read all optional parameters; of one that comes twice the first counts."""
        found: dict[int, bytes] = {}
        while self._at < len(self._body):
            tag, length = _TLV.unpack(self.octets(_TLV.size, "an optional parameter"))
            value = self.octets(length, f"optional parameter 0x{tag:04x}")
            found.setdefault(tag, value)
        return found

    def _broken(self, why: str) -> ProtocolError:
        return ProtocolError(f"command 0x{self._command:08x} {why}")


def read_deliver(sequence: int, body: bytes) -> Deliver:
    """Read deliver_sm (section 4.6.1). Raises ProtocolError."""
    reader = Reader(body, command=Command.DELIVER_SM)
    reader.text("service_type", longest=5)
    source, destination = reader.address("source_addr"), reader.address("dest_addr")
    esm_class, _, _ = reader.octets(3, "esm_class")
    reader.text("schedule_delivery_time", longest=16)
    reader.text("validity_period", longest=16)
    _, _, data_coding, _, length = reader.octets(5, "registered_delivery")
    payload = reader.octets(length, "short_message")
    parameters = reader.parameters()
    return Deliver(
        sequence=sequence,
        source=source,
        destination=destination,
        esm_class=esm_class,
        data_coding=data_coding,
        payload=payload or parameters.get(0x0424, b""),
        parameters=parameters,
    )


def read_message_id(body: bytes) -> str:
    """Read submit_sm_resp; a body that is missing is an empty id (it may be left out of a refusal)."""
    if not body:
        return ""
    return Reader(body, command=RESPONSE | Command.SUBMIT_SM).text("message_id", longest=LONGEST_MESSAGE_ID)


def read_queried(body: bytes) -> Queried:
    """Read query_sm_resp (section 4.8.2). Raises ProtocolError."""
    reader = Reader(body, command=RESPONSE | Command.QUERY_SM)
    operator_id = reader.text("message_id", longest=LONGEST_MESSAGE_ID)
    reader.text("final_date", longest=16)
    return Queried(
        operator_id=operator_id, message_state=reader.octet("message_state"), error=reader.octet("error_code")
    )
