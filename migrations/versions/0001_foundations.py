"""Foundations: registry, agreements, the two rooms, journal, ledger, submissions, OAuth, jobs.

Revision ID: 0001
Revises:
"""

from alembic import op
from pgqueuer.adapters.persistence.qb import DBSettings, QueryBuilderEnvironment
from sqlalchemy import text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = """
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['vipmg_owner','vipmg_writer','vipmg_reader','vipmg_privileged'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    IF NOT pg_has_role(current_user, name, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO current_user', name);
    END IF;
  END LOOP;
END $$;
CREATE SCHEMA pgqueuer AUTHORIZATION vipmg_owner;
GRANT USAGE, CREATE ON SCHEMA public TO vipmg_owner;
GRANT USAGE ON SCHEMA public TO vipmg_writer, vipmg_reader, vipmg_privileged;
SET LOCAL ROLE vipmg_owner;
"""

REGISTRY = """
CREATE TABLE artefact (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  urn text NOT NULL,
  class text NOT NULL,
  agency text NOT NULL,
  artefact_id text NOT NULL,
  version text NOT NULL,
  stable boolean NOT NULL,
  document json NOT NULL,
  recorded_from timestamptz NOT NULL,
  recorded_to timestamptz
);
CREATE UNIQUE INDEX artefact_current ON artefact (urn) WHERE recorded_to IS NULL;
CREATE INDEX artefact_lookup ON artefact (class, agency, artefact_id);
CREATE TABLE artefact_reference (
  artefact bigint NOT NULL,
  to_urn text NOT NULL,
  PRIMARY KEY (artefact, to_urn)
);
CREATE INDEX artefact_reference_to ON artefact_reference (to_urn);
CREATE TABLE registry (
  id integer PRIMARY KEY CHECK (id = 1),
  revision bigint NOT NULL,
  revised_at timestamptz NOT NULL,
  restore_epoch text NOT NULL
);
INSERT INTO registry VALUES (1, 0, '1970-01-01T00:00:00Z', gen_random_uuid()::text);
"""

AGREEMENTS = """
CREATE TABLE dataflow (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  urn text NOT NULL UNIQUE,
  dimensions text[] NOT NULL
);
CREATE TABLE agreement (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  urn text NOT NULL UNIQUE,
  dataflow_id integer NOT NULL REFERENCES dataflow (id),
  provider text NOT NULL,
  precedence integer NOT NULL,
  readers text[] NOT NULL,
  fixed_attributes json NOT NULL,
  active boolean NOT NULL
);
CREATE INDEX ix_agreement_dataflow_id ON agreement (dataflow_id);
CREATE TABLE agreement_head (
  agreement_id integer PRIMARY KEY,
  revision bigint NOT NULL,
  published_at timestamptz,
  series_count bigint NOT NULL,
  observation_count bigint NOT NULL
);
CREATE TABLE withheld_head (
  agreement_id integer PRIMARY KEY,
  revision bigint NOT NULL,
  published_at timestamptz
);
"""

ROOMS = """
CREATE FUNCTION series_terms(dataflow_id integer, key text[]) RETURNS text[]
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  AS $$
    DECLARE
      terms text[] := key;
    BEGIN
      FOR position IN 1..cardinality(key) LOOP
        terms[position] := dataflow_id || '.' || position || '=' || key[position];
      END LOOP;
      RETURN terms;
    END
  $$;
CREATE TABLE series (
  agreement_id integer NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  dataflow_id integer NOT NULL,
  observations json NOT NULL,
  attributes json NOT NULL,
  observation_count integer NOT NULL,
  first_period date,
  last_period date,
  publication_id bigint NOT NULL,
  PRIMARY KEY (agreement_id, key)
);
CREATE INDEX series_by_term ON series USING gin (series_terms(dataflow_id, key));
CREATE TABLE attachment (
  agreement_id integer NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  attributes json NOT NULL,
  publication_id bigint NOT NULL,
  PRIMARY KEY (agreement_id, key)
);
CREATE SEQUENCE publication_id;
CREATE TABLE change (
  agreement_id integer NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  publication_id bigint NOT NULL,
  action text NOT NULL,
  observations json,
  attributes json,
  PRIMARY KEY (agreement_id, key, publication_id, action)
);
CREATE TABLE withheld_series (
  agreement_id integer NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  release_at timestamptz NOT NULL,
  dataflow_id integer NOT NULL,
  audience text[] NOT NULL,
  observations json NOT NULL,
  attributes json NOT NULL,
  observation_count integer NOT NULL,
  first_period date,
  last_period date,
  publication_id bigint NOT NULL,
  PRIMARY KEY (agreement_id, key, release_at)
);
CREATE INDEX withheld_series_release ON withheld_series (release_at);
CREATE INDEX withheld_series_by_term ON withheld_series USING gin (series_terms(dataflow_id, key));
CREATE TABLE withheld_attachment (
  agreement_id integer NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  release_at timestamptz NOT NULL,
  audience text[] NOT NULL,
  attributes json NOT NULL,
  publication_id bigint NOT NULL,
  PRIMARY KEY (agreement_id, key, release_at)
);
CREATE TABLE withheld_change (
  agreement_id integer NOT NULL,
  key text[] COLLATE "C" NOT NULL,
  publication_id bigint NOT NULL,
  action text NOT NULL,
  audience text[] NOT NULL,
  observations json,
  attributes json,
  PRIMARY KEY (agreement_id, key, publication_id, action)
);
ALTER TABLE withheld_series ENABLE ROW LEVEL SECURITY;
ALTER TABLE withheld_attachment ENABLE ROW LEVEL SECURITY;
ALTER TABLE withheld_change ENABLE ROW LEVEL SECURITY;
CREATE POLICY audience ON withheld_series FOR SELECT TO vipmg_privileged
  USING (current_setting('vipmg.organisation', true) = ANY (audience));
CREATE POLICY audience ON withheld_attachment FOR SELECT TO vipmg_privileged
  USING (current_setting('vipmg.organisation', true) = ANY (audience));
CREATE POLICY audience ON withheld_change FOR SELECT TO vipmg_privileged
  USING (current_setting('vipmg.organisation', true) = ANY (audience));
CREATE POLICY writer ON withheld_series TO vipmg_writer USING (true) WITH CHECK (true);
CREATE POLICY writer ON withheld_attachment TO vipmg_writer USING (true) WITH CHECK (true);
CREATE POLICY writer ON withheld_change TO vipmg_writer USING (true) WITH CHECK (true);
"""

