"""Writing SDMX-ML 2.1 generic metadata messages.

Metadata sets of 2.1 are no artefacts: they have no version, and name what they are about in
reports, one for each target. The ids of report and target are those that the metadata structures
of `app.sdmx.model_2_1` have. Targets that 2.1 has no class for are left out, and so are sets that
have no other. Structure-specific metadata of 2.1 are not written: their types are those of a
schema that would have to be made for each metadata structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml_2_1_parts import ANNOTATIONS, write_reference
from app.sdmx.messages.structure_ml_message import write_header
from app.sdmx.messages.structure_ml_text import escape, quote
from app.sdmx.metadata_sets import value_text
from app.sdmx.metadata_structures import provider_of, structure_of
from app.sdmx.model_2_1_components import METADATA_TARGET, REPORT, TARGET_OBJECT
from app.sdmx.model_2_1_references import References, urn_2_1

_ADDRESS: Final = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
_NAMES: Final = {"mes": "message", "gen": "metadata/generic", "com": "common"}
_ATTRIBUTES: Final = {
    "reportingBegin": "reportingBeginDate",
    "reportingEnd": "reportingEndDate",
    "validFrom": "validFromDate",
    "validTo": "validToDate",
    "publicationYear": "publicationYear",
    "publicationPeriod": "publicationPeriod",
}


def write_metadata_sets(
    sets: Iterable[Artefact], header: MessageHeader, *, artefacts: ArtefactSet
) -> bytes:
    """Write a metadata message.

    Args:
        sets: the metadata sets, localised.
        header: what the message says of itself.
        artefacts: what the sets refer to.
    """
    references = References(artefacts)
    listed = [(one, structure_of(artefacts, one.document)) for one in sets]
    structures = dict.fromkeys(held.urn for _, held in listed if held is not None)
    ids = {urn: f"MSD{number}" for number, urn in enumerate(structures, 1)}
    named = "".join(
        f'<mes:Structure structureID="{name}">{write_reference("com:Structure", urn)}'
        "</mes:Structure>"
        for urn, name in ids.items()
    )
    declared = "".join(f' xmlns:{name}="{_ADDRESS}/{path}"' for name, path in _NAMES.items())
    out = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<mes:GenericMetadata{declared}>',
        write_header(header, named),
    ]
    for one, held in listed:
        targets = list(_targets(one, references, artefacts))
        if held is not None and targets:
            _write_set(one, ids[held.urn], targets, _provider(one, artefacts), out)
    out.append("</mes:GenericMetadata>")
    return "".join(out).encode()


def _targets(one: Artefact, references: References, artefacts: ArtefactSet) -> Iterator[str]:
    """What a set is about, as 2.1 names it; of a target with wildcards, all that is held."""
    for target in one.document.get("targets", ()):
        meant = [target]
        if "*" in target:
            pattern = re.compile(re.escape(target).replace(r"\*", ".*"))
            meant = [held.urn for held in artefacts if pattern.fullmatch(held.urn)]
        yield from references.translate_all(meant)


def _provider(one: Artefact, artefacts: ArtefactSet) -> str | None:
    """The metadata provider, which in 2.1 is a data provider."""
    agency, provider = provider_of(artefacts, one.agency)
    if not agency:
        return None
    return urn_2_1("DataProvider", agency, "DATA_PROVIDERS", "1.0", provider)


def _write_set(
    one: Artefact, structure: str, targets: Sequence[str], provider: str | None, out: list[str]
) -> None:
    document = one.document
    attributes = f' structureRef="{structure}" setID="{quote(one.id)}"'
    for key, name in _ATTRIBUTES.items():
        if key in document:
            attributes += f' {name}="{quote(str(document[key]))}"'
    out.append(f"<mes:MetadataSet{attributes}>")
    ANNOTATIONS.write(document, out)
    out.extend(_texts("com:Name", document.get("names") or {"en": document.get("name", one.id)}))
    if provider is not None:
        out.append(write_reference("gen:DataProvider", provider))
    for target in targets:
        out.append(
            f'<gen:Report id="{REPORT}"><gen:Target id="{METADATA_TARGET}">'
            f'<gen:ReferenceValue id="{TARGET_OBJECT}">'
            f"{write_reference('gen:ObjectReference', target)}"
            "</gen:ReferenceValue></gen:Target>"
        )
        _write_attributes(document.get("attributes", ()), out)
        out.append("</gen:Report>")
    out.append("</mes:MetadataSet>")


def _write_attributes(reported: Iterable[Document], out: list[str]) -> None:
    out.append("<gen:AttributeSet>")
    for one in reported:
        value = one.get("value")
        simple = value is not None and not isinstance(value, dict)
        shown = f' value="{quote(value_text(value))}"' if simple else ""
        out.append(f'<gen:ReportedAttribute id="{quote(one["id"])}"{shown}>')
        ANNOTATIONS.write(one, out)
        if isinstance(value, dict):
            out.extend(_texts("com:Text", value))
        if one.get("attributes"):
            _write_attributes(one["attributes"], out)
        out.append("</gen:ReportedAttribute>")
    out.append("</gen:AttributeSet>")


def _texts(name: str, texts: Mapping[str, str]) -> Iterator[str]:
    for language, text in texts.items():
        yield f'<{name} xml:lang="{quote(language)}">{escape(text)}</{name}>'
