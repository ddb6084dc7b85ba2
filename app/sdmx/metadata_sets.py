"""Metadata sets: what is reported about artefacts, in one form and checked by its structure.

The document is that of SDMX-JSON 2.1. A value that stands several times is several attributes of
one id; numbers and truth values are such in JSON, everything else is text, or text by language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.components import Component
from app.sdmx.finding_texts import spoken_type
from app.sdmx.metadata_structures import (
    Metadataflow,
    MetadataProvisionAgreement,
    MetadataSet,
    ReportedAttribute,
    ResolvedAttribute,
    flow_of,
    resolve_metadata_attributes,
    structure_of,
)
from app.sdmx.structures import decode
from app.sdmx.urn import parse_urn

DEFAULT_VERSION: Final = "1.0"
"""The version of a metadata set that names none."""

_VERSION: Final = re.compile(r"1\.0|\d+\.\d+\.\d+(-.+)?")
_WHOLE: Final = frozenset({"Integer", "Long", "Short", "Count"})
_FLOATING: Final = frozenset({"Numeric", "Float", "Double"})
_TEXTS: Final = frozenset({"String", "XHTML"})
_Finding = tuple[str, str, str]


def value_text(value: object) -> str:
    """A reported value that is not text by language, as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def normalise_metadata_set(artefact: Artefact, artefacts: ArtefactSet) -> Artefact:
    """Bring the values to the JSON types of their data types, so that formats do not differ.

    What does not suit its type stays as it is, for the check to find.
    """
    structure = structure_of(artefacts, artefact.document)
    reported = artefact.document.get("attributes")
    if structure is None or not isinstance(reported, list):
        return artefact
    known = resolve_metadata_attributes(artefacts, structure)
    normalised = _normalise(reported, {attribute.id: attribute for attribute in known})
    return artefact.with_document(artefact.document | {"attributes": normalised})


def _normalise(
    reported: Sequence[Any], known: Mapping[str, ResolvedAttribute]
) -> list[Document | Any]:
    return [
        _normalise_one(one, known[one["id"]])
        if isinstance(one, dict) and one.get("id") in known
        else one
        for one in reported
    ]


def _normalise_one(reported: Document, known: ResolvedAttribute) -> Document:
    shown = dict(reported)
    if not isinstance(shown.get("value"), (dict, list, type(None))):
        shown["value"] = _typed(value_text(shown["value"]), known.component)
    if isinstance(shown.get("attributes"), list):
        shown["attributes"] = _normalise(shown["attributes"], known.by_id)
    return shown


def _typed(text: str, component: Component) -> int | float | bool | str:
    if component.codes is not None or not component.check(text):
        return text
    if component.data_type == "Boolean":
        return text in {"true", "1"}
    if component.data_type in _WHOLE:
        return int(text) if text.lstrip("+-").isdigit() else text
    if component.data_type in _FLOATING:
        number = msgspec.json.decode(text) if _is_json_number(text) else text
        return number if isinstance(number, (int, float)) else text
    return text


def _is_json_number(text: str) -> bool:
    return re.fullmatch(r"-?(?:0|[1-9]\d{0,17})(?:\.\d+)?(?:[eE][+-]?\d{1,2})?", text) is not None


def check_metadata_set(artefact: Artefact, artefacts: ArtefactSet) -> None:
    """Check what a metadata set reports by its metadata structure.

    Raises:
        InvalidArtefactError: with the `path` in the document and the reason.
    """
    for path, en, es in _findings(artefact, artefacts):
        raise InvalidArtefactError(
            f"{artefact}, {path}: {en}.",
            f"{artefact}, {path}: {es}.",
            urn=artefact.urn,
            path=path,
        )


def _findings(artefact: Artefact, artefacts: ArtefactSet) -> Iterator[_Finding]:
    written = decode(artefact, MetadataSet)
    if not _VERSION.fullmatch(artefact.version.text):
        yield (
            "/version",
            "it must have three numbers, or be 1.0",
            "debe tener tres números, o ser 1.0",
        )
    if (written.metadataflow is None) == (written.metadata_provision_agreement is None):
        yield (
            "/metadataflow",
            "it needs a metadataflow or a metadata provision agreement, and not both",
            "necesita un flujo de metadatos o un acuerdo de metadatos, y no ambos",
        )
    if artefact.is_external:
        return
    for name, part in (("targets", written.targets), ("attributes", written.attributes)):
        if not part:
            yield f"/{name}", "there is none", "no hay ninguno"
    yield from _target_findings(artefact, written, artefacts)
    structure = structure_of(artefacts, artefact.document)
    if structure is not None:
        known = resolve_metadata_attributes(artefacts, structure)
        yield from _level_findings(written.attributes, known, "/attributes")


