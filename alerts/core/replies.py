"""What somebody means who answers a warning by SMS. Tables of words; pure."""

import re
import unicodedata
from enum import StrEnum
from typing import Final


class Route(StrEnum):
    ACKNOWLEDGEMENT = "acknowledgement"
    STOP = "stop"
    START = "start"
    RESIDENT = "resident"  # something else: kept for people to read


YES: Final = frozenset({"1", "y", "yes", "ok", "收到", "已收到", "确认", "已确认", "知道了", "好的", "是"})
STOP: Final = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "t", "td", "n", "退订", "取消", "停止", "拒收"}
)
START: Final = frozenset({"start", "unstop", "resume", "恢复", "恢复接收", "重新订阅", "订阅", "开通"})
_PERSON: Final = re.compile(r"\+[0-9]{8,15}")
_IDENTIFIER: Final = re.compile(r"[0-9]{6}[0-9]+_[0-9]{14}")
_EDGES: Final = " \t\r\n.。!！,，;；:：\"'“”()（）【】[]"
LOST_PART: Final = "…"


def routed(text: str) -> tuple[Route, str | None]:
    """Return what a reply is, and the alert's identifier when it names one.

    Full-width letters and digits count as plain ones, punctuation round a word as none.
    """
    plain = unicodedata.normalize("NFKC", text).strip(_EDGES).lower()
    if _IDENTIFIER.fullmatch(plain):
        return Route.ACKNOWLEDGEMENT, plain
    if plain in YES:
        return Route.ACKNOWLEDGEMENT, None
    if plain in STOP:
        return Route.STOP, None
    if plain in START:
        return Route.START, None
    return Route.RESIDENT, None


def is_person(source: str) -> bool:
    """Whether a message is of somebody's phone: services' short numbers and names write, too."""
    return _PERSON.fullmatch(source) is not None


def joined(bodies: list[str], numbers: list[int], parts: int) -> str:
    """Return the text of a message in parts; a part that came twice counts once, one that never came is an ellipsis."""
    by_number = dict(zip(reversed(numbers), reversed(bodies), strict=True))
    return "".join(by_number.get(number, LOST_PART) for number in range(1, parts + 1))
