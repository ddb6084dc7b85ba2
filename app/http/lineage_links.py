"""The fields that lead from data to the lineage of their figures (RFC 8288, RFC 9652)."""

from __future__ import annotations

from typing import Final

from app.sdmx.messages.data_json_parts import LINEAGE, lineage_address
from app.services.prepare_data import PreparedData

MOST: Final = 8
"""Dataflows that are linked; a query over more leads to none."""


def lineage_links(prepared: PreparedData, base_url: str, links: str = "") -> dict[str, str]:
    """A link and a template for each dataflow that a query means.

    Args:
        prepared: the query.
        base_url: address of the service.
        links: what the field Link says already.
    """
    urns = dict.fromkeys(one.dataflow_urn for scope in prepared.scopes for one in scope.agreements)
    if not urns or len(urns) > MOST:
        return {"Link": links} if links else {}
    addresses = [lineage_address(base_url, "dataflow", urn) for urn in urns]
    linked = [f'<{address}>; rel="{LINEAGE}"' for address in addresses]
    templates = [f'"{address}{{&key,period}}"; rel="{LINEAGE}"' for address in addresses]
    return {
        "Link": ", ".join([links, *linked] if links else linked),
        "Link-Template": ", ".join(templates),
    }
