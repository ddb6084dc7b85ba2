"""Reading a metadata message of any format, told by its first bytes."""

from __future__ import annotations

from app.sdmx.artefacts import Artefact
from app.sdmx.messages import metadata_json, metadata_ml
from app.sdmx.messages.structure_readers import is_xml


def read_metadata_message(body: bytes) -> list[Artefact]:
    """Read the metadata sets of a metadata message, in the form of SDMX-JSON 2.1.

    Raises:
        MessageError: it is no metadata message in a format that is read.
        InvalidArtefactError: a set has no identification, or something that does not belong there.
    """
    if is_xml(body):
        return metadata_ml.read_metadata_sets(body)
    return metadata_json.read_metadata_sets(body)


def is_metadata_message(body: bytes) -> bool:
    """Whether a message that may also be one of structures is one of metadata.

    Raises:
        MessageError: it is XML that is not read at all.
    """
    if is_xml(body):
        return metadata_ml.is_metadata_message(body)
    return b'"metadataSets"' in body and metadata_json.has_metadata_sets(body)
