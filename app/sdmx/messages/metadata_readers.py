"""Reading a metadata message of any format, told by its first bytes."""

from __future__ import annotations

from app.sdmx.artefacts import Artefact
from app.sdmx.messages import metadata_json


def read_metadata_message(body: bytes) -> list[Artefact]:
    """Read the metadata sets of a metadata message, in the form of SDMX-JSON 2.1.

    Raises:
        MessageError: it is no metadata message in a format that is read.
        InvalidArtefactError: a set has no identification.
    """
    return metadata_json.read_metadata_sets(body)


def is_metadata_message(body: bytes) -> bool:
    """Whether a message that may also be one of structures is one of metadata."""
    return b'"metadataSets"' in body and metadata_json.has_metadata_sets(body)
