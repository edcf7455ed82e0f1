"""Description that a notebook gives of itself when it asks for access."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM ag_device")  # codes of ten minutes: notebooks ask again
    about = sa.Column("about", sa.JSON(), nullable=False, server_default="{}")
    op.add_column("ag_device", about)


def downgrade() -> None:
    op.drop_column("ag_device", "about")
