"""Constraints in SDMX 2.1, and back (SDMX 2.1 section 2, clause 12).

A data or metadata constraint of 3.1 is a content constraint that says what is allowed; what is
available is a content constraint that says what there is, with the counts as annotations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from types import MappingProxyType
from typing import Any, Final

from app.errors import InvalidArtefactError
from app.sdmx.artefacts import Document
from app.sdmx.model_2_1_components import METADATA_TARGET, REPORT
from app.sdmx.model_2_1_references import References, from_2_1, take
from app.sdmx.urn import parse_urn

_ATTACHMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dataProvider": "dataProvider",
        "dataStructures": "dataStructures",
        "dataflows": "dataflows",
        "provisionAgreements": "provisionAgreements",
        "metadataProvider": "dataProvider",
        "metadataStructures": "metadataStructures",
        "metadataflows": "metadataflows",
        "metadataProvisionAgreements": "provisionAgreements",
    }
)
_OF_METADATA: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dataProvider": "metadataProvider",
        "metadataStructures": "metadataStructures",
        "metadataflows": "metadataflows",
        "provisionAgreements": "metadataProvisionAgreements",
    }
)
_TIME: Final = ("afterPeriod", "beforePeriod", "startPeriod", "endPeriod")
ACTUAL: Final = "Actual"
"""What a constraint is, by its type in 2.1 and its role in 3.0, that tells what data there are."""

_NOT_KEPT: Final = ("dataSet", "metadataSet", "simpleDataSource")


def data_constraint_2_1(document: Document, references: References) -> Document:
    """Write what is allowed: regions, key sets and what they are attached to."""
    regions = [_region_2_1(region) for region in document.get("cubeRegions", [])]
    key_sets = [_key_set_2_1(keys) for keys in document.get("dataKeySets", [])]
    return {
        "type": "Allowed",
        **_attachment_2_1(document, references),
        **({"cubeRegions": regions} if regions else {}),
        **({"dataKeySets": kept} if (kept := [keys for keys in key_sets if keys["keys"]]) else {}),
    }


def metadata_constraint_2_1(document: Document, references: References) -> Document:
    """Write what reports may say; the target and the report are those of every structure."""
    regions = [
        {
            "include": region.get("include", True),
            "metadataTarget": METADATA_TARGET,
            "report": REPORT,
            "attributes": [_values_2_1(part) for part in region.get("components", [])],
        }
        for region in document.get("metadataTargetRegions", [])
    ]
    return {
        "type": "Allowed",
        **_attachment_2_1(document, references),
        **({"metadataTargetRegions": regions} if regions else {}),
    }


def availability_2_1(availability: Mapping[str, Any], references: References) -> Document:
    """Write an availability constraint as a content constraint of the type Actual."""
    attached = {
        key: references.translate_all(urns) for key, urns in attachment_of(availability).items()
    }
    return {
        **head_of_available(availability),
        "isFinal": False,
        "type": ACTUAL,
        "constraintAttachment": attached,
        "cubeRegions": [_region_2_1(availability["cubeRegion"])],
    }


def head_of_available(availability: Mapping[str, Any]) -> Document:
    """Identification, name and counts of what is available, which 3.1 alone has without an id."""
    ((urn,),) = attachment_of(availability).values()
    attached = parse_urn(urn)
    counts = [
        {"id": name, "type": "sdmx_metrics", "title": str(availability[key])}
        for key, name in (("seriesCount", "series_count"), ("obsCount", "obs_count"))
        if key in availability
    ]
    annotations = [*availability.get("annotations", ()), *counts]
    return {
        "id": f"AVAILABLE_{attached.id}",
        "agencyID": attached.agency,
        "version": "1.0",
        "name": "Available data",
        "names": {"en": "Available data", "es": "Datos disponibles"},
        **({"annotations": annotations} if annotations else {}),
    }


def attachment_of(availability: Mapping[str, Any]) -> dict[str, list[str]]:
    """What an availability constraint is attached to, as a constraint of any other kind has it."""
    return {f"{key}s": [urn] for key, urn in availability["constraintAttachment"].items()}


def _attachment_2_1(document: Document, references: References) -> Document:
    attached: Document = {}
    for key, value in document.get("constraintAttachment", {}).items():
        one = isinstance(value, str)
        urns = references.translate_all([value] if one else value)
        if urns and key in _ATTACHMENTS:
            attached[_ATTACHMENTS[key]] = urns[0] if one else urns
    return {"constraintAttachment": attached} if attached else {}


def _region_2_1(region: Mapping[str, Any]) -> Document:
    keys = [_values_2_1(part) for part in region.get("keyValues", [])]
    attributes = [_values_2_1(part) for part in region.get("components", [])]
    return {
        "isIncluded": region.get("include", True),
        **({"keyValues": keys} if keys else {}),
        **({"attributes": attributes} if attributes else {}),
    }


def _values_2_1(part: Document) -> Document:
    """Write the values of a component; those whose children count too are named again."""
    shown: Document = {"id": part["id"]}
    if part.get("include", True) is not True:
        shown["include"] = False
    if "timeRange" in part:
        # That a bound belongs to the range goes without saying, but some readers want it said.
        ends = take(part["timeRange"], _TIME)
        return shown | {
            "timeRange": {key: {"isInclusive": True} | end for key, end in ends.items()}
        }
    listed = part.get("values", [])
    values = [value["value"] if isinstance(value, dict) else value for value in listed]
    cascading = [
        value["value"] for value in listed if isinstance(value, dict) and value.get("cascadeValues")
    ]
    return {
        **shown,
        **({"values": values} if values else {}),
        **({"cascadeValues": cascading} if cascading else {}),
    }


def _key_set_2_1(keys: Document) -> Document:
    single = [one for key in keys["keys"] for one in _single_keys(key)]
    return {"isIncluded": keys["isIncluded"], "keys": single}


def _single_keys(key: Document) -> Iterator[Document]:
    """Write a key with several values in a dimension as several keys with one."""
    parts = key.get("keyValues", [])
    if not parts:
        return
    for chosen in product(*(part.get("values", [part.get("value")]) for part in parts)):
        yield {
            "keyValues": [
                {"id": part["id"], "value": value}
                for part, value in zip(parts, chosen, strict=True)
            ]
        }


def split_exclusions(region: Document) -> list[Document]:
    """Say an included region whose keys exclude values by regions that are wholly one or other.

    What a region allows with `A in X and B not in Y` is what the region `A in X` allows, less
    the region `B in Y`. An excluded region with an excluded value has no such form; it is left
    out, so that nothing allowed is shown as forbidden.
    """
    parts = [(key, part) for key in ("keyValues", "attributes") for part in region.get(key, ())]
    negated = [(key, _plain(part)) for key, part in parts if part.get("include") is False]
    if not negated:
        return [region]
    if not region["isIncluded"]:
        return []
    kept: Document = {"isIncluded": True}
    for key, part in parts:
        if part.get("include") is not False:
            kept.setdefault(key, []).append(part)
    excluded = [{"isIncluded": False, key: [part]} for key, part in negated]
    return [*([kept] if len(kept) > 1 else []), *excluded]


def _plain(part: Document) -> Document:
    return {key: value for key, value in part.items() if key != "include"}


def is_of_metadata(document: Document) -> bool:
    """Whether a content constraint is one of reference metadata."""
    attachment = document.get("constraintAttachment", {})
    return bool(
        document.get("metadataTargetRegions")
        or attachment.get("metadataStructures")
        or attachment.get("metadataflows")
    )


def content_constraint_3_1(document: Document) -> Document:
    """Read a content constraint as a data constraint, or as a metadata constraint.

    Of one that says what there is only that is read: it cannot be stored.

    Raises:
        InvalidArtefactError: it is attached to data sets or sources.
    """
    name = document.get("id")
    if document.get("type", ACTUAL) != "Allowed":
        return {"role": ACTUAL}
    attachment = document.get("constraintAttachment", {})
    other = next((key for key in _NOT_KEPT if attachment.get(key)), None)
    if other is not None or document.get("metadataKeySets"):
        what = other or "metadataKeySets"
        raise InvalidArtefactError(
            f"{name}: SDMX 3.1 has no constraint with {what}.",
            f"{name}: en SDMX 3.1 no hay restricciones con {what}.",
        )
    if is_of_metadata(document):
        return _metadata_constraint_3_1(document, attachment)
    regions = _joined(document.get("cubeRegions", []), name)
    key_sets = [_key_set_3_1(keys) for keys in document.get("dataKeySets", [])]
    attached = {
        key: _from_all(value) for key, value in attachment.items() if value and key in _ATTACHMENTS
    }
    return {
        **({"constraintAttachment": attached} if attached else {}),
        **({"cubeRegions": regions} if regions else {}),
        **({"dataKeySets": key_sets} if key_sets else {}),
    }


def _metadata_constraint_3_1(document: Document, attachment: Document) -> Document:
    attached = {
        _OF_METADATA[key]: _from_all(value, of_metadata=True)
        for key, value in attachment.items()
        if value and key in _OF_METADATA
    }
    regions = [
        {
            "include": region.get("include", True),
            "components": [_values_3_1(part) for part in region.get("attributes", [])],
        }
        for region in document.get("metadataTargetRegions", [])
    ]
    return {
        **({"constraintAttachment": attached} if attached else {}),
        **({"metadataTargetRegions": regions} if regions else {}),
    }


def _from_all(value: str | list[str], *, of_metadata: bool = False) -> str | list[str]:
    if isinstance(value, list):
        return [_from_one(one, of_metadata=of_metadata) for one in value]
    return _from_one(value, of_metadata=of_metadata)


def _from_one(urn: str, *, of_metadata: bool) -> str:
    return metadata_twin(from_2_1(urn)) if of_metadata else from_2_1(urn)


def metadata_twin(urn: str) -> str:
    """The provider or agreement of reference metadata that 2.1 did not tell from one of data."""
    return (
        urn.replace("base.DataProvider=", "base.MetadataProvider=")
        .replace(":DATA_PROVIDERS(", ":METADATA_PROVIDERS(")
        .replace("registry.ProvisionAgreement=", "registry.MetadataProvisionAgreement=")
    )


def _joined(regions: Iterable[Document], name: object) -> list[Document]:
    """Read the regions; 3.1 has at most one that includes and one that excludes.

    Several regions that exclude one component each are one included region whose values exclude.
    """
    read = [_region_3_1(region) for region in regions]
    included = [region for region in read if region["include"]]
    excluded = [region for region in read if not region["include"]]
    if len(excluded) > 1 and all(_size(region) == 1 for region in excluded):
        included = included or [{"include": True}]
        for region in excluded:
            for key in ("keyValues", "components"):
                for part in region.get(key, ()):
                    included[0].setdefault(key, []).append(part | {"include": False})
        excluded = []
    if len(included) > 1 or len(excluded) > 1:
        raise InvalidArtefactError(
            f"{name}: SDMX 3.1 has one region that includes and one that excludes, not more.",
            f"{name}: en SDMX 3.1 hay una región que incluye y una que excluye, no más.",
        )
    return [*included, *excluded]


def _size(region: Document) -> int:
    return sum(len(region.get(key, ())) for key in ("keyValues", "components"))


def _region_3_1(region: Document) -> Document:
    keys = [_values_3_1(part) for part in region.get("keyValues", [])]
    attributes = [_values_3_1(part) for part in region.get("attributes", [])]
    return {
        "include": region.get("isIncluded", True),
        **({"keyValues": keys} if keys else {}),
        **({"components": attributes} if attributes else {}),
    }


def _values_3_1(part: Document) -> Document:
    read: Document = {"id": part["id"]}
    if part.get("include", True) is not True:
        read["include"] = False
    if "timeRange" in part:
        ends = take(part["timeRange"], _TIME)
        return read | {"timeRange": {key: _bound(end) for key, end in ends.items()}}
    cascading = part.get("cascadeValues", ())
    every = dict.fromkeys((*part.get("values", ()), *cascading))
    values = [
        {"value": value, "cascadeValues": True} if value in cascading else value for value in every
    ]
    return read | ({"values": values} if values else {})


def _bound(end: Document) -> Document:
    excluded = end.get("isInclusive", True) is False
    return take(end, ("period", "isInclusive") if excluded else ("period",))


def _key_set_3_1(keys: Document) -> Document:
    return {
        "isIncluded": keys["isIncluded"],
        "keys": [
            {"keyValues": [take(part, ("id", "value")) for part in key["keyValues"]]}
            for key in keys["keys"]
        ],
    }
