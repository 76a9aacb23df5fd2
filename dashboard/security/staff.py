"""Who may change whose account, and how. REST and the command line both come here.

An administrator manages the accounts whose unit lies in the subtree that the role is held for, and grants any role
there: for units of that subtree, and of the account's own. Nobody changes their own roles, and the whole city always
keeps one administrator. The operator at the command line is `viewer` None: they hold the database anyway.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from dashboard.security.passwords import Passwords, check_strength
from dashboard.security.problems import NotFound, Problem
from dashboard.security.rights import Right, Viewer, tree_changed
from dashboard.store import accounts, audit, factors, staff, tokens
from dashboard.store import sessions as session_table
from dashboard.store.staff import StaffRow
from tracker.organisation.errors import Conflict, Invalid
from tracker.security import new_password

Connection = AsyncConnection[Any]

NO_SINGLE_SIGN_ON: Final = Invalid(
    "no identity provider is set up here: leave single sign-on out",
    "尚未配置单点登录，请取消该选项",
    field="oidc",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    name: str
    display_name: str
    unit: int
    roles: Mapping[str, int]  # role to unit; the viewer's is the account's own
    password: str | None = None  # None: one is made, unless they come by single sign-on
    oidc: bool = False
    oidc_subject: str | None = None  # who they are there; None: the first who comes with the account's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is None stays as it is."""

    display_name: str | None = None
    unit: int | None = None
    roles: Mapping[str, int] | None = None
    oidc: bool | None = None
    oidc_subject: str | None = None


@dataclass(slots=True, kw_only=True)
class Done:
    """What came of a change. `ended` are sessions whose connections must be ended, after the commit."""

    account: int
    password: str | None = None  # to be shown once
    ended: list[bytes] = field(default_factory=list[bytes])


