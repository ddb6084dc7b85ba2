"""The writer of each format of structure messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from app.sdmx.artefacts import Artefact
from app.sdmx.messages import structure_json, structure_ml
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.offers import Offer


def write_structure_message(
    offer: Offer,
    artefacts: Iterable[Artefact],
    header: MessageHeader,
    *,
    base_url: str,
    availability: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """Write a structure message in the format that was negotiated.

    Args:
        offer: format and version.
        artefacts: the artefacts, in the order in which they shall stand.
        header: what the message says of itself.
        base_url: address of the service, for the links of each artefact to itself.
        availability: availability constraints as objects of SDMX-JSON 2.1.
    """
    address = base_url + "/sdmx/v2"
    if offer.format == "xml":
        return structure_ml.write_structures_ml(
            artefacts,
            header,
            version=cast(structure_ml.MlVersion, offer.version),
            address=address,
            availability=availability,
        )
    return structure_json.write_structures(
        artefacts,
        header,
        version=cast(structure_json.JsonVersion, offer.version),
        address=address,
        availability=availability,
    )
