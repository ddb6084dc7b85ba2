"""Whether an artefact has the shape that SDMX gives its class: every format can show it.

Most classes are kept as they came and never decoded. What no writer could write would fail all
who ask for it later, so it is tried before it is stored.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from app.errors import InvalidArtefactError
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.localisation import Localiser
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_writers import shows_any, write_structure_message
from app.sdmx.negotiation import LanguageChoice
from app.sdmx.offers import STRUCTURE_OFFERS, V1_STRUCTURE_OFFERS

_HEADER: Final = MessageHeader("TRIAL", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
_OFFERS: Final = tuple(
    {
        (offer.name, offer.version): offer for offer in (*STRUCTURE_OFFERS, *V1_STRUCTURE_OFFERS)
    }.values()
)
# What code meets in a document of another shape than it expects.
_MISSHAPEN: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_REFERENCES: Final = ("structure", "dataflow", "dataProvider", "metadataflow", "metadataProvider")


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
    for key in _REFERENCES:
        if not isinstance(artefact.document.get(key, ""), str):
            raise InvalidArtefactError(
                f"{artefact}, /{key}: it is not a URN.",
                f"{artefact}, /{key}: no es un URN.",
                urn=artefact.urn,
                path=f"/{key}",
            )
    for offer in _OFFERS:
        try:
            shown = [Localiser(LanguageChoice(("en",))).localise(artefact)]
            if shows_any(offer, shown):
                write_structure_message(offer, shown, _HEADER, base_url="", registry=after)
        except _MISSHAPEN as error:
            raise InvalidArtefactError(
                f"{artefact}: a part does not have the shape that SDMX gives it; {offer.name} "
                f"{offer.version} cannot show it ({type(error).__name__}: {error!s:.200}).",
                f"{artefact}: una parte no tiene la forma que SDMX le da; {offer.name} "
                f"{offer.version} no la puede mostrar ({type(error).__name__}: {error!s:.200}).",
                urn=artefact.urn,
            ) from None
