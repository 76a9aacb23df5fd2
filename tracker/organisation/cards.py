"""A unit's card: free attributes as one JSON object, within limits. Some keys have a meaning and so a form."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.organisation.errors import Invalid

MOST_BYTES: Final = 16_384
MOST_KEYS: Final = 100
DEEPEST: Final = 4
MOST_COUNT: Final = 10_000_000_000
COUNTS: Final[Mapping[str, str]] = {"population": "人口", "households": "户数", "buildings": "楼栋数"}


def attributes_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card's attributes; keys without a value (null) are left out. Raises Invalid."""
    attributes = {key.strip(): value for key, value in given.items() if value is not None}
    _check_counts(attributes)
    if len(attributes) > MOST_KEYS or not all(0 < len(key) <= MOST_KEYS for key in attributes):
        raise _refused(f"at most {MOST_KEYS} keys with a name each", f"最多{MOST_KEYS}项，且须有名称")
    if any(depth > DEEPEST for depth in _depths(attributes)):
        raise _refused(f"at most {DEEPEST} levels in each other", f"嵌套最多{DEEPEST}层")
    text = _written(attributes)
    if "\\u0000" in text or len(text.encode()) > MOST_BYTES:
        raise _refused(f"at most {MOST_BYTES // 1024} KiB of text", f"最多{MOST_BYTES // 1024} KiB文本")
    return attributes


def _check_counts(attributes: Mapping[str, Any]) -> None:
    for key, zh in COUNTS.items():
        value = attributes.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_COUNT:
            raise _refused(f"{key} is a whole number from 0 on", f"{zh}须为非负整数")


def _written(attributes: Mapping[str, Any]) -> str:
    try:
        return json.dumps(attributes, ensure_ascii=False, allow_nan=False).replace("\x00", "\\u0000")
    except (TypeError, ValueError) as wrong:
        raise _refused("only text, numbers, lists and objects", "仅支持文本、数字、列表和对象") from wrong


def _depths(value: Any) -> Iterator[int]:
    """Yield the depth of every value, without recursion: what is sent may be deeper than the stack of calls."""
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        yield depth
        inner: list[Any] = list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else []
        waiting.extend((child, depth + 1) for child in inner)


def _refused(en: str, zh: str) -> Invalid:
    return Invalid(f"attributes: {en}", f"卡片属性：{zh}", "bad_attributes", field="attributes")
