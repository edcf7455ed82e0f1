"""The first four tables: releases, submissions, criterion results, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ag_release",
        sa.Column("assignment", sa.String(128), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("registered", sa.DateTime(), nullable=False),
        sa.Column("tasks", sa.JSON(), nullable=False),
        sa.Column("demands", sa.JSON(), nullable=False),
    )
    op.create_table(
        "ag_submission",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("assignment", sa.String(128), nullable=False),
        sa.Column("student", sa.String(128), nullable=False),
        sa.Column("received", sa.DateTime(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("tasks", sa.JSON(), nullable=False),
        sa.Column("recorded", sa.DateTime(), nullable=False),
    )
    op.create_index("ix_ag_submission_whose", "ag_submission", ["assignment", "student", "counts"])
    op.create_table(
        "ag_criterion_result",
        sa.Column("submission", sa.String(26), primary_key=True),
        sa.Column("criterion", sa.String(512), primary_key=True),
        sa.Column("notebook", sa.String(128), nullable=False),
        sa.Column("task", sa.String(128), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("demand", sa.Text(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("max_points", sa.Float(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(128), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("run", sa.String(128), nullable=False),
    )
    op.create_index("ix_ag_criterion_result_criterion", "ag_criterion_result", ["criterion"])
    op.create_table(
        "ag_audit",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("assignment", sa.String(128), nullable=False),
        sa.Column("student", sa.String(128), nullable=False),
        sa.Column("notebook", sa.String(128), nullable=False),
        sa.Column("task", sa.String(128), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("ix_ag_audit_whose", "ag_audit", ["assignment", "student"])


def downgrade() -> None:
    for table in ("ag_audit", "ag_criterion_result", "ag_submission", "ag_release"):
        op.drop_table(table)
