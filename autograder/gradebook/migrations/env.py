"""Migrations of our tables alone: run on a connection that is handed in."""

from alembic import context

from autograder.gradebook.database.tables import VERSION_TABLE, Base


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or (name or "").startswith("ag_")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    include_name=_ours,
)
context.run_migrations()
