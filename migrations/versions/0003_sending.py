"""Sending: kinds of submissions, receipts, resumable uploads, layouts, nil returns, practice.

Revision ID: 0003
Revises: 0002
"""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The one role that may touch the journal after it was written; the service takes it for a redaction.
REDACTOR = """
DO $$
BEGIN
  BEGIN
    CREATE ROLE vipmg_redactor NOLOGIN;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
  IF NOT pg_has_role('vipmg_redactor', 'vipmg_writer', 'MEMBER') THEN
    GRANT vipmg_writer TO vipmg_redactor;
  END IF;
  IF NOT pg_has_role(current_user, 'vipmg_redactor', 'MEMBER') THEN
    EXECUTE format('GRANT vipmg_redactor TO %I', current_user);
  END IF;
END $$;
"""

SUBMISSIONS = """
CREATE SCHEMA practice AUTHORIZATION vipmg_owner;
SET LOCAL ROLE vipmg_owner;
ALTER TABLE submission
  ADD COLUMN kind text NOT NULL DEFAULT 'file',
  ADD COLUMN validate_only boolean NOT NULL DEFAULT false,
  ADD COLUMN parent_id uuid,
  ADD COLUMN options json NOT NULL DEFAULT '{}',
  ADD COLUMN corrections json,
  ADD COLUMN preview json,
  ADD COLUMN datasets json,
  ADD COLUMN note text,
  ADD COLUMN attempts integer NOT NULL DEFAULT 0,
  ADD COLUMN phase text,
  ADD COLUMN rows_total bigint,
  ADD COLUMN approval text,
  ADD COLUMN approved_by text,
  ADD COLUMN approved_at timestamptz,
  ADD COLUMN approval_note text;
CREATE INDEX submission_undecided ON submission (received_at, id)
  WHERE state IN ('received', 'validating', 'failed');
CREATE INDEX submission_parent ON submission (parent_id);
CREATE INDEX submission_content_of ON submission (organisation, sha256);
ALTER TABLE finding
  ADD COLUMN severity text NOT NULL DEFAULT '',
  ADD COLUMN place text,
  ADD COLUMN file text;
CREATE TABLE nil_return (
  agreement_id integer NOT NULL,
  period text NOT NULL,
  submission_id uuid NOT NULL,
  note text,
  superseded_by uuid,
  PRIMARY KEY (agreement_id, period, submission_id)
);
"""

# Entries of before have no salt, and so a chain of another form: `vipmg doctor` says so.
LEDGERS = """
ALTER TABLE ledger
  ADD COLUMN agreements text[] NOT NULL DEFAULT '{}',
  ADD COLUMN salt text NOT NULL DEFAULT '',
  ADD COLUMN entry_sha256 text NOT NULL DEFAULT '',
  ADD COLUMN public_sequence bigint,
  ADD COLUMN public_hash text;
ALTER TABLE ledger
  ALTER COLUMN agreements DROP DEFAULT,
  ALTER COLUMN salt DROP DEFAULT,
  ALTER COLUMN entry_sha256 DROP DEFAULT;
CREATE UNIQUE INDEX ledger_public ON ledger (public_sequence);
REVOKE SELECT (object, content_sha256, facts, previous_hash, hash) ON ledger
  FROM vipmg_reader, vipmg_privileged;
GRANT SELECT (agreements, public_sequence, public_hash) ON ledger
  TO vipmg_reader, vipmg_privileged;
"""

RECEIPTS = """
CREATE TABLE receipt_key (
  kid text PRIMARY KEY,
  private_jwk json NOT NULL,
  created_at timestamptz NOT NULL,
  retired_at timestamptz
);
CREATE TABLE receipt (
  id uuid PRIMARY KEY,
  submission_id uuid NOT NULL,
  organisation text NOT NULL,
  number bigint NOT NULL,
  kind text NOT NULL,
  issued_at timestamptz NOT NULL,
  jws text NOT NULL
);
CREATE UNIQUE INDEX receipt_chain ON receipt (organisation, number);
CREATE INDEX receipt_submission ON receipt (submission_id);
-- The key and the last receipt of an organisation, when it is the caller's turn to add the next:
-- each statement of a volatile function sees what was committed while it waited for the lock.
CREATE FUNCTION receipt_turn(organisation_id text)
  RETURNS TABLE (last_number bigint, last_jws text, signing_jwk json)
  LANGUAGE plpgsql VOLATILE
  AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(125823019480165);
      PERFORM pg_advisory_xact_lock(1919119476, hashtext(organisation_id));
      RETURN QUERY SELECT r.number, r.jws, k.private_jwk
        FROM (SELECT) AS once
        LEFT JOIN LATERAL (
          SELECT private_jwk FROM receipt_key
          WHERE retired_at IS NULL ORDER BY created_at DESC LIMIT 1
        ) AS k ON true
        LEFT JOIN LATERAL (
          SELECT number, jws FROM receipt
          WHERE organisation = organisation_id ORDER BY number DESC LIMIT 1
        ) AS r ON true;
    END
  $$;
"""

