"""Reading a structure message of any format, told by its first bytes."""

from __future__ import annotations

from typing import Final

from app.sdmx.artefacts import Artefact
from app.sdmx.messages import structure_json, structure_ml

# XML begins with `<`, after blanks or the mark of its encoding.
_XML: Final = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")


def read_structure_message(body: bytes) -> list[Artefact]:
    """Read the artefacts of a structure message, in the form of SDMX-JSON 2.1.

    Raises:
        MessageError: it is no structure message in a format that is read.
        InvalidArtefactError: an artefact has no identification, or a kind that is not stored.
    """
    if body[:64].lstrip().startswith(_XML):
        return structure_ml.read_structures_ml(body)
    return structure_json.read_structures(body)
