"""The preview of a publication that no file has made, agreement by agreement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.store.catalogue import Catalogue
from app.store.effects import Effect


def preview_of(
    catalogue: Catalogue, agreements: Sequence[str], effects: Sequence[Effect]
) -> dict[str, Any]:
    """What is told of each agreement; of one that has ended its dimensions have no names.

    Args:
        catalogue: the registry.
        agreements: URNs of the agreements, as many as effects.
        effects: what the publication changes in each.
    """
    told = []
    for urn, effect in zip(agreements, effects, strict=True):
        known = catalogue.agreements.get(effect.agreement)
        dimensions: list[str] = []
        if known is not None:
            flow = catalogue.flow(known.dataflow_urn, known.urn)
            dimensions = [dimension.id for dimension in flow.dimensions]
        document = effect.preview.document(dimensions)
        told.append({"agreement": urn, **document, "attachments": effect.attachments})
    return {"agreements": told}
