"""Taking a provider's take-out in: rows of JSON become rows of tables, in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import asyncpg
import orjson

from app.store import derived, ledger
from app.store.types import Connection

PUBLICATIONS: Final = "history/publications.jsonl"
BATCH_LINES: Final = 2000
BATCH_BYTES: Final = 8 << 20

_LOAD_LOCK: Final = 0x6C6F6164
"""Advisory lock of who loads ("load")."""

_CREATE = """
CREATE TEMPORARY TABLE loading (line text NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE arrived (
  was_sequence bigint PRIMARY KEY,
  was_publication bigint NOT NULL UNIQUE,
  was_published_at timestamptz NOT NULL,
  sequence bigint NOT NULL,
  publication_id bigint NOT NULL,
  published_at timestamptz NOT NULL
) ON COMMIT DROP
"""
_IS_LOADED = """
SELECT EXISTS (SELECT FROM ledger WHERE action = 'load' AND content_sha256 = $1)
"""
_OCCUPIED = """
SELECT a.urn FROM agreement AS a
JOIN agreement_head AS h ON h.agreement_id = a.id
JOIN withheld_head AS w ON w.agreement_id = a.id
WHERE a.provider = $1 AND (h.revision > 0 OR w.revision > 0) ORDER BY a.urn LIMIT 1
"""
_SENT = """
SELECT EXISTS (SELECT FROM submission WHERE organisation = $1)
  OR EXISTS (SELECT FROM receipt WHERE organisation = $1)
"""
_AGREEMENTS = "SELECT id, urn FROM agreement WHERE provider = $1 AND active"
_AUDIENCE = """ARRAY(
  SELECT DISTINCT unnest(a.readers || a.provider) COLLATE "C" ORDER BY 1
)"""

# Rows that name an agreement and a publication; the agreement's own terms say who may see them.
_FROM = """
FROM loading CROSS JOIN json_to_record(line::json) AS r({columns})
JOIN agreement AS a ON a.urn = r.agreement AND a.provider = $1
JOIN arrived AS p ON p.was_sequence = r.sequence
"""
_CHANGE_COLUMNS = (
    "agreement text, room text, sequence bigint, key text[], action text, observations json, "
    "attributes json"
)
_SERIES_COLUMNS = (
    "agreement text, room text, sequence bigint, key text[], release_at timestamptz, "
    "observations json, attributes json, observation_count integer, first_period date, "
    "last_period date"
)
_ATTACHMENT_COLUMNS = (
    "agreement text, room text, sequence bigint, key text[], release_at timestamptz, "
    "attributes json"
)
_CONFIRMED_COLUMNS = (
    "agreement text, sequence bigint, key text[], above boolean, periods text[], attributes text[]"
)
_REDACTION_COLUMNS = (
    "sequence bigint, object text, scope json, reason text, reference text, actors text[], "
    "destroyed boolean, counts json, redacted_at timestamptz"
)
_OF_AGREEMENT = """
FROM loading CROSS JOIN json_to_record(line::json) AS r({columns})
JOIN agreement AS a ON a.urn = r.agreement AND a.provider = $1
"""
_HEAD_COLUMNS = (
    "agreement text, room text, revision bigint, published_at timestamptz, series_count bigint, "
    "observation_count bigint"
)
_HEADS = _OF_AGREEMENT.format(columns=_HEAD_COLUMNS) + (
    "LEFT JOIN arrived AS p ON p.was_published_at = r.published_at"
)
_NIL_COLUMNS = "agreement text, period text, submission_id uuid, note text, superseded_by uuid"
_LAYOUT_COLUMNS = (
    "agreement text, name text, document json, changed_at timestamptz, changed_by text"
)

STATEMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "history/changes.jsonl": (
        "INSERT INTO change (agreement_id, key, publication_id, action, observations, attributes) "
        "SELECT a.id, r.key, p.publication_id, r.action, r.observations, r.attributes"
        f"{_FROM.format(columns=_CHANGE_COLUMNS)} WHERE r.room = 'public'",
        "INSERT INTO withheld_change (agreement_id, key, publication_id, action, audience, "
        "observations, attributes) "
        f"SELECT a.id, r.key, p.publication_id, r.action, {_AUDIENCE}, r.observations, "
        f"r.attributes{_FROM.format(columns=_CHANGE_COLUMNS)} WHERE r.room = 'withheld'",
    ),
    "history/confirmed.jsonl": (
        "INSERT INTO confirmed (agreement_id, key, publication_id, above, periods, attributes) "
        "SELECT a.id, r.key, p.publication_id, r.above, r.periods, r.attributes"
        f"{_FROM.format(columns=_CONFIRMED_COLUMNS)}",
    ),
    "history/heads.jsonl": (
        "UPDATE agreement_head AS h SET revision = h.revision + found.revision, "  # noqa: S608
        "published_at = found.published_at, series_count = found.series_count, "
        "observation_count = found.observation_count "
        "FROM (SELECT a.id, r.revision, p.published_at, r.series_count, r.observation_count"
        f"{_HEADS} WHERE r.room = 'public') AS found WHERE h.agreement_id = found.id",
        "UPDATE withheld_head AS h SET revision = h.revision + found.revision, "  # noqa: S608
        "published_at = found.published_at "
        f"FROM (SELECT a.id, r.revision, p.published_at{_HEADS} WHERE r.room = 'withheld') "
        "AS found WHERE h.agreement_id = found.id",
    ),
    "history/redactions.jsonl": (
        "INSERT INTO redaction (publication_id, object, scope, reason, reference, actors, "  # noqa: S608
        "destroyed, counts, redacted_at) "
        "SELECT p.publication_id, r.object, r.scope, r.reason, r.reference, "
        "r.actors, r.destroyed, r.counts, r.redacted_at FROM loading "
        f"CROSS JOIN json_to_record(line::json) AS r({_REDACTION_COLUMNS}) "
        "JOIN arrived AS p ON p.was_sequence = r.sequence AND $1::text IS NOT NULL",
    ),
    "current/series.jsonl": (
        "INSERT INTO series (agreement_id, key, dataflow_id, observations, attributes, "
        "observation_count, first_period, last_period, publication_id) "
        "SELECT a.id, r.key, a.dataflow_id, r.observations, r.attributes, r.observation_count, "
        "r.first_period, r.last_period, p.publication_id"
        f"{_FROM.format(columns=_SERIES_COLUMNS)} WHERE r.room = 'public'",
        "INSERT INTO withheld_series (agreement_id, key, release_at, dataflow_id, audience, "
        "observations, attributes, observation_count, first_period, last_period, publication_id) "
        f"SELECT a.id, r.key, r.release_at, a.dataflow_id, {_AUDIENCE}, r.observations, "
        "r.attributes, r.observation_count, r.first_period, r.last_period, p.publication_id"
        f"{_FROM.format(columns=_SERIES_COLUMNS)} WHERE r.room = 'withheld'",
    ),
    "current/attachments.jsonl": (
        "INSERT INTO attachment (agreement_id, key, attributes, publication_id) "
        "SELECT a.id, r.key, r.attributes, p.publication_id"
        f"{_FROM.format(columns=_ATTACHMENT_COLUMNS)} WHERE r.room = 'public'",
        "INSERT INTO withheld_attachment (agreement_id, key, release_at, audience, attributes, "
        "publication_id) "
        f"SELECT a.id, r.key, r.release_at, {_AUDIENCE}, r.attributes, p.publication_id"
        f"{_FROM.format(columns=_ATTACHMENT_COLUMNS)} WHERE r.room = 'withheld'",
    ),
    "submissions/submissions.jsonl": (
        "INSERT INTO submission SELECT r.* FROM loading "
        "CROSS JOIN json_populate_record(NULL::submission, line::json) AS r "
        "WHERE r.organisation = $1",
    ),
    "submissions/findings.jsonl": (
        "INSERT INTO finding SELECT r.* FROM loading "
        "CROSS JOIN json_populate_record(NULL::finding, line::json) AS r "
        "JOIN submission AS s ON s.id = r.submission_id WHERE s.organisation = $1",
    ),
    "submissions/nil-returns.jsonl": (
        "INSERT INTO nil_return (agreement_id, period, submission_id, note, superseded_by) "
        "SELECT a.id, r.period, r.submission_id, r.note, r.superseded_by"
        f"{_OF_AGREEMENT.format(columns=_NIL_COLUMNS)}",
    ),
    "layouts/layout-profiles.jsonl": (
        "INSERT INTO layout_profile (agreement_id, name, document, changed_at, changed_by) "
        "SELECT a.id, r.name, r.document, r.changed_at, r.changed_by"
        f"{_OF_AGREEMENT.format(columns=_LAYOUT_COLUMNS)}",
    ),
    "exchange/mirror-notes.jsonl": (
        "INSERT INTO mirror_note SELECT r.* FROM loading "
        "CROSS JOIN json_populate_record(NULL::mirror_note, line::json) AS r "
        "WHERE r.organisation = $1",
    ),
    # What was told here of the same before the take-out came gives way to what was told there.
    "exchange/notices.jsonl": (
        "INSERT INTO notice SELECT r.* FROM loading "
        "CROSS JOIN json_populate_record(NULL::notice, line::json) AS r "
        "WHERE r.organisation = $1 "
        "ON CONFLICT (organisation, kind, subject) DO UPDATE SET id = EXCLUDED.id, "
        "facts = EXCLUDED.facts, created_at = EXCLUDED.created_at, seen_at = EXCLUDED.seen_at",
    ),
    "exchange/scorecards.jsonl": (
        "INSERT INTO scorecard SELECT r.* FROM loading "
        "CROSS JOIN json_populate_record(NULL::scorecard, line::json) AS r "
        "WHERE r.provider = $1 "
        "ON CONFLICT (provider, dataflow, day) DO UPDATE SET scores = EXCLUDED.scores",
    ),
    "receipts/receipts.jsonl": (
        "INSERT INTO receipt SELECT r.* FROM loading "
        "CROSS JOIN json_populate_record(NULL::receipt, line::json) AS r "
        "WHERE r.organisation = $1",
    ),
}
"""How the lines of each member are stored, in the order in which they have to be; $1 is the
provider. Together the statements of a member must take every line."""

_PLACES = """
UPDATE submission AS s SET publication_id = found.publication_id, sequence = found.sequence
FROM (
  SELECT sent.id, p.publication_id, p.sequence
  FROM submission AS sent LEFT JOIN arrived AS p ON p.was_publication = sent.publication_id
  WHERE sent.organisation = $1 AND sent.publication_id IS NOT NULL
) AS found
WHERE s.id = found.id
"""
_UNDECIDED = """
UPDATE submission SET state = 'received'
WHERE organisation = $1 AND state IN ('received', 'validating', 'failed')
RETURNING id
"""
_KEY = """
INSERT INTO receipt_key (kid, private_jwk, created_at, retired_at)
VALUES ($1, $2, $3, $4) ON CONFLICT (kid) DO NOTHING
"""


class LeftOverError(Exception):
    """Lines that belong to nothing here: another provider's, or of an unknown publication.

    Attributes:
        member: the file of the archive.
        count: how many of its lines.
    """

    def __init__(self, member: str, count: int) -> None:
        super().__init__(member, count)
        self.member = member
        self.count = count


@dataclass(frozen=True, slots=True)
class Publications:
    """What became of the publications.

    Attributes:
        count: how many there are.
        kept: how many have their time of before.
    """

    count: int
    kept: int


async def begin(connection: Connection) -> None:
    """Let nobody else load, and make room for what comes."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOAD_LOCK)
    await connection.execute(_CREATE)


async def is_loaded(connection: Connection, sha256: str) -> bool:
    """Whether the take-out with this manifest was loaded before."""
    return bool(await connection.fetchval(_IS_LOADED, sha256))


async def occupied(connection: Connection, organisation: str) -> str | None:
    """An agreement of the provider that has data here, if there is one."""
    found: str | None = await connection.fetchval(_OCCUPIED, organisation)
    return found


async def has_sent(connection: Connection, organisation: str) -> bool:
    """Whether the provider sent anything here."""
    return bool(await connection.fetchval(_SENT, organisation))


async def agreements(connection: Connection, organisation: str) -> dict[str, int]:
    """Numbers of the provider's agreements by URN."""
    rows = await connection.fetch(_AGREEMENTS, organisation)
    return {row["urn"]: row["id"] for row in rows}


async def add_publications(
    connection: Connection, lines: Iterable[str], numbers: Mapping[str, int]
) -> Publications:
    """Give each publication a place in this ledger, in their order.

    Each keeps its time where this ledger is not later already, and says where it was before.

    Raises:
        LeftOverError: one is of an agreement that is not there.
    """
    count = kept = 0
    for line in lines:
        try:
            row, was, entry = _entry(line, numbers)
        except (KeyError, TypeError, ValueError) as error:
            raise LeftOverError(PUBLICATIONS, 1) from error
        publication: int = await connection.fetchval("SELECT nextval('publication_id')")
        entry = replace(entry, publication_id=publication)
        place = await ledger.append(connection, entry, wished=was)
        await connection.execute(
            "INSERT INTO arrived VALUES ($1, $2, $3, $4, $5, $6)",
            row["sequence"],
            row["publication_id"],
            was,
            place.sequence,
            publication,
            place.published_at,
        )
        count, kept = count + 1, kept + (place.published_at == was)
    return Publications(count, kept)


def _entry(
    line: str, numbers: Mapping[str, int]
) -> tuple[dict[str, Any], dt.datetime, ledger.Entry]:
    row: dict[str, Any] = orjson.loads(line)
    origin = {
        "origin_sequence": row["sequence"],
        "origin_hash": row["hash"],
        "origin_time": row["published_at"],
    }
    entry = ledger.Entry(
        0,
        row["action"],
        row["actor"],
        row["object"],
        sorted(numbers[urn] for urn in row["agreements"]),
        sorted(numbers[urn] for urn in row["public_agreements"]),
        row["content_sha256"],
        {**row["facts"], **origin},
    )
    return row, dt.datetime.fromisoformat(row["published_at"]), entry


async def add_lines(
    connection: Connection, member: str, lines: Iterable[str], organisation: str
) -> int:
    """Store the lines of a member; returns how many.

    Raises:
        LeftOverError: some could not be placed.
    """
    total = 0
    for batch in _batches(lines):
        await connection.copy_records_to_table("loading", records=[(line,) for line in batch])
        stored = 0
        try:
            for statement in STATEMENTS[member]:
                status = await connection.execute(statement, organisation)
                stored += int(status.rpartition(" ")[2])
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            raise LeftOverError(member, len(batch)) from error
        if stored != len(batch):
            raise LeftOverError(member, len(batch) - stored)
        await connection.execute("TRUNCATE loading")
        total += stored
    return total


async def place_submissions(connection: Connection, organisation: str) -> list[str]:
    """Lead submissions to their publications here; ids of those that are still undecided."""
    await connection.execute(_PLACES, organisation)
    return [str(row["id"]) for row in await connection.fetch(_UNDECIDED, organisation)]


async def add_public_key(
    connection: Connection, jwk: Mapping[str, Any], retired_at: dt.datetime
) -> None:
    """Keep a public key of another service, for the receipts that it signed."""
    created = dt.datetime.fromtimestamp(jwk.get("nbf", 0), dt.UTC)
    text = orjson.dumps(dict(jwk)).decode()
    await connection.execute(_KEY, jwk["kid"], text, created, retired_at)


async def end(
    connection: Connection, organisation: str, numbers: Sequence[int], sha256: str, count: int
) -> ledger.Place:
    """Say in the ledger what was loaded."""
    publication: int = await connection.fetchval("SELECT nextval('publication_id')")
    facts = {"publications": count}
    about = f"take-out/{organisation}"
    entry = ledger.Entry(publication, "load", organisation, about, numbers, [], sha256, facts)
    await derived.look_later(connection, about)
    return await ledger.append(connection, entry)


def _batches(lines: Iterable[str]) -> Iterable[list[str]]:
    """Some thousand lines at a time, fewer where they are long."""
    source = iter(lines)
    while batch := list(islice(source, 1)):
        size = len(batch[0])
        for line in source:
            batch.append(line)
            size += len(line)
            if len(batch) >= BATCH_LINES or size >= BATCH_BYTES:
                break
        yield batch
