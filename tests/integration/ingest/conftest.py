from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.ingest.brokers import Mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    peer = Mosquitto(tmp_path)
    peer.start()
    yield peer
    peer.stop()