class Staff:
    """Each method belongs into the caller's transaction. `issuer` is the identity provider, None: there is none."""

    def __init__(self, passwords: Passwords, *, issuer: str | None, clock: Callable[[], datetime]) -> None:
        self._passwords = passwords
        self._issuer = issuer
        self._clock = clock

    async def add(self, connection: Connection, viewer: Viewer | None, new: NewAccount) -> Done:
        """Raises NotFound, Problem, Invalid or Conflict, as all here do."""
        await staff.lock(connection)
        roles = await self._judged_roles(connection, viewer, new.unit, new.roles)
        wants_password = new.password is not None or not new.oidc
        if new.password is not None:
            check_strength(new.password, name=new.name)
        password = new.password or (new_password() if wants_password else None)
        account = await staff.add(
            connection,
            name=new.name,
            display_name=new.display_name,
            unit=new.unit,
            password_hash=None if password is None else await self._passwords.hash(password),
            oidc_issuer=self._issuer_if(wanted=new.oidc),
            oidc_subject=new.oidc_subject if new.oidc else None,
            at=self._clock(),
        )
        if account is None:
            raise Conflict("this name is taken: choose another", "该账号名已被使用", "name_taken")
        await staff.set_roles(connection, account, roles)
        row = await self._written(connection, viewer, account, "account.created", roles=roles, oidc=new.oidc)
        return Done(account=row.id, password=password if new.password is None else None)

    async def change(
        self, connection: Connection, viewer: Viewer | None, account: int, changes: Changes, *, revision: int | None
    ) -> Done:
        await staff.lock(connection)
        row = await self.find(connection, viewer, account)
        if revision is not None and row.revision != revision:
            raise Conflict
        if changes.roles is not None or changes.unit is not None or changes.oidc is not None:
            _not_oneself(viewer, account)
        unit = row.unit if changes.unit is None else changes.unit
        roles = {role: held.id for role, held in row.roles.items()}
        if changes.roles is not None or changes.unit is not None:
            wanted = roles if changes.roles is None else changes.roles
            roles = await self._judged_roles(connection, viewer, unit, wanted)
        issuer, subject = row.oidc_issuer, row.oidc_subject
        if changes.oidc is not None:
            issuer = self._issuer_if(wanted=changes.oidc)
            subject = changes.oidc_subject if changes.oidc else None
        display_name = row.display_name if changes.display_name is None else changes.display_name
        await staff.change(
            connection, account, display_name=display_name, unit=unit, oidc_issuer=issuer, oidc_subject=subject
        )
        await staff.set_roles(connection, account, roles)
        await _keep_a_top_administrator(connection, row)
        detail: dict[str, Any] = {
            "display_name": display_name,
            "unit": unit,
            "roles": roles,
            "oidc": issuer is not None,
        }
        await self._written(connection, viewer, account, "account.changed", **detail)
        return Done(account=account)

    async def renew_password(
        self, connection: Connection, viewer: Viewer | None, account: int, password: str | None = None
    ) -> Done:
        """Give it a new password, which its owner must change, and end its sessions and API tokens.

        Whoever made a token may be whom the new password is to keep out.
        """
        row = await self.find(connection, viewer, account)
        _not_oneself(viewer, account)
        if password is not None:
            check_strength(password, name=row.name)
        given = password or new_password()
        hashed = await self._passwords.hash(given)
        await accounts.set_password(connection, account, password_hash=hashed, must_change=True)
        ended = await session_table.close_others(connection, account)
        ended += await tokens.revoke_all(connection, account, at=self._clock())
        await self._written(connection, viewer, account, "account.password_reset")
        return Done(account=account, password=given if password is None else None, ended=ended)

    async def reset_second_factor(self, connection: Connection, viewer: Viewer | None, account: int) -> Done:
        """Take it away, for a telephone that was lost, and end the account's sessions."""
        await self.find(connection, viewer, account)
        _not_oneself(viewer, account)
        await factors.remove(connection, account)
        ended = await session_table.close_others(connection, account)
        await self._written(connection, viewer, account, "account.second_factor_reset")
        return Done(account=account, ended=ended)

    async def close(self, connection: Connection, viewer: Viewer | None, account: int) -> Done:
        await staff.lock(connection)
        row = await self.find(connection, viewer, account)
        _not_oneself(viewer, account)
        await staff.close(connection, account, at=self._clock())
        await _keep_a_top_administrator(connection, row)
        ended = await session_table.close_others(connection, account)
        ended += await tokens.revoke_all(connection, account, at=self._clock())
        await self._written(connection, viewer, account, "account.closed")
        return Done(account=account, ended=ended)

    async def reopen(self, connection: Connection, viewer: Viewer | None, account: int) -> Done:
        await self.find(connection, viewer, account)
        await staff.reopen(connection, account)
        await self._written(connection, viewer, account, "account.reopened")
        return Done(account=account)

    async def find(self, connection: Connection, viewer: Viewer | None, account: int) -> StaffRow:
        """Return an account that the viewer manages."""
        row = await staff.find(connection, account)
        if row is None:
            raise NotFound("account")
        if viewer is not None:
            await _steady(connection, viewer)
            viewer.check(Right.ADMINISTER, row.tree_left, "account")
        return row

    async def _judged_roles(
        self, connection: Connection, viewer: Viewer | None, unit: int, roles: Mapping[str, int]
    ) -> dict[str, int]:
        """Return the roles to be held, when the viewer may grant each and the account's unit contains its unit."""
        held = {Right.LOOK.value: unit} | {role: where for role, where in roles.items() if role != Right.LOOK}
        places = await staff.places(connection, sorted(set(held.values())))
        if viewer is not None:
            await _steady(connection, viewer)
        for where in held.values():
            place = places.get(where)
            if place is None:
                raise NotFound("unit")
            if viewer is not None:
                viewer.check(Right.ADMINISTER, place.tree_left)
            if place.is_closed:
                raise Invalid("this unit is closed: choose another", "该组织已关闭，请另选", field="unit")
            if not places[unit].tree_left <= place.tree_left <= places[unit].tree_right:
                raise Invalid(
                    "a role reaches no further than what the account sees: choose units inside the account's own",
                    "角色范围不能超出账号所属组织",
                    field="roles",
                )
        return held

    def _issuer_if(self, *, wanted: bool) -> str | None:
        if not wanted:
            return None
        if self._issuer is None:
            raise NO_SINGLE_SIGN_ON
        return self._issuer

    async def _written(
        self, connection: Connection, viewer: Viewer | None, account: int, action: str, **detail: object
    ) -> StaffRow:
        """Write the audit row, and return the account as it is now."""
        row = await staff.find(connection, account)
        if row is None:
            raise NotFound("account")
        by = {} if viewer is not None else {"by": "command line"}
        await audit.write(
            connection,
            at=self._clock(),
            viewer=viewer,
            action=action,
            subject=f"account {account} {row.name}",
            unit=row.unit,
            detail=detail | by,
        )
        return row


async def _steady(connection: Connection, viewer: Viewer) -> None:
    """Raise Problem when the tree is numbered otherwise than for the viewer."""
    if not await accounts.is_numbered(connection, viewer.numbering):
        raise tree_changed()


def _not_oneself(viewer: Viewer | None, account: int) -> None:
    if viewer is not None and viewer.account.id == account:
        raise Problem(
            403,
            "not_yourself",
            "nobody does this to their own account: ask another administrator",
            zh="不能对自己的账号进行此操作，请由其他管理员办理",
        )


async def _keep_a_top_administrator(connection: Connection, before: StaffRow) -> None:
    was_one = before.is_top_administrator and before.closed_at is None
    if was_one and await staff.count_top_administrators(connection) == 0:
        raise Conflict(
            "this is the last administrator of the whole city: make another one first",
            "这是最后一个全市管理员，请先指定另一个",
            "last_administrator",
        )
