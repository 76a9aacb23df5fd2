"""A stranger's OpenID Connect provider, in a process of its own."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass

import httpx

from tests.running import free_port

START_S = 30.0


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    url: str

    def knows(self, subject: str, **claims: object) -> None:
        httpx.put(f"{self.url}/users/{subject}", json=claims).raise_for_status()


@contextlib.contextmanager
def identity_provider() -> Generator[IdentityProvider]:
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - a fixed command
    found, deadline = IdentityProvider(f"http://127.0.0.1:{port}"), time.monotonic() + START_S
    try:
        while not _answers(found):
            assert time.monotonic() < deadline, "the identity provider did not start"
            time.sleep(0.1)
        yield found
    finally:
        process.terminate()
        process.wait(10)


def _answers(peer: IdentityProvider) -> bool:
    try:
        return httpx.get(f"{peer.url}/.well-known/openid-configuration").is_success
    except httpx.TransportError:
        return False
