"""Taking everything of one provider out: each kind of row as lines of JSON, read on a cursor.

Documents (observations, attributes) stand in the lines as they are stored. Rows name agreements by
their URN and publications by their sequence in the ledger, since numbers mean nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.store.ledger_lines import Line, canonical
from app.store.ledger_reading import all_lines, public_lines
from app.store.types import Connection

FETCH: Final = 500
LEDGER_LINES: Final = 2000

_AGREEMENTS = "SELECT id, urn FROM agreement WHERE provider = $1 AND active ORDER BY id"
_IS_KNOWN = """
SELECT EXISTS (SELECT FROM agreement WHERE provider = $1)
  OR EXISTS (SELECT FROM submission WHERE organisation = $1)
"""

# $1 are the numbers of the agreements, $2 is the organisation.
STATEMENTS: Final[Mapping[str, str]] = {
    "history/publications.jsonl": """
        SELECT l.sequence, l.publication_id, l.published_at, l.action, l.actor, l.object,
          l.public AND public_urns <> '{}' AS public, urns AS agreements,
          public_urns AS public_agreements, l.content_sha256, l.facts, l.hash
        FROM ledger AS l CROSS JOIN LATERAL (
          SELECT coalesce(array_agg(urn ORDER BY urn), '{}') AS urns,
            coalesce(array_agg(urn ORDER BY urn) FILTER (WHERE told), '{}') AS public_urns
          FROM (
            SELECT id, urn, EXISTS (
              -- The ledger names the version of then.
              SELECT FROM unnest(l.agreements) AS named
              WHERE split_part(named, '(', 1) = split_part(urn, '(', 1)
            ) AS told
            FROM agreement
          ) AS versions WHERE id = ANY (l.agreement_ids) AND id = ANY ($1::integer[])
        ) AS own
        WHERE l.agreement_ids && $1::integer[] OR l.actor = $2 ORDER BY l.sequence""",
    "history/heads.jsonl": """
        SELECT a.urn AS agreement, 'public' AS room, h.revision, h.published_at, h.series_count,
          h.observation_count
        FROM agreement_head AS h JOIN agreement AS a ON a.id = h.agreement_id
        WHERE h.agreement_id = ANY ($1) AND $2::text IS NOT NULL
        UNION ALL
        SELECT a.urn, 'withheld', h.revision, h.published_at, NULL, NULL
        FROM withheld_head AS h JOIN agreement AS a ON a.id = h.agreement_id
        WHERE h.agreement_id = ANY ($1)
        ORDER BY 1, 2""",
    "history/changes.jsonl": """
        SELECT l.sequence, l.published_at, a.urn AS agreement, r.room, r.action, r.key,
          r.observations, r.attributes
        FROM (
          SELECT 'public' AS room, agreement_id, key, publication_id, action, observations,
            attributes
          FROM change WHERE agreement_id = ANY ($1)
          UNION ALL
          SELECT 'withheld', agreement_id, key, publication_id, action, observations, attributes
          FROM withheld_change WHERE agreement_id = ANY ($1)
        ) AS r
        JOIN agreement AS a ON a.id = r.agreement_id
        JOIN ledger AS l USING (publication_id)
        WHERE $2::text IS NOT NULL ORDER BY l.sequence, a.id, r.room, r.key, r.action""",
    "history/confirmed.jsonl": """
        SELECT l.sequence, a.urn AS agreement, r.key, r.above, r.periods, r.attributes
        FROM confirmed AS r
        JOIN agreement AS a ON a.id = r.agreement_id
        JOIN ledger AS l USING (publication_id)
        WHERE r.agreement_id = ANY ($1) AND $2::text IS NOT NULL
        ORDER BY l.sequence, a.id, r.key, r.above""",
    "history/redactions.jsonl": """
        SELECT l.sequence, r.object, r.scope, r.reason, r.reference, r.actors, r.destroyed,
          r.counts, r.redacted_at
        FROM redaction AS r JOIN ledger AS l USING (publication_id)
        WHERE l.agreement_ids && $1::integer[] OR l.actor = $2 ORDER BY l.sequence""",
    "current/series.jsonl": """
        SELECT a.urn AS agreement, r.room, r.key, r.release_at, r.observations, r.attributes,
          r.observation_count, r.first_period, r.last_period, l.sequence
        FROM (
          SELECT agreement_id, 'public' AS room, key, NULL::timestamptz AS release_at,
            observations, attributes, observation_count, first_period, last_period, publication_id
          FROM series WHERE agreement_id = ANY ($1)
          UNION ALL
          SELECT agreement_id, 'withheld', key, release_at, observations, attributes,
            observation_count, first_period, last_period, publication_id
          FROM withheld_series WHERE agreement_id = ANY ($1)
        ) AS r
        JOIN agreement AS a ON a.id = r.agreement_id
        JOIN ledger AS l USING (publication_id)
        WHERE $2::text IS NOT NULL ORDER BY a.id, r.key, r.room, r.release_at""",
    "current/attachments.jsonl": """
        SELECT a.urn AS agreement, r.room, r.key, r.release_at, r.attributes, l.sequence
        FROM (
          SELECT agreement_id, 'public' AS room, key, NULL::timestamptz AS release_at,
            attributes, publication_id
          FROM attachment WHERE agreement_id = ANY ($1)
          UNION ALL
          SELECT agreement_id, 'withheld', key, release_at, attributes, publication_id
          FROM withheld_attachment WHERE agreement_id = ANY ($1)
        ) AS r
        JOIN agreement AS a ON a.id = r.agreement_id
        JOIN ledger AS l USING (publication_id)
        WHERE $2::text IS NOT NULL ORDER BY a.id, r.key, r.room, r.release_at""",
    "submissions/submissions.jsonl": """
        SELECT * FROM submission WHERE organisation = $2 AND $1::integer[] IS NOT NULL
        ORDER BY received_at, id""",
    "submissions/findings.jsonl": """
        SELECT f.* FROM finding AS f JOIN submission AS s ON s.id = f.submission_id
        WHERE s.organisation = $2 AND $1::integer[] IS NOT NULL
        ORDER BY s.received_at, s.id, f.number""",
    "submissions/nil-returns.jsonl": """
        SELECT a.urn AS agreement, r.period, r.submission_id, r.note, r.superseded_by
        FROM nil_return AS r JOIN agreement AS a ON a.id = r.agreement_id
        WHERE r.agreement_id = ANY ($1) AND $2::text IS NOT NULL
        ORDER BY a.id, r.period, r.submission_id""",
    "layouts/layout-profiles.jsonl": """
        SELECT a.urn AS agreement, r.name, r.document, r.changed_at, r.changed_by
        FROM layout_profile AS r JOIN agreement AS a ON a.id = r.agreement_id
        WHERE r.agreement_id = ANY ($1) AND $2::text IS NOT NULL ORDER BY a.id, r.name""",
    "exchange/mirror-notes.jsonl": """
        SELECT * FROM mirror_note WHERE organisation = $2 AND $1::integer[] IS NOT NULL
        ORDER BY written_at, id""",
    "exchange/notices.jsonl": """
        SELECT * FROM notice WHERE organisation = $2 AND $1::integer[] IS NOT NULL
        ORDER BY created_at, id""",
    "exchange/scorecards.jsonl": """
        SELECT * FROM scorecard WHERE provider = $2 AND $1::integer[] IS NOT NULL
        ORDER BY day, dataflow""",
    "receipts/receipts.jsonl": """
        SELECT * FROM receipt WHERE organisation = $2 AND $1::integer[] IS NOT NULL
        ORDER BY number""",
}
"""What the members of a take-out are made of, by their path in it."""

_MAPS = """
SELECT DISTINCT one ->> 'map' AS map
FROM submission AS s CROSS JOIN LATERAL json_array_elements(s.mapping) AS one
WHERE s.organisation = $1 AND s.mapping IS NOT NULL ORDER BY 1
"""
_CONTENTS = """
SELECT DISTINCT s.sha256 FROM submission AS s
WHERE s.organisation = $1 AND EXISTS (
  SELECT FROM submission_content AS c WHERE c.sha256 = s.sha256
)
ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class OwnAgreement:
    """An agreement of the provider: its number here, and its URN."""

    id: int
    urn: str


