"""Agency grants: which agencies' artefacts a client may maintain.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GRANTS = """
SET LOCAL ROLE vipmg_owner;
ALTER TABLE oauth_client ADD COLUMN agencies text[] NOT NULL DEFAULT '{}';
RESET ROLE;
"""


def upgrade() -> None:
    for statement in filter(str.strip, GRANTS.split(";")):
        op.execute(statement)
