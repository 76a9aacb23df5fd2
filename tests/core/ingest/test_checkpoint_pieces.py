"""In which pieces the checkpoint is written: everybody who changed in each round, nobody twice, never many at once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.pipeline.checkpoint import PIECE, next_piece


def a_round(dirty: np.ndarray) -> list[np.ndarray]:
    """Return the terminals of each piece from the first id to the last."""
    pieces: list[np.ndarray] = []
    first: int | None = 0
    while first is not None:
        ids = next_piece(dirty, first)
        last = np.inf if ids.stop is None else ids.stop
        pieces.append(dirty[(dirty >= ids.start) & (dirty < last)])
        first = ids.stop
    return pieces


@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1), terminals=st.integers(1, 6 * PIECE))
def test_a_round_holds_everybody_once_in_pieces_that_are_small(seed: int, share: float, terminals: int) -> None:
    dirty = np.flatnonzero(np.random.default_rng(seed).random(terminals) < share)
    pieces = a_round(dirty)
    assert np.concatenate(pieces).tolist() == dirty.tolist()
    assert max(len(piece) for piece in pieces) <= PIECE
    assert len(pieces) == max(1, -(-len(dirty) // PIECE))


def test_a_quiet_citys_round_is_one_piece_of_all_ids() -> None:
    assert next_piece(np.array([3, 270_000]), 0) == slice(0, None)
