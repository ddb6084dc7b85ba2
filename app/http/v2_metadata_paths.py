"""The paths of metadata and registration queries of SDMX-REST 2.2, for OpenAPI."""

from __future__ import annotations

from typing import Final

from app.http.path_items import TEXT, TIME, Parameters, Resource, one_of
from app.sdmx.artefact_classes import ARTEFACT_TYPES
from app.sdmx.offers import METADATA_OFFERS, REGISTRATION_OFFERS
from app.sdmx.rest_v2 import CONTEXTS
from app.sdmx.rest_v2_metadata import (
    METADATA_DETAILS,
    METADATA_PARAMETERS,
    REGISTRATION_PARAMETERS,
)

_PROVIDER: Final = (
    "Who reports: `PROVIDER` or `AGENCY.PROVIDER`; several with a comma, or `*`.",
    TEXT,
    "*",
)
_AGENCY: Final = ("Maintenance agency; several with a comma, or `*`.", TEXT, "VIPMG")
_ID: Final = "Id of the artefact; several with a comma, or `*`."
_SET: Final = ("Id of the metadata set; several with a comma, or `*`.", TEXT, "*")
_VERSION: Final = ("Version, `~` for the newest, `*` for all.", TEXT, "~")
_ANY_VERSION: Final = (*_VERSION[:2], "*")
_TYPE: Final = (
    f"Type of artefact; several with a comma, or `*`: {', '.join(ARTEFACT_TYPES)}.",
    TEXT,
    "dataflow",
)
_OWN_METADATA: Final[Parameters] = {
    "detail": (
        "Whether to return what is reported, or the names of the sets alone.",
        one_of(METADATA_DETAILS, METADATA_DETAILS[0]),
    ),
}
_OWN_REGISTRATION: Final[Parameters] = {
    "updatedAfter": ("Only data published after this time.", TIME),
    "updatedBefore": ("Only data published before this time.", TIME),
}

METADATA_RESOURCES: Final = (
    Resource(
        name="metadata/metadataset",
        operation_id="getMetadataSets",
        summary="Get metadata sets",
        description="What is reported about artefacts.",
        parts={"providerID": _PROVIDER, "metadatasetID": _SET, "version": _VERSION},
        parameters=METADATA_PARAMETERS,
        offers=METADATA_OFFERS,
        own=_OWN_METADATA,
    ),
    Resource(
        name="metadata/metadataflow",
        operation_id="getMetadataByFlow",
        summary="Get metadata sets by metadataflow",
        description="What is reported to metadataflows.",
        parts={
            "flowAgencyID": _AGENCY,
            "flowID": (_ID, TEXT, "*"),
            "flowVersion": _VERSION,
            "providerRef": _PROVIDER,
        },
        parameters=METADATA_PARAMETERS,
        offers=METADATA_OFFERS,
        own=_OWN_METADATA,
    ),
    Resource(
        name="metadata/structure",
        operation_id="getMetadataByStructure",
        summary="Get metadata sets by what they are about",
        description="What is reported about artefacts of a type, agency, id and version.",
        parts={
            "artefactType": _TYPE,
            "agencyID": _AGENCY,
            "resourceID": (_ID, TEXT, "*"),
            "version": _VERSION,
        },
        parameters=METADATA_PARAMETERS,
        offers=METADATA_OFFERS,
        own=_OWN_METADATA,
    ),
    Resource(
        name="registration/id",
        operation_id="getRegistration",
        summary="Get a registration",
        description="Which data are published under an agreement, when and where.",
        parts={"registrationID": ("Id of the registration.", TEXT, "unknown")},
        parameters=(),
        offers=REGISTRATION_OFFERS,
        own={},
    ),
    Resource(
        name="registration/provider",
        operation_id="getRegistrationsByProvider",
        summary="Get registrations by data provider",
        description="Which data of providers are published, when and where.",
        parts={
            "providerAgencyID": _AGENCY,
            "providerID": ("Id of the data provider; several with a comma, or `*`.", TEXT, "*"),
        },
        parameters=REGISTRATION_PARAMETERS,
        offers=REGISTRATION_OFFERS,
        own=_OWN_REGISTRATION,
    ),
    Resource(
        name="registration",
        operation_id="getRegistrations",
        summary="Get registrations by structure",
        description="Which data are published for structures, when and where.",
        parts={
            "context": (
                "What the data are asked by, or `*`.",
                one_of((*CONTEXTS, "*")),
                "dataflow",
            ),
            "agencyID": _AGENCY,
            "resourceID": (_ID, TEXT, "*"),
            "version": _ANY_VERSION,
        },
        parameters=REGISTRATION_PARAMETERS,
        offers=REGISTRATION_OFFERS,
        own=_OWN_REGISTRATION,
    ),
)
