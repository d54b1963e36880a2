"""Alembic's environment: runs the migrations on the connection that `api.store.database` hands over."""

from alembic import context

import api.store.checks.tables
import api.store.evidence.log_tables
import api.store.evidence.tables
import api.store.loop.tables
import api.store.notify.tables
import api.store.register.tables
import api.store.search_tables
import api.store.tables  # noqa: F401  (tables are known once their modules are)
from api.store.columns import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
