"""List the clients of the built-in authorisation server."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.store import clients as store
from app.store.types import Pool


@dataclass(frozen=True, slots=True)
class ListedClient:
    """A client without its credential.

    Attributes:
        client_id: what the program calls itself.
        organisation: id of the organisation that it speaks for.
        organisation_kind: `data_provider` or `data_consumer`.
        authentication: `client_secret_basic` or `private_key_jwt`.
        note: who holds the client.
        created_at: when it was registered.
        revoked_at: since when it gets no token, or None.
        agencies: the agencies whose artefacts it may maintain.
    """

    client_id: str
    organisation: str
    organisation_kind: str
    authentication: str
    note: str | None
    created_at: dt.datetime
    revoked_at: dt.datetime | None
    agencies: list[str]


async def list_clients(reader: Pool) -> list[ListedClient]:
    """Return all clients, revoked ones too, by organisation and age.

    Args:
        reader: pool that may read clients, which is the writer's.
    """
    async with reader.acquire() as connection:
        clients = await store.list_clients(connection)
    return [
        ListedClient(
            client_id=client.client_id,
            organisation=client.organisation,
            organisation_kind=client.organisation_kind,
            authentication="client_secret_basic" if client.jwks is None else "private_key_jwt",
            note=client.note,
            created_at=client.created_at,
            revoked_at=client.revoked_at,
            agencies=client.agencies,
        )
        for client in clients
    ]
