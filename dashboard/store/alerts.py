"""What the dashboard itself looks up of alerts; all else goes through alerts.desk."""

from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row


class AlertRow(NamedTuple):
    id: UUID
    state: str
    version: int
    tree_left: int  # of the issuing unit
    targets: list[list[int]]  # intervals of the tree that were told; none before issue

    @property
    def told(self) -> tuple[tuple[int, int], ...]:
        return tuple((left, right) for left, right in self.targets)


async def find(connection: AsyncConnection[Any], alert: UUID) -> AlertRow | None:
    cursor = connection.cursor(row_factory=class_row(AlertRow))
    await cursor.execute(
        """
        SELECT
            alert.id, state, alert.version, issuer.tree_left,
            COALESCE(
                (SELECT array_agg(ARRAY[target.tree_left, target.tree_right])
                 FROM alert_version told JOIN unit target ON target.id = ANY(told.targets)
                 WHERE (told.alert, told.version) = (alert.id, alert.in_force)),
                '{}'
            ) AS targets
        FROM alert JOIN unit issuer ON issuer.id = alert.unit
        WHERE alert.id = %(alert)s
        """,
        {"alert": alert},
    )
    return await cursor.fetchone()
