"""Maps that ran, what is computed from reported data, notes on mirrors, notices, scorecards.

Revision ID: 0004
Revises: 0003
"""

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# What a message was led through: the maps by URN, and how much of it each took.
MAPPED = """
SET LOCAL ROLE vipmg_owner;
ALTER TABLE submission ADD COLUMN mapping json;
ALTER TABLE practice.submission ADD COLUMN mapping json;
"""

# What the terms of an agreement withhold from the public, and its last day; why a submission waits.
TERMS = """
ALTER TABLE agreement ADD COLUMN expires date;
ALTER TABLE agreement ADD COLUMN room_rule json NOT NULL DEFAULT '{}';
ALTER TABLE submission ADD COLUMN waiting json;
ALTER TABLE practice.submission ADD COLUMN waiting json;
"""

# How far the computed dataflows have come: the sequence up to which they know the reported ones.
DERIVED = """
CREATE TABLE derived (
  dataflow text PRIMARY KEY,
  through_sequence bigint NOT NULL,
  computed_at timestamptz NOT NULL,
  facts json NOT NULL
);
"""

# What either party says of a cell of a mirror; the last of each party holds. Only a redaction
# changes it.
MIRROR_NOTES = """
CREATE TABLE mirror_note (
  id uuid PRIMARY KEY,
  pair text NOT NULL,
  cell text[] NOT NULL,
  organisation text NOT NULL,
  client_id text NOT NULL,
  note text,
  agreed_value text,
  written_at timestamptz NOT NULL
);
CREATE INDEX mirror_note_cell ON mirror_note (pair, cell, written_at);
"""

# What an organisation is told: a structure that changes, an agreement that ends, data that are due.
NOTICES = """
CREATE TABLE notice (
  id uuid PRIMARY KEY,
  organisation text NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  facts json NOT NULL,
  created_at timestamptz NOT NULL,
  seen_at timestamptz
);
CREATE INDEX notice_organisation ON notice (organisation, created_at);
CREATE UNIQUE INDEX notice_once ON notice (organisation, kind, subject);
"""

SCORES = """
CREATE TABLE scorecard (
  provider text NOT NULL,
  dataflow text NOT NULL,
  day date NOT NULL,
  scores json NOT NULL,
  PRIMARY KEY (provider, dataflow, day)
);
"""

# Which rows of a file a redaction reached, that no reading brings them back; and which series, that
# what was computed from them follows.
REDACTIONS = """
ALTER TABLE submission ADD COLUMN redacted_rows bigint[];
ALTER TABLE practice.submission ADD COLUMN redacted_rows bigint[];
CREATE TABLE redacted_key (
  redaction_id bigint NOT NULL,
  agreement_id integer NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  PRIMARY KEY (redaction_id, agreement_id, key)
);
CREATE TABLE practice.redacted_key (LIKE public.redacted_key INCLUDING ALL);
GRANT SELECT, INSERT, UPDATE, DELETE ON practice.redacted_key TO vipmg_writer;
"""

GRANTS = """
GRANT SELECT, INSERT ON redacted_key TO vipmg_writer;
GRANT UPDATE ON mirror_note TO vipmg_redactor;
GRANT SELECT, INSERT, UPDATE, DELETE ON derived, notice, scorecard TO vipmg_writer;
GRANT SELECT, INSERT ON mirror_note TO vipmg_writer;
GRANT SELECT ON derived, mirror_note, scorecard TO vipmg_reader, vipmg_privileged;
RESET ROLE;
"""


def run(block: str) -> None:
    """Execute several statements at once, or print them in offline mode."""
    if op.get_context().as_sql:
        op.get_context().impl.static_output(block)
        return
    bind = op.get_bind()
    bind.execute(text("SELECT 1"))  # the adapter opens its transaction with its first statement
    bind.connection.dbapi_connection.run_async(lambda connection: connection.execute(block))


def upgrade() -> None:
    for block in (MAPPED, TERMS, DERIVED, MIRROR_NOTES, NOTICES, SCORES, REDACTIONS, GRANTS):
        run(block)
