"""The fleet's backlog on disk: what is kept, when it is safe, and which files are refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from simulators.fleet.journal import FILE, Fix, Journal, JournalError, opened
from simulators.fleet.safety import Safety
from simulators.ledger import PUBLISHED


def a_safety(journal: Journal) -> Safety:
    return Safety(journal, codes=["T1", "T2"], first=0)


def a_row(who: int, said_ms: int) -> bytes:
    row = np.zeros((), PUBLISHED)
    row["terminal"], row["said_ms"] = who, said_ms
    return row.tobytes()


def sent(safety: Safety, number: int, *, asks: bool) -> None:
    """Take and send a fix of the first terminal."""
    safety.take(0, b"{}", a_row(0, number))
    safety.sends(number, 0, b"{}", a_row(0, number), asks=asks)


def left(folder: Path) -> list[int]:
    """Return the fix times that a later life finds."""
    with closing(Journal(folder / FILE)) as journal:
        return [fix.said_ms for fix in journal.left()]


def test_a_fix_is_on_disk_before_its_message_is_sent(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / FILE)) as journal:
        sent(a_safety(journal), 7, asks=False)
        assert left(tmp_path) == [7]


def test_a_fix_is_safe_by_its_puback_unless_it_asked_for_a_receipt(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / FILE)) as journal:
        safety = a_safety(journal)
        sent(safety, 1, asks=False)
        sent(safety, 2, asks=True)
        sent(safety, 3, asks=True)
        for number in (1, 2, 3):
            safety.acknowledged(number)
        safety.receipted(3)
    assert left(tmp_path) == [2]


def test_a_receipt_may_come_before_the_puback(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / FILE)) as journal:
        safety = a_safety(journal)
        sent(safety, 1, asks=True)
        safety.receipted(1)
        safety.acknowledged(1)
    assert left(tmp_path) == []


def test_what_gets_no_receipt_is_said_again_at_growing_intervals(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / FILE)) as journal:
        safety = a_safety(journal)
        sent(safety, 1, asks=True)
        safety.acknowledged(1)
        assert [len(safety.overdue(at_s)) for at_s in (9.0, 10.0, 1000.0)] == [0, 1, 0]
        safety.acknowledged(1)
        assert [len(safety.overdue(at_s)) for at_s in (1019.0, 1020.0)] == [0, 1]
        safety.acknowledged(1)
        safety.receipted(1)
        assert not safety.overdue(9000.0)


def test_what_is_of_terminals_that_do_not_take_part_stays(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / FILE)) as journal:
        journal.take(Fix("T9", 1, b"{}"))
        journal.take(Fix("T2", 2, b"{}"))
        journal.commit()
        safety = a_safety(journal)
        assert [(who, text) for who, text, _ in safety.left()] == [(1, b"{}")]
        assert safety.strange == 1
    assert left(tmp_path) == [1, 2]


def test_each_life_on_a_journal_has_another_number(tmp_path: Path) -> None:
    lives = list[int]()
    for _ in range(3):
        with opened(tmp_path) as journal:
            assert journal is not None
            lives.append(journal.life)
    assert lives == [1, 2, 3]


def test_a_folder_is_for_one_at_a_time(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(JournalError, match="is in use by process"), opened(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("")
    with pytest.raises(JournalError, match="cannot write into"), opened(tmp_path / "letter"):
        pass


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"a letter " * 100)
    with pytest.raises(JournalError, match="cannot be used: file is not a database"), opened(tmp_path):
        pass


def test_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / FILE)) as journal:
        for said_ms in range(1000):
            journal.take(Fix("T1", said_ms, b"{}" * 50))
    with (tmp_path / FILE).open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)
    with pytest.raises(JournalError, match="cannot be used"), opened(tmp_path):
        pass


def test_a_database_of_others_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as made:
        made.execute("CREATE TABLE kept (letter TEXT)")
    with pytest.raises(JournalError, match="is no backlog of simulated terminals"), opened(tmp_path):
        pass


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / FILE)) as journal:
        journal._file.execute("PRAGMA max_page_count = 8")  # pyright: ignore[reportPrivateUsage]
        for said_ms in range(1000):
            journal.take(Fix("T1", said_ms, b"{}" * 50))
        with pytest.raises(JournalError, match="is full"):
            journal.commit()
    assert left(tmp_path) == []
