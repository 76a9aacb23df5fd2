"""The session as a table (specification 2.3): what a client may send in which state, and where it leads."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from simulators.sms_centre.commands import Command, Status


class State(Enum):
    OPEN = "open"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    CLOSED = "closed"


BINDS: Final[Mapping[Command, State]] = {
    Command.BIND_TRANSMITTER: State.BOUND_TX,
    Command.BIND_RECEIVER: State.BOUND_RX,
    Command.BIND_TRANSCEIVER: State.BOUND_TRX,
}
_ANY: Final = frozenset(
    {
        Command.UNBIND,
        Command.UNBIND_RESP,
        Command.ENQUIRE_LINK,
        Command.ENQUIRE_LINK_RESP,
        Command.GENERIC_NACK,
    }
)
_SENDS: Final = frozenset({Command.SUBMIT_SM, Command.QUERY_SM, Command.CANCEL_SM, Command.REPLACE_SM})
_RECEIVES: Final = frozenset({Command.DELIVER_SM_RESP})

LEGAL: Final[Mapping[State, frozenset[Command]]] = {
    State.OPEN: frozenset(BINDS) | {Command.GENERIC_NACK},
    State.BOUND_TX: _ANY | _SENDS,
    State.BOUND_RX: _ANY | _RECEIVES,
    State.BOUND_TRX: _ANY | _SENDS | _RECEIVES,
    State.CLOSED: frozenset(),
}
# The moves that a legal command makes once it is answered with ESME_ROK; all others stay.
MOVES: Final[Mapping[State, Mapping[Command, State]]] = {
    State.OPEN: BINDS,
    State.BOUND_TX: {Command.UNBIND: State.CLOSED, Command.UNBIND_RESP: State.CLOSED},
    State.BOUND_RX: {Command.UNBIND: State.CLOSED, Command.UNBIND_RESP: State.CLOSED},
    State.BOUND_TRX: {Command.UNBIND: State.CLOSED, Command.UNBIND_RESP: State.CLOSED},
    State.CLOSED: {},
}
BOUND: Final = frozenset({State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX})
RECEIVERS: Final = frozenset({State.BOUND_RX, State.BOUND_TRX})


def verdict(state: State, command: Command) -> Status:
    """Return ESME_ROK where the command is legal, else what the client is told."""
    if command in LEGAL[state]:
        return Status.ESME_ROK
    return Status.ESME_RALYBND if command in BINDS and state in BOUND else Status.ESME_RINVBNDSTS


def after(state: State, command: Command) -> State:
    """Return the state that a legal command leads to."""
    return MOVES[state].get(command, state)
