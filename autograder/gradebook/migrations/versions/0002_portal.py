"""The tables of the pages: tokens, devices, queue, sprints, allowances, regrade requests."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _names(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(128), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "ag_token",
        sa.Column("hash", sa.String(64), primary_key=True),
        *_names("person"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("made", sa.DateTime(), nullable=False),
        sa.Column("expires", sa.DateTime(), nullable=False),
        sa.Column("revoked", sa.DateTime(), nullable=True),
    )
    op.create_index("ix_ag_token_person", "ag_token", ["person"])
    op.create_table(
        "ag_device",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("code", sa.String(16), nullable=False, unique=True),
        sa.Column("expires", sa.DateTime(), nullable=False),
        *_names("person"),
    )
    op.create_table(
        "ag_queue",
        sa.Column("assignment", sa.String(128), primary_key=True),
        sa.Column("student", sa.String(128), primary_key=True),
        sa.Column("submission", sa.String(26), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("queued", sa.DateTime(), nullable=False),
        sa.Column("not_before", sa.DateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index("ix_ag_queue_next", "ag_queue", ["state", "not_before"])
    op.create_table(
        "ag_sprint",
        sa.Column("assignment", sa.String(128), primary_key=True),
        sa.Column("student", sa.String(128), primary_key=True),
        sa.Column("started", sa.DateTime(), nullable=False),
        sa.Column("ended", sa.DateTime(), nullable=True),
        sa.Column("submission", sa.String(26), nullable=False),
    )
    op.create_table(
        "ag_allowance",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_names("assignment", "student"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("minutes", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_names("who"),
        sa.Column("at", sa.DateTime(), nullable=False),
    )
    op.create_index("ix_ag_allowance_whose", "ag_allowance", ["assignment", "student"])
    op.create_table(
        "ag_regrade",
        sa.Column("id", sa.String(26), primary_key=True),
        *_names("assignment", "student"),
        sa.Column("submission", sa.String(26), nullable=False),
        *_names("notebook", "task"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        *_names("answered_by"),
        sa.Column("answered", sa.DateTime(), nullable=True),
    )
    op.create_index("ix_ag_regrade_whose", "ag_regrade", ["assignment", "student"])


def downgrade() -> None:
    for table in (
        "ag_regrade",
        "ag_allowance",
        "ag_sprint",
        "ag_queue",
        "ag_device",
        "ag_token",
    ):
        op.drop_table(table)
