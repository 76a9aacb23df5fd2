"""What a command_status means for the message that met it. A table; pure.

Operators disagree about the rest: a status that is not in the table is taken for a refusal of this message, because to
send it again for ever would cost money and say nothing.
"""

from collections.abc import Mapping
from typing import Final

from alerts.core.verdicts import Verdict
from alerts.smpp.commands import Status, status_name

VERDICTS: Final[Mapping[Status, Verdict]] = {
    Status.ESME_ROK: Verdict.TAKEN,
    Status.ESME_RTHROTTLED: Verdict.SLOWER,
    Status.ESME_RMSGQFUL: Verdict.LATER,
    Status.ESME_RSYSERR: Verdict.LATER,
    Status.ESME_RX_T_APPN: Verdict.LATER,
    Status.ESME_RSUBMITFAIL: Verdict.LATER,
    Status.ESME_RUNKNOWNERR: Verdict.LATER,
    Status.ESME_RINVBNDSTS: Verdict.BROKEN,
    Status.ESME_RINVCMDID: Verdict.BROKEN,
    Status.ESME_RINVCMDLEN: Verdict.BROKEN,
    Status.ESME_RINVSRCADR: Verdict.REFUSED,
    Status.ESME_RINVDSTADR: Verdict.REFUSED,
    Status.ESME_RINVMSGLEN: Verdict.REFUSED,
    Status.ESME_RINVESMCLASS: Verdict.REFUSED,
    Status.ESME_RINVEXPIRY: Verdict.REFUSED,
    Status.ESME_RX_P_APPN: Verdict.REFUSED,
    Status.ESME_RX_R_APPN: Verdict.REFUSED,
}

# Of a bind: those that no second try will change until somebody corrects the settings
HOPELESS: Final = frozenset(
    {Status.ESME_RINVPASWD, Status.ESME_RINVSYSID, Status.ESME_RINVSYSTYP, Status.ESME_RBINDFAIL}
)
_BIND_WORDS: Final[Mapping[int, str]] = {
    Status.ESME_RINVPASWD: "wrong password",
    Status.ESME_RINVSYSID: "it does not know this system_id",
    Status.ESME_RINVSYSTYP: "it does not take this system_type",
    Status.ESME_RBINDFAIL: "bind refused: wrong name or password, or too many connections",
    Status.ESME_RALYBND: "this system_id is connected already",
    Status.ESME_RTHROTTLED: "too many binds in a short time",
}


def verdict(status: int) -> Verdict:
    try:
        return VERDICTS.get(Status(status), Verdict.REFUSED)
    except ValueError:
        return Verdict.REFUSED


def bind_words(status: int) -> str:
    """Say in one line why a bind was refused."""
    words = _BIND_WORDS.get(status)
    return status_name(status) if words is None else f"{words} ({status_name(status)})"
