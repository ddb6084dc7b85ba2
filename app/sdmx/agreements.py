"""What the store needs of dataflows and provision agreements, taken from their artefacts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.room_rules import room_rule
from app.sdmx.rooms import OPEN, RoomRule
from app.sdmx.structures import Dataflow, DataStructure, ProvisionAgreement, decode
from app.sdmx.terms_sets import TermSets


@dataclass(frozen=True, slots=True)
class AgreementTerms:
    """A provision agreement as the store keeps it.

    Attributes:
        urn: URN of the agreement.
        dataflow: URN of the one dataflow version it is bound to.
        provider: id of the data provider.
        precedence: of two agreements that hold the same key the higher is shown.
        readers: organisations that may read what is withheld, beside the provider.
        fixed_attributes: attributes with one value for all its data.
        expires: its last day, after which data wait and readers see no more than the public.
        rooms: what it withholds from the public.
    """

    urn: str
    dataflow: str
    provider: str
    precedence: int
    readers: tuple[str, ...]
    fixed_attributes: Mapping[str, str]
    expires: dt.date | None = None
    rooms: RoomRule = OPEN

    @property
    def identity(self) -> tuple[str, str]:
        """What stays when its terms get a new version: the agreement itself, and its dataflow."""
        return self.urn.partition("(")[0], self.dataflow


def dataflow_dimensions(artefacts: ArtefactSet) -> dict[str, tuple[str, ...]]:
    """The dimensions of each dataflow by its URN: in DSD order, without the time dimension."""
    found: dict[str, tuple[str, ...]] = {}
    for artefact in _held(artefacts, "Dataflow"):
        dataflow = decode(artefact, Dataflow)
        structure = artefacts.resolve(dataflow.structure)
        if structure is not None and not structure.is_external:
            found[artefact.urn] = dataflow.dimension_ids(decode(structure, DataStructure))
    return found


def agreement_terms(artefacts: ArtefactSet) -> list[AgreementTerms]:
    """The terms of every provision agreement whose dataflow has dimensions here.

    Of several versions for one dataflow the latest holds.
    """
    known, sets = dataflow_dimensions(artefacts), TermSets(artefacts)
    found: dict[tuple[str, str], AgreementTerms] = {}
    listed = _held(artefacts, "ProvisionAgreement")
    for artefact in sorted(listed, key=lambda artefact: artefact.version):
        agreement = decode(artefact, ProvisionAgreement)
        dataflow = artefacts.resolve(agreement.dataflow)
        if dataflow is not None and dataflow.urn in known:
            agreed = sets.terms(artefact)
            terms = AgreementTerms(
                artefact.urn,
                dataflow.urn,
                agreed.provider,
                agreed.precedence,
                agreed.readers,
                agreed.fixed_attributes,
                agreed.expiry,
                room_rule(agreed, artefacts, dataflow.urn),
            )
            found[terms.identity] = terms
    return list(found.values())


def _held(artefacts: ArtefactSet, name: str) -> list[Artefact]:
    return [artefact for artefact in artefacts.of_class(name) if not artefact.is_external]
