"""Reading a structure message of any format, told by its first bytes."""

from __future__ import annotations

from typing import Final

from app.errors import MessageError
from app.sdmx.artefacts import Artefact
from app.sdmx.messages import structure_json, structure_json_1, structure_ml, structure_ml_2_1
from app.sdmx.messages.structure_ml_message import find_root

# XML begins with `<`, after blanks or the mark of its encoding.
_XML: Final = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")


def read_structure_message(body: bytes) -> list[Artefact]:
    """Read the artefacts of a structure message, in the form of SDMX-JSON 2.1.

    Constraints that tell what data there are (of the type or role Actual, or of availability) are
    among them, though no registry stores them: `artefact_checks.is_computed` tells which they are.

    Raises:
        MessageError: it is no structure message in a format that is read.
        InvalidArtefactError: an artefact has no identification, or a kind that is not stored.
    """
    if is_xml(body):
        root = find_root(body)
        if root == structure_ml_2_1.DIALECT.root:
            return structure_ml_2_1.read_structures_ml(body)
        if root in structure_ml.ROOTS:
            return structure_ml.read_structures_ml(body)
        raise MessageError(
            f"This is not a structure message of SDMX-ML 3.1, 3.0 or 2.1: it begins with {root}.",
            f"Esto no es un mensaje de estructura de SDMX-ML 3.1, 3.0 o 2.1: empieza con {root}.",
        )
    message = structure_json.load_message(body)
    if structure_json_1.is_1_0(message):
        return structure_json_1.read_structures(message)
    return structure_json.read_message(message)


def is_xml(body: bytes) -> bool:
    """Whether a message is XML, as far as its first bytes tell."""
    return body[:64].lstrip().startswith(_XML)
