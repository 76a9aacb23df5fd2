"""What alerts do, step by step, as somebody does it who repeats what was not answered.

Each step may be made again from its beginning, by another process: a lost answer and a retry act once.
"""

from uuid import UUID

from alerts.changes import telling
from alerts.core.levels import Level
from alerts.core.states import AlertState
from tests.faultpoints.victim import Works
from tests.integration.alerts.builders import JINSHUI, WENHUA, a_content

LEADER, DEPUTY = 100 + JINSHUI, 100 + WENHUA


async def issue(works: Works, alert: UUID) -> None:
    """Draft an orange warning, send it for approval, approve it as the second person."""
    desk, city = works.desk, works.city
    await desk.draft(alert, city.county, a_content(level=Level.ORANGE))
    if (await desk.get(alert)).version == 1:
        await desk.submit(alert, city.county, 1)
    await desk.approve(alert, city.deputy, 2)


async def issue_to_many(works: Works, alert: UUID) -> None:
    """Issue as to a whole city: the SMS in one transaction, the other channels in the next."""
    at_once, telling.AT_ONCE = telling.AT_ONCE, 0
    try:
        await issue(works, alert)
    finally:
        telling.AT_ONCE = at_once


async def finish(works: Works, alert: UUID) -> None:
    del alert
    await works.watch.finish_mailings()


async def dispatch(works: Works, alert: UUID) -> None:
    """Send all that is queued, over both lanes."""
    del alert
    await works.sweep()
    await works.send_all()


async def receipt(works: Works, alert: UUID) -> None:
    """A terminal's door says that it has the message; the sweep reads it."""
    del alert
    async with works.pool.connection() as connection:
        await connection.execute("UPDATE downlink SET delivered_at = %s WHERE delivered_at IS NULL", [works.clock()])
    await works.sweep()


async def acknowledge(works: Works, alert: UUID) -> None:
    await works.desk.acknowledge(alert, LEADER, "link")


async def escalate(works: Works, alert: UUID) -> None:
    """Their time is over: those who did not answer are reminded, then their superiors hear of it, then the issuer."""
    del alert
    for _ in range(3):
        works.clock.forward(minutes=12)
        await works.watch.fire_due()
        await works.sweep()
        await works.send_all()


async def upgrade(works: Works, alert: UUID) -> None:
    """Propose red, approve it as the second person, tell everybody."""
    desk, city = works.desk, works.city
    before = await desk.get(alert)
    if before.content.level is not Level.RED:
        await desk.propose_level(alert, city.county, before.version, Level.RED, "the dike leaks")
        await desk.approve(alert, city.deputy, before.version)
    await works.send_all()


async def cancel(works: Works, alert: UUID) -> None:
    """It was issued in error: who was told is told so."""
    before = await works.desk.get(alert)
    if before.state is AlertState.ISSUED:
        await works.desk.cancel(alert, works.city.county, before.version, "wrong street")
    await works.send_all()


async def withdraw(works: Works, alert: UUID) -> None:
    """A batch is claimed, the alert cancelled, and only then does the sender go on."""
    claimed = await works.sms.claim(10)
    before = await works.desk.get(alert)
    if before.state is AlertState.ISSUED:
        await works.desk.cancel(alert, works.city.county, before.version, "wrong street")
    if claimed:
        await works.sms.send(claimed)
