"""The numbers of SMPP 3.4 (specification, Issue 1.2): commands 5.1.2.1, statuses 5.1.3, tags 5.3.2, states 5.2.28."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

RESPONSE: Final = 0x80000000  # a response's command_id is that of its request with this bit
VERSION: Final = 0x34


class Command(IntEnum):
    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    REPLACE_SM = 0x07
    CANCEL_SM = 0x08
    BIND_TRANSCEIVER = 0x09
    OUTBIND = 0x0B
    ENQUIRE_LINK = 0x15
    ALERT_NOTIFICATION = 0x102
    GENERIC_NACK = 0x80000000
    BIND_RECEIVER_RESP = 0x80000001
    BIND_TRANSMITTER_RESP = 0x80000002
    QUERY_SM_RESP = 0x80000003
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM_RESP = 0x80000005
    UNBIND_RESP = 0x80000006
    REPLACE_SM_RESP = 0x80000007
    CANCEL_SM_RESP = 0x80000008
    BIND_TRANSCEIVER_RESP = 0x80000009
    ENQUIRE_LINK_RESP = 0x80000015


class Status(IntEnum):
    ESME_ROK = 0x00
    ESME_RINVMSGLEN = 0x01
    ESME_RINVCMDLEN = 0x02
    ESME_RINVCMDID = 0x03
    ESME_RINVBNDSTS = 0x04
    ESME_RALYBND = 0x05
    ESME_RINVPRTFLG = 0x06
    ESME_RINVREGDLVFLG = 0x07
    ESME_RSYSERR = 0x08
    ESME_RINVSRCADR = 0x0A
    ESME_RINVDSTADR = 0x0B
    ESME_RINVMSGID = 0x0C
    ESME_RBINDFAIL = 0x0D
    ESME_RINVPASWD = 0x0E
    ESME_RINVSYSID = 0x0F
    ESME_RCANCELFAIL = 0x11
    ESME_RREPLACEFAIL = 0x13
    ESME_RMSGQFUL = 0x14
    ESME_RINVSERTYP = 0x15
    ESME_RINVESMCLASS = 0x43
    ESME_RSUBMITFAIL = 0x45
    ESME_RINVSYSTYP = 0x53
    ESME_RTHROTTLED = 0x58
    ESME_RINVSCHED = 0x61
    ESME_RINVEXPIRY = 0x62
    ESME_RX_T_APPN = 0x64
    ESME_RX_P_APPN = 0x65
    ESME_RX_R_APPN = 0x66
    ESME_RQUERYFAIL = 0x67
    ESME_RINVOPTPARSTREAM = 0xC0
    ESME_ROPTPARNOTALLWD = 0xC1
    ESME_RINVPARLEN = 0xC2
    ESME_RUNKNOWNERR = 0xFF


class Tag(IntEnum):
    RECEIPTED_MESSAGE_ID = 0x001E
    MS_MSG_WAIT_FACILITIES = 0x0030
    USER_MESSAGE_REFERENCE = 0x0204
    SOURCE_PORT = 0x020A
    DESTINATION_PORT = 0x020B
    SAR_MSG_REF_NUM = 0x020C
    LANGUAGE_INDICATOR = 0x020D
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    MS_AVAILABILITY_STATUS = 0x0422
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427


class MessageState(IntEnum):
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8


class Length(NamedTuple):
    """How many octets the value of a TLV has."""

    least: int
    most: int


COMMANDS: Final[Mapping[int, Command]] = {command.value: command for command in Command}
STATUSES: Final[Mapping[int, Status]] = {status.value: status for status in Status}
LENGTHS: Final[Mapping[int, Length]] = {
    Tag.RECEIPTED_MESSAGE_ID: Length(1, 65),
    Tag.MS_MSG_WAIT_FACILITIES: Length(1, 1),
    Tag.USER_MESSAGE_REFERENCE: Length(2, 2),
    Tag.SOURCE_PORT: Length(2, 2),
    Tag.DESTINATION_PORT: Length(2, 2),
    Tag.SAR_MSG_REF_NUM: Length(2, 2),
    Tag.LANGUAGE_INDICATOR: Length(1, 1),
    Tag.SAR_TOTAL_SEGMENTS: Length(1, 1),
    Tag.SAR_SEGMENT_SEQNUM: Length(1, 1),
    Tag.SC_INTERFACE_VERSION: Length(1, 1),
    Tag.MS_AVAILABILITY_STATUS: Length(1, 1),
    Tag.NETWORK_ERROR_CODE: Length(3, 3),
    Tag.MESSAGE_PAYLOAD: Length(1, 64 * 1024 - 1),
    Tag.DELIVERY_FAILURE_REASON: Length(1, 1),
    Tag.MORE_MESSAGES_TO_SEND: Length(1, 1),
    Tag.MESSAGE_STATE: Length(1, 1),
}
WORDS: Final[Mapping[MessageState, str]] = {  # of the receipt's text, appendix B
    MessageState.ENROUTE: "ENROUTE",
    MessageState.DELIVERED: "DELIVRD",
    MessageState.EXPIRED: "EXPIRED",
    MessageState.DELETED: "DELETED",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.UNKNOWN: "UNKNOWN",
    MessageState.REJECTED: "REJECTD",
}


def answer_to(command: Command) -> Command:
    """Return the response of a request; of what has none, generic_nack."""
    return COMMANDS.get(command | RESPONSE, Command.GENERIC_NACK)
