"""The writer of each format of structure messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.messages import structure_json, structure_json_1, structure_ml, structure_ml_2_1
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.model_2_1 import has_counterpart
from app.sdmx.offers import Offer

_OF_2_1: Final = {
    ("xml", "2.1"): structure_ml_2_1.write_structures_ml,
    ("json", "1.0.0"): structure_json_1.write_structures,
}


def shows_any(offer: Offer, artefacts: Iterable[Artefact]) -> bool:
    """Whether a format can show any of these; SDMX 2.1 knows no drafts, and not every class."""
    return not is_of_2_1(offer) or any(map(has_counterpart, artefacts))


def is_of_2_1(offer: Offer) -> bool:
    """Whether a format is one of SDMX 2.1, in which data structures use no metadata attributes."""
    return (offer.format, offer.version) in _OF_2_1


def write_structure_message(
    offer: Offer,
    artefacts: Iterable[Artefact],
    header: MessageHeader,
    *,
    base_url: str,
    availability: Sequence[Mapping[str, Any]] = (),
    registry: ArtefactSet | None = None,
) -> bytes:
    """Write a structure message in the format that was negotiated.

    Args:
        offer: format and version.
        artefacts: the artefacts, in the order in which they shall stand.
        header: what the message says of itself.
        base_url: address of the service, for the links of each artefact to itself.
        availability: availability constraints as objects of SDMX-JSON 2.1.
        registry: where references lead that SDMX 2.1 cannot write as they are, and where the
            whole of a stub is; the artefacts themselves if None.
    """
    of_2_1 = _OF_2_1.get((offer.format, offer.version))
    if of_2_1 is not None:
        return of_2_1(
            artefacts,
            header,
            registry=registry,
            address=base_url + "/sdmx/v1",
            availability=availability,
        )
    address = base_url + "/sdmx/v2"
    if offer.format == "xml":
        return structure_ml.write_structures_ml(
            artefacts,
            header,
            version=cast(structure_ml.MlVersion, offer.version),
            address=address,
            availability=availability,
            registry=registry,
        )
    return structure_json.write_structures(
        artefacts,
        header,
        version=cast(structure_json.JsonVersion, offer.version),
        address=address,
        availability=availability,
    )
