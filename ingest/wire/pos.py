"""The `pos` topic: a JSON object, an array of up to 500, or `{"receipt", "fixes": [...]}`.

The whole payload is decoded in one typed step. Only when that fails is it taken apart element by element, so that a
broken report refuses itself and not its neighbours; that way is some ten times slower and bounded by MAX_PAYLOAD.
"""

import json
from typing import Any, Final, cast

import msgspec

from ingest.wire.reports import MAX_REPORTS, Decoded, Fix, Reason, ReceiptId, Refusal, clocked, refused


class _Envelope(msgspec.Struct, gc=False):
    fixes: list[Fix]
    receipt: ReceiptId = None


_BRACKET: Final = ord("[")
_object: Final = msgspec.json.Decoder(Fix)
_array: Final = msgspec.json.Decoder(list[Fix])
_envelope: Final = msgspec.json.Decoder(_Envelope)


def lone(payload: bytes) -> Fix | None:
    """Return the fix of what nearly every payload is: one good object, its time in seconds, asking for no receipt.

    None for all else. A bracket is in whatever is no single object, and is found ten times faster than "fixes".
    """
    if _BRACKET in payload:
        return None
    try:
        fix = _object.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return fix if fix.t.__class__ is not str and fix.receipt is None else None


def several(payload: bytes) -> list[Fix] | None:
    """Return the fixes of an array that is good, with times in seconds, and asks for no receipt; None for all else.

    What neither this nor `lone` takes is for `decode`.
    """
    if payload[:1] != b"[":
        return None
    try:
        fixes = _array.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not 0 < len(fixes) <= MAX_REPORTS:
        return None
    for fix in fixes:
        if fix.t.__class__ is str or fix.receipt is not None:
            return None
    return fixes


def decode(payload: bytes) -> Decoded:
    receipt: ReceiptId = None
    try:
        if payload[:1] == b"[":
            fixes = _array.decode(payload)
        elif b'"fixes"' in payload:
            envelope = _envelope.decode(payload)
            fixes, receipt = envelope.fixes, envelope.receipt
        else:
            fixes = [_object.decode(payload)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _piecewise(payload)
    if not 0 < len(fixes) <= MAX_REPORTS:
        return _piecewise(payload)
    for fix in fixes:
        if fix.t.__class__ is str and not clocked(fix):
            return _piecewise(payload)
        if fix.receipt is not None and receipt is None:
            receipt = fix.receipt
    return Decoded(fixes=fixes, indexes=list(range(len(fixes))), receipt=receipt)


def loads(payload: bytes) -> Any | Refusal:
    """Parse JSON leniently (NaN and Infinity become floats, broken UTF-8 lone surrogates), or say why not."""
    text = payload.decode("utf-8", "surrogateescape")
    try:
        return json.loads(text)
    except RecursionError:
        return Refusal(0, Reason.TOO_DEEP)
    except ValueError as error:  # also of numbers with more than 4,300 digits
        broken = Reason.BROKEN_JSON if is_utf8(text) else Reason.INVALID_UTF8
        return Refusal(0, broken if text.strip() else Reason.EMPTY, str(error)[:200])


def is_utf8(text: str) -> bool:
    """Whether no lone surrogate is in `text`: neither of a broken byte (see `loads`) nor of a JSON escape."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def has_utf8(said: Any) -> bool:
    """Whether all text in what `loads` returned is text; msgspec raises for what is not. Raises RecursionError."""
    return is_utf8(json.dumps(said, ensure_ascii=False))


def why(error: msgspec.ValidationError) -> Reason:
    """Return the word for what msgspec says of a JSON object."""
    message = str(error)
    if "missing required field" in message:
        return Reason.MISSING_FIELD
    return Reason.UNKNOWN_CRS if "$.crs" in message else Reason.WRONG_TYPE


def _piecewise(payload: bytes) -> Decoded:
    said = loads(payload)
    if isinstance(said, Refusal):
        return Decoded(refusals=[said])
    elements, receipt = _opened(said)
    if not elements:
        return refused(Reason.EMPTY, "an empty array")
    decoded = Decoded(receipt=receipt)
    for index, element in enumerate(elements[:MAX_REPORTS]):
        _add(decoded, index, element)
    if (surplus := len(elements) - MAX_REPORTS) > 0:
        decoded.refusals.append(Refusal(MAX_REPORTS, Reason.TOO_MANY, f"{len(elements)} in one packet", surplus))
    return decoded


def _opened(said: Any) -> tuple[list[Any], ReceiptId]:
    """Return the reports in what was said, and the receipt that an envelope asks for."""
    if isinstance(said, list):
        return cast("list[Any]", said), None
    if not isinstance(said, dict) or not isinstance(said.get("fixes"), list):
        return [said], None
    receipt = said.get("receipt")
    is_usable = isinstance(receipt, str | int) and not isinstance(receipt, bool) and is_utf8(str(receipt)[:4000])
    return said["fixes"], receipt if is_usable else None


def _add(decoded: Decoded, index: int, element: Any) -> None:
    fix = _fix(element)
    if isinstance(fix, Fix):
        decoded.fixes.append(fix)
        decoded.indexes.append(index)
        decoded.receipt = fix.receipt if decoded.receipt is None else decoded.receipt
    else:
        reason, detail = fix
        decoded.refusals.append(Refusal(index, reason, detail))


def _fix(element: Any) -> Fix | tuple[Reason, str]:
    if not isinstance(element, dict):
        return Reason.NOT_AN_OBJECT, type(element).__name__
    try:
        if not has_utf8(element):
            return Reason.INVALID_UTF8, ""
        fix = msgspec.convert(element, Fix)
    except RecursionError:
        return Reason.TOO_DEEP, ""
    except msgspec.ValidationError as error:
        return why(error), str(error)
    except OverflowError as error:
        return Reason.OUT_OF_RANGE, str(error)
    return fix if clocked(fix) else (Reason.BAD_TIME, str(element.get("t"))[:60])