async def is_known(connection: Connection, organisation: str) -> bool:
    """Whether the organisation has agreements, or ever sent anything."""
    return bool(await connection.fetchval(_IS_KNOWN, organisation))


async def own_agreements(connection: Connection, organisation: str) -> list[OwnAgreement]:
    """The agreements of a provider.

    One that was deleted never had data, and nowhere else could anything be loaded under it.
    """
    rows = await connection.fetch(_AGREEMENTS, organisation)
    return [OwnAgreement(row["id"], row["urn"]) for row in rows]


async def lines(
    connection: Connection, member: str, agreements: Sequence[int], organisation: str
) -> AsyncIterator[bytes]:
    """A member of the take-out, some hundred lines at a time; in a transaction of the caller."""
    # What JSON itself may have between its parts must not end a line.
    statement = f"""
      SELECT translate(row_to_json(rows)::text, E'\\n\\r', '  ') AS line
      FROM ({STATEMENTS[member]}) AS rows"""  # noqa: S608 - own statements
    cursor = await connection.cursor(statement, list(agreements), organisation)
    while rows := await cursor.fetch(FETCH):
        yield "".join(f"{row['line']}\n" for row in rows).encode()


async def contents(connection: Connection, organisation: str) -> list[str]:
    """SHA-256 of the files that an organisation sent, and that are still kept."""
    return [row["sha256"] for row in await connection.fetch(_CONTENTS, organisation)]


async def maps(connection: Connection, organisation: str) -> list[str]:
    """URNs of the maps that any file of an organisation was read by."""
    return [row["map"] for row in await connection.fetch(_MAPS, organisation)]


async def ledger_lines(connection: Connection, organisation: str) -> AsyncIterator[bytes]:
    """The ledger of all publications as the provider sees it."""
    after = 0
    while found := await all_lines(connection, after, LEDGER_LINES, organisation):
        yield _joined(found)
        after = found[-1]["sequence"]


async def public_ledger_lines(connection: Connection) -> AsyncIterator[bytes]:
    """The public ledger."""
    after = 0
    while found := await public_lines(connection, after, LEDGER_LINES):
        yield _joined(found)
        after = found[-1]["sequence"]


def _joined(found: Sequence[Line]) -> bytes:
    return b"".join(canonical(line) + b"\n" for line in found)
