"""The resources of SDMX-REST 1.5, for their description by OpenAPI."""

from __future__ import annotations

from typing import Final

from app.http.path_items import TEXT, Parameters, Resource, one_of
from app.sdmx.offers import (
    V1_DATA_OFFERS,
    V1_METADATA_OFFERS,
    V1_SCHEMA_OFFERS,
    V1_STRUCTURE_OFFERS,
)
from app.sdmx.rest_v1 import (
    AVAILABILITY_PARAMETERS,
    AVAILABILITY_REFERENCES,
    DATA_DETAILS,
    DATA_PARAMETERS,
    ITEM_TYPES,
    STRUCTURE_DETAILS,
    STRUCTURE_PARAMETERS,
    STRUCTURE_REFERENCES,
    STRUCTURE_TYPES,
)
from app.sdmx.rest_v1_registry import (
    METADATA_DETAILS,
    METADATA_PARAMETERS,
    SCHEMA_CONTEXTS,
    SCHEMA_PARAMETERS,
)

_FLOW: Final = (
    "The dataflow: `FLOW`, `AGENCY,FLOW` or `AGENCY,FLOW,VERSION`.",
    TEXT,
    "VIPMG,DF_ENTRY_EXIT",
)
_KEY: Final = (
    "Codes in the order of the dimensions, with a dot between: nothing stands for any code, `+` "
    "separates several codes of a dimension. `all` is all series.",
    TEXT,
    "all",
)
_PROVIDER: Final = (
    "Who gave the data: `PROVIDER` or `AGENCY,PROVIDER`, several with `+`, or `all`.",
    TEXT,
    "all",
)
_COMPONENT: Final = ("Dimensions to tell the codes of, with `+`, or `all`.", TEXT, "all")
_AGENCY: Final = ("Maintenance agency; several with `+`, or `all`.", TEXT, "VIPMG")
_VERSION: Final = (
    "Version; several with `+`, `latest` for the newest in production, or `all`.",
    TEXT,
    "latest",
)
_ID: Final = "Id of the artefact; several with `+`, or `all`."

_DATA: Final = {"flowRef": _FLOW, "key": _KEY, "providerRef": _PROVIDER}
_STRUCTURE: Final = {
    "artefactType": ("Type of artefact; `structure` is any.", one_of(STRUCTURE_TYPES), "dataflow"),
    "agencyID": _AGENCY,
    "resourceID": (_ID, TEXT, "DF_ENTRY_EXIT"),
    "version": _VERSION,
}
_ITEMS: Final = {
    "itemSchemeType": ("Type of artefact that has items.", one_of(ITEM_TYPES), "codelist"),
    "agencyID": _AGENCY,
    "resourceID": (_ID, TEXT, "CL_AREA"),
    "version": _VERSION,
    "itemID": ("Id of an item, the path to it with dots; several with `+`.", TEXT, "CRI"),
}

_SCHEMA: Final = {
    "context": ("What the schema is of.", one_of(SCHEMA_CONTEXTS), "dataflow"),
    "agencyID": ("Maintenance agency.", TEXT, "VIPMG"),
    "resourceID": ("Id of the artefact.", TEXT, "DF_ENTRY_EXIT"),
    "version": ("Version, or `latest`.", TEXT, "latest"),
}
_METADATA: Final = {
    "flowRef": (
        "The metadataflow: `FLOW`, `AGENCY,FLOW` or `AGENCY,FLOW,VERSION`.",
        TEXT,
        "VIPMG,MDF",
    ),
    "key": ("Always `all`: metadata sets have no key.", TEXT, "all"),
    "providerRef": _PROVIDER,
}

_PERIODS: Final[Parameters] = {
    "endPeriod": ("Last period, inclusive; all forms of a time period.", TEXT),
    "startPeriod": ("First period, inclusive; all forms of a time period.", TEXT),
}
_OWN_DATA: Final[Parameters] = {
    **_PERIODS,
    "detail": (
        "What to show of the series: everything, no attributes, only keys, or no observations.",
        one_of(DATA_DETAILS, "full"),
    ),
}
_BESIDE: Final = "Artefacts to return besides."
_OWN_AVAILABILITY: Final[Parameters] = {
    **_PERIODS,
    "references": (_BESIDE, one_of(AVAILABILITY_REFERENCES, "none")),
}
_OWN_SCHEMA: Final[Parameters] = {
    "explicitMeasure": (
        "Whether cross-sectional observations are strongly typed.",
        {"type": "boolean", "default": False},
    ),
}
_OWN_METADATA: Final[Parameters] = {
    "detail": ("Whether to show what the sets report.", one_of(METADATA_DETAILS, "full")),
}
_OWN_STRUCTURE: Final[Parameters] = {
    "detail": ("How much of each artefact to return.", one_of(STRUCTURE_DETAILS, "full")),
    "references": (_BESIDE, one_of(STRUCTURE_REFERENCES, "none")),
}

V1_RESOURCES: Final = (
    Resource(
        name="data",
        operation_id="getDataV1",
        summary="Get data",
        description="Observations, as the caller may see them.",
        parts=_DATA,
        parameters=DATA_PARAMETERS,
        offers=V1_DATA_OFFERS,
        own=_OWN_DATA,
    ),
    Resource(
        name="availableconstraint",
        operation_id="getAvailabilityV1",
        summary="Find out which data there are",
        description="Codes of each dimension, the time range, and the number of series and values.",
        parts=_DATA | {"componentID": _COMPONENT},
        parameters=AVAILABILITY_PARAMETERS,
        offers=V1_STRUCTURE_OFFERS,
        own=_OWN_AVAILABILITY,
    ),
    Resource(
        name="schema",
        operation_id="getSchemaV1",
        summary="Find out which data are valid",
        description="An XML schema of messages, or the structures, as constraints leave them.",
        parts=_SCHEMA,
        parameters=SCHEMA_PARAMETERS,
        offers=V1_SCHEMA_OFFERS,
        own=_OWN_SCHEMA,
    ),
    Resource(
        name="metadata",
        operation_id="getMetadataV1",
        summary="Get reference metadata",
        description="Metadata sets of a metadataflow.",
        parts=_METADATA,
        parameters=METADATA_PARAMETERS,
        offers=V1_METADATA_OFFERS,
        own=_OWN_METADATA,
    ),
    Resource(
        name="",
        operation_id="getStructuresV1",
        summary="Get structures",
        description="Artefacts: dataflows, code lists and others.",
        parts=_STRUCTURE,
        parameters=STRUCTURE_PARAMETERS,
        offers=V1_STRUCTURE_OFFERS,
        own=_OWN_STRUCTURE,
    ),
    Resource(
        name="",
        operation_id="getItemsV1",
        summary="Get items of a scheme",
        description="Item schemes with the items asked for.",
        parts=_ITEMS,
        parameters=STRUCTURE_PARAMETERS,
        offers=V1_STRUCTURE_OFFERS,
        own=_OWN_STRUCTURE,
    ),
)
"""Data, availability, schemas, metadata, structures and their items."""
