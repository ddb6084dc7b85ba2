"""The paths of SDMX-REST 2.2 and 1.5 as OpenAPI describes them.

The routes themselves are catch-alls, because the grammar is read from the raw path: what the
framework would publish of them says nothing. So the paths of the standard are told here, with the
names and values that `app.sdmx` reads. Nothing of this is used to answer a request.
"""

from __future__ import annotations

from typing import Any, Final

from app.http.data_submit_replies import DATA_PATH, data_submission_path
from app.http.maintenance_paths import maintenance_paths
from app.http.path_items import TEXT, Interface, Parameters, Resource, one_of, path_item
from app.http.v1_paths import V1_RESOURCES
from app.http.v2_metadata_paths import METADATA_RESOURCES
from app.sdmx.artefact_classes import ARTEFACT_TYPES
from app.sdmx.offers import DATA_OFFERS, SCHEMA_OFFERS, STRUCTURE_OFFERS
from app.sdmx.rest_v2 import (
    AVAILABILITY_PARAMETERS,
    AVAILABILITY_REFERENCES,
    CONTEXTS,
    DATA_PARAMETERS,
    ITEM_SCHEME_TYPES,
    STRUCTURE_DETAILS,
    STRUCTURE_PARAMETERS,
    STRUCTURE_REFERENCES,
)
from app.sdmx.rest_v2_schema import SCHEMA_CONTEXTS, SCHEMA_PARAMETERS

_V2: Final = Interface("/sdmx/v2", "SDMX 2.x", empty="204")
_V1: Final = Interface("/sdmx/v1", "SDMX 1.x", empty="404")

_AGENCY: Final = ("Maintenance agency; several with a comma, or `*`.", TEXT, "VIPMG")
_RESOURCE: Final = ("Id of the artefact; several with a comma, or `*`.", TEXT, "DF_ENTRY_EXIT")
_VERSION: Final = (
    "Version (`1.0.0`, `1.0+.0`), `~` for the newest, `+` for the newest stable, `*` for all.",
    TEXT,
    "~",
)
_KEY: Final = (
    "Codes in the order of the dimensions, with a dot between; `*` or nothing stands for any "
    "code, `*` alone for all series, and a comma separates whole keys.",
    TEXT,
    "*",
)
_ITEM: Final = ("Id of an item, the path to it with dots; several with a comma, or `*`.", TEXT)
_COMPONENT: Final = ("Dimensions to tell the codes of, with a comma, or `*`.", TEXT, "*")

_DATA_CONTEXT: Final = (
    "What the data are asked by, or `*`.",
    one_of((*CONTEXTS, "*")),
    "dataflow",
)
_CONTEXT: Final = ("What the data are asked by.", one_of(CONTEXTS), "dataflow")
_ARTEFACT_TYPE: Final = (
    f"Type of artefact; several with a comma, or `*`: {', '.join(ARTEFACT_TYPES)}.",
    TEXT,
    "dataflow",
)
_ITEM_SCHEME_TYPE: Final = (
    "Type of artefact that has items, or `*`.",
    one_of((*ITEM_SCHEME_TYPES, "*")),
    "codelist",
)

_REFERENCES: Final = "Artefacts to return besides; several types with a comma"
_OWN_STRUCTURE: Final[Parameters] = {
    "detail": (
        "How much of each artefact to return.",
        one_of(STRUCTURE_DETAILS, STRUCTURE_DETAILS[0]),
    ),
    "references": (
        f"{_REFERENCES}: {', '.join(STRUCTURE_REFERENCES)}.",
        {"type": "string", "default": "none"},
    ),
}
_OWN_AVAILABILITY: Final[Parameters] = {
    "references": (
        f"{_REFERENCES}: {', '.join(AVAILABILITY_REFERENCES)}.",
        {"type": "string", "default": "none"},
    ),
}
_DATA: Final = {
    "context": _DATA_CONTEXT,
    "agencyID": _AGENCY,
    "resourceID": _RESOURCE,
    "version": _VERSION,
    "key": _KEY,
}
_STRUCTURE: Final = {
    "artefactType": _ARTEFACT_TYPE,
    "agencyID": _AGENCY,
    "resourceID": _RESOURCE,
    "version": _VERSION,
}
_ITEMS: Final = {
    "itemSchemeType": _ITEM_SCHEME_TYPE,
    "agencyID": _AGENCY,
    "resourceID": (*_RESOURCE[:2], "CL_AREA"),
    "version": _VERSION,
    "itemID": (*_ITEM, "*"),
}

_SCHEMA: Final = {
    "context": ("What the schema is about.", one_of(SCHEMA_CONTEXTS), "dataflow"),
    "agencyID": ("Maintenance agency; just one.", TEXT, "VIPMG"),
    "resourceID": ("Id of the artefact; just one.", TEXT, "DF_ENTRY_EXIT"),
    "version": ("One version, `~` for the newest, `+` for the newest stable.", TEXT, "~"),
}
_OWN_SCHEMA: Final[Parameters] = {
    "deletion": (
        "Whether the schema is for messages that delete.",
        {"type": "boolean", "default": False},
    ),
}

_V2_RESOURCES: Final = (
    Resource(
        name="data",
        operation_id="getData",
        summary="Get data",
        description="Observations, as the caller may see them.",
        parts=_DATA,
        parameters=DATA_PARAMETERS,
        offers=DATA_OFFERS,
        own={},
    ),
    Resource(
        name="availability",
        operation_id="getAvailability",
        summary="Find out which data there are",
        description="Codes of each dimension, the time range, and the number of series and values.",
        parts=_DATA | {"context": _CONTEXT, "componentID": _COMPONENT},
        parameters=AVAILABILITY_PARAMETERS,
        offers=STRUCTURE_OFFERS,
        own=_OWN_AVAILABILITY,
    ),
    Resource(
        name="structure",
        operation_id="getStructures",
        summary="Get structures",
        description="Artefacts: dataflows, code lists and others.",
        parts=_STRUCTURE,
        parameters=STRUCTURE_PARAMETERS,
        offers=STRUCTURE_OFFERS,
        own=_OWN_STRUCTURE,
    ),
    Resource(
        name="structure",
        operation_id="getItems",
        summary="Get items of a scheme",
        description="Item schemes with the items asked for.",
        parts=_ITEMS,
        parameters=STRUCTURE_PARAMETERS,
        offers=STRUCTURE_OFFERS,
        own=_OWN_STRUCTURE,
    ),
    Resource(
        name="schema",
        operation_id="getSchema",
        summary="Find out which data are valid",
        description="A schema of JSON or XML messages, or structures cut to what is allowed.",
        parts=_SCHEMA,
        parameters=SCHEMA_PARAMETERS,
        offers=SCHEMA_OFFERS,
        own=_OWN_SCHEMA,
    ),
)


def sdmx_paths() -> dict[str, Any]:
    """The path items of both interfaces."""
    paths: dict[str, Any] = dict(
        path_item(interface, resource)
        for interface, resources in (
            (_V2, _V2_RESOURCES),
            (_V2, METADATA_RESOURCES),
            (_V1, V1_RESOURCES),
        )
        for resource in resources
    )
    submission = {DATA_PATH: data_submission_path()}
    for path, operations in (maintenance_paths() | submission).items():
        paths[path] = paths.get(path, {}) | operations
    return paths
