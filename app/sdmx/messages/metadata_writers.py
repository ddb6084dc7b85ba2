"""The writer of each format of metadata messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.messages import metadata_csv, metadata_json, metadata_ml, metadata_ml_2_1
from app.sdmx.messages.data_csv_writer import Labels
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.negotiation import LanguageChoice, Representation


def write_metadata_message(
    representation: Representation,
    sets: Sequence[Artefact],
    header: MessageHeader,
    *,
    artefacts: ArtefactSet,
    languages: LanguageChoice,
    base_url: str,
) -> bytes:
    """Write a metadata message in the format that was negotiated.

    Args:
        representation: format, version and parameters.
        sets: the metadata sets, localised.
        header: what the message says of itself.
        artefacts: what the sets refer to.
        languages: for the names that some formats show.
        base_url: address of the service, for links.
    """
    version = representation.version
    if representation.format == "csv":
        return metadata_csv.write_metadata_sets(
            sets,
            version=version,
            labels=cast(Labels, representation.labels),
            languages=languages,
            artefacts=artefacts,
        )
    address = base_url + "/sdmx/v2"
    if representation.format == "genericmetadata":
        return metadata_ml_2_1.write_metadata_sets(sets, header, artefacts=artefacts)
    if representation.format == "xml":
        ml_version = cast(metadata_ml.MlVersion, version)
        return metadata_ml.write_metadata_sets(
            sets, header, version=ml_version, address=address, artefacts=artefacts
        )
    return metadata_json.write_metadata_sets(sets, header, version=version, address=address)
