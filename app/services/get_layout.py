"""A saved layout of an agreement."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.models.agreement_reply import LayoutReply
from app.services.describe_agreement import agreement_address
from app.services.find_agreement import find_agreement
from app.store import layouts
from app.store.catalogue import CatalogueCache, StoredAgreement
from app.store.layouts import StoredLayout
from app.store.pools import Pools, with_retry


async def get_layout(
    pools: Pools, cache: CatalogueCache, subject: Subject, named: str, name: str, base_url: str
) -> LayoutReply:
    """A layout as it was saved.

    Raises:
        NotFoundError: the caller's organisation has no such agreement, or that no such layout.
    """
    agreement, stored = await find_layout(pools, cache, subject, named, name)
    return describe_layout(agreement, stored, base_url)


async def find_layout(
    pools: Pools, cache: CatalogueCache, subject: Subject, named: str, name: str
) -> tuple[StoredAgreement, StoredLayout]:
    """An agreement of the caller, and its layout of a name.

    Raises:
        NotFoundError: the caller's organisation has no such agreement, or that no such layout.
    """

    async def read() -> tuple[StoredAgreement, StoredLayout | None]:
        async with pools.writer.acquire() as connection:
            catalogue = await cache.current(connection)
            agreement = find_agreement(catalogue, subject, named)
            return agreement, await layouts.get_layout(connection, agreement.id, name)

    agreement, stored = await with_retry(read)
    if stored is None:
        raise no_layout(name)
    return agreement, stored


def no_layout(name: str) -> NotFoundError:
    """There is no layout of this name."""
    return NotFoundError(
        f"The agreement has no layout {name[:64]!r}.",
        f"El convenio no tiene un diseño {name[:64]!r}.",
    )


def describe_layout(agreement: StoredAgreement, stored: StoredLayout, base_url: str) -> LayoutReply:
    """A layout as a reply."""
    address = f"{agreement_address(agreement, base_url)}/layouts/{stored.name}"
    return LayoutReply(
        name=stored.name,
        layout=stored.document,
        changed_at=stored.changed_at,
        changed_by=stored.changed_by,
        links={"self": address, "preview": f"{address}/preview"},
    )
