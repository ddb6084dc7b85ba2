"""Revoke a client."""

from __future__ import annotations

from app.errors import NotFoundError
from app.store import clients as store
from app.store.types import Pool


async def revoke_client(writer: Pool, client_id: str) -> None:
    """Give a client no more tokens; those it has end within ten minutes.

    Raises:
        NotFoundError: there is no such client.
    """
    async with writer.acquire() as connection:
        client = await store.revoke_client(connection, client_id)
    if client is None:
        raise NotFoundError(
            f"There is no client {client_id}.", f"No existe el cliente {client_id}."
        )
