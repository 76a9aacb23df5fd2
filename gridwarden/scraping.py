"""A port where Prometheus scrapes a program that has no web server: `--metrics-port` of ingest and alerts."""

from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import start_http_server

from gridwarden.settings import Settings


class MetricsPortError(Exception):
    """The port cannot be listened at; the message names the option."""


@contextmanager
def scraped(settings: Settings) -> Generator[None]:
    """Serve /metrics of this process for as long as the block lasts, in a thread; without a port, nothing."""
    port = settings.metrics_port
    if port is None:
        yield
        return
    try:
        server, thread = start_http_server(port, addr=settings.metrics_host)
    except OSError as error:
        place = f"{settings.metrics_host}:{port}"
        raise MetricsPortError(
            f"cannot serve metrics at {place}: {error.strerror}; --metrics-port names another"
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
