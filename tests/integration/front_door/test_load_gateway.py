"""The load-only gateway, as an operator turns it on: by one option, and never by accident."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gridwarden.door import listening
from gridwarden.settings import Settings
from tests.running import gridwarden, one_line

SECRET = "of the load test alone"


def test_the_option_opens_the_door_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert listening(Settings()).gateway is None
    monkeypatch.setenv("GRIDWARDEN_LOAD_GATEWAY", SECRET)
    assert listening(Settings()).gateway == SECRET
    assert SECRET not in repr(Settings())


@pytest.mark.parametrize("secret", ["123456", "fifteen letters"])
def test_a_secret_that_can_be_guessed_is_refused(secret: str) -> None:
    with pytest.raises(ValidationError, match="at least 16"):
        Settings.model_validate({"load_gateway": secret})
    said = one_line(gridwarden("up", "--load-gateway", secret))
    assert said.startswith("gridwarden: --load-gateway: ")
    assert secret not in said


def test_no_container_of_ours_is_started_with_it() -> None:
    for file in (Path("docker-compose.yml"), *Path("deploy").rglob("*")):
        if file.is_file():
            assert "load_gateway" not in file.read_text(errors="replace").lower(), file
