"""${message}.

Why: (one sentence). Whether the code of the release before keeps working on the new schema: (yes, or why not).
On SQLite `op.batch_alter_table` rebuilds a table and forgets indexes on expressions (`uq_actors_local_handle`):
make them again. Rows are changed in batches that can be repeated, without any code of the application.
"""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """(What it does, as a sentence.)"""
    ${upgrades if upgrades else 'op.add_column("table", sa.Column("name", sa.Text))'}
