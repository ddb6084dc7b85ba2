"""What a POST, PUT or DELETE under `/structure` is about (sdmx-rest 2.2, doc/maintenance.md)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.errors import QuerySemanticError, QuerySyntaxError
from app.sdmx.artefact_classes import CLASSES, METADATA_SET
from app.sdmx.artefacts import Artefact
from app.sdmx.query_string import decode
from app.sdmx.urn import AGENCY_ID, ITEM_PATH, RESOURCE_ID, urn_of
from app.sdmx.version import Version

_URN_CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {entry.artefact_type: entry.urn_class for entry in (*CLASSES, METADATA_SET)}
)
_WITH_ITEMS: Final = frozenset(entry.artefact_type for entry in CLASSES if entry.is_item_scheme)
_ANY: Final = frozenset({"", "*", "all"})


@dataclass(frozen=True, slots=True)
class MaintenanceTarget:
    """The one artefact, or the item of it, that a path identifies.

    Attributes:
        artefact_type: its type, as paths write it.
        urn: its URN.
        item: the path of the item, empty for the whole artefact.
    """

    artefact_type: str
    urn: str
    item: str = ""


def parse_collection(segments: Sequence[str], types: Collection[str]) -> str:
    """Read the path of a POST: a type of artefact, or nothing for any.

    Args:
        segments: the path after the resource, still encoded.
        types: the types of artefacts that the resource has.

    Raises:
        QuerySyntaxError: it is another path.
    """
    given = [decode(segment) for segment in _without_last_slash(segments)]
    artefact_type = given[0] if given else ""
    if len(given) > 1 or (artefact_type not in _ANY and artefact_type not in types):
        raise QuerySyntaxError(
            "Send several artefacts to the path of all types or of one type, and one artefact "
            "with PUT to its own path.",
            "Envíe varios artefactos a la ruta de todos los tipos o de un tipo, y un artefacto "
            "con PUT a su propia ruta.",
        )
    return "" if artefact_type in _ANY else artefact_type


def parse_target(
    segments: Sequence[str], types: Collection[str], *, with_item: bool = False
) -> MaintenanceTarget:
    """Read the path of a PUT or DELETE: type, agency, id, version, and perhaps an item.

    Raises:
        QuerySyntaxError: the path does not identify exactly one artefact or item.
    """
    given = [decode(segment) for segment in _without_last_slash(segments)]
    if not 4 <= len(given) <= 4 + with_item:
        raise _not_one()
    artefact_type, agency, identifier, version, item = (*given, "")[:5]
    fits = (
        artefact_type in types
        and AGENCY_ID.fullmatch(agency)
        and RESOURCE_ID.fullmatch(identifier)
        and (not item or (artefact_type in _WITH_ITEMS and ITEM_PATH.fullmatch(item)))
    )
    if not fits:
        raise _not_one()
    text = Version.parse(version).text
    urn = urn_of(_URN_CLASSES[artefact_type], agency, identifier, text)
    return MaintenanceTarget(artefact_type, urn, item)


def check_types(artefacts: Sequence[Artefact], artefact_type: str) -> None:
    """Check that a message holds artefacts, and of the type of the path only.

    Raises:
        QuerySemanticError: it holds none, or one of another type.
    """
    if not artefacts:
        raise QuerySemanticError(
            "The message holds no artefact.", "El mensaje no contiene ningún artefacto."
        )
    for artefact in artefacts:
        if artefact_type and artefact.artefact_class.artefact_type != artefact_type:
            raise QuerySemanticError(
                f"{artefact} is not of the type of the address, {artefact_type}. "
                "Nothing was stored.",
                f"{artefact} no es del tipo de la dirección, {artefact_type}. No se guardó nada.",
                urn=artefact.urn,
            )


def check_target(artefacts: Sequence[Artefact], target: MaintenanceTarget) -> None:
    """Check that a message holds the one artefact that the path identifies.

    Raises:
        QuerySemanticError: it holds another, or not exactly one.
    """
    check_types(artefacts, target.artefact_type)
    if [artefact.urn for artefact in artefacts] != [target.urn]:
        found = ", ".join(artefact.urn for artefact in artefacts[:5])
        raise QuerySemanticError(
            f"The address is of {target.urn}, the message of {found}. Nothing was stored.",
            f"La dirección es de {target.urn}, el mensaje de {found}. No se guardó nada.",
            urn=target.urn,
        )


def _without_last_slash(segments: Sequence[str]) -> Sequence[str]:
    return segments[:-1] if segments and not segments[-1] else segments


def _not_one() -> QuerySyntaxError:
    return QuerySyntaxError(
        "The address must name exactly one artefact by type, agency, id and version; to delete "
        "an item of a scheme, its id too.",
        "La dirección debe nombrar exactamente un artefacto por tipo, agencia, id y versión; "
        "para eliminar un ítem de un esquema, también su id.",
    )
