"""What `--metrics-port` of a program without a web server opens, and closes again."""

import socket

import httpx
import pytest

from gridwarden.scraping import MetricsPortError, scraped
from gridwarden.settings import Settings


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_prometheus_reads_the_programs_metrics_while_it_runs(port: int) -> None:
    with scraped(Settings(metrics_port=port)):
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert "process_cpu_seconds_total" in answer.text
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics")


def test_without_a_port_nothing_listens(port: int) -> None:
    with scraped(Settings()), pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics")


def test_a_taken_port_is_said_so_in_one_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = int(other.getsockname()[1])
        with (
            pytest.raises(MetricsPortError, match=rf"127\.0\.0\.1:{taken}: .*--metrics-port"),
            scraped(Settings(metrics_port=taken)),
        ):
            pass
