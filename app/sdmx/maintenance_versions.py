"""Which part of a semantic version must rise for a change (SDMX 3.1 section 6, versioning).

Texts, annotations, links and the order of items may change with a patch. What is added needs a
minor version; what is taken away, and a reference that leads elsewhere, needs a major one. Where
a part rises, the lower ones begin at 0 again. A new
dimension changes every key, so it needs a major version too, unless the structure is evolving.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any, Final

from app.errors import ConflictError
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefacts import Artefact
from app.sdmx.urn import PREFIX
from app.sdmx.version import Version


class Level(IntEnum):
    """The part of a version that must rise."""

    PATCH = 1
    MINOR = 2
    MAJOR = 3


_IMMATERIAL: Final = frozenset(
    {
        "annotations",
        "description",
        "descriptions",
        "evolvingStructure",
        "isExternalReference",
        "links",
        "name",
        "names",
        "validFrom",
        "validTo",
        "version",
    }
)


def check_version_rule(new: Artefact, others: Iterable[Artefact]) -> None:
    """Check a new stable version against the nearest lower stable one of the same artefact.

    Args:
        new: the artefact that is to be added; drafts and other forms of versions are free, and
            so are metadata sets, whose reports say something else each time.
        others: the other versions of the artefact.

    Raises:
        ConflictError: a higher part of the version should have risen.
    """
    if not new.stable or new.is_external or new.artefact_class is METADATA_SET:
        return
    lower = [one for one in others if one.stable and one.version < new.version]
    held = [one for one in lower if not one.is_external]
    if not held:
        return
    base = max(held, key=lambda one: one.version)
    _check_reset(base.version, new)
    level, path = needed_level(base, new)
    if level > _risen(base.version, new.version):
        part, parte = _PARTS[level]
        raise ConflictError(
            f"{new}: compared with {base.version}, {path} was changed in a way that needs a new "
            f"{part} version.",
            f"{new}: respecto a {base.version}, {path} cambió de un modo que exige una nueva "
            f"versión {parte}.",
            urn=new.urn,
            path=path,
            base=base.version.text,
            needed=part,
        )


def _check_reset(base: Version, new: Artefact) -> None:
    """Refuse a version that does not begin lower parts anew, 2.1.1 after 2.0.0.

    Whoever hands in versions one by one cannot have left out one between; those of another
    registry come by import, which does not ask.
    """
    major, minor, _ = new.version.core
    wanted = f"{major}.0.0" if major > base.core[0] else f"{major}.{minor}.0"
    if _risen(base, new.version) is not Level.PATCH and new.version.text != wanted:
        raise ConflictError(
            f"{new}: after {base} the lower parts of the version begin at 0 again: {wanted}.",
            f"{new}: después de {base} las partes menores de la versión vuelven a 0: {wanted}.",
            urn=new.urn,
            base=base.text,
            needed=wanted,
        )


_PARTS: Final = {
    Level.PATCH: ("patch", "de parche"),
    Level.MINOR: ("minor", "menor"),
    Level.MAJOR: ("major", "mayor"),
}


def needed_level(old: Artefact, new: Artefact) -> tuple[Level, str]:
    """The part of the version that must rise, and the first path that makes it so."""
    evolving = old.document.get("evolvingStructure") is True
    found = Level.PATCH, ""
    for level, path in _changes(old.document, new.document, ""):
        needed = level
        if level is Level.MINOR and not evolving and path.startswith(_DIMENSIONS):
            needed = Level.MAJOR
        if needed > found[0]:
            found = needed, path
    return found


_DIMENSIONS: Final = "/dataStructureComponents/dimensionList/dimensions/"


def _risen(before: Version, after: Version) -> Level:
    if after.core[0] > before.core[0]:
        return Level.MAJOR
    return Level.MINOR if after.core[1] > before.core[1] else Level.PATCH


def _changes(old: Any, new: Any, path: str) -> Iterator[tuple[Level, str]]:  # noqa: ANN401
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _changes_of_parts(_material(old), _material(new), path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _changes_of_parts(_numbered(old), _numbered(new), path)
        if _are_mappings(old) and _are_mappings(new) and _shadows(_by_source(old), _by_source(new)):
            yield Level.MAJOR, path
    elif old != new:
        yield Level.MAJOR if _refers(old) or _refers(new) else Level.MINOR, path


def _changes_of_parts(
    old: Mapping[str, Any], new: Mapping[str, Any], path: str
) -> Iterator[tuple[Level, str]]:
    for key in dict.fromkeys((*old, *new)):
        where = f"{path}/{key}"
        if key not in new:
            yield Level.MAJOR, where
        elif key not in old:
            yield Level.MINOR, where
        else:
            yield from _changes(old[key], new[key], where)


def _material(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in _IMMATERIAL}


def _numbered(values: list[Any]) -> dict[str, Any]:
    """The values of a list by their id; by themselves where they are texts; else by position.

    Mappings go by what they lead from: one that is put in before others changes none of them.
    """
    if values and all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in values):
        return {one["id"]: one for one in values}
    if _are_mappings(values):
        return _by_source(values)
    if all(isinstance(one, str) for one in values):
        return {one: one for one in values}
    return {str(position): one for position, one in enumerate(values)}


def _are_mappings(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(one, dict) and "sourceValues" in one for one in values)


def _shadows(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a mapping that stays stands behind a pattern now that it did not stand behind.

    Mappings are tried in their order: the pattern may take what was meant for it.
    """
    before, after = list(old), list(new)
    known = {one: place for place, one in enumerate(before)}
    for place, pattern in enumerate(after):
        if _is_pattern(new[pattern]):
            held = known.get(pattern, len(before))
            if any(known.get(one, held) < held for one in after[place + 1 :]):
                return True
    return False


def _is_pattern(mapping: Mapping[str, Any]) -> bool:
    """Whether a mapping takes more than one text: no text at all, a pattern, or a part."""
    return any(
        not isinstance(one, dict) or not one.get("value") or len(one) > 1
        for one in mapping["sourceValues"]
    )


def _by_source(mappings: list[dict[str, Any]]) -> dict[str, Any]:
    """Mappings by their source values; of several from the same ones, by which of them it is."""
    found: dict[str, Any] = {}
    for one in mappings:
        source = json.dumps(one["sourceValues"], sort_keys=True, ensure_ascii=False)
        number = sum(key.startswith(source) for key in found) if source in found else 0
        found[f"{source}{number or ''}"] = one
    return found


def _refers(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, str) and value.startswith(PREFIX)
