"""The refusals of the desk. Each says why in words a duty officer can act on; none is ever swallowed."""

from uuid import UUID

from alerts.core.words import Words


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an accident
    """A request that was understood and not carried out. `reason` says why and what to do."""

    def __init__(self, reason: Words) -> None:
        super().__init__(reason.en)
        self.reason = reason


class NotAllowed(Refusal):
    """The account may not do this to these units (403)."""


class IllegalMove(Refusal):
    """The state of the alert does not know this move (409)."""


class BadContent(Refusal):
    """What the alert says cannot be issued: unknown target, unknown level, broken polygon (422)."""


class BadDocument(Refusal):
    """What another system sent cannot be read: broken, hostile, or not what it says it is (422)."""


class UnknownMessage(Refusal):
    """No received message of this number that the account may see (404)."""

    def __init__(self, message: int) -> None:
        super().__init__(Words(f"没有此收到的报文：{message}", f"there is no received message {message}"))
        self.message = message


class VersionConflict(Refusal):
    """Somebody else changed the alert first (409). `current` is its version now."""

    def __init__(self, current: int) -> None:
        super().__init__(
            Words(
                f"该预警已被他人修改，当前为第{current}版，请重新载入后再试",
                f"somebody changed this alert meanwhile (it is at version {current}): load it again, then decide",
            )
        )
        self.current = current


class UnknownAlert(Refusal):
    """No alert of this id that the account may see (404)."""

    def __init__(self, alert: UUID) -> None:
        super().__init__(Words(f"没有此预警：{alert}", f"there is no alert {alert}"))
        self.alert = alert
