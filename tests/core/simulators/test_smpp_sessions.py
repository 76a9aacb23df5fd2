"""The session's table says what a client may send, and says nothing else."""

import pytest

from simulators.sms_centre.commands import Command, Status
from simulators.sms_centre.sessions import BINDS, BOUND, LEGAL, MOVES, RECEIVERS, State, after, verdict

SENDING = {Command.SUBMIT_SM, Command.QUERY_SM, Command.CANCEL_SM, Command.REPLACE_SM}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("command", Command)
def test_what_the_table_does_not_have_is_refused_and_moves_nothing(state: State, command: Command) -> None:
    if command in LEGAL[state]:
        assert verdict(state, command) is Status.ESME_ROK
        return
    is_second_bind = command in BINDS and state in BOUND
    assert verdict(state, command) is (Status.ESME_RALYBND if is_second_bind else Status.ESME_RINVBNDSTS)
    assert after(state, command) is state


@pytest.mark.parametrize(("command", "state"), BINDS.items())
def test_a_bind_leads_to_its_state_and_an_unbind_out_of_it(command: Command, state: State) -> None:
    assert after(State.OPEN, command) is state
    assert after(state, Command.UNBIND) is State.CLOSED


def test_a_receiver_submits_nothing_and_a_transmitter_answers_no_delivery() -> None:
    assert not SENDING & LEGAL[State.BOUND_RX]
    assert Command.DELIVER_SM_RESP not in LEGAL[State.BOUND_TX]
    assert SENDING | {Command.DELIVER_SM_RESP} <= LEGAL[State.BOUND_TRX]
    assert {State.BOUND_RX, State.BOUND_TRX} == RECEIVERS


def test_every_move_of_the_table_is_legal() -> None:
    assert all(set(moves) <= LEGAL[state] for state, moves in MOVES.items())
    assert set(MOVES) == set(LEGAL) == set(State)


def test_who_is_closed_says_nothing_any_more() -> None:
    assert not LEGAL[State.CLOSED]
