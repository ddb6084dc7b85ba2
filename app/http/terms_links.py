"""Fields Link that lead from data to their terms, and to the metadata about them (RFC 8288)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from app.sdmx.artefacts import Artefact
from app.sdmx.metadata_answer import reported_on
from app.sdmx.terms_sets import is_of_terms
from app.sdmx.urn import parse_urn
from app.services.prepare_data import PreparedData
from app.store.catalogue import Catalogue

MOST: Final = 8
"""Dataflows whose terms and metadata are linked; a query over more leads to none of them."""

MOST_IN_ONE: Final = 50
"""Artefacts that one link names; a query over more leads to the metadata of the first."""


def terms_links(prepared: PreparedData, base_url: str) -> dict[str, str]:
    """The links of what a query means: `license` to its terms, `describedby` to its metadata."""
    agreements = [one for scope in prepared.scopes for one in scope.agreements]
    flows = list(dict.fromkeys(one.dataflow_urn for one in agreements))
    links = []
    if len(flows) <= MOST:
        for flow in flows:
            short = quote(flow.rpartition("=")[2], safe=":()")
            links.append(f'<{base_url}/api/terms?dataflow={short}>; rel="license"')
        structures = dict.fromkeys(scope.flow.structure_urn for scope in prepared.scopes)
        about = (*flows, *(one.urn for one in agreements), *(structures if flows else ()))
        described = _described(prepared.catalogue, about)
        links += [f'<{base_url}{path}>; rel="describedby"' for path in _addresses(described)]
    return {"Link": ", ".join(links)} if links else {}


def _described(catalogue: Catalogue, urns: Sequence[str]) -> list[str]:
    """Those of them that metadata sets are about; terms have a link of their own."""
    artefacts = catalogue.snapshot.artefacts

    def find() -> list[str]:
        every = catalogue.remembered("metadata", lambda: reported_on(artefacts, is_shown))
        about = frozenset(every)
        return [urn for urn in dict.fromkeys(urns) if urn in about]

    def is_shown(one: Artefact) -> bool:
        return not is_of_terms(one, artefacts)

    return catalogue.remembered(("metadata about", *urns), find)


def _addresses(urns: Sequence[str]) -> list[str]:
    """One address for the artefacts of a class, an agency and a version (sdmx-rest, metadata)."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for each in map(parse_urn, urns):
        key = (each.class_name.lower(), each.agency, each.version)
        alike.setdefault(key, []).append(each.id)
    return [
        f"/sdmx/v2/metadata/structure/{kind}/{agency}/{','.join(ids[:MOST_IN_ONE])}/{version}"
        for (kind, agency, version), ids in alike.items()
    ]
