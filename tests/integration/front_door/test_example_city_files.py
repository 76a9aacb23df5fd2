import hashlib
import subprocess
import sys
from pathlib import Path

import psycopg

FILES = ("grids.geojson", "members.csv", "units.csv")


def gridwarden(*words: str) -> str:
    command = [sys.executable, "-m", "gridwarden", *words]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=110)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


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
