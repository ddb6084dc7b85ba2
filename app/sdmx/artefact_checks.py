"""What every artefact must fulfil before it may be stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from app.sdmx.artefact_shape import check_members, misshapen
from app.sdmx.artefacts import Artefact, find_references
from app.sdmx.checks.terms import check_rulesets
from app.sdmx.item_schemes import walk_items
from app.sdmx.mapping.representation import check_table
from app.sdmx.metadata_structures import METADATA_CLASSES
from app.sdmx.model_2_1_constraints import ACTUAL
from app.sdmx.structure_checks import check_components, check_ids_of_parts
from app.sdmx.structures import DECODED_CLASSES, DataStructure, ProvisionAgreement, decode
from app.sdmx.terms import merged_terms
from app.sdmx.urn import AGENCY_ID, COMPONENT_ID, RESOURCE_ID

_NAMED_LIKE_COMPONENTS: Final = frozenset(
    {
        "CategoryScheme",
        "Codelist",
        "ConceptScheme",
        "GeoGridCodelist",
        "GeographicCodelist",
        "ValueList",
    }
)


def is_computed(artefact: Artefact) -> bool:
    """Whether it tells what data there are, as constraints do that are Actual: nothing to store."""
    return artefact.document.get("role") == ACTUAL


def check_artefact(artefact: Artefact) -> None:
    """Check shape, identification, names, items, references and what the class demands.

    Raises:
        InvalidArtefactError: with the artefact, the `path` in it and the reason.
    """
    for path, en, es in _findings(artefact):
        raise misshapen(artefact, en, es, path)
    check_members(artefact)
    check_ids_of_parts(artefact)
    for _ in find_references(artefact):
        pass
    name = artefact.artefact_class.name
    if name == "RulesetScheme" and not artefact.is_external:
        check_rulesets(artefact)
    kind = DECODED_CLASSES.get(name) or METADATA_CLASSES.get(name)
    if name == "RepresentationMap" and not artefact.is_external:
        check_table(artefact)
    # A shell, whose whole is kept elsewhere, need not have the parts of its class.
    if kind is not None and not artefact.is_external:
        decoded = decode(artefact, kind)
        if isinstance(decoded, DataStructure):
            check_components(artefact, decoded)
        elif isinstance(decoded, ProvisionAgreement):
            merged_terms(artefact.urn, decoded.provider_id, decoded.terms, {}, "").check()


_Finding = tuple[str, str, str]


def _findings(artefact: Artefact) -> Iterator[_Finding]:
    if is_computed(artefact):
        yield (
            "/role",
            "a constraint that tells what data there are is computed, not stored",
            "una restricción que dice qué datos hay se calcula, no se guarda",
        )
    yield from _identification_findings(artefact)
    yield from _name_findings(artefact.document, "")
    if artefact.document.get("isPartialLanguage") is True:
        yield (
            "/isPartialLanguage",
            "an artefact is stored in all its languages, some were left out of this one",
            "un artefacto se guarda en todos sus idiomas, a este le faltan algunos",
        )
    malformed = next(_malformed_items(artefact), None)
    if malformed is not None:
        yield malformed
        return
    yield from _item_findings(artefact)


def _identification_findings(artefact: Artefact) -> Iterator[_Finding]:
    scheme = artefact.artefact_class
    if not AGENCY_ID.fullmatch(artefact.agency):
        yield "/agencyID", f"{artefact.agency!r} is no id", f"{artefact.agency!r} no es un id"
    named_like_components = scheme.name in _NAMED_LIKE_COMPONENTS
    pattern = COMPONENT_ID if named_like_components else RESOURCE_ID
    if not pattern.fullmatch(artefact.id):
        yield "/id", f"{artefact.id!r} is no id", f"{artefact.id!r} no es un id"
    if scheme.fixed_id and artefact.id != scheme.fixed_id:
        yield (
            "/id",
            f"it must be {scheme.fixed_id}, not {artefact.id}",
            f"debe ser {scheme.fixed_id}, no {artefact.id}",
        )
    if scheme.unversioned and artefact.version.text != "1.0":
        yield (
            "/version",
            f"it must be 1.0, not {artefact.version}",
            f"debe ser 1.0, no {artefact.version}",
        )


def _name_findings(part: dict[str, Any], path: str) -> Iterator[_Finding]:
    name, names = part.get("name"), part.get("names", {})
    if not isinstance(name, str) or not name.strip():
        yield f"{path}/name", "a name is missing", "falta un nombre"
    if not isinstance(names, dict) or not all(isinstance(text, str) for text in names.values()):
        yield (
            f"{path}/names",
            "names must be texts by language",
            "los nombres deben ser textos por idioma",
        )


def _malformed_items(artefact: Artefact) -> Iterator[_Finding]:
    """Find items that are no list of objects, so that all others can be walked."""
    key = artefact.artefact_class.items
    pending = [(f"/{key}", artefact.document.get(key, []))] if key else []
    while pending:
        path, items = pending.pop()
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            yield path, "it is not a list of objects", "no es una lista de objetos"
        elif artefact.artefact_class.nested:
            pending.extend((f"{path}/{n}/{key}", item.get(key, [])) for n, item in enumerate(items))


def _item_findings(artefact: Artefact) -> Iterator[_Finding]:
    scheme = artefact.artefact_class
    seen: set[str] = set()
    is_value_list = scheme.name == "ValueList"
    for path, item in walk_items(artefact):
        where = f"/{scheme.items}/{path}"
        identifier = item.get("id")
        if not isinstance(identifier, str) or not (
            is_value_list or RESOURCE_ID.fullmatch(identifier)
        ):
            yield where, f"{identifier!r} is no id", f"{identifier!r} no es un id"
        if path in seen:
            yield where, "the id is there twice", "el id aparece dos veces"
        seen.add(path)
        if not is_value_list:
            yield from _name_findings(item, where)
    yield from _parent_findings(artefact, seen)


def _parent_findings(artefact: Artefact, ids: set[str]) -> Iterator[_Finding]:
    above = {path: item.get("parent") for path, item in walk_items(artefact)}
    # A parent that is not here may come from a list that this one extends.
    is_whole = not artefact.document.get("codelistExtensions")
    rooted: set[Any] = {None}
    for path, parent in above.items():
        where = f"/{artefact.artefact_class.items}/{path}/parent"
        if parent is not None and not isinstance(parent, str):
            yield where, f"{parent!r} is no id", f"{parent!r} no es un id"
            return
        if is_whole and parent is not None and parent not in ids:
            yield where, f"there is no {parent!r}", f"no existe {parent!r}"
        chain: dict[Any, None] = {}
        found: Any = path
        while found not in rooted and found not in chain:
            chain[found] = None
            found = above.get(found)
        if found in chain:
            yield where, f"{found!r} is above itself", f"{found!r} está por encima de sí mismo"
            return
        rooted.update(chain)
