"""In which pieces the checkpoint is written: all who changed in each round, nobody twice, who fell silent first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.pipeline.checkpoint import PIECE, next_piece


def a_round(dirty: np.ndarray, pressing: np.ndarray) -> list[np.ndarray]:
    """Return the terminals of each piece until nobody is left."""
    pieces: list[np.ndarray] = []
    first = 0
    while len(dirty):
        piece, first = next_piece(dirty, pressing, first)
        assert len(piece)
        pieces.append(piece)
        dirty, pressing = np.setdiff1d(dirty, piece), np.setdiff1d(pressing, piece)
    return pieces


@given(
    seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1), silent=st.floats(0, 1), terminals=st.integers(1, 6 * PIECE)
)
def test_a_round_holds_everybody_once_in_full_pieces_the_urgent_first(
    seed: int, share: float, silent: float, terminals: int
) -> None:
    random = np.random.default_rng(seed)
    dirty = np.flatnonzero(random.random(terminals) < share)
    pressing = dirty[random.random(len(dirty)) < silent]
    pieces = a_round(dirty, pressing)
    assert sorted(np.concatenate([*pieces, dirty[:0]]).tolist()) == dirty.tolist()
    assert max(map(len, pieces), default=0) <= PIECE
    assert len(pieces) == -(-len(dirty) // PIECE)
    urgent_pieces = -(-len(pressing) // PIECE)
    assert set(pressing.tolist()) <= {terminal for piece in pieces[:urgent_pieces] for terminal in piece.tolist()}


def test_a_quiet_citys_round_is_one_piece() -> None:
    piece, first = next_piece(np.array([3, 270_000]), np.array([3]), 0)
    assert (piece.tolist(), first) == ([3, 270_000], 0)


def test_who_does_not_change_presence_has_its_turn_in_the_order_of_ids() -> None:
    piece, first = next_piece(np.arange(3 * PIECE), np.array([2 * PIECE + 1]), PIECE)
    assert piece.tolist() == [*range(PIECE, 2 * PIECE - 1), 2 * PIECE + 1]
    assert first == 2 * PIECE - 1
