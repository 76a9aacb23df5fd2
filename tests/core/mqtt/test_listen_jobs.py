"""How the jobs of sessions are put together: few statements, and each session's own order kept."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.doors.listen_jobs import GATHERED, Job, Kind, waves
from ingest.store.sessions import Key, Stored


def ignore(_found: Stored | None) -> None: ...


def a_job(kind: Kind, terminal: int = 1, value: object = None) -> Job:
    return Job(kind, Key(terminal, "c"), value, ignore)


JOBS = st.lists(st.builds(a_job, st.sampled_from(Kind), st.integers(1, 4), st.integers(0, 9)), max_size=40)


def test_a_city_that_returns_is_one_wave() -> None:
    jobs = [a_job(Kind.OPEN, terminal) for terminal in range(500)]
    assert waves(jobs) == [{Kind.OPEN: jobs}]


def test_different_sessions_share_a_wave_whatever_they_ask() -> None:
    jobs = [a_job(Kind.OPEN, 1), a_job(Kind.LEAVE, 2), a_job(Kind.OPEN, 3)]
    assert waves(jobs) == [{Kind.OPEN: [jobs[0], jobs[2]], Kind.LEAVE: [jobs[1]]}]


def test_who_leaves_and_returns_waits_for_its_own_leaving() -> None:
    jobs = [a_job(Kind.LEAVE), a_job(Kind.OPEN), a_job(Kind.SUBSCRIBE)]
    assert waves(jobs) == [{job.kind: [job]} for job in jobs]


def test_the_qos_2_packets_of_one_session_are_written_together() -> None:
    jobs = [a_job(Kind.REMEMBER, value=number) for number in range(500)]
    assert waves(jobs) == [{Kind.REMEMBER: jobs}]


@given(JOBS)
def test_no_job_is_lost_and_each_session_keeps_its_order(jobs: list[Job]) -> None:
    cut = waves(jobs)
    for terminal in range(1, 5):
        own = [job for job in jobs if job.key.terminal == terminal]
        assert [job for wave in cut for each in wave.values() for job in each if job.key.terminal == terminal] == own


@given(JOBS)
def test_no_statement_names_a_session_twice_unless_it_gathers(jobs: list[Job]) -> None:
    for wave in waves(jobs):
        named = [(job.key, kind) for kind, each in wave.items() for job in each]
        assert len({key for key, _ in named}) == len(set(named))
        lone = [key for key, kind in named if kind not in GATHERED]
        assert len(lone) == len(set(lone))
