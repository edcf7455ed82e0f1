"""The queue by submission; how grading ended, and when first, beside each submission."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _rest() -> list[sa.Column[Any]]:
    return [
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("queued", sa.DateTime(), nullable=False),
        sa.Column("not_before", sa.DateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    ]


def upgrade() -> None:
    _remake_queue(
        sa.Column("submission", sa.String(26), primary_key=True),
        sa.Column("assignment", sa.String(128), nullable=False),
        sa.Column("student", sa.String(128), nullable=False),
    )
    op.create_index("ix_ag_queue_whose", "ag_queue", ["assignment", "student"])
    for column in (
        sa.Column("outcome", sa.String(16), nullable=False, server_default="graded"),
        sa.Column("digest", sa.String(64), nullable=False, server_default=""),
        sa.Column("first_recorded", sa.DateTime(), nullable=True),
    ):
        op.add_column("ag_submission", column)
    op.execute("UPDATE ag_submission SET first_recorded = recorded")


def downgrade() -> None:
    for name in ("outcome", "digest", "first_recorded"):
        op.drop_column("ag_submission", name)
    op.execute(  # the newest of each student: there was room for one
        "DELETE FROM ag_queue WHERE submission NOT IN"
        " (SELECT MAX(submission) FROM ag_queue GROUP BY assignment, student)"
    )
    op.drop_index("ix_ag_queue_whose", "ag_queue")
    _remake_queue(
        sa.Column("assignment", sa.String(128), primary_key=True),
        sa.Column("student", sa.String(128), primary_key=True),
        sa.Column("submission", sa.String(26), nullable=False),
    )


def _remake_queue(*key: sa.Column[Any]) -> None:
    """The table made anew with this key and every row that was in it."""
    link = op.get_bind()
    before = sa.table("ag_queue", *(sa.column(c.name) for c in (*key, *_rest())))
    rows = [dict(row) for row in link.execute(sa.select(before)).mappings()]
    op.drop_table("ag_queue")
    table = op.create_table("ag_queue", *key, *_rest())
    op.create_index("ix_ag_queue_next", "ag_queue", ["state", "not_before"])
    for row in rows:
        for name in ("queued", "not_before"):
            row[name] = _moment(row[name])
    if rows:
        op.bulk_insert(table, rows)


def _moment(value: Any) -> Any:
    """The time of a row as a datetime; SQLite keeps it as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
