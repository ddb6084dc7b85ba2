"""Taking out of the history of computed figures what figures that are gone can be read from.

A sum over one member is that member's figure, and so is the difference of a sum before and after:
what leaves the public history of the source, redacted or withheld by now, has to leave that of what
was computed from it. The computation publishes the present figures anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from app.sdmx.intake import PartialKey, Target
from app.services.redact import RedactionOrder, redact_within
from app.store.catalogue import Catalogue
from app.store.types import Connection

AT_ONCE: Final = 100
"""Families of one redaction."""

REASON: Final = (
    "a figure that this was computed from was redacted, or is withheld by now / "
    "una cifra con la que esto se calculó fue suprimida, o ahora está reservada"
)


async def redact_history(
    connection: Connection, catalogue: Catalogue, target: Target, keys: Sequence[PartialKey]
) -> None:
    """Redact all versions of the computed series under some keys; no copy is kept."""
    named = target.urn.rpartition("=")[2]
    waiting = iter(keys)
    while part := list(islice(waiting, AT_ONCE)):
        order = RedactionOrder(
            REASON,
            named,
            ["vipmg"],
            agreement=named,
            keys=[".".join(code or "*" for code in key) for key in part],
            destroy=True,
        )
        async with connection.transaction():
            await redact_within(
                connection, catalogue, order, actor="vipmg", about=named, sha256=None
            )
