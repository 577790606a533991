"""Alembic's way in. Only `dibs_realtime.migrate` comes here: it brings the connection and holds the lock."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
