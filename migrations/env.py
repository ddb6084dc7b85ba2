"""How Alembic runs the revisions; called by `vipmg migrate` (app.store.migrate)."""

from alembic import context

from app.store.migrate import is_compared, model_metadata

options = {
    "target_metadata": model_metadata(),
    "include_object": is_compared,
    "transaction_per_migration": True,
}
if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True, **options)
else:
    context.configure(connection=context.config.attributes["connection"], **options)

with context.begin_transaction():
    context.run_migrations()
