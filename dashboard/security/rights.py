"""The one place that says who may do what.

A right is what a role of an account allows, for one unit and its subtree. Every route under /api declares the one it
needs by the type of its `viewer` (Viewer may look, Dispatcher may ..., see the end of this module); what a request
touches is then judged by `Viewer.check`: outside what the account sees it is not there (404), inside but outside the
role's subtree it is refused (403).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Depends, Request

from dashboard.security.problems import NotFound, Problem
from dashboard.shapes import Scope
from dashboard.store.accounts import Account, Grant


class Right(StrEnum):
    """The values are the roles of accounts, as tables and screens name them."""

    LOOK = "viewer"
    DISPATCH = "dispatcher"
    ISSUE = "issuer"
    APPROVE = "approver"
    ADMINISTER = "administrator"


# A stolen password alone must not warn a city, nor make itself an account that may.
STRONG: Final = frozenset({Right.ISSUE, Right.APPROVE, Right.ADMINISTER})

ROLE_NAMES: Final[Mapping[Right, str]] = {
    Right.LOOK: "查看员",
    Right.DISPATCH: "调度员",
    Right.ISSUE: "发布员",
    Right.APPROVE: "审批员",
    Right.ADMINISTER: "管理员",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks, and how they came: by a session's cookie, or by an API token."""

    account: Account
    numbering: int = 0  # of the tree, when the account was read
    session: bytes = b""  # the hash of the session's token, or of the API token
    token: int | None = None  # the API token they came by
    token_roles: frozenset[str] | None = None  # what it is limited to; None: a person at a screen
    address: str = ""
    has_second_factor: bool = False  # this session passed it, or the one that made the API token
    needs_second_factor: bool = field(default=False)  # the installation asks for it

    def may(self, right: Right) -> bool:
        """Whether the account has the right anywhere, second factor or not."""
        return right is Right.LOOK or self._grant(right) is not None

    def scope(self, right: Right) -> Scope:
        """Return the subtree that the right is held for; raises Problem when it is not held."""
        if right is Right.LOOK:
            return self.account.scope
        grant = self._grant(right)
        if grant is None:
            raise role_missing(right)
        if self.account.must_change_password:
            raise password_change_needed()
        if right in STRONG and self.needs_second_factor and not self.has_second_factor:
            raise second_factor_needed()
        return grant.scope

    def stands_in_for(self, right: Right) -> str | None:
        """Return who lent the right; None: it is the account's own, or not held."""
        grant = self._grant(right)
        return None if grant is None else grant.lender

    def check(self, right: Right, tree_left: int, what: str = "unit") -> None:
        """Raise NotFound for what lies outside the account's subtree, Problem 403 for what the right does not cover."""
        if not self.account.scope.holds(tree_left):
            raise NotFound(what)
        if not self.scope(right).holds(tree_left):
            raise outside(right, what)

    @property
    def is_top_administrator(self) -> bool:
        grant = self._grant(Right.ADMINISTER)
        return grant is not None and grant.is_top

    def _grant(self, right: Right) -> Grant | None:
        """Return the role as held, and as the API token allows; a unit that was moved out of sight carries none."""
        if self.token_roles is not None and right.value not in self.token_roles:
            return None
        grant = self.account.grants.get(right.value)
        return grant if grant is not None and self.account.scope.holds(grant.left) else None


def role_missing(right: Right) -> Problem:
    return Problem(
        403,
        "not_allowed",
        f"this needs the role {right.value}: ask an administrator for it",
        zh=f"需要“{ROLE_NAMES[right]}”角色，请向管理员申请",
    )


def outside(right: Right, what: str = "unit") -> Problem:
    return Problem(
        403,
        "not_allowed",
        f"your role {right.value} does not cover this {what}",
        zh=f"您的“{ROLE_NAMES[right]}”角色不包括此范围",
    )


def second_factor_needed() -> Problem:
    return Problem(
        403,
        "second_factor_needed",
        "this needs a second factor: set up an authenticator app under your account, then try again",
        zh="此操作需要双重验证：请先在“我的账号”中绑定验证器应用",
    )


def tree_changed() -> Problem:
    return Problem(
        409,
        "tree_changed",
        "units were moved or renamed at this very moment: try again",
        zh="组织结构刚刚发生变动，请重试",
    )


def password_change_needed() -> Problem:
    return Problem(
        403,
        "password_change_needed",
        "somebody else knows your password: choose a new one under your account, then try again",
        zh="当前密码由他人设置：请先在“我的账号”中修改密码",
    )


@dataclass(frozen=True, slots=True)
class Needs:
    """A dependency of a route; `right` can be read off the route, and a test does so for all of them."""

    right: Right
    is_top: bool = False  # for the root unit, not for a subtree alone
    in_person: bool = False  # a program with an API token may not

    def __call__(self, request: Request) -> Viewer:
        refused: Problem | None = getattr(request.state, "refused", None)
        if refused is not None:
            raise refused
        viewer: Viewer = request.state.viewer
        viewer.scope(self.right)
        if self.is_top and not viewer.is_top_administrator:
            raise Problem(
                403,
                "not_allowed",
                "only administrators of the whole city may do this",
                zh="只有全市管理员可以进行此操作",
            )
        if self.in_person and viewer.token is not None:
            raise Problem(
                403,
                "not_by_token",
                "an API token may not do this: log in with a password",
                zh="接口令牌不能进行此操作，请使用密码登录",
            )
        return viewer


def needs(right: Right, *, is_top: bool = False, in_person: bool = False) -> Needs:
    return Needs(right, is_top, in_person)


CurrentViewer = Annotated[Viewer, Depends(needs(Right.LOOK))]
Person = Annotated[Viewer, Depends(needs(Right.LOOK, in_person=True))]  # somebody's own account: keys to it
Dispatcher = Annotated[Viewer, Depends(needs(Right.DISPATCH))]
Issuer = Annotated[Viewer, Depends(needs(Right.ISSUE))]
Approver = Annotated[Viewer, Depends(needs(Right.APPROVE))]
Administrator = Annotated[Viewer, Depends(needs(Right.ADMINISTER))]
TopAdministrator = Annotated[Viewer, Depends(needs(Right.ADMINISTER, is_top=True))]
