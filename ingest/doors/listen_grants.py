"""Which topic filters a terminal may subscribe to, and what it may publish. Pure.

A granted filter never shows more than the terminal's own downlink, because downlink belongs to a terminal before it is
matched; so `owntracks/+/+`, which the stock phone app asks for, is granted and yields the app's own messages only.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from ingest.mqtt.packets import Code, Level, Subscription
from ingest.rules.packets import Route, address

MOST_SUBSCRIPTIONS: Final = 100  # of one session
_WILDCARDS: Final = ("+", "#")
_LEVELS_OF_A_GRID_ALERT: Final = 5


class Permission(NamedTuple):
    """What a publication becomes, and the code of its PUBACK in MQTT 5 (3.1.1 has none)."""

    route: Route
    code: Code


class Grant(NamedTuple):
    subscription: Subscription
    wants_retained: bool


def may_publish(terminal: str, topic: str) -> Permission:
    """A refused topic becomes Route.OTHER: it is counted and kept like every refused report."""
    found = address(topic)
    if found.route is Route.OTHER:
        return Permission(Route.OTHER, Code.TOPIC_NAME_INVALID)
    if found.terminal != terminal:
        return Permission(Route.OTHER, Code.NOT_AUTHORIZED)
    return Permission(found.route, Code.SUCCESS)


def may_subscribe(terminal: str, pattern: str) -> bool:
    """Own topics with or without wildcards behind the code, OwnTracks' wildcards, and the alert of one grid."""
    levels = pattern.split("/")
    if levels[0] == "owntracks":
        return len(levels) > 1 and levels[1] in {terminal, *_WILDCARDS}
    if levels[:3] == ["gw", "v1", "t"]:
        return levels[3:4] == [terminal]
    return is_grid_alert(pattern)


def granted(terminal: str, asked: Subscription, known: Mapping[str, Subscription]) -> Grant | None:
    """Return what is granted of a subscription to a session that has the `known` ones; None: nothing."""
    is_new = asked.filter not in known
    if not may_subscribe(terminal, asked.filter) or (is_new and len(known) >= MOST_SUBSCRIPTIONS):
        return None
    wants_retained = asked.retain_handling == 0 or (asked.retain_handling == 1 and is_new)
    qos = min(asked.qos, 1)  # nothing goes down at QoS 2
    return Grant(Subscription(asked.filter, qos, asked.no_local, asked.retain_as_published), wants_retained)


def refusal_of(pattern: str, level: Level) -> Code:
    """Return SUBACK's code for a filter that is not granted: before MQTT 5 there is but one."""
    if level is not Level.V5:
        return Code.UNSPECIFIED_ERROR
    return Code.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED if pattern.startswith("$share/") else Code.NOT_AUTHORIZED


def is_grid_alert(pattern: str) -> bool:
    """Whether this is `gw/v1/g/{code}/alert` of one grid."""
    levels = pattern.split("/")
    return (
        len(levels) == _LEVELS_OF_A_GRID_ALERT
        and levels[:3] == ["gw", "v1", "g"]
        and levels[4] == "alert"
        and levels[3] not in {"", *_WILDCARDS}
    )
