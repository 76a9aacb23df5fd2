"""Adding, changing and closing members, by administrators of the units they are in."""

from fastapi import APIRouter, Response

from dashboard.api.answers import Id, answer
from dashboard.api.changing import Change, Changing
from dashboard.api.member_cards import card_of
from dashboard.api.organisation import scope_now
from dashboard.api.organisation_requests import Assignment, Expected, MemberChange, NewMember, said
from dashboard.security.rights import Administrator, Right
from dashboard.shapes import MemberCard, Whereabouts
from dashboard.store import places
from tracker.organisation import members
from tracker.organisation.members import MemberChanges, Post


def router(changing: Changing, whereabouts: Whereabouts) -> APIRouter:
    routes = APIRouter()

    async def card(change: Change, member: int) -> MemberCard:
        return await card_of(change.connection, await scope_now(change), whereabouts, member, at=change.at)

    @routes.post("/api/members")
    async def add(viewer: Administrator, given: NewMember) -> Response:
        async with changing.begin(viewer, "members") as change:
            posts = await posts_of(change, given.assignments)
            member = await members.add(
                change.connection,
                members.NewMember(
                    name=given.name, phone=given.phone, language=given.language, code=given.code, posts=posts
                ),
            )
            change.touched.append(member.id)
            place = await change.member(member.id)
            detail = {"member": member.id, **said(given)}
            await change.note("member.created", member.name, unit=place.unit, detail=detail)
            return answer(await card(change, member.id), 201)

    @routes.post("/api/members/{member}")
    async def alter(viewer: Administrator, member: Id, given: MemberChange) -> Response:
        async with changing.begin(viewer, "members") as change:
            place = await change.member(member)
            changes: MemberChanges = given.given()
            if "assignments" in given.model_fields_set:
                changes.pop("assignments", None)
                theirs = await posts_of(change, given.assignments)
                changes["posts"] = [*theirs, *await kept_posts(change, member)]
            changed = await members.change(change.connection, member, revision=given.revision, changes=changes)
            change.touched.append(member)
            detail = {"member": member, **said(given)}
            await change.note("member.changed", changed.name, unit=place.unit, detail=detail)
            return answer(await card(change, member))

    @routes.post("/api/members/{member}/close")
    async def close(viewer: Administrator, member: Id, given: Expected) -> Response:
        async with changing.begin(viewer, "members") as change:
            place = await change.member(member)
            terminals = await members.close(change.connection, member, revision=given.revision)
            change.touched.append(member)
            detail = {"member": member, "terminals": terminals}
            await change.note("member.closed", place.name, unit=place.unit, detail=detail)
        return Response(status_code=204)

    return routes


async def posts_of(change: Change, given: list[Assignment]) -> list[Post]:
    """Return the posts asked for; each unit must be the administrator's."""
    for unit in dict.fromkeys(assignment.unit for assignment in given):
        await change.unit(unit)
    return [assignment.post() for assignment in given]


async def kept_posts(change: Change, member: int) -> list[Post]:
    """Return the member's posts in units of others, which a whole new list of one's own must not touch."""
    scope = change.viewer.scope(Right.ADMINISTER)
    kept: list[Post] = []
    for post in await members.posts(change.connection, member):
        place = await places.unit(change.connection, post.unit)
        if place is not None and not scope.holds(place.tree_left):
            kept.append(post)
    await change.steady()
    return kept
