"""The ledger's files: records in, the same records out, whatever happened at the end of the file."""

from pathlib import Path

import numpy as np
import pytest

from simulators.ledger import PUBLISHED, SETTLED, Stream, read


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    rows = np.zeros(3, PUBLISHED)
    rows["terminal"], rows["lon"], rows["flags"] = [7, 8, 9], [1_136_253_000, -1, 2], [0, 1, 4]
    with Stream(tmp_path / "run" / "published.bin", PUBLISHED) as stream:
        stream.append(rows[:2])
        stream.append_raw(rows[2:].tobytes())
        assert stream.rows == 3
    assert read(tmp_path / "run" / "published.bin", PUBLISHED).tolist() == rows.tolist()


def test_a_record_is_as_large_as_its_columns() -> None:
    assert (PUBLISHED.itemsize, SETTLED.itemsize) == (37, 16)


def test_a_torn_record_at_the_end_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "acknowledged.bin"
    path.write_bytes(np.array([(4, 5), (6, 7)], SETTLED).tobytes()[:-3])
    assert read(path, SETTLED).tolist() == [(4, 5)]


def test_a_file_that_is_not_there_yet_or_empty_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.bin").touch()
    assert len(read(tmp_path / "gone.bin", SETTLED)) == len(read(tmp_path / "empty.bin", SETTLED)) == 0


def test_what_was_flushed_is_seen_by_a_reader_while_the_stream_is_open(tmp_path: Path) -> None:
    with Stream(tmp_path / "seen.bin", SETTLED) as stream:
        stream.append(np.array([(1, 2)], SETTLED))
        stream.flush()
        assert read(tmp_path / "seen.bin", SETTLED).tolist() == [(1, 2)]


def test_records_of_another_kind_and_parts_of_records_are_no_rows(tmp_path: Path) -> None:
    with Stream(tmp_path / "seen.bin", SETTLED) as stream:
        with pytest.raises(TypeError, match="for a stream of"):
            stream.append(np.zeros(1, PUBLISHED))
        with pytest.raises(ValueError, match="no whole number of records"):
            stream.append_raw(b"123")
