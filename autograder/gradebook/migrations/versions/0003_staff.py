"""The tables of staff: rubrics, marks, remarks, leases, groups."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ANSWER = ("assignment", "notebook", "task", "student")


def _key(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(128), primary_key=True) for name in names]


def _id(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, sa.String(26), primary_key=True)


def _names(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(128), nullable=False) for name in names]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _hash(name: str, *, primary: bool = False) -> sa.Column[str]:
    if primary:
        return sa.Column(name, sa.String(64), primary_key=True)
    return sa.Column(name, sa.String(64), nullable=False)


def _by() -> list[sa.Column[Any]]:
    return [*_names("who"), sa.Column("at", sa.DateTime(), nullable=False)]


def _submission() -> sa.Column[str]:
    return sa.Column("submission", sa.String(26), nullable=False)


def _rubrics() -> None:
    op.create_table(
        "ag_rubric",
        *_key("assignment", "notebook", "task"),
        sa.Column("start", sa.String(8), nullable=False),
    )
    op.create_table(
        "ag_rubric_item",
        _id(),
        *_names("assignment", "notebook", "task"),
        sa.Column("position", sa.Integer(), nullable=False),
        *_texts("text"),
        sa.Column("points", sa.Float(), nullable=False),
    )
    op.create_index("ix_ag_rubric_item_task", "ag_rubric_item", ["assignment", "notebook", "task"])
    op.create_table("ag_rubric_mark", _id("item"), *_key("student"), *_by())


def _marks() -> None:
    op.create_table(
        "ag_mark",
        *_key(*ANSWER),
        sa.Column("adjustment", sa.Float(), nullable=False),
        *_texts("reason"),
        sa.Column("written", sa.Float(), nullable=True),
        *_texts("note"),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        *_by(),
    )
    op.create_table(
        "ag_line_comment",
        _id(),
        *_names(*ANSWER),
        _submission(),
        *_names("cell"),
        sa.Column("line", sa.Integer(), nullable=False),
        *_texts("text"),
        sa.Column("shown", sa.Boolean(), nullable=False),
        *_by(),
    )
    op.create_index("ix_ag_line_comment_whose", "ag_line_comment", ["assignment", "student"])
    op.create_table(
        "ag_bank",
        _id(),
        *_names("assignment", "notebook", "task"),
        *_texts("text"),
        *_names("origin"),
        *_by(),
        sa.Column("retired", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_ag_bank_task", "ag_bank", ["assignment", "notebook", "task"])
    op.create_table(
        "ag_bank_use",
        _id("bank"),
        *_key("student"),
        _submission(),
        *_texts("text"),
        sa.Column("score", sa.Float(), nullable=True),
        *_by(),
    )


def _who_does_what() -> None:
    op.create_table(
        "ag_lease",
        *_key(*ANSWER),
        *_names("who"),
        sa.Column("until", sa.DateTime(), nullable=False),
    )
    op.create_table("ag_allotment", *_key("assignment", "notebook", "task", "section", "who"))
    op.create_table(
        "ag_look", *_key(*ANSWER, "who"), sa.Column("at", sa.DateTime(), nullable=False)
    )
    op.create_table(
        "ag_seen", *_key("assignment", "student"), sa.Column("at", sa.DateTime(), nullable=False)
    )


def _groups() -> None:
    op.create_table(
        "ag_fingerprint",
        _id("submission"),
        *_key("notebook", "task"),
        *_names("assignment", "student"),
        _hash("seen"),
        _hash("key"),
        sa.Column("facts", sa.JSON(), nullable=False),
    )
    op.create_index("ix_ag_fingerprint_task", "ag_fingerprint", ["assignment", "notebook", "task"])
    task = ("assignment", "notebook", "task")
    op.create_table("ag_group", *_key(*task), _hash("key", primary=True), *_texts("name"), *_by())
    op.create_table(
        "ag_group_merge", *_key(*task), _hash("key", primary=True), _hash("into"), *_by()
    )
    op.create_table("ag_group_pin", *_key(*ANSWER), _submission(), _hash("key"), *_by())


def upgrade() -> None:
    _rubrics()
    _marks()
    _who_does_what()
    _groups()


def downgrade() -> None:
    for table in (
        "ag_group_pin",
        "ag_group_merge",
        "ag_group",
        "ag_fingerprint",
        "ag_seen",
        "ag_look",
        "ag_allotment",
        "ag_lease",
        "ag_bank_use",
        "ag_bank",
        "ag_line_comment",
        "ag_mark",
        "ag_rubric_mark",
        "ag_rubric_item",
        "ag_rubric",
    ):
        op.drop_table(table)
