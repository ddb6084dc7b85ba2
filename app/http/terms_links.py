"""Fields Link that lead from data to their terms, and to the metadata about them (RFC 8288)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from app.sdmx.terms_sets import is_of_terms
from app.services.prepare_data import PreparedData
from app.store.catalogue import Catalogue

MOST: Final = 8
"""Structures whose terms or metadata are linked; a query over more leads to none of them."""


def terms_links(prepared: PreparedData, base_url: str) -> dict[str, str]:
    """The links of what a query means: `license` to its terms, `describedby` to its metadata."""
    agreements = [one for scope in prepared.scopes for one in scope.agreements]
    flows = list(dict.fromkeys(one.dataflow_urn for one in agreements))
    links = []
    if len(flows) <= MOST:
        for flow in flows:
            short = quote(flow.rpartition("=")[2], safe=":()")
            links.append(f'<{base_url}/api/terms?dataflow={short}>; rel="license"')
        described = _described(prepared.catalogue, (*flows, *(one.urn for one in agreements)))
        if len(described) <= MOST:
            links += [f'<{base_url}{_address(urn)}>; rel="describedby"' for urn in described]
    return {"Link": ", ".join(links)} if links else {}


def _described(catalogue: Catalogue, urns: Sequence[str]) -> list[str]:
    """The dataflows and agreements that metadata sets are about; terms have a link of their own."""
    artefacts = catalogue.snapshot.artefacts

    def find() -> list[str]:
        found = []
        for urn in urns:
            parents = (artefacts.get(parent) for parent in artefacts.parents(urn))
            sets = [p for p in parents if p is not None and p.artefact_class.name == "MetadataSet"]
            if any(not is_of_terms(one, artefacts) for one in sets):
                found.append(urn)
        return found

    return catalogue.remembered(("metadata about", *urns), find)


def _address(urn: str) -> str:
    head, _, short = urn.partition("=")
    kind = head.rpartition(".")[2].lower()
    agency, _, rest = short.partition(":")
    resource, _, version = rest.rstrip(")").partition("(")
    return f"/sdmx/v2/metadata/structure/{kind}/{agency}/{resource}/{version}"
