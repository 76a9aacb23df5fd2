"""A folder that does not exist yet, as a first start finds it, and a Redis of a test's own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import free_port


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def redis() -> Iterator[str]:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - Debian's program
    yield f"redis://127.0.0.1:{port}"
    server.kill()
    server.wait()
