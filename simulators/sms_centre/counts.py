"""What a centre counts. One object for all its connections: everything runs on one event loop."""

from collections import Counter
from dataclasses import dataclass, field

from simulators.sms_centre.commands import Status


@dataclass(slots=True, kw_only=True)
class Counts:
    connections: int = 0  # ever
    binds: int = 0
    binds_refused: int = 0
    submitted: int = 0
    taken: int = 0  # of those; each part of a long message is one
    duplicates: int = 0  # of those taken: content and number were taken before
    ignored: int = 0  # neither taken nor answered, by a fault
    unanswered: int = 0  # taken, but not answered, by a fault
    late: int = 0
    refused: Counter[Status] = field(default_factory=Counter[Status])
    done: int = 0  # messages that came to their end
    receipts_sent: int = 0  # repetitions included
    receipts_acknowledged: int = 0
    receipts_refused: int = 0  # for good
    receipts_retried: int = 0  # not answered in time, or the client asked for later
    receipts_lost: int = 0  # by a fault
    receipts_repeated: int = 0  # by a fault
    receipts_early: int = 0
    originated_sent: int = 0  # messages from phones
    originated_acknowledged: int = 0
    queries: int = 0
    cancels: int = 0
    replaces: int = 0
    links_dropped: int = 0  # by a fault or by request, as the next four
    links_unbound: int = 0
    links_silent: int = 0
    links_cut: int = 0
    garbage: int = 0
    broken: int = 0  # PDUs from clients that could not be read
    illegal: int = 0  # commands in a state that they are not for
    given_up: int = 0  # connections that the centre ended: not bound in time, dead, unreadable
