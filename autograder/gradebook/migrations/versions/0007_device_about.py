"""What a notebook that asks to be let in says of itself, shown before it is allowed."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

_NUMBERS = sorted(path.stem[:4] for path in Path(__file__).parent.glob("0*_*.py"))
revision = "0007"
down_revision = _NUMBERS[_NUMBERS.index(revision) - 1]  # whichever is the last before this one
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM ag_device")  # codes of ten minutes: notebooks ask again
    about = sa.Column("about", sa.JSON(), nullable=False, server_default="{}")
    op.add_column("ag_device", about)


def downgrade() -> None:
    op.drop_column("ag_device", "about")
