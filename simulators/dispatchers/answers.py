"""What the dashboard answers, as far as a dispatcher reads it; fields that are not named here are passed over."""

from uuid import UUID

import msgspec


class DispatcherError(Exception):
    """A request that did not work: `status` of HTTP (0: no answer came), `word` and `message` as the server said."""

    def __init__(self, request: str, *, status: int, word: str, message: str) -> None:
        super().__init__(f"{request}: {message} ({status} {word})" if status else f"{request}: {message}")
        self.status = status
        self.word = word
        self.message = message


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of the subtree that the account sees."""

    id: int
    code: str
    name: str
    level: str
    parent: int | None  # None: the top of what the account sees
    people: int = msgspec.field(name="members")  # in its whole subtree


class Units(msgspec.Struct, frozen=True):
    units: tuple[Unit, ...]


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """People, not messages, of the version in force."""

    audience: int
    told: int
    delivered: int
    acknowledged: int
    failed: int
    unknown: int
    queued: int


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    state: str
    version: int
    level: str
    reach: Reach


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    total: int  # people who would be told
    allowed: bool
    explanation: str


class MemberId(msgspec.Struct, frozen=True):
    id: int


class MemberPage(msgspec.Struct, frozen=True, kw_only=True):
    total: int
    members: tuple[MemberId, ...]


class Problem(msgspec.Struct, frozen=True):
    error: str = "bad_answer"
    message: str = ""


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A warning as the person who issued it lived it. Times are seconds since 1970, spans seconds."""

    alert: UUID
    level: str
    unit: int
    began_at: float
    preview_s: float
    draft_s: float
    issue_s: float  # from pressing the button to the answer; with an approver, to the answer that they got
    issued_at: float  # when that answer came
    previewed: int  # people, as the preview said
    reach: Reach  # as the answer said: the audience is frozen, few are told yet

    @property
    def pressed_at(self) -> float:
        return self.issued_at - self.issue_s