LEDGER = """
CREATE TABLE ledger (
  sequence bigint PRIMARY KEY,
  publication_id bigint NOT NULL UNIQUE,
  published_at timestamptz NOT NULL,
  action text NOT NULL,
  actor text NOT NULL,
  object text NOT NULL,
  agreement_ids integer[] NOT NULL,
  public boolean NOT NULL,
  content_sha256 text,
  facts json NOT NULL,
  previous_hash text NOT NULL,
  hash text NOT NULL
);
CREATE INDEX ledger_time ON ledger (published_at);
CREATE TABLE outbox (
  sequence bigint NOT NULL,
  kind text NOT NULL,
  payload json NOT NULL,
  sent_at timestamptz,
  PRIMARY KEY (sequence, kind)
);
"""

SUBMISSIONS = """
CREATE TABLE submission (
  id uuid PRIMARY KEY,
  client_id text NOT NULL,
  organisation text NOT NULL,
  idempotency_key text,
  content_type text NOT NULL,
  content_encoding text,
  file_name text,
  sha256 text NOT NULL,
  byte_count bigint NOT NULL,
  received_at timestamptz NOT NULL,
  state text NOT NULL,
  decided_at timestamptz,
  agreements text[] NOT NULL,
  row_count bigint,
  rows_read bigint NOT NULL,
  finding_count bigint NOT NULL,
  publication_id bigint,
  sequence bigint,
  release_at timestamptz,
  changes json,
  failure text
);
CREATE UNIQUE INDEX submission_idempotency ON submission (client_id, idempotency_key);
CREATE INDEX submission_organisation ON submission (organisation, received_at);
CREATE INDEX ix_submission_sha256 ON submission (sha256);
CREATE TABLE submission_content (
  sha256 text NOT NULL,
  part integer NOT NULL,
  deflated bytea NOT NULL,
  PRIMARY KEY (sha256, part)
);
ALTER TABLE submission_content ALTER COLUMN deflated SET STORAGE EXTERNAL;
CREATE TABLE finding (
  submission_id uuid NOT NULL REFERENCES submission (id) ON DELETE CASCADE,
  number integer NOT NULL,
  row bigint,
  component text,
  value text,
  code text NOT NULL,
  rule text,
  allowed text,
  nearest text,
  PRIMARY KEY (submission_id, number)
);
"""

OAUTH = """
CREATE TABLE oauth_client (
  client_id text PRIMARY KEY,
  organisation text NOT NULL,
  organisation_kind text NOT NULL,
  secret_sha256 text,
  jwks json,
  note text,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX oauth_client_organisation ON oauth_client (organisation);
CREATE TABLE oauth_signing_key (
  kid text PRIMARY KEY,
  private_jwk json NOT NULL,
  created_at timestamptz NOT NULL,
  retired_at timestamptz
);
CREATE TABLE oauth_used_assertion (
  client_id text NOT NULL,
  jti text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (client_id, jti)
);
CREATE INDEX oauth_used_assertion_expiry ON oauth_used_assertion (expires_at);
"""

GRANTS = """
GRANT SELECT ON artefact, artefact_reference, registry, dataflow, agreement, agreement_head,
  series, attachment, change TO vipmg_reader, vipmg_privileged;
GRANT SELECT (sequence, publication_id, published_at, action, object, agreement_ids, public,
  content_sha256, facts, previous_hash, hash) ON ledger TO vipmg_reader, vipmg_privileged;
GRANT SELECT ON withheld_series, withheld_attachment, withheld_change, withheld_head
  TO vipmg_privileged;
GRANT SELECT, INSERT, UPDATE ON artefact, registry, dataflow, agreement, agreement_head,
  withheld_head, outbox, submission, oauth_client, oauth_signing_key TO vipmg_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON artefact_reference, series, attachment, withheld_series,
  withheld_attachment, finding, oauth_used_assertion TO vipmg_writer;
GRANT SELECT, INSERT ON change, withheld_change, ledger, submission_content TO vipmg_writer;
GRANT UPDATE (audience) ON withheld_change TO vipmg_writer;
GRANT USAGE ON SEQUENCE publication_id TO vipmg_writer;
GRANT USAGE ON SCHEMA pgqueuer TO vipmg_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgqueuer TO vipmg_writer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA pgqueuer TO vipmg_writer;
RESET ROLE;
DO $$ BEGIN
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO vipmg_writer', current_database());
END $$;
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
    run(ROLES)
    for block in (REGISTRY, AGREEMENTS, ROOMS, LEDGER, SUBMISSIONS, OAUTH):
        run(block)
    # The queue's tables as the pinned release of its library declares them.
    queue = QueryBuilderEnvironment(DBSettings(db_schema="pgqueuer"))
    run(queue.build_install_query(create_schema=False))
    run(GRANTS)
