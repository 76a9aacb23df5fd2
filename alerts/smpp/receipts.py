"""What an operator says became of a segment: optional parameters (SMPP 3.4, 5.3.2), or the text of appendix B. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from alerts.core.verdicts import Fate
from alerts.smpp.commands import ESM_RECEIPT, ESM_TYPE, Tag
from alerts.smpp.pdus import LONGEST_MESSAGE_ID, Deliver

# Section 5.2.28
STATES: Final[Mapping[int, tuple[str, Fate]]] = {
    1: ("ENROUTE", Fate.UNDER_WAY),
    2: ("DELIVRD", Fate.DELIVERED),
    3: ("EXPIRED", Fate.EXPIRED),
    4: ("DELETED", Fate.FAILED),
    5: ("UNDELIV", Fate.FAILED),
    6: ("ACCEPTD", Fate.UNDER_WAY),
    7: ("UNKNOWN", Fate.UNDER_WAY),  # the operator does not know either: what it says later may still be true
    8: ("REJECTD", Fate.FAILED),
}
WORDS: Final[Mapping[str, Fate]] = dict(STATES.values())
_ID: Final = re.compile(r"\bid:\s*(\S+)", re.IGNORECASE)
_STAT: Final = re.compile(r"\bstat:\s*([A-Za-z]+)", re.IGNORECASE)
_ERR: Final = re.compile(r"\berr:\s*(\S+)", re.IGNORECASE)
_LONGEST_ERROR: Final = 64


class Ids(StrEnum):
    """How the id of a receipt's text relates to the one of submit_sm_resp; operators differ."""

    SAME = "same"
    HEX_THEN_DECIMAL = "hex_then_decimal"  # hexadecimal in the response, decimal in the receipt
    DECIMAL_THEN_HEX = "decimal_then_hex"


@dataclass(frozen=True, slots=True)
class Receipt:
    operator_id: str  # as submit_sm_resp had it
    fate: Fate
    word: str  # the operator's
    error: str


class BadReceipt(Exception):  # noqa: N818 - of theirs
    """It says that it is a receipt, and names no message or no state."""


def is_receipt(deliver: Deliver) -> bool:
    """Tell receipts from messages of phones. Some peers leave esm_class 0 and send the parameters all the same."""
    return deliver.esm_class & ESM_TYPE == ESM_RECEIPT or Tag.RECEIPTED_MESSAGE_ID in deliver.parameters


def read(deliver: Deliver, ids: Ids) -> Receipt:
    """Read a receipt: parameters before text, for they have no room for taste. Raises BadReceipt.

    A parameter that repeats the text's id is in the text's base; one that differs is spelt as in the response.
    """
    text = deliver.payload.decode("latin-1")
    parameter, found = _c_text(deliver.parameters.get(Tag.RECEIPTED_MESSAGE_ID)), _ID.search(text)
    if found is not None and parameter in {None, found[1]}:
        operator_id = translated(found[1], ids)
    elif parameter is not None:
        operator_id = canonical(parameter, ids)
    else:
        raise BadReceipt("it names no message")
    state = deliver.parameters.get(Tag.MESSAGE_STATE)
    error = _ERR.search(text)
    word, fate = _state(None if not state else state[0], text)
    return Receipt(operator_id[:LONGEST_MESSAGE_ID], fate, word, "" if error is None else error[1][:_LONGEST_ERROR])


def of_state(operator_id: str, state: int, error: int) -> Receipt:
    """Return what query_sm_resp says, as a receipt; raises BadReceipt for a state that there is not."""
    if state not in STATES:
        raise BadReceipt(f"there is no message_state {state}")
    word, fate = STATES[state]
    return Receipt(operator_id, fate, word, str(error) if error else "")


def _state(number: int | None, text: str) -> tuple[str, Fate]:
    if number in STATES:
        return STATES[number]
    found = _STAT.search(text)
    if found is None:
        raise BadReceipt("it says no state")
    word = found[1].upper()[:7]
    return word, WORDS.get(word, Fate.UNDER_WAY)


def _c_text(value: bytes | None) -> str | None:
    text = None if value is None else value.partition(b"\0")[0].decode("latin-1").strip()
    return text or None


def translated(operator_id: str, ids: Ids) -> str:
    """Return the id as the response had it; one that is no number stays as it is."""
    try:
        match ids:
            case Ids.SAME:
                return operator_id
            case Ids.HEX_THEN_DECIMAL:
                return f"{int(operator_id):x}"
            case Ids.DECIMAL_THEN_HEX:
                return str(int(operator_id, 16))
    except ValueError:
        return operator_id


def canonical(operator_id: str, ids: Ids) -> str:
    """Return the id of a response in the spelling that `translated` makes: no leading zeros, small letters."""
    try:
        match ids:
            case Ids.SAME:
                return operator_id
            case Ids.HEX_THEN_DECIMAL:
                return f"{int(operator_id, 16):x}"
            case Ids.DECIMAL_THEN_HEX:
                return str(int(operator_id))
    except ValueError:
        return operator_id
