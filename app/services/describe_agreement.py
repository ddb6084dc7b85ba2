"""An agreement as our own API tells it to its provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from app.models.agreement_reply import (
    AgreementLinks,
    AgreementReply,
    CoverageReply,
    DataflowReply,
)
from app.sdmx.components import Names, names_of
from app.sdmx.due_texts import due_text
from app.sheets.template_texts import name_in
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.coverage import Coverage

AGREEMENTS_PATH: Final = "/api/agreements"


def describe_agreement(
    catalogue: Catalogue,
    stored: StoredAgreement,
    coverage: Coverage,
    base_url: str,
    language: str,
) -> AgreementReply:
    """An agreement with what it holds, and where to go on."""
    names, terms = agreement_terms(catalogue, stored)
    flow = catalogue.flow(stored.dataflow_urn, stored.urn)
    short = stored.urn.rpartition("=")[2]
    return AgreementReply(
        id=agreement_id(stored),
        agreement=short,
        urn=stored.urn,
        name=name_in(names, language),
        names=dict(names),
        dataflow=DataflowReply(
            id=flow.short_urn, name=name_in(flow.names, language), names=dict(flow.names)
        ),
        provider=stored.provider,
        frequency=terms.get("FREQUENCY"),
        due=terms.get("RELEASE_DUE"),
        due_text=due_text(terms.get("RELEASE_DUE"), language),
        dimensions=[dimension.id for dimension in flow.dimensions],
        fixed=dict(stored.fixed),
        coverage=CoverageReply(
            series=coverage.series,
            observations=coverage.observations,
            first_day=coverage.first_day,
            last_day=coverage.last_day,
        ),
        links=_links(stored, flow.short_urn, base_url),
    )


def agreement_terms(
    catalogue: Catalogue, stored: StoredAgreement
) -> tuple[Names, Mapping[str, str]]:
    """The names of an agreement, and its terms by id.

    Raises:
        InvalidArtefactError: it is not in the registry any more.
    """
    terms = catalogue.terms(stored.urn).terms
    artefact = catalogue.snapshot.artefacts.get(stored.urn)
    return names_of({} if artefact is None else artefact.document), terms


def agreement_id(stored: StoredAgreement) -> str:
    """The id of an agreement, without agency and version."""
    return stored.urn.rpartition("=")[2].partition("(")[0].rpartition(":")[2]


def agreement_address(stored: StoredAgreement, base_url: str) -> str:
    """Where an agreement is told of."""
    return f"{base_url}{AGREEMENTS_PATH}/{quote(stored.urn.rpartition('=')[2], safe=':()')}"


def _links(stored: StoredAgreement, dataflow: str, base_url: str) -> AgreementLinks:
    address = agreement_address(stored, base_url)
    agency, _, rest = dataflow.partition(":")
    resource, _, version = rest.rstrip(")").partition("(")
    own_agency, _, own = stored.urn.rpartition("=")[2].partition(":")
    own_id, _, own_version = own.rstrip(")").partition("(")
    rest_url = f"{base_url}/sdmx/v2"
    return AgreementLinks(
        self=address,
        template=f"{address}/template.xlsx",
        template_cross=f"{address}/template.xlsx?layout=cross",
        terms=f"{address}/terms",
        explain=f"{address}/explain",
        layouts=f"{address}/layouts",
        data=f"{rest_url}/data/provisionagreement/{own_agency}/{own_id}/{own_version}/*",
        structure=f"{rest_url}/structure/dataflow/{agency}/{resource}/{version}?references=all",
        submissions=f"{base_url}/api/submissions",
    )
