"""A delivery receipt: a deliver_sm with the text of the specification's appendix B and the TLVs that say the same."""

from typing import Final

from simulators.sms_centre.alphabets import read_text, write_gsm
from simulators.sms_centre.commands import WORDS, MessageState, Tag
from simulators.sms_centre.pdus import ShortMessage
from simulators.sms_centre.times import receipt_time

_SHOWN: Final = 20  # characters of the message that a receipt repeats


def receipt_of(
    message: ShortMessage,
    *,
    message_id: str,
    state: MessageState,
    error: int,
    submitted_at: float,
    done_at: float,
    with_tlvs: bool,
) -> ShortMessage:
    """Return the receipt: from the phone, to the address that submitted. `with_tlvs`: the client speaks 3.4."""
    delivered = int(state is MessageState.DELIVERED)
    text = (
        f"id:{message_id} sub:001 dlvrd:{delivered:03d} submit date:{receipt_time(submitted_at)} "
        f"done date:{receipt_time(done_at)} stat:{WORDS[state]} err:{error:03d} text:{_shown(message)}"
    )
    return ShortMessage(
        source_ton=message.destination_ton,
        source_npi=message.destination_npi,
        source=message.destination,
        destination_ton=message.source_ton,
        destination_npi=message.source_npi,
        destination=message.source,
        esm_class=ShortMessage.RECEIPT,
        payload=text.encode("latin-1"),
        tlvs=(
            (Tag.RECEIPTED_MESSAGE_ID, message_id.encode("latin-1") + b"\0"),
            (Tag.MESSAGE_STATE, bytes((state,))),
        )
        if with_tlvs
        else (),
    )


def _shown(message: ShortMessage) -> str:
    """Return the beginning of a text in the default alphabet; of all others nothing is shown."""
    if message.data_coding or message.esm_class & ShortMessage.HAS_HEADER:
        return ""
    text = read_text(message.payload[:_SHOWN], message.data_coding)
    return text if text.isascii() and write_gsm(text) == text.encode() else ""
