"""Register a program of an organisation as a client."""

from __future__ import annotations

import difflib
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.auth.public_keys import checked_jwks
from app.errors import NotFoundError
from app.store import clients as store
from app.store.types import Connection, Pool

SECRET_PREFIX: Final = "vipmg_"  # noqa: S105 - lets scanners of leaked secrets know ours


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client as it was just registered.

    Attributes:
        client_id: what the program calls itself.
        client_secret: shown now and never again; None if the client signs with its own key.
        organisation_kind: `data_provider` or `data_consumer`.
    """

    client_id: str
    client_secret: str | None = field(repr=False)
    organisation_kind: str


async def add_client(
    writer: Pool,
    organisation: str,
    jwks: Mapping[str, Any] | None = None,
    note: str | None = None,
    agencies: Sequence[str] = (),
) -> NewClient:
    """Register a client of an organisation that the registry knows.

    Args:
        writer: pool that may write.
        organisation: id of an item of the current data provider or data consumer scheme; one
            that is in both becomes a data provider.
        jwks: public keys with which the client will sign; without them it gets a secret.
        note: who holds the client, in free words.
        agencies: agencies whose artefacts the client may maintain, their sub-agencies included.

    Raises:
        NotFoundError: no such organisation or agency; `detail["nearest"]` has ids that look
            like it.
        QuerySemanticError: the keys cannot be taken.
    """
    keys = None if jwks is None else checked_jwks(jwks)
    secret = None if keys is not None else SECRET_PREFIX + secrets.token_urlsafe(32)
    client_id = f"{organisation.lower()}-{secrets.token_hex(6)}"
    async with writer.acquire() as connection:
        kind = await _organisation_kind(connection, organisation)
        await _check_agencies(connection, agencies)
        await store.add_client(
            connection,
            client_id,
            organisation=organisation,
            organisation_kind=kind,
            secret_sha256=None if secret is None else hashlib.sha256(secret.encode()).hexdigest(),
            jwks=keys,
            note=note,
            agencies=tuple(dict.fromkeys(agencies)),
        )
    return NewClient(client_id, secret, kind)


async def _organisation_kind(connection: Connection, organisation: str) -> str:
    known = await store.list_organisations(connection)
    kinds = [kind for name, kind in known if name == organisation]
    if not kinds:
        raise _unknown(organisation, sorted({name for name, _ in known}))
    return max(kinds)  # data_provider, where it is both


async def _check_agencies(connection: Connection, agencies: Sequence[str]) -> None:
    known = await store.list_agencies(connection) if agencies else []
    for agency in agencies:
        if agency not in known:
            nearest = _nearest(agency, known)
            listed = ", ".join(nearest or known)
            raise NotFoundError(
                f"No agency has the id {agency}. Nearest: {listed}.",
                f"Ninguna agencia tiene el id {agency}. Las más parecidas: {listed}.",
                nearest=nearest,
            )


def _unknown(organisation: str, known: list[str]) -> NotFoundError:
    if not known:
        return NotFoundError(
            "No organisation is registered yet: start the service once, it publishes them.",
            "Aún no hay organizaciones: inicie el servicio una vez, él las publica.",
            nearest=[],
        )
    nearest = _nearest(organisation, known)
    listed = ", ".join(nearest or known)
    return NotFoundError(
        f"No data provider or data consumer has the id {organisation}. Nearest: {listed}.",
        f"Ningún proveedor o consumidor de datos tiene el id {organisation}. "
        f"Los más parecidos: {listed}.",
        nearest=nearest,
    )


def _nearest(name: str, known: Sequence[str]) -> list[str]:
    by_folded = {one.upper(): one for one in known}
    folded = difflib.get_close_matches(name.upper(), by_folded, n=5, cutoff=0.4)
    return [by_folded[one] for one in folded]
