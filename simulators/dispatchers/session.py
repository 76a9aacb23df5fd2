"""One log-in shared by many who only look, without an event loop: for viewers that are threads."""

from collections.abc import Mapping
from typing import NamedTuple

import httpx

from simulators.dispatchers.answers import DispatcherError, Unit, Units
from simulators.dispatchers.dispatcher import MARK, PATIENCE_S, read


class Session(NamedTuple):
    headers: Mapping[str, str]  # of a WebSocket's handshake
    units: tuple[Unit, ...]


def open_session(url: str, name: str, password: str) -> Session:
    """Log in, and see which units there are. Raises DispatcherError."""
    try:
        with httpx.Client(base_url=url, headers=MARK, timeout=PATIENCE_S) as client:
            answer = client.post("/api/login", json={"name": name, "password": password})
            read("POST /api/login", answer.status_code, answer.content, object)
            answer = client.get("/api/units")
            units = read("GET /api/units", answer.status_code, answer.content, Units).units
            cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    except (httpx.RequestError, httpx.InvalidURL) as error:
        raise DispatcherError(url, status=0, word="no_answer", message=str(error) or type(error).__name__) from error
    return Session({"Cookie": cookies}, units)
