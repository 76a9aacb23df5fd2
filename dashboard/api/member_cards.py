"""A member's card, as everybody sees it who may see the member."""

from datetime import datetime

from msgspec import structs

from dashboard import views
from dashboard.security.problems import NotFound
from dashboard.shapes import Duty, MemberCard, Named, Scope, Whereabouts
from dashboard.store import member_cards, members
from tracker.organisation import duty


async def card_of(
    connection: members.Connection, scope: Scope, whereabouts: Whereabouts, member: int, *, at: datetime
) -> MemberCard:
    """Raises NotFound."""
    row = await members.find(connection, scope, member)
    details = await member_cards.details(connection, member)
    if row is None or details is None:
        raise NotFound("member")
    return MemberCard(
        **structs.asdict(views.member(row, scope, whereabouts)),
        assignments=await members.assignments(connection, scope, member),
        **details._asdict(),
        terminals=await member_cards.terminals(connection, member),
        teams=await member_cards.teams(connection, scope, member),
        duty=await duty_of(connection, whereabouts, member, at=at),
    )


async def duty_of(connection: members.Connection, whereabouts: Whereabouts, member: int, *, at: datetime) -> Duty:
    left, right = duty.EVERYWHERE
    for found in await duty.on_duty(connection, at, left=left, right=right, among=[member]):
        roster = None if found.roster is None else Named(found.roster, found.roster_name or "")
        return Duty(is_on_duty=True, roster=roster, shift=found.shift, until=found.until)
    return Duty(is_on_duty=whereabouts.is_on_duty(member))
