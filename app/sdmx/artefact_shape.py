"""Whether an artefact has the shape that SDMX 3.1 gives its class: the members and their kinds.

The tables of SDMX-ML 3.1 are the one description of each class: they drive its reader and its
writer, and what is to be stored is held to them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.errors import InvalidArtefactError
from app.sdmx.artefacts import Artefact
from app.sdmx.messages.structure_ml import DEMANDED, DIALECTS
from app.sdmx.messages.structure_ml_table import Misshapen, Shape

_SHAPES: Final[Mapping[str, Shape]] = {
    collection.key: collection.shape for collection in DIALECTS["3.1.0"].collections
}


def check_members(artefact: Artefact) -> None:
    """Hold an artefact to the table of its class; metadata sets have a check of their own.

    A reference to what is kept elsewhere need not have the parts of its class, but for the few
    that the schemas demand of it too.

    Raises:
        InvalidArtefactError: a part is missing, unknown, or not of its kind; `path` says which.
    """
    shape = _SHAPES.get(artefact.artefact_class.collection)
    if shape is None:
        return
    try:
        shape.check(artefact.document, is_whole=not artefact.is_external)
        if artefact.is_external:
            _check_demanded(artefact)
    except Misshapen as found:
        raise misshapen(artefact, found.en, found.es, found.path) from None
    except RecursionError:
        raise misshapen(artefact, "it is nested too deep", "está anidado demasiado hondo") from None


def misshapen(artefact: Artefact, en: str, es: str, path: str = "") -> InvalidArtefactError:
    """Make the error for a part of an artefact that is not as SDMX has it."""
    where = f"{artefact}, {path}" if path else f"{artefact}"
    return InvalidArtefactError(f"{where}: {en}.", f"{where}: {es}.", urn=artefact.urn, path=path)


def _check_demanded(artefact: Artefact) -> None:
    for key in DEMANDED.get(artefact.artefact_class.name, ()):
        if key not in artefact.document and key != "hasFormalLevels":
            raise Misshapen("it is missing", "falta", f"/{key}")
