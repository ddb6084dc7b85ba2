"""Artefacts that strangers send: read only as far as every reader and writer can follow."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, TypeAlias

from app.errors import MessageError
from app.sdmx.artefacts import Artefact
from app.sdmx.messages.metadata_readers import is_metadata_message, read_metadata_message
from app.sdmx.messages.structure_readers import read_structure_message

MessageKind: TypeAlias = Literal["structure", "metadata"]
"""What a message holds: structures, or metadata sets."""

MAX_DEPTH: Final = 128
"""Objects and lists inside each other; a scheme nested 60 deep has as many."""

# What XML 1.0 cannot hold could not be read back in every format.
_NOT_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def read_artefacts(body: bytes, kind: MessageKind = "structure") -> list[Artefact]:
    """Read a message of any format.

    Raises:
        MessageError: it cannot be read, belongs to another address, is nested too deeply, or holds
            signs that are no text.
        InvalidArtefactError: an artefact has no identification, or a kind that is not stored.
    """
    try:
        if kind == "structure" and is_metadata_message(body):
            raise _metadata_here()
        artefacts = _READERS[kind](body)
    except RecursionError:
        raise _too_deep() from None
    for artefact in artefacts:
        _check_shape(artefact)
    return artefacts


_READERS: Final = {"structure": read_structure_message, "metadata": read_metadata_message}


def _check_shape(artefact: Artefact) -> None:
    pending: list[tuple[Any, int]] = [(artefact.document, 0)]
    while pending:
        value, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(value, dict):
            pending += ((one, depth + 1) for one in (*value.values(), *value))
        elif isinstance(value, list):
            pending += ((one, depth + 1) for one in value)
        elif isinstance(value, str) and _NOT_TEXT.search(value):
            raise MessageError(
                f"{artefact.urn[:200]!r} holds a control character, which is no text.",
                f"{artefact.urn[:200]!r} contiene un carácter de control, que no es texto.",
            )


def _metadata_here() -> MessageError:
    return MessageError(
        "This is a message of metadata sets. Send it to /sdmx/v2/metadata.",
        "Esto es un mensaje de conjuntos de metadatos. Envíelo a /sdmx/v2/metadata.",
    )


def _too_deep() -> MessageError:
    return MessageError(
        f"The message is nested more than {MAX_DEPTH} deep.",
        f"El mensaje está anidado a más de {MAX_DEPTH} niveles.",
    )