UPLOADS = """
CREATE TABLE upload (
  id uuid PRIMARY KEY,
  client_id text NOT NULL,
  organisation text NOT NULL,
  byte_count bigint NOT NULL,
  byte_offset bigint NOT NULL,
  metadata json NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  submission_id uuid
);
CREATE INDEX upload_organisation ON upload (organisation, expires_at);
CREATE TABLE upload_part (
  upload_id uuid NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
  part integer NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (upload_id, part)
);
ALTER TABLE upload_part ALTER COLUMN content SET STORAGE EXTERNAL;
"""

LAYOUTS = """
CREATE TABLE layout_profile (
  agreement_id integer NOT NULL,
  name text NOT NULL,
  document json NOT NULL,
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL,
  PRIMARY KEY (agreement_id, name)
);
"""

UNDOING = """
CREATE TABLE confirmed (
  agreement_id integer NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  publication_id bigint NOT NULL,
  above boolean NOT NULL,
  periods text[],
  attributes text[] NOT NULL,
  PRIMARY KEY (agreement_id, key, publication_id, above)
);
CREATE INDEX confirmed_publication ON confirmed (agreement_id, publication_id);
CREATE INDEX change_publication ON change (agreement_id, publication_id);
CREATE INDEX withheld_change_publication ON withheld_change (agreement_id, publication_id);
CREATE TABLE witness (
  publication_id bigint PRIMARY KEY,
  agreement_id integer NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  period text NOT NULL
);
CREATE TABLE redaction (
  publication_id bigint PRIMARY KEY,
  object text NOT NULL,
  scope json NOT NULL,
  reason text NOT NULL,
  reference text NOT NULL,
  actors text[] NOT NULL,
  destroyed boolean NOT NULL,
  counts json NOT NULL,
  redacted_at timestamptz NOT NULL
);
CREATE TABLE redacted_change (
  redaction_id bigint NOT NULL,
  withheld boolean NOT NULL,
  agreement_id integer NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  publication_id bigint NOT NULL,
  action text NOT NULL,
  observations json,
  attributes json,
  PRIMARY KEY (redaction_id, withheld, agreement_id, key, publication_id, action)
);
"""

# The same tables again, reached by search_path: what is sent for practice stays in here.
PRACTISED = (
    "agreement_head",
    "withheld_head",
    "series",
    "attachment",
    "change",
    "withheld_series",
    "withheld_attachment",
    "withheld_change",
    "ledger",
    "outbox",
    "submission",
    "submission_content",
    "finding",
    "confirmed",
    "witness",
    "redaction",
    "redacted_change",
    "nil_return",
    "receipt",
)

PRACTICE = (
    "".join(
        f"CREATE TABLE practice.{name} (LIKE public.{name} INCLUDING ALL);\n" for name in PRACTISED
    )
    + """
CREATE SEQUENCE practice.publication_id;
ALTER TABLE practice.finding ADD FOREIGN KEY (submission_id)
  REFERENCES practice.submission (id) ON DELETE CASCADE;
GRANT USAGE ON SCHEMA practice TO vipmg_writer;
GRANT USAGE ON SEQUENCE practice.publication_id TO vipmg_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA practice TO vipmg_writer;
"""
)

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON nil_return, upload, upload_part, layout_profile
  TO vipmg_writer;
GRANT SELECT, INSERT ON receipt TO vipmg_writer;
GRANT SELECT, INSERT, UPDATE ON receipt_key TO vipmg_writer;
GRANT SELECT ON nil_return TO vipmg_reader, vipmg_privileged;
GRANT SELECT, INSERT ON confirmed, redaction TO vipmg_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON witness TO vipmg_writer;
GRANT SELECT, INSERT ON redacted_change TO vipmg_redactor;
GRANT UPDATE, DELETE ON change, withheld_change, confirmed TO vipmg_redactor;
GRANT DELETE ON submission_content TO vipmg_redactor;
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
    for block in (
        REDACTOR,
        SUBMISSIONS,
        LEDGERS,
        RECEIPTS,
        UPLOADS,
        LAYOUTS,
        UNDOING,
        PRACTICE,
        GRANTS,
    ):
        run(block)
