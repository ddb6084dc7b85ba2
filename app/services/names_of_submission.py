"""The names of what the findings of a stored submission speak of."""

from __future__ import annotations

from app.sdmx.finding_names import FindingNames
from app.services.name_findings import name_findings
from app.store import mappings
from app.store.catalogue import CatalogueCache
from app.store.submissions import StoredSubmission
from app.store.types import Connection


async def names_of_submission(
    connection: Connection, cache: CatalogueCache, stored: StoredSubmission
) -> FindingNames:
    """The names of the components of its agreements and of the national tables it was read by."""
    sources = [one["source"] for one in await mappings.read(connection, stored.id) or ()]
    return name_findings(await cache.current(connection), stored.agreements, sources)
