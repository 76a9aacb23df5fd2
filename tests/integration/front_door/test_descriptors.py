"""How many connections the front door allows itself."""

import resource

from gridwarden.descriptors import RESERVE, connections_allowed, room_for_connections
from gridwarden.door import listening
from gridwarden.settings import Settings


def test_connections_leave_room_for_what_a_process_needs_itself() -> None:
    assert connections_allowed(20_000) == 20_000 - RESERVE
    assert connections_allowed(100) == 1


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(1_024, hard), hard))
        allowed = room_for_connections()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
        assert allowed == connections_allowed(hard if hard != resource.RLIM_INFINITY else 10**6)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_more_connections_than_the_system_allows_are_not_promised() -> None:
    caps = listening(Settings(mqtt_connections=10**9, mqtt_logins_per_s=7.5)).caps
    assert caps.connections == room_for_connections()
    assert (caps.logins_per_s, caps.logins_at_once) == (7.5, 8)
    assert listening(Settings(mqtt_connections=50)).caps.connections == 50
