"""The table of regrades: what a mended criterion would change, and did."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ag_regrade_plan",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("assignment", sa.String(128), nullable=False),
        sa.Column("tasks", sa.JSON(), nullable=False),
        sa.Column("runs", sa.Boolean(), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("applied", sa.DateTime(), nullable=True),
        sa.Column("applied_by", sa.String(128), nullable=False),
    )
    op.create_index("ix_ag_regrade_plan_state", "ag_regrade_plan", ["state"])
    op.create_index("ix_ag_regrade_plan_assignment", "ag_regrade_plan", ["assignment"])


def downgrade() -> None:
    op.drop_table("ag_regrade_plan")
