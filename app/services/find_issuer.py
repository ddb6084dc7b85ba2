"""Under which address a service has signed so far."""

from __future__ import annotations

from app.auth.receipt_keys import UnsignedError, read_statement
from app.store import receipts
from app.store.types import Connection


async def find_issuer(connection: Connection) -> str | None:
    """The issuer of the newest receipt that a key of this service signed; None without one.

    Receipts that were loaded from another service have its issuer; of its keys only the public
    part is here.
    """
    own = {key.kid for key in await receipts.keys(connection) if "d" in key.private_jwk}
    async with connection.transaction(readonly=True):
        async for jws in receipts.newest_first(connection):
            try:
                header, claims = read_statement(jws)
            except UnsignedError:
                continue
            if header.get("kid") in own:
                return str(claims.get("iss"))
    return None
