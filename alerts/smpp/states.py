"""The life of one connection to an SMS centre (SMPP 3.4, section 2.2), as a table. Pure.

A command that is not in the row of a state is answered, if it wants an answer, with ESME_RINVBNDSTS, and changes
nothing.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from alerts.smpp.commands import Command


class LinkState(StrEnum):
    OPEN = "open"  # connected, nothing said
    BINDING = "binding"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBINDING = "unbinding"  # answers in flight are still taken
    CLOSED = "closed"


class LinkMove(StrEnum):
    BIND_SENT = "bind_sent"
    BOUND_AS_TX = "bound_as_tx"
    BOUND_AS_RX = "bound_as_rx"
    BOUND_AS_TRX = "bound_as_trx"
    UNBIND_SENT = "unbind_sent"
    UNBIND_CAME = "unbind_came"
    ENDED = "ended"  # refused, unbound, cut off, silent, or no SMPP


_ALIVE: Final = {
    LinkMove.UNBIND_SENT: LinkState.UNBINDING,
    LinkMove.UNBIND_CAME: LinkState.UNBINDING,
    LinkMove.ENDED: LinkState.CLOSED,
}

LINK_MOVES: Final[Mapping[LinkState, Mapping[LinkMove, LinkState]]] = {
    LinkState.OPEN: {LinkMove.BIND_SENT: LinkState.BINDING, LinkMove.ENDED: LinkState.CLOSED},
    LinkState.BINDING: {
        LinkMove.BOUND_AS_TX: LinkState.BOUND_TX,
        LinkMove.BOUND_AS_RX: LinkState.BOUND_RX,
        LinkMove.BOUND_AS_TRX: LinkState.BOUND_TRX,
        LinkMove.ENDED: LinkState.CLOSED,
    },
    LinkState.BOUND_TX: _ALIVE,
    LinkState.BOUND_RX: _ALIVE,
    LinkState.BOUND_TRX: _ALIVE,
    LinkState.UNBINDING: {LinkMove.ENDED: LinkState.CLOSED},
    LinkState.CLOSED: {},
}

SENDS: Final = frozenset({LinkState.BOUND_TX, LinkState.BOUND_TRX})

# Commands of the centre that are taken, by state; enquire_link, unbind and answers are taken always
TAKES: Final[Mapping[LinkState, frozenset[Command]]] = {
    LinkState.OPEN: frozenset(),
    LinkState.BINDING: frozenset(),
    LinkState.BOUND_TX: frozenset(),
    LinkState.BOUND_RX: frozenset({Command.DELIVER_SM, Command.ALERT_NOTIFICATION}),
    LinkState.BOUND_TRX: frozenset({Command.DELIVER_SM, Command.ALERT_NOTIFICATION}),
    LinkState.UNBINDING: frozenset(),
    LinkState.CLOSED: frozenset(),
}


class Role(StrEnum):
    TRANSCEIVER = "transceiver"
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"


BINDS: Final[Mapping[Role, tuple[Command, LinkMove]]] = {
    Role.TRANSCEIVER: (Command.BIND_TRANSCEIVER, LinkMove.BOUND_AS_TRX),
    Role.TRANSMITTER: (Command.BIND_TRANSMITTER, LinkMove.BOUND_AS_TX),
    Role.RECEIVER: (Command.BIND_RECEIVER, LinkMove.BOUND_AS_RX),
}


def link_after(state: LinkState, move: LinkMove) -> LinkState:
    """Return the state that `move` leads to; one that is not in the table changes nothing."""
    return LINK_MOVES[state].get(move, state)
