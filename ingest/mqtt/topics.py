"""Topic names, topic filters, and which filter matches which name (4.7)."""

from ingest.mqtt.errors import MalformedPacketError, ProtocolError
from ingest.mqtt.fields import decode_text


def decode_name(raw: bytes) -> str:
    """Return a PUBLISH's topic. Raises MalformedPacketError for wildcards, broken text."""
    name = decode_text(raw)
    if "+" in name or "#" in name:
        raise MalformedPacketError("a wildcard in a topic name")
    return name


def check_filter(pattern: str) -> str:
    """Return `pattern`. Raises ProtocolError unless `+` and `#` stand alone in their level and `#` is last."""
    levels = pattern.split("/")
    if not pattern:
        raise ProtocolError("an empty topic filter")
    if any(level not in {"+", "#"} and ("+" in level or "#" in level) for level in levels) or "#" in levels[:-1]:
        raise ProtocolError("a wildcard inside a level, or # before the end")
    return pattern


def matches(pattern: str, name: str) -> bool:
    """Whether a filter takes a name. `a/#` takes `a`; a leading wildcard does not take `$SYS`."""
    if pattern == name:
        return True
    if name.startswith("$") and pattern.startswith(("+", "#")):
        return False
    patterns, levels = pattern.split("/"), name.split("/")
    if patterns[-1] == "#":
        patterns.pop()
        if len(levels) < len(patterns):
            return False
        levels = levels[: len(patterns)]
    return len(patterns) == len(levels) and all(
        wanted in {"+", level} for wanted, level in zip(patterns, levels, strict=True)
    )
