"""Templates of messages: seen by who sees the unit that keeps them, kept by its issuers."""

from typing import Any

from fastapi import APIRouter, Response

from alerts.core import message_texts, texts
from alerts.core.message_texts import Signature
from alerts.store.message_templates import TemplateRow
from dashboard.api import message_shapes as shapes
from dashboard.api.answers import Id, answer
from dashboard.api.message_office import Connection, MessageOffice, actor
from dashboard.api.message_requests import NewTemplate, TemplateChange, TemplateTrial
from dashboard.api.organisation_requests import Expected, said
from dashboard.security.rights import CurrentViewer, Issuer, Right, Viewer


def router(office: MessageOffice) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/message-templates")
    async def listing(viewer: CurrentViewer) -> Response:
        scope = viewer.account.scope
        async with office.pool.connection() as connection:
            found = await office.desk.templates(connection, left=scope.left, right=scope.right)
        return answer({"templates": [shapes.template(row) for row in found]})

    @routes.get("/api/message-templates/{template}")
    async def card(viewer: CurrentViewer, template: Id) -> Response:
        async with office.pool.connection() as connection:
            return answer(await card_of(office, connection, viewer, template))

    @routes.post("/api/message-templates/trial")
    async def trial(_viewer: Issuer, given: TemplateTrial) -> Response:
        """What it would look like: signed, and how many parts; with what is wrong with it."""
        async with office.pool.connection() as connection:
            limits = await office.desk.limits(connection)
        return answer(tried(given, Signature(zh=limits.signature_zh, en=limits.signature_en)))

    @routes.post("/api/message-templates")
    async def add(viewer: Issuer, given: NewTemplate) -> Response:
        async with office.begin() as connection:
            await office.check_unit(connection, viewer, given.unit, Right.ISSUE)
            made = await office.desk.add_template(
                connection,
                actor(viewer, given.unit),
                unit=given.unit,
                name=given.name,
                text_zh=given.text_zh,
                text_en=given.text_en,
            )
            detail = {"template": made, **said(given)}
            await office.note(
                connection, viewer, "message_template.created", given.name, unit=given.unit, detail=detail
            )
            return answer(await card_of(office, connection, viewer, made), 201)

    @routes.post("/api/message-templates/{template}")
    async def alter(viewer: Issuer, template: Id, given: TemplateChange) -> Response:
        async with office.begin() as connection:
            row = await held(office, connection, viewer, template, Right.ISSUE)
            if "unit" in given.model_fields_set:
                await office.check_unit(connection, viewer, given.unit, Right.ISSUE)
            await office.desk.change_template(
                connection, template, actor(viewer, row.unit), revision=given.revision, **given.given()
            )
            detail = {"template": template, **said(given)}
            await office.note(connection, viewer, "message_template.changed", row.name, unit=row.unit, detail=detail)
            return answer(await card_of(office, connection, viewer, template))

    @routes.post("/api/message-templates/{template}/delete")
    async def delete(viewer: Issuer, template: Id, given: Expected) -> Response:
        async with office.begin() as connection:
            row = await held(office, connection, viewer, template, Right.ISSUE)
            await office.desk.close_template(connection, template, revision=given.revision)
            detail = {"template": template}
            await office.note(connection, viewer, "message_template.deleted", row.name, unit=row.unit, detail=detail)
        return Response(status_code=204)

    return routes


def tried(given: TemplateTrial, signature: Signature) -> dict[str, Any]:
    fault = message_texts.fault_of_template(given.text_zh, given.text_en)
    zh = message_texts.sample(given.text_zh, given.values, language="zh", signature=signature)
    en = message_texts.sample(given.text_en, given.values, language="en", signature=signature)
    return {
        "sample_zh": zh,
        "sample_en": en,
        "parts_zh": texts.parts(zh) if zh else 0,
        "parts_en": texts.parts(en) if en else 0,
        "variables": message_texts.to_fill_in(given.text_zh, given.text_en),
        "fault": None if fault is None else {"field": fault.field, "zh": fault.words.zh, "en": fault.words.en},
    }


async def held(
    office: MessageOffice, connection: Connection, viewer: Viewer, template: int, right: Right
) -> TemplateRow:
    row = await office.desk.template(connection, template)
    await office.check(connection, viewer, right, None if row is None else row.tree_left, "template")
    assert row is not None  # noqa: S101 - check has raised
    return row


async def card_of(office: MessageOffice, connection: Connection, viewer: Viewer, template: int) -> dict[str, Any]:
    row = await held(office, connection, viewer, template, Right.LOOK)
    versions = await office.desk.template_versions(connection, template)
    return shapes.template(row) | {"versions": [shapes.template_version(each) for each in versions]}
