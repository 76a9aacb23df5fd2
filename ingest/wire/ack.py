"""The `ack` topic: `{"alert": uuid, "version": number}`, the member's answer to an alert."""

from typing import Annotated, Final
from uuid import UUID

import msgspec

from ingest.wire import pos
from ingest.wire.reports import Reason, ReceiptId, Refusal


class Ack(msgspec.Struct, frozen=True):
    alert: UUID
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    receipt: ReceiptId = None


_ack: Final = msgspec.json.Decoder(Ack)


def decode(payload: bytes) -> Ack | Refusal:
    try:
        return _ack.decode(payload)
    except msgspec.ValidationError as error:
        return Refusal(0, pos.why(error), str(error))
    except UnicodeDecodeError:
        return Refusal(0, Reason.INVALID_UTF8)
    except RecursionError:
        return Refusal(0, Reason.TOO_DEEP)
    except msgspec.DecodeError as error:
        return Refusal(0, Reason.BROKEN_JSON if payload.strip() else Reason.EMPTY, str(error))
