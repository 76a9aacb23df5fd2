import hashlib
import os
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.running import free_port

FILES = ("grids.geojson", "members.csv", "units.csv")


def gridwarden(*words: str, data: Path | None = None) -> str:
    command = [sys.executable, "-m", "gridwarden", *words]
    environment = {**os.environ, **({} if data is None else {"GRIDWARDEN_DATA": str(data)})}
    done = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, check=False, text=True, timeout=110, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def complaint(*words: str, data: Path) -> str:
    command = [sys.executable, "-m", "gridwarden", *words]
    environment = {**os.environ, "GRIDWARDEN_DATA": str(data)}
    done = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, check=False, text=True, timeout=110, env=environment
    )
    assert done.returncode == 1
    return done.stderr


def digests(folder: Path) -> list[str]:
    assert sorted(path.name for path in folder.iterdir()) == list(FILES)
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES]


def test_two_runs_write_the_same_city_to_the_bit(tmp_path: Path) -> None:
    first = gridwarden("city", "generate", "--small", "--out", str(tmp_path / "one"))
    gridwarden("city", "generate", "--small", "--seed", "7", "--out", str(tmp_path / "two"))
    gridwarden("city", "generate", "--small", "--seed", "8", "--out", str(tmp_path / "other"))
    assert "315 units and 640 members" in first
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert digests(tmp_path / "one") != digests(tmp_path / "other")


def test_a_city_on_disk_is_loaded_and_its_people_can_be_found(database: str, tmp_path: Path) -> None:
    gridwarden("city", "generate", "--small", "--out", str(tmp_path))
    said = gridwarden("city", "load", str(tmp_path), "--database", database)
    assert "loaded members: 640" in said
    assert "loaded terminals: 640" in said
    with psycopg.connect(database) as connection:
        (unspelled,) = connection.execute("SELECT count(*) FROM member WHERE pinyin = ''").fetchone() or (None,)
    assert unspelled == 0


def test_a_city_loaded_without_an_address_lies_in_the_data_folder_ready_to_be_walked(tmp_path: Path) -> None:
    data = tmp_path / "data"
    gridwarden("city", "generate", "--small", "--out", str(tmp_path / "city"))
    gridwarden("city", "load", str(tmp_path / "city"), data=data)
    assert "315 units and 640 members" in gridwarden("city", "export", str(tmp_path / "again"), data=data)
    roster = data / "city"
    assert (roster / "terminals.csv").stat().st_mode & 0o777 == 0o600
    assert (roster / "grids.geojson").exists()
    (roster / "terminals.csv").unlink()
    said = complaint("up", "--simulate", "5", "--mqtt-port", str(free_port()), "--port", str(free_port()), data=data)
    assert f"terminals.csv of this city should lie in {roster}; put them there, or leave out --simulate" in said
