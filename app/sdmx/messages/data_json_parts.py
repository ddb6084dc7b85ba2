"""What data messages in SDMX-JSON share, whatever their version."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from app.sdmx.messages.data_message import DataSet, iso
from app.sdmx.urn import parse_urn

LINEAGE: Final = "via"
"""The relation of what a figure comes from (RFC 4287)."""


def lineage_address(base_url: str, kind: str, urn: str) -> str:
    """Where the figures of a dataflow or an agreement are traced, each by its key and period."""
    return f"{base_url}/api/lineage?{kind}={quote(urn.rpartition('=')[2], safe=':()')}"


def validity(dataset: DataSet) -> dict[str, str]:
    """The bounds of the time in which a dataset held, where it has any."""
    bounds = {"validFrom": dataset.valid_from, "validTo": dataset.valid_to}
    return {name: iso(instant) for name, instant in bounds.items() if instant}


def links(dataset: DataSet, base_url: str, path: str) -> list[dict[str, str]]:
    """Links to what a dataset was asked by, its dataflow and structure, and where it comes from.

    Args:
        dataset: the dataset.
        base_url: address of the service.
        path: where artefacts are found there, by type, agency, id and version.
    """
    address = f"{base_url}{path}"
    flow = dataset.layout.flow
    linked = [_link(dataset.kind, dataset.urn, address)]
    if dataset.kind == "provisionagreement":
        linked.append(_link("dataflow", flow.urn, address))
    if flow.structure_urn != dataset.urn:
        linked.append(_link("datastructure", flow.structure_urn, address))
    kind = "agreement" if dataset.kind == "provisionagreement" else "dataflow"
    urn = dataset.urn if kind == "agreement" else flow.urn
    return [*linked, {"rel": LINEAGE, "href": lineage_address(base_url, kind, urn)}]


def _link(relation: str, reference: str, address: str) -> dict[str, str]:
    urn = parse_urn(reference)
    href = "/".join((address, relation, urn.agency, urn.id, urn.version))
    return {"rel": relation, "urn": reference, "href": href}


def trimmed(values: list[str]) -> list[str]:
    """The values without those at the end that are not there."""
    while values and values[-1] == "null":
        values.pop()
    return values
