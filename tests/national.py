"""A country's own words beside the structures of `tests.structures`: its lists, flow and maps.

`TST:NAT(1.0.0)` is what the directorate writes: `fecha`, `grupo`, `pais`, `personas`, `nota`. Its
map leads to `TST:DF_RET(1.0.0)`, of FREQ.REF_AREA.SEX.AGE with time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.messages.data_reading import Batch, Column, Form
from tests.artefact_samples import artefact, codelist, component, item, urn
from tests.structures import CRI, SLV, agreement, attribute, network, of_type, structure

NATIONAL = "TST:NAT(1.0.0)"
SHARED = "TST:DF_RET(1.0.0)"

GROUPS = {"Hombres": "M Y18", "Mujeres": "F Y18", "Niños": "M Y0T17", "Niñas": "F Y0T17"}


def text(value: str, **more: Any) -> dict[str, Any]:
    """A source value."""
    return {"value": value, **more}


def pattern(value: str, **more: Any) -> dict[str, Any]:
    """A source value that is a regular expression."""
    return {"value": value, "isRegEx": True, **more}


def mapping(sources: Sequence[Any], targets: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """A mapping; sources that are no objects are texts."""
    values = [one if isinstance(one, dict) else text(one) for one in sources]
    listed = {"targetValues": list(targets)} if targets else {}
    return {"sourceValues": values, **listed, **more}


def representation_map(
    resource_id: str, mappings: Sequence[dict[str, Any]], *, sources: int = 1, targets: int = 1
) -> Artefact:
    """A representation map between texts."""
    side = {"dataType": "String"}
    return artefact(
        "RepresentationMap",
        resource_id,
        source=[side] * sources,
        target=[side] * targets,
        representationMappings=list(mappings),
    )


def table_urn(resource_id: str) -> str:
    """The URN of a representation map."""
    return urn("RepresentationMap", resource_id)


def component_map(
    source: Sequence[str], target: Sequence[str], table: str | None = None
) -> dict[str, Any]:
    """A component map."""
    by = {} if table is None else {"representationMap": table_urn(table)}
    return {"source": list(source), "target": list(target), **by}


DATES: dict[str, Any] = {
    "id": "MONTHS",
    "mappedComponents": [{"source": "fecha", "target": "TIME_PERIOD"}],
    "sourcePattern": "MMMM yyyy",
    "locale": "es",
    "targetFrequencyID": "M",
}


def structure_map(resource_id: str = "SM", version: str = "1.0.0", **parts: Any) -> Artefact:
    """The map of the country; parts of it as given."""
    document: dict[str, Any] = {
        "source": urn("Dataflow", "NAT"),
        "target": urn("Dataflow", "DF_RET"),
        "componentMaps": [
            component_map(["grupo"], ["SEX", "AGE"], "RM_GROUP"),
            component_map(["pais"], ["REF_AREA"], "RM_AREA"),
            component_map(["personas"], ["OBS_VALUE"]),
            component_map(["grupo"], ["NAT_CATEGORY"]),
        ],
        "fixedValueMaps": [
            {"target": "FREQ", "values": ["M"]},
            {"target": "STATUS", "values": ["A"]},
        ],
        "datePatternMaps": [DATES],
    }
    return artefact("StructureMap", resource_id, version, **(document | parts))


GROUP_TABLE = representation_map(
    "RM_GROUP",
    [
        *(mapping([name], target.split(" ")) for name, target in GROUPS.items()),
        mapping(["Total"]),
    ],
    targets=2,
)
AREA_TABLE = representation_map(
    "RM_AREA",
    [mapping(["Costa Rica"], ["CRI"]), mapping(["El Salvador"], ["SLV"])],
)


def national() -> list[Artefact]:
    """The network of `tests.structures` with the country's own structures and its map."""
    names = ("fecha", "grupo", "pais", "personas", "nota")
    concepts = [
        item("fecha", names={"es": "Mes del informe", "en": "Month of report"}),
        *(item(name) for name in names[1:]),
    ]
    return [
        *network(),
        artefact("ConceptScheme", "CS_NAT", concepts=concepts),
        artefact("ConceptScheme", "CS_RET", concepts=[item("AGE"), item("NAT_CATEGORY")]),
        codelist("CL_AGE", "Y0T17", "Y18", "_T"),
        _national_structure(),
        _shared_structure(),
        artefact("Dataflow", "NAT", structure=urn("DataStructure", "DSD_NAT")),
        artefact("Dataflow", "DF_RET", structure=urn("DataStructure", "DSD_RET")),
        agreement("PA_RET_CRI", "DF_RET", CRI),
        agreement("PA_RET_SLV", "DF_RET", SLV, PARTIAL="ALLOWED"),
        GROUP_TABLE,
        AREA_TABLE,
        structure_map(),
    ]


def _of(scheme: str, part: dict[str, Any]) -> dict[str, Any]:
    return part | {"conceptIdentity": urn("Concept", scheme, part["id"])}


def _national_structure() -> Artefact:
    return structure(
        "DSD_NAT",
        [_of("CS_NAT", of_type(name, "String")) for name in ("fecha", "grupo", "pais")],
        [_of("CS_NAT", of_type("personas", "Decimal", usage="optional"))],
        [attribute(_of("CS_NAT", of_type("nota", "String")), {"observation": {}})],
        time_id=None,
    )


def _shared_structure() -> Artefact:
    return structure(
        "DSD_RET",
        [
            component("FREQ", urn("Codelist", "CL_FREQ")),
            component("REF_AREA", urn("Codelist", "CL_AREA")),
            component("SEX", urn("Codelist", "CL_SEX")),
            _of("CS_RET", component("AGE", urn("Codelist", "CL_AGE"))),
        ],
        [of_type("OBS_VALUE", "Decimal", usage="optional")],
        [
            attribute(component("STATUS", urn("Codelist", "CL_STATUS")), {"observation": {}}),
            attribute(_of("CS_RET", of_type("NAT_CATEGORY", "String")), {"observation": {}}),
        ],
    )


def held(*more: Artefact) -> ArtefactSet:
    """All of it as a registry, with more artefacts."""
    return ArtefactSet([*national(), *more])


def batch(header: str, *rows: str, first: int = 2, separator: str = "|", **parts: Any) -> Batch:
    """A batch of the national flow; cells stand between bars."""
    names = header.split(",")
    cells = [row.split(separator) for row in rows]
    columns = {name: [row[place] for row in cells] for place, name in enumerate(names)}
    form = parts.pop("form", None) or Form(
        {name: Column(place, name, name) for place, name in enumerate(names)}
    )
    return Batch(
        "dataflow",
        NATIONAL,
        parts.pop("action", "Merge"),
        range(first, first + len(rows)),
        columns,  # type: ignore[arg-type]
        form,
        **parts,
    )
