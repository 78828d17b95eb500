"""A migration for tests: a new table, a rebuilt table that others point to, and changed data.

Why: to be killed between its steps. When it reaches the step it is told, it says so and waits.
"""

import os
import sys
import time

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

proposals = sa.table("proposals", sa.column("title", sa.Text), sa.column("teaser", sa.Text))


def upgrade() -> None:
    """Do it step by step."""
    _step(0)
    op.create_table("tries", sa.Column("id", sa.String(36), primary_key=True))
    _step(1)
    with op.batch_alter_table("proposals", recreate="always" if _is_sqlite() else "auto") as batch:
        batch.add_column(sa.Column("teaser", sa.Text, nullable=False, server_default=""))
    _step(2)
    op.execute(proposals.update().values(teaser=proposals.c.title))
    _step(3)
    if "LIBLINE_TEST_FAIL" in os.environ:
        raise RuntimeError("the migration fails")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _step(number: int) -> None:
    if os.environ.get("LIBLINE_TEST_STEP") == str(number):
        sys.stdout.write(f"step {number}\n")
        sys.stdout.flush()
        time.sleep(60)
