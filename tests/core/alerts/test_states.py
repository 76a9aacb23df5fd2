"""Every move of both tables, legal and illegal."""

from pathlib import Path

import pytest

from alerts.core import diagrams
from alerts.core.errors import IllegalMove
from alerts.core.states import (
    ALERT_MOVES,
    DELIVERY_MOVES,
    TOLD,
    WHY_NOT,
    AlertMove,
    AlertState,
    DeliveryMove,
    DeliveryState,
    after,
    delivery_after,
    delivery_pairs,
    legal_moves,
)

ALERT_PAIRS = [(state, move) for state in AlertState for move in AlertMove]
DELIVERY_PAIRS = [(state, move) for state in DeliveryState for move in DeliveryMove]


@pytest.mark.parametrize(("state", "move"), ALERT_PAIRS)
def test_a_move_of_an_alert_is_in_the_table_or_refused_in_its_words(state: AlertState, move: AlertMove) -> None:
    if move in ALERT_MOVES[state]:
        assert after(state, move) is ALERT_MOVES[state][move]
        return
    with pytest.raises(IllegalMove) as refused:
        after(state, move)
    assert refused.value.reason == WHY_NOT[state][move]
    assert all((refused.value.reason.zh, refused.value.reason.en))


@pytest.mark.parametrize(("state", "move"), DELIVERY_PAIRS)
def test_a_move_of_a_delivery_is_in_the_table_or_refused(state: DeliveryState, move: DeliveryMove) -> None:
    if move in DELIVERY_MOVES[state]:
        assert delivery_after(state, move) is DELIVERY_MOVES[state][move]
        return
    with pytest.raises(IllegalMove, match=f"that is {state} cannot be"):
        delivery_after(state, move)


@pytest.mark.parametrize("state", [AlertState.LIFTED, AlertState.CANCELLED, AlertState.EXPIRED])
def test_the_end_of_an_alert_is_final(state: AlertState) -> None:
    assert legal_moves(state) == ()


@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.EXPIRED])
def test_a_settled_delivery_stays_settled(state: DeliveryState) -> None:
    assert DELIVERY_MOVES[state] == {}


def test_no_reason_is_given_for_a_move_that_is_allowed() -> None:
    assert [(state, move) for state in ALERT_MOVES for move in ALERT_MOVES[state] if move in WHY_NOT[state]] == []


def test_people_are_not_offered_the_clocks_own_move() -> None:
    assert AlertMove.EXPIRE not in legal_moves(AlertState.ISSUED)


def test_nothing_that_never_left_counts_as_told() -> None:
    assert not {DeliveryState.QUEUED, DeliveryState.FAILED, DeliveryState.EXPIRED} & set(TOLD)


def test_sql_is_given_the_tables_own_pairs() -> None:
    assert delivery_pairs(DeliveryMove.LEASE_LOST) == (["sending"], ["queued"])
    assert delivery_pairs(DeliveryMove.CONFIRMED) == (
        ["queued", "sending", "sent", "unknown"],
        ["delivered"] * 4,
    )


def test_the_page_of_the_docs_is_what_the_tables_draw() -> None:
    page = Path(__file__).parents[3] / "docs" / "state-tables.md"
    assert page.read_text(encoding="utf-8") == diagrams.page(), (
        "run: python -m alerts.core.diagrams > docs/state-tables.md"
    )
