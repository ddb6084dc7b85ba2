"""The terms of agreements as they hold now, each with where it comes from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.models.agreement_terms import TermReply, TermsList, TermSource, TermsReply
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.metadata_structures import ResolvedAttribute, resolve_metadata_attributes
from app.sdmx.terms import Term, Terms
from app.sdmx.terms_sets import STRUCTURE
from app.sdmx.terms_texts import term_names
from app.sdmx.urn import names_of_artefact
from app.services.describe_agreement import agreement_id
from app.services.find_any_agreement import find_any_agreement
from app.store.catalogue import Catalogue, CatalogueCache, StoredAgreement
from app.store.pools import Pools, with_retry

Known = Mapping[str, ResolvedAttribute]


async def get_terms(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject | None,
    *,
    agreement: str = "",
    dataflow: str = "",
    language: str,
) -> TermsList:
    """The terms of an agreement, or of all agreements of a dataflow (`AGENCY:ID(VERSION)`).

    Raises:
        NotFoundError: there is no such agreement, or no agreement of such a dataflow.
    """

    async def read() -> Catalogue:
        async with pools.public.acquire() as connection:
            return await cache.current(connection)

    catalogue = await with_retry(read)
    if agreement:
        chosen = [find_any_agreement(catalogue, subject, agreement)]
    else:
        chosen = [
            a
            for a in catalogue.agreements.values()
            if dataflow in names_of_artefact(a.dataflow_urn)
        ]
    if not chosen:
        raise NotFoundError(
            f"There is no agreement of a dataflow {dataflow[:100]!r}.",
            f"No hay ningún convenio de un flujo de datos {dataflow[:100]!r}.",
        )
    known = _attributes(catalogue.snapshot.artefacts)
    today = dt.datetime.now(dt.UTC).date()
    listed = sorted(chosen, key=lambda one: one.urn)
    return TermsList(
        agreements=[_described(catalogue, one, known, today, language) for one in listed]
    )


def _attributes(artefacts: ArtefactSet) -> Known:
    """What the terms are called, by the latest structure of terms that is held."""
    held = [
        one
        for one in artefacts.of_class("MetadataStructure")
        if (one.agency, one.id) == STRUCTURE and one.stable and not one.is_external
    ]
    if not held:
        return {}
    latest = max(held, key=lambda one: one.version)
    return {one.id: one for one in resolve_metadata_attributes(artefacts, latest)}


def _described(
    catalogue: Catalogue, stored: StoredAgreement, known: Known, today: dt.date, language: str
) -> TermsReply:
    terms = catalogue.terms(stored.urn)
    order = {name: place for place, name in enumerate(known)}
    listed = sorted(terms.listed.values(), key=lambda one: (order.get(one.id, 99), one.id))
    return TermsReply(
        id=agreement_id(stored),
        agreement=stored.urn.rpartition("=")[2],
        urn=stored.urn,
        dataflow=stored.dataflow_urn.rpartition("=")[2],
        provider=stored.provider,
        state="expired" if terms.has_expired(today) else "in force",
        terms=[_term(terms, one, known.get(one.id), language) for one in listed],
    )


def _term(terms: Terms, term: Term, known: ResolvedAttribute | None, language: str) -> TermReply:
    names = term_names(term.id) if known is None else dict(known.component.names)
    codes = (known.component.codes if known is not None else None) or {}
    values = [word for value in term.values for word in str(value).split()] if codes else []
    return TermReply(
        id=term.id,
        name=names.get(language, names.get("en", term.id)),
        names=names,
        values=[value if isinstance(value, str) else dict(value) for value in term.values],
        value_names=[dict(codes[word].names) for word in values if word in codes],
        source=TermSource(
            kind="annotation" if term.source == terms.agreement else "metadataset",
            urn=term.source,
        ),
    )
