"""Messages as JSON."""

from collections.abc import Mapping
from typing import Any

from alerts.changes.sending import Plan
from alerts.core.circulars import Limits
from alerts.message_desk import Progress
from alerts.store.message_groups import GroupRow
from alerts.store.message_templates import TemplateRow, VersionRow
from alerts.store.recipients import Recipient
from dashboard.shapes import Named
from dashboard.store.deliveries import AttemptRow, DeliveryRow
from dashboard.store.delivery_attempts import LogRow


def plan(made: Plan) -> dict[str, Any]:
    return {
        "recipients": made.counted.recipients,
        "parts": made.counted.parts,
        "most_parts": made.counted.most_parts,
        "parts_zh": made.parts_zh,
        "parts_en": made.parts_en,
        "price": str(made.price),
        "cost": str(made.cost),
        "currency": made.currency,
        "left_out": made.counted.left_out,
        "repeated": made.repeated,
        "leaves_at": made.leaves_at,
        "waits_for_quiet": made.waits_for_quiet,
        "is_test": made.is_test,
        "confirm_by": made.confirm_by,
        "sample_zh": made.sample_zh,
        "sample_en": made.sample_en,
        "people": [recipient(each) for each in made.people],
        "left_out_people": [recipient(each) for each in made.left_out],
    }


def recipient(row: Recipient) -> dict[str, Any]:
    return {
        "place": row.place,
        "member": None if row.member is None else Named(row.member, row.name),
        "number": row.number,
        "unit": None if row.unit is None else Named(row.unit, row.unit_name or "", row.unit_name_en),
        "parts": row.parts,
        "left_out": row.left_out,
        "delivery": row.delivery,
        "state": row.state,
    }


def circular(found: Progress) -> dict[str, Any]:
    row = found.row
    return {
        "id": row.id,
        "unit": Named(row.unit, row.unit_name, row.unit_name_en),
        "state": row.state,
        "text_zh": row.text_zh,
        "text_en": row.text_en,
        "template": None
        if row.template is None
        else {"id": row.template, "name": row.template_name, "version": row.template_version},
        "recipients": row.recipients,
        "left_out": row.left_out,
        "parts": row.parts,
        "cost": str(row.price * row.parts),
        "currency": row.currency,
        "due_at": row.due_at,
        "leaves_at": row.leaves_at,
        "created_by": Named(row.created_by, row.created_by_name),
        "created_at": row.created_at,
        "decided_by": None if row.decided_by is None else Named(row.decided_by, row.decided_by_name or ""),
        "decided_at": row.decided_at,
        "progress": found.states,
    }


def delivery(row: DeliveryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "channel": row.channel,
        "address": row.address,
        "body": row.body if row.channel in {"sms", "outbox"} else row.headline or "",
        "state": row.state,
        "folder": row.folder,
        "attempts": row.attempts,
        "provider": row.provider,
        "detail": row.detail,
        "is_possible_duplicate": row.is_possible_duplicate,
        "queued_at": row.queued_at,
        "not_before": row.not_before,
        "sent_at": row.sent_at,
        "settled_at": row.settled_at,
        "expires_at": row.expires_at,
        "alert": None if row.alert is None else {"id": row.alert, "level": row.level, "headline": row.headline},
        "circular": row.circular,
        "member": None if row.member is None else Named(row.member, row.member_name or ""),
        "unit": Named(row.unit, row.unit_name, row.unit_name_en),
    }


def attempt(row: AttemptRow) -> dict[str, Any]:
    return row._asdict()


def log_line(row: LogRow) -> dict[str, Any]:
    return {
        "delivery": row.delivery,
        "attempt": row.attempt,
        "at": row.at,
        "provider": row.provider,
        "outcome": row.outcome,
        "detail": row.detail,
        "kind": row.kind,
        "channel": row.channel,
        "address": row.address,
        "member": None if row.member is None else Named(row.member, row.member_name or ""),
    }


def template(row: TemplateRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "unit": Named(row.unit, row.unit_name, row.unit_name_en),
        "name": row.name,
        "version": row.version,
        "revision": row.revision,
        "text_zh": row.text_zh,
        "text_en": row.text_en,
        "variables": row.variables,
        "made_by": Named(row.made_by, row.made_by_name),
        "made_at": row.made_at,
        "used": row.used,
    }


def template_version(row: VersionRow) -> dict[str, Any]:
    return {
        "version": row.version,
        "text_zh": row.text_zh,
        "text_en": row.text_en,
        "variables": row.variables,
        "made_by": Named(row.made_by, row.made_by_name),
        "made_at": row.made_at,
    }


def group(row: GroupRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "unit": Named(row.unit, row.unit_name, row.unit_name_en),
        "name": row.name,
        "note": row.note,
        "kind": row.kind,
        "numbers": row.numbers,
        "who": row.who,
        "within": None if row.within is None else Named(row.within, row.within_name or "", row.within_name_en),
        "at_level": row.at_level,
        "size": row.size,
        "revision": row.revision,
    }


def limits(found: Limits) -> Mapping[str, Any]:
    return {
        "signature_zh": found.signature_zh,
        "signature_en": found.signature_en,
        "price": str(found.price.normalize() if found.price else 0),
        "currency": found.currency,
        "quiet_from": None if found.quiet_from is None else f"{found.quiet_from:%H:%M}",
        "quiet_to": None if found.quiet_to is None else f"{found.quiet_to:%H:%M}",
        "daily_cap": found.daily_cap,
        "confirm_above": found.confirm_above,
        "confirm_by": found.confirm_by,
        "is_test": found.is_test,
        "test_numbers": found.test_numbers,
        "revision": found.revision,
    }
