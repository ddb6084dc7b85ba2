"""What the parts of one structure say of each other: groups, relationships, levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from app.sdmx.artefact_shape import misshapen
from app.sdmx.artefacts import Artefact
from app.sdmx.series import TIME
from app.sdmx.structures import AttributeRelationship, DataStructure

_PLACE = "/dataStructureComponents"


def check_components(artefact: Artefact, structure: DataStructure) -> None:
    """Check that the components of a data structure fit together.

    Raises:
        InvalidArtefactError: there is no dimension, an id is there twice, a position too, or what
            a group, an attribute or a reported metadata attribute names is not there.
    """
    if not structure.dimensions:
        raise misshapen(artefact, "there is no dimension", "no hay ninguna dimensión", _PLACE)
    _check_ids(artefact, structure)
    positions = [one.position for one in structure.dimensions if one.position is not None]
    if len(set(positions)) < len(positions):
        raise misshapen(
            artefact,
            "two dimensions have one position",
            "dos dimensiones tienen la misma posición",
            f"{_PLACE}/dimensionList/dimensions",
        )
    dimensions = {dimension.id for dimension in structure.dimensions}
    for place, group in enumerate(structure.groups):
        path = f"{_PLACE}/groups/{place}/groupDimensions"
        _refuse_unknown(artefact, path, group.group_dimensions, dimensions)
    measures = {measure.id for measure in structure.measures}
    listed = f"{_PLACE}/attributeList/attributes"
    for place, attribute in enumerate(structure.attributes):
        path = f"{listed}/{place}/measureRelationship"
        _refuse_unknown(artefact, path, attribute.measure_relationship, measures)
    if structure.time_dimension is not None:
        dimensions.add(TIME)
    groups = {group.id for group in structure.groups}
    for path, relationship in _relationships(structure):
        _refuse_unknown(artefact, f"{path}/dimensions", relationship.dimensions or (), dimensions)
        if relationship.group is not None:
            _refuse_unknown(artefact, f"{path}/group", (relationship.group,), groups)


def _check_ids(artefact: Artefact, structure: DataStructure) -> None:
    components = (*structure.dimensions, *structure.measures, *structure.attributes)
    ids = [component.id for component in components]
    if structure.time_dimension is not None:
        ids.append(structure.time_dimension.id)
    # The schemas count groups among the components.
    ids.extend(group.id for group in structure.groups)
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    if repeated:
        names = ", ".join(repeated)
        raise misshapen(
            artefact,
            f"component ids twice: {names}",
            f"ids de componente repetidos: {names}",
            _PLACE,
        )


def _relationships(structure: DataStructure) -> Iterator[tuple[str, AttributeRelationship]]:
    listed = structure.data_structure_components.attribute_list
    own = [one.attribute_relationship for one in listed.attributes]
    reported = [one.attribute_relationship for one in listed.metadata_attribute_usages]
    for key, found in (("attributes", own), ("metadataAttributeUsages", reported)):
        for place, relationship in enumerate(found):
            yield f"{_PLACE}/attributeList/{key}/{place}/attributeRelationship", relationship


def _refuse_unknown(artefact: Artefact, path: str, named: Iterable[str], known: set[str]) -> None:
    for name in named:
        if name not in known:
            raise misshapen(artefact, f"there is no {name!r}", f"no existe {name!r}", path)


def check_ids_of_parts(artefact: Artefact) -> None:
    """Check that the codes and levels of a hierarchy, and the steps of a process, have own ids.

    Raises:
        InvalidArtefactError: an id is there twice.
    """
    for key, is_path in _PARTS.get(artefact.artefact_class.name, ()):
        ids = list(_ids(artefact.document, key, "" if is_path else None))
        repeated = next((one for place, one in enumerate(ids) if one in ids[:place]), None)
        if repeated is not None:
            raise misshapen(
                artefact,
                f"{repeated!r} is there twice",
                f"{repeated!r} aparece dos veces",
                f"/{key}",
            )


_PARTS: Final[Mapping[str, Sequence[tuple[str, bool]]]] = {
    "Hierarchy": (("hierarchicalCodes", False), ("level", False)),
    "Process": (("processSteps", True),),
}
"""The parts by class, and whether their ids tell them apart only among those beside them."""


def _ids(part: Mapping[str, Any], key: str, path: str | None) -> Iterator[str]:
    below = part.get(key, ())
    for one in [below] if isinstance(below, dict) else below:
        where = one["id"] if path is None else f"{path}.{one['id']}".lstrip(".")
        yield where
        yield from _ids(one, key, path if path is None else where)
