"""What Alembic runs: the migrations, on the connection and in the transaction that `engine.store.migrating` opened."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, render_as_batch=connection.dialect.name == "sqlite")
context.run_migrations()
