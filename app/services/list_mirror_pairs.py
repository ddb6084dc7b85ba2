"""The mirror pairs of the registry, each with its state: what there is to compare."""

from __future__ import annotations

from typing import Any

import orjson
import structlog

from app.errors import VipmgError
from app.sdmx.mirrors.pair import find_pair_sets, read_pair
from app.sdmx.mirrors.plan import CellQuery
from app.services.mirror_words import describe_pair, reason_code, tell_reason
from app.services.plan_mirror import MirrorSource, PlannedMirror, plan_mirror
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.mirrors import has_any
from app.store.pools import Pools, with_retry
from app.store.types import Connection

MIRROR_PATH = "/api/mirror"

log = structlog.get_logger("vipmg.mirror")


async def list_mirror_pairs(
    pools: Pools, cache: CatalogueCache, base_url: str, language: str
) -> bytes:
    """All pairs by id, in JSON; a pair that cannot be read is told with the reason."""

    async def read() -> list[dict[str, Any]]:
        async with pools.public.acquire() as connection:
            catalogue = await cache.current(connection)
            found = [
                await _pair(connection, catalogue, artefact.urn, base_url, language)
                for artefact in find_pair_sets(catalogue.snapshot.artefacts)
            ]
        return sorted(found, key=lambda one: (str(one["id"]), str(one["urn"])))

    return orjson.dumps({"pairs": await with_retry(read)})


async def _pair(
    connection: Connection, catalogue: Catalogue, urn: str, base_url: str, language: str
) -> dict[str, Any]:
    artefact = catalogue.snapshot.artefacts.get(urn)
    assert artefact is not None  # noqa: S101 - it comes from there
    try:
        pair = read_pair(artefact)
        planned = plan_mirror(catalogue, pair, CellQuery(), None)
    except VipmgError as error:
        log.warning("mirror pair not usable", urn=urn, reason=str(error))
        text = error.text.get(language, error.text["en"])
        reason = {"code": error.code, "text": text}
        named = {"id": artefact.id, "pair": urn.rpartition("=")[2], "urn": urn}
        return {**named, "state": "NOT_USABLE", "reason": reason}
    left = await has_any(connection, planned.left.selection)
    right = await has_any(connection, planned.right.selection)
    is_ready = left and right
    address = f"{base_url}{MIRROR_PATH}/{pair.short_urn}"
    return {
        **describe_pair(pair, language),
        "state": "READY" if is_ready else _why(planned, left=left, right=right),
        "reason": None
        if is_ready
        else tell_reason(_why(planned, left=left, right=right), pair, language),
        "agreements": {"left": _named(planned.left), "right": _named(planned.right)},
        "links": {
            "self": address,
            "corridors": f"{address}/corridors",
            "notes": f"{address}/notes",
        },
    }


def _why(planned: PlannedMirror, *, left: bool, right: bool) -> str:
    return reason_code(
        is_empty=False,
        agreements=(bool(planned.left.agreements), bool(planned.right.agreements)),
        data=(left, right),
    )


def _named(source: MirrorSource) -> list[str]:
    return sorted(one.urn.rpartition("=")[2] for one in source.agreements.values())
