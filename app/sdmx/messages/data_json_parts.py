"""What data messages in SDMX-JSON share, whatever their version."""

from __future__ import annotations

from app.sdmx.messages.data_message import DataSet, iso
from app.sdmx.urn import parse_urn


def validity(dataset: DataSet) -> dict[str, str]:
    """The bounds of the time in which a dataset held, where it has any."""
    bounds = {"validFrom": dataset.valid_from, "validTo": dataset.valid_to}
    return {name: iso(instant) for name, instant in bounds.items() if instant}


def links(dataset: DataSet, address: str) -> list[dict[str, str]]:
    """Links to what a dataset was asked by, to its dataflow and to its structure.

    Args:
        dataset: the dataset.
        address: where artefacts are found by type, agency, id and version.
    """
    flow = dataset.layout.flow
    linked = [_link(dataset.kind, dataset.urn, address)]
    if dataset.kind == "provisionagreement":
        linked.append(_link("dataflow", flow.urn, address))
    if flow.structure_urn != dataset.urn:
        linked.append(_link("datastructure", flow.structure_urn, address))
    return linked


def _link(relation: str, reference: str, address: str) -> dict[str, str]:
    urn = parse_urn(reference)
    href = "/".join((address, relation, urn.agency, urn.id, urn.version))
    return {"rel": relation, "urn": reference, "href": href}


def trimmed(values: list[str]) -> list[str]:
    """The values without those at the end that are not there."""
    while values and values[-1] == "null":
        values.pop()
    return values
