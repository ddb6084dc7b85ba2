"""Reading a structure message of any format, told by its first bytes."""

from __future__ import annotations

from app.sdmx.artefacts import Artefact
from app.sdmx.messages import structure_json


def read_structure_message(body: bytes) -> list[Artefact]:
    """Read the artefacts of a structure message, in the form of SDMX-JSON 2.1.

    Raises:
        MessageError: it is no structure message in a format that is read.
        InvalidArtefactError: an artefact has no identification, or a kind that is not stored.
    """
    return structure_json.read_structures(body)
