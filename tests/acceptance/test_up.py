"""`gridwarden up`: starts, works, stops, starts again, and says in one line why it cannot."""

import os
import signal
from pathlib import Path

from tests.running import descendants, free_port, gridwarden, is_alive, one_line, running


def test_simulated_terminals_are_stored_and_ctrl_c_leaves_no_process(data: Path) -> None:
    with running(data, "--simulate", "20") as up:
        health = up.wait_for(lambda health: int(health["positions_stored"]) >= 20)
        assert health["status"] == "ok"
        family = descendants(up.process.pid)
        assert family, "the embedded PostgreSQL is a child"
        assert up.stop(signal.SIGINT) == 0
        assert not [pid for pid in family if is_alive(pid)]


def test_a_second_start_keeps_the_data_and_its_credentials(data: Path) -> None:
    with running(data, "--simulate", "5") as first:
        first.wait_for(lambda health: int(health["positions_stored"]) >= 5)
        assert first.stop() == 0
    terminals = (data / "city" / "terminals.csv").read_text()
    with running(data, "--simulate", "5") as second:
        second.wait_for(lambda health: int(health["positions_stored"]) >= 5)
        assert second.stop(signal.SIGTERM) == 0
    assert (data / "city" / "terminals.csv").read_text() == terminals


def test_it_stops_by_itself_with_exit_code_0(data: Path) -> None:
    with running(data, "--for", "2") as up:
        assert up.process.wait(60) == 0


def test_two_run_at_once_in_different_folders(data: Path, tmp_path: Path) -> None:
    with running(data) as one, running(tmp_path / "other") as two:
        assert one.health()["status"] == two.health()["status"] == "ok"


def test_a_folder_in_use_is_refused_in_one_line(data: Path) -> None:
    with running(data) as up:
        line = one_line(gridwarden("up", "--data", str(data), "--port", str(free_port())))
        assert f"is in use by process {up.process.pid}" in line


def test_a_taken_port_is_refused_in_one_line(data: Path, tmp_path: Path) -> None:
    port = free_port()
    with running(data, port=port):
        line = one_line(gridwarden("up", "--data", str(tmp_path / "other"), "--port", str(port)))
    assert f"port {port} at 127.0.0.1 is taken: choose another with --port" in line


def test_a_folder_that_cannot_be_made_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    line = one_line(gridwarden("up", "--data", str(tmp_path / "file" / "data"), "--port", str(free_port())))
    assert "choose another folder with --data DIR" in line


def test_a_killed_database_is_started_again_and_loses_nothing(data: Path) -> None:
    with running(data, "--simulate", "10") as up:
        before = up.wait_for(lambda health: int(health["positions_stored"]) >= 10)
        postmaster = int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGKILL)
        up.wait_for(lambda health: int(health["positions_stored"]) > int(before["positions_stored"]) + 10)
