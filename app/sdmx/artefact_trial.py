"""Whether an artefact has the shape that SDMX gives its class: every format can show it.

Most classes are kept as they came and never decoded. What no writer could write would fail all
who ask for it later, so it is tried before it is stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from app.errors import InvalidArtefactError
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import UNEXPECTED, Artefact
from app.sdmx.localisation import Localiser
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_writers import shows_any, write_structure_message
from app.sdmx.negotiation import LanguageChoice
from app.sdmx.offers import STRUCTURE_OFFERS, V1_STRUCTURE_OFFERS
from app.sdmx.urn import parse_urn

_HEADER: Final = MessageHeader("TRIAL", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
_OFFERS: Final = tuple(
    {
        (offer.name, offer.version): offer for offer in (*STRUCTURE_OFFERS, *V1_STRUCTURE_OFFERS)
    }.values()
)
_REFERENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "Dataflow": {"structure": "DataStructure"},
    "Metadataflow": {"structure": "MetadataStructure"},
    "ProvisionAgreement": {"dataflow": "Dataflow", "dataProvider": "DataProvider"},
    "MetadataProvisionAgreement": {
        "metadataflow": "Metadataflow",
        "metadataProvider": "MetadataProvider",
    },
}
"""What each property refers to, by the class that has it."""


def check_shape(artefact: Artefact, after: ArtefactSet) -> None:
    """Write an artefact in every format of structures.

    Args:
        artefact: what is to be stored; metadata sets have a check of their own.
        after: the registry with it.

    Raises:
        InvalidArtefactError: some format cannot hold it because a part has another shape.
    """
    if artefact.artefact_class is METADATA_SET:
        return
    _check_references(artefact)
    shown = [Localiser(LanguageChoice(("en",))).localise(artefact)]
    for offer in _OFFERS:
        try:
            if shows_any(offer, shown):
                write_structure_message(offer, shown, _HEADER, base_url="", registry=after)
        except UNEXPECTED as error:
            raise InvalidArtefactError(
                f"{artefact}: a part does not have the shape that SDMX gives it; {offer.name} "
                f"{offer.version} cannot show it ({type(error).__name__}: {error!s:.200}).",
                f"{artefact}: una parte no tiene la forma que SDMX le da; {offer.name} "
                f"{offer.version} no la puede mostrar ({type(error).__name__}: {error!s:.200}).",
                urn=artefact.urn,
            ) from None


def _check_references(artefact: Artefact) -> None:
    for key, wanted in _REFERENCES.get(artefact.artefact_class.name, {}).items():
        reference = artefact.document.get(key)
        if reference is None:
            continue
        if not isinstance(reference, str) or parse_urn(reference).class_name != wanted:
            raise InvalidArtefactError(
                f"{artefact}, /{key}: it is not the URN of a {wanted}.",
                f"{artefact}, /{key}: no es el URN de un {wanted}.",
                urn=artefact.urn,
                path=f"/{key}",
            )
