"""A role is held for its unit and its subtree, and nothing beside it."""

from typing import Any

import pytest

from dashboard.security.problems import NotFound, Problem
from dashboard.security.rights import Right, Viewer
from dashboard.store.accounts import Account, Grant


def a_viewer(**grants: Any) -> Viewer:
    """Somebody who sees the interval 1 to 100."""
    account = Account(
        id=1,
        name="somebody",
        display_name="",
        member=None,
        must_change_password=False,
        has_totp=False,
        unit=1,
        tree_left=1,
        tree_right=100,
        grants=grants,
    )
    return Viewer(account=account)


def test_a_role_is_held_for_its_unit_and_nothing_beside_it() -> None:
    viewer = a_viewer(dispatcher=Grant(5, 10, 20, is_top=False))
    viewer.check(Right.DISPATCH, 15)
    with pytest.raises(Problem) as beside:
        viewer.check(Right.DISPATCH, 30)
    with pytest.raises(NotFound):
        viewer.check(Right.DISPATCH, 300)
    with pytest.raises(Problem) as without:
        viewer.scope(Right.ISSUE)
    assert (beside.value.status, without.value.status) == (403, 403)
