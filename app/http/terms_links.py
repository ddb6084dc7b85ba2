"""The field Link that leads from data to the terms on which they are shared (RFC 8288)."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from app.services.prepare_data import PreparedData

MOST: Final = 8
"""Dataflows whose terms are linked; a query over more leads to none, for each has its own."""


def terms_links(prepared: PreparedData, base_url: str) -> dict[str, str]:
    """The links of the dataflows that a query means, of the type `license`."""
    flows = dict.fromkeys(
        one.dataflow_urn.rpartition("=")[2] for scope in prepared.scopes for one in scope.agreements
    )
    if not flows or len(flows) > MOST:
        return {}
    links = (
        f'<{base_url}/api/terms?dataflow={quote(flow, safe=":()")}>; rel="license"'
        for flow in flows
    )
    return {"Link": ", ".join(links)}
