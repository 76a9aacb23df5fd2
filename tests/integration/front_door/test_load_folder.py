"""The folder of a load run's records: one run at a time, and nobody else's files."""

from pathlib import Path

import pytest

from gridwarden.load_run import LEDGER, ledger_in
from gridwarden.load_wish import LoadError


def test_records_of_an_earlier_run_are_cleared_and_those_of_this_one_go(tmp_path: Path) -> None:
    (tmp_path / LEDGER / "fleet-0").mkdir(parents=True)
    with ledger_in(tmp_path, keeps=False) as folder:
        assert list(folder.iterdir()) == []
    assert not folder.exists()


def test_records_stay_for_who_wants_them(tmp_path: Path) -> None:
    with ledger_in(tmp_path, keeps=True) as folder:
        (folder / "fleet-0").mkdir()
    assert (folder / "fleet-0").is_dir()


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    with (
        ledger_in(tmp_path, keeps=False) as folder,
        pytest.raises(LoadError, match="another load run writes there"),
        ledger_in(tmp_path, keeps=False),
    ):
        pytest.fail("both have it")
    assert not folder.exists()


def test_somebody_elses_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / LEDGER).mkdir()
    (tmp_path / LEDGER / "accounts.xlsx").touch()
    with (
        pytest.raises(LoadError, match=r"holds accounts\.xlsx, no record of a load run"),
        ledger_in(tmp_path, keeps=False),
    ):
        pytest.fail("it took them")
    assert (tmp_path / LEDGER / "accounts.xlsx").exists()