def _target_findings(
    artefact: Artefact, written: MetadataSet, artefacts: ArtefactSet
) -> Iterator[_Finding]:
    """Check provider and targets against what flow and agreement allow."""
    allowed: list[tuple[str, ...]] = []
    held = flow_of(artefacts, artefact.document)
    if held is not None:
        allowed.append(decode(held, Metadataflow).targets)
    named = written.metadata_provision_agreement
    agreement = None if named is None else artefacts.resolve(named)
    if agreement is not None and not agreement.is_external:
        terms = decode(agreement, MetadataProvisionAgreement)
        allowed.append(terms.targets)
        provider = parse_urn(terms.metadata_provider)
        if artefact.agency not in {f"{provider.agency}.{provider.item}", provider.item}:
            yield (
                "/agencyID",
                f"the agreement is with {provider.agency}.{provider.item}",
                f"el acuerdo es con {provider.agency}.{provider.item}",
            )
    for place, target in enumerate(written.targets):
        if not all(_is_allowed(target, patterns, artefacts) for patterns in allowed if patterns):
            yield (
                f"/targets/{place}",
                f"{target} is not among the targets of the metadataflow or agreement",
                f"{target} no está entre los objetos del flujo de metadatos o del acuerdo",
            )


def _is_allowed(target: str, patterns: Sequence[str], artefacts: ArtefactSet) -> bool:
    return any(_matches(target, pattern, artefacts) for pattern in patterns)


def _matches(target: str, pattern: str, artefacts: ArtefactSet) -> bool:
    """Whether a target is one that a pattern, its parts perhaps `*`, means."""
    if re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), target):
        return True
    if "*" in pattern or "*" in target:
        return False
    one, other = parse_urn(target), parse_urn(pattern)
    if (one.class_name, one.item) != (other.class_name, other.item):
        return False
    held = artefacts.resolve(one)
    meant = artefacts.resolve(other)
    return held is not None and meant is not None and held.urn == meant.urn


def _level_findings(
    reported: Sequence[ReportedAttribute], known: Sequence[ResolvedAttribute], path: str
) -> Iterator[_Finding]:
    by_id = {attribute.id: attribute for attribute in known}
    counted = Counter(one.id for one in reported)
    for place, one in enumerate(reported):
        where = f"{path}/{place}"
        attribute = by_id.get(one.id)
        if attribute is None:
            listed = ", ".join(by_id) or "-"
            yield (
                where,
                f"the structure has no attribute {one.id[:80]!r} here; it has {listed}",
                f"la estructura no tiene aquí un atributo {one.id[:80]!r}; tiene {listed}",
            )
            continue
        yield from _value_findings(one, attribute, f"{where}/value")
        yield from _level_findings(one.attributes, attribute.children, f"{where}/attributes")
    for attribute in known:
        count = counted[attribute.id]
        if count < attribute.min_occurs or count > (attribute.max_occurs or count):
            yield _count_finding(attribute, count, path)


def _count_finding(attribute: ResolvedAttribute, count: int, path: str) -> _Finding:
    most = "n" if attribute.max_occurs is None else attribute.max_occurs
    allowed = f"{attribute.min_occurs}..{most}"
    return (
        path,
        f"{attribute.path} is there {count} times, allowed is {allowed}",
        f"{attribute.path} aparece {count} veces, se permite {allowed}",
    )


def _value_findings(
    one: ReportedAttribute, attribute: ResolvedAttribute, path: str
) -> Iterator[_Finding]:
    component = attribute.component
    if one.value is None:
        return
    if attribute.is_presentational:
        yield path, "it only groups others, it has no value", "solo agrupa otros, no tiene valor"
        return
    if isinstance(one.value, dict):
        many = component.multilingual or component.data_type in _TEXTS
        if component.codes is not None or not many:
            yield path, "it is not text by language", "no es texto por idioma"
        texts = list(one.value.values())
    else:
        texts = [value_text(one.value)]
    for text in texts:
        if component.codes is not None:
            wrong = text not in component.code_set
            en, es = f"a code of {component.codelist}", f"un código de {component.codelist}"
        else:
            wrong = not component.check(text)
            en, es = (spoken_type(component.representation, each) for each in ("en", "es"))
        if wrong:
            yield path, f"{text[:80]!r} is not {en}", f"{text[:80]!r} no es {es}"
