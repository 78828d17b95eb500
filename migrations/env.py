"""Runs the migrations on the connection that `libline migrate` hands over, inside its one transaction.

Migrations are frozen history: neither this file nor any version imports the application.
"""

from alembic import context

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run `libline migrate`: it takes the backup first and knows which database is meant.")

context.configure(connection=connection, target_metadata=None, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
