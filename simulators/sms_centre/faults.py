"""What an operator does wrong, as a YAML file: shares from 0 to 1, units in the names, a default for everything."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

import msgspec
import yaml
from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=7 * 86_400)]
Count = Annotated[int, Meta(ge=1)]
Rate = Annotated[float, Meta(gt=0, le=1_000_000)]

_PROFILES: Final = files("simulators.sms_centre") / "profiles"


class FaultsError(Exception):
    """The file of faults cannot be read; the message says where, and what is allowed there."""


class Answers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """submit_sm_resp. A message that is *unanswered* was taken all the same, an *ignored* one was not."""

    delay_s: Seconds = 0.0
    jitter_s: Seconds = 0.0  # up to so much more, by chance
    late_share: Share = 0.0
    late_s: Seconds = 30.0
    unanswered_share: Share = 0.0
    ignored_share: Share = 0.0


class Refusals(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of each try, but for unknown numbers: these stay unknown. The first that is drawn wins, in this order."""

    unknown_number_share: Share = 0.0  # of numbers: ESME_RINVDSTADR
    unknown_prefixes: tuple[str, ...] = ()
    throttled_share: Share = 0.0  # ESME_RTHROTTLED
    queue_full_share: Share = 0.0  # ESME_RMSGQFUL
    system_error_share: Share = 0.0  # ESME_RSYSERR
    submit_failed_share: Share = 0.0  # ESME_RSUBMITFAIL


class Outcomes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of messages that were taken; the rest is delivered."""

    undeliverable_share: Share = 0.0
    undeliverable_prefixes: tuple[str, ...] = ()
    expired_share: Share = 0.0
    rejected_share: Share = 0.0


class Receipts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    delay_s: Seconds = 0.0
    jitter_s: Seconds = 0.0
    lost_share: Share = 0.0
    repeated_share: Share = 0.0
    repeat_after_s: Seconds = 1.0
    reordered_share: Share = 0.0  # held back by reordered_s, so that later ones overtake them
    reordered_s: Seconds = 1.0
    early_share: Share = 0.0  # the receipt comes before the answer to the submission
    decimal_ids: bool = False  # the id is hexadecimal in the answer and decimal in the receipt, as some operators do


class Links(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to the connection. Shares are of messages that are taken; their answer is what gets lost.

    `..._after_messages`: on each connection, once so many were submitted over it.
    """

    dropped_share: Share = 0.0
    unbound_share: Share = 0.0  # the centre unbinds, after the answer
    garbage_share: Share = 0.0  # bytes that are no PDU come instead of the answer
    cut_share: Share = 0.0  # half of the answer, then the connection ends
    drop_after_messages: Count | None = None
    unbind_after_messages: Count | None = None
    silent_after_messages: Count | None = None  # from then on nothing is answered, enquire_link neither
    most_sessions: Count | None = None  # binds beyond it: ESME_RBINDFAIL


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By the clock, so they are not repeatable as the rest is. None is no limit."""

    rate_per_s: Rate | None = None  # all sessions together: ESME_RTHROTTLED
    burst_s: Seconds = 1.0  # of that rate may come at once
    window: Count | None = None  # submissions of a connection without an answer: ESME_RTHROTTLED
    number_per_minute: Count | None = None  # ESME_RTHROTTLED
    number_per_day: Count | None = None  # 24 hours: ESME_RSUBMITFAIL
    queue: Count | None = None  # messages on their way to phones: ESME_RMSGQFUL


class Faults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    about: str = ""
    answers: Answers = Answers()
    refusals: Refusals = Refusals()
    outcomes: Outcomes = Outcomes()
    receipts: Receipts = Receipts()
    links: Links = Links()
    limits: Limits = Limits()


def profiles() -> tuple[str, ...]:
    """Return the names of the files that come with the centre."""
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in _PROFILES.iterdir() if entry.name.endswith("l")))


def read_faults(name_or_path: str) -> Faults:
    """Return the faults of a profile by its name, or of a file. Raises FaultsError."""
    if name_or_path in profiles():
        return parse_faults((_PROFILES / f"{name_or_path}.yaml").read_text(encoding="utf-8"), name=name_or_path)
    path = Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        known = ", ".join(profiles())
        raise FaultsError(f"{name_or_path}: {error.strerror}; wanted a YAML file or one of {known}") from error
    except UnicodeDecodeError as error:
        raise FaultsError(f"{name_or_path}: no text in UTF-8") from error
    return parse_faults(text, name=name_or_path)


def parse_faults(text: str, *, name: str) -> Faults:
    """Return the faults that a YAML text says; an empty one says none. Raises FaultsError, beginning with `name`."""
    try:
        said = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FaultsError(f"{name}:{line}: not YAML: {error.problem}; mind indentation and brackets") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise FaultsError(f"{name}: not YAML: {' '.join(str(error).split())}") from error
    try:
        return msgspec.convert({} if said is None else said, Faults)
    except msgspec.ValidationError as error:
        raise FaultsError(f"{name}: {error}{_allowed(str(error))}") from error


def _allowed(error: str) -> str:
    """Return the fields that an unknown one could have been, where that is what is wrong."""
    if "unknown field" not in error:
        return ""
    part: type[Struct] = Faults
    for field in msgspec.structs.fields(Faults):
        if f"`$.{field.name}`" in error:
            part = field.type
    return f"; allowed: {', '.join(part.__struct_fields__)}"
