"""Clients of the built-in authorisation server, its signing keys, and used assertions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.store.types import Connection, Record

_SIGNING_KEY_LOCK: Final = 0x6F61757468
"""Advisory lock under which the first signing key is made ("oauth")."""

_COLUMNS: Final = """client_id, organisation, organisation_kind, secret_sha256,
  jwks::text AS jwks, note, created_at, revoked_at, agencies"""

_INSERT_CLIENT: Final = f"""
INSERT INTO oauth_client (client_id, organisation, organisation_kind, secret_sha256, jwks, note,
  agencies, created_at)
VALUES ($1, $2, $3, $4, $5::text::json, $6, $7, clock_timestamp())
RETURNING {_COLUMNS}
"""  # noqa: S608 - only the constant list of columns is put in

_SELECT_CLIENT: Final = f"SELECT {_COLUMNS} FROM oauth_client WHERE client_id = $1"  # noqa: S608

_SELECT_CLIENTS: Final = f"""
SELECT {_COLUMNS} FROM oauth_client ORDER BY organisation, created_at, client_id
"""  # noqa: S608

_REVOKE_CLIENT: Final = f"""
UPDATE oauth_client SET revoked_at = COALESCE(revoked_at, clock_timestamp())
WHERE client_id = $1 RETURNING {_COLUMNS}
"""  # noqa: S608

_SELECT_ORGANISATIONS: Final = """
SELECT item ->> 'id' AS id, 'data_provider' AS kind
FROM artefact, json_array_elements(document -> 'dataProviders') AS item
WHERE class = 'DataProviderScheme' AND recorded_to IS NULL
UNION
SELECT item ->> 'id' AS id, 'data_consumer' AS kind
FROM artefact, json_array_elements(document -> 'dataConsumers') AS item
WHERE class = 'DataConsumerScheme' AND recorded_to IS NULL
ORDER BY id, kind
"""

_SELECT_AGENCIES: Final = """
SELECT DISTINCT agency FROM artefact WHERE recorded_to IS NULL
UNION
SELECT CASE WHEN agency = 'SDMX' THEN '' ELSE agency || '.' END || (item ->> 'id')
FROM artefact, json_array_elements(document -> 'agencies') AS item
WHERE class = 'AgencyScheme' AND recorded_to IS NULL
UNION
SELECT agency || '.' || (item ->> 'id')
FROM artefact, json_array_elements(document -> 'metadataProviders') AS item
WHERE class = 'MetadataProviderScheme' AND recorded_to IS NULL
ORDER BY 1
"""

_INSERT_SIGNING_KEY: Final = """
INSERT INTO oauth_signing_key (kid, private_jwk, created_at)
SELECT $1, $2::text::json, clock_timestamp()
WHERE NOT EXISTS (SELECT FROM oauth_signing_key WHERE retired_at IS NULL)
"""

_SELECT_SIGNING_KEYS: Final = """
SELECT kid, private_jwk::text AS private_jwk, created_at, retired_at
FROM oauth_signing_key
WHERE retired_at IS NULL OR retired_at > clock_timestamp() - interval '1 hour'
ORDER BY retired_at IS NOT NULL, created_at DESC, kid
"""

_FORGET_ASSERTIONS: Final = "DELETE FROM oauth_used_assertion WHERE expires_at < clock_timestamp()"

_INSERT_ASSERTION: Final = """
INSERT INTO oauth_used_assertion (client_id, jti, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (client_id, jti) DO NOTHING RETURNING jti
"""


# Records of their own: the tables of `app.models` are for Alembic, whose libraries a server that
# serves has no need to load.
@dataclass(frozen=True, slots=True)
class Client:
    """A program that calls the service on behalf of one organisation.

    `agencies` are those whose artefacts it may maintain, their sub-agencies included.
    """

    client_id: str
    organisation: str
    organisation_kind: str
    secret_sha256: str | None
    jwks: dict[str, Any] | None
    note: str | None
    created_at: dt.datetime
    revoked_at: dt.datetime | None
    agencies: list[str]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key of the token endpoint, with the time since which it signs."""

    kid: str
    private_jwk: dict[str, Any]
    created_at: dt.datetime
    retired_at: dt.datetime | None


async def add_client(
    connection: Connection,
    client_id: str,
    *,
    organisation: str,
    organisation_kind: str,
    secret_sha256: str | None,
    jwks: Mapping[str, Any] | None,
    note: str | None,
    agencies: Sequence[str] = (),
) -> Client:
    """Record a client, with the hash of its secret or its public keys."""
    keys = None if jwks is None else orjson.dumps(jwks).decode()
    row = await connection.fetchrow(
        _INSERT_CLIENT,
        client_id,
        organisation,
        organisation_kind,
        secret_sha256,
        keys,
        note,
        list(agencies),
    )
    assert row is not None  # noqa: S101 - RETURNING of an INSERT without ON CONFLICT
    return _client(row)


async def get_client(connection: Connection, client_id: str) -> Client | None:
    """Return a client, revoked or not."""
    row = await connection.fetchrow(_SELECT_CLIENT, client_id)
    return None if row is None else _client(row)


async def list_clients(connection: Connection) -> list[Client]:
    """Return all clients, by organisation and age."""
    return [_client(row) for row in await connection.fetch(_SELECT_CLIENTS)]


async def revoke_client(connection: Connection, client_id: str) -> Client | None:
    """Revoke a client; one that is revoked already keeps its time."""
    row = await connection.fetchrow(_REVOKE_CLIENT, client_id)
    return None if row is None else _client(row)


async def list_organisations(connection: Connection) -> list[tuple[str, str]]:
    """Return (id, kind) of each item of the current data provider and consumer schemes."""
    rows = await connection.fetch(_SELECT_ORGANISATIONS)
    return [(row["id"], row["kind"]) for row in rows]


async def list_agencies(connection: Connection) -> list[str]:
    """Return the ids of all who may maintain artefacts.

    Those are the agencies that do, those that are listed in schemes, and metadata providers,
    whose id in a metadata set is `AGENCY.PROVIDER`.
    """
    return [row["agency"] for row in await connection.fetch(_SELECT_AGENCIES)]


async def add_first_signing_key(
    connection: Connection, kid: str, private_jwk: Mapping[str, Any]
) -> None:
    """Store a signing key unless one is in use; of several processes at once, one does."""
    # Another isolation level would look for the key in a snapshot older than the lock.
    async with connection.transaction(isolation="read_committed"):
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _SIGNING_KEY_LOCK)
        await connection.execute(_INSERT_SIGNING_KEY, kid, orjson.dumps(private_jwk).decode())


async def list_signing_keys(connection: Connection) -> list[SigningKey]:
    """Return the keys whose tokens may still be valid; the one that signs now stands first."""
    rows = await connection.fetch(_SELECT_SIGNING_KEYS)
    return [SigningKey(**{**row, "private_jwk": orjson.loads(row["private_jwk"])}) for row in rows]


async def record_assertion(
    connection: Connection, client_id: str, jti: str, expires_at: dt.datetime
) -> bool:
    """Record that a client assertion was used, and forget those that expired.

    Returns:
        False if this assertion was used before.
    """
    await connection.execute(_FORGET_ASSERTIONS)
    return await connection.fetchval(_INSERT_ASSERTION, client_id, jti, expires_at) is not None


def _client(row: Record) -> Client:
    jwks = row["jwks"]
    return Client(**{**row, "jwks": None if jwks is None else orjson.loads(jwks)})
