"""The beginning of SDMX-ML data messages: namespaces, header, and the structures they follow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.sdmx.messages.data_message import SENDER, DataSet, Header, iso
from app.sdmx.messages.data_ml_names import dataset_namespace
from app.sdmx.messages.structure_ml_text import escape, quote
from app.sdmx.urn import parse_urn

_ADDRESS: Final = "http://www.sdmx.org/resources/sdmxml/schemas/"
_SCHEMAS: Final = {"2.1": "v2_1", "3.0.0": "v3_0", "3.1.0": "v3_1"}
_ROOTS: Final = {
    "generic": "GenericData",
    "generictimeseries": "GenericTimeSeriesData",
    "structurespecific": "StructureSpecificData",
    "structurespecifictimeseries": "StructureSpecificTimeSeriesData",
    "xml": "StructureSpecificData",
}
_PLAIN_VERSION: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_NO_NAME_SIGN: Final = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of message: the `format` of its offer, and the version of SDMX-ML."""

    format: str
    version: str

    @property
    def is_old(self) -> bool:
        """Whether it is of SDMX 2.1."""
        return self.version == "2.1"

    @property
    def is_generic(self) -> bool:
        """Whether it names components in values, not in names of XML attributes."""
        return self.format.startswith("generic")

    @property
    def is_of_time_series(self) -> bool:
        """Whether it can hold nothing but series along time."""
        return self.format.endswith("timeseries")

    @property
    def root(self) -> str:
        """The element of the message."""
        return f"message:{_ROOTS[self.format]}"


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure that datasets of the message follow."""

    id: str
    prefix: str
    dataset: DataSet
    along: str

    @property
    def namespace(self) -> str:
        """The namespace of its structure-specific data."""
        return dataset_namespace(self.dataset.urn, self.along)


def structures_of(family: Family, datasets: Sequence[DataSet]) -> dict[str, Structure]:
    """The structures of a message by what was asked for, with names that XML ids can have.

    They tell the dimension at the observation that was asked for, even where a message has no
    observations, so that it has the namespace of the schema that is asked for alike.
    """
    found: dict[str, Structure] = {}
    for dataset in datasets:
        if dataset.urn in found:
            continue
        number = len(found) + 1
        urn = parse_urn(dataset.urn)
        name = _NO_NAME_SIGN.sub("_", f"{urn.agency}_{urn.id}_{urn.version}")
        if any(name == structure.id for structure in found.values()):
            name = f"{name}_{number}"
        layout = dataset.layout
        along = layout.asked_dimension or layout.dimension_at_observation
        if family.is_of_time_series:
            along = layout.dimension_at_observation
        found[dataset.urn] = Structure(name, f"ns{number}", dataset, along)
    return found


def message_begin(family: Family, structures: Mapping[str, Structure], header: Header) -> str:
    """All that stands before the first dataset."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f"<{family.root}{''.join(_namespaces(family, structures))}>\n<message:Header>",
        f"<message:ID>{escape(header.id)}</message:ID>",
        "<message:Test>false</message:Test>",
        f"<message:Prepared>{iso(header.prepared)}</message:Prepared>",
        f'<message:Sender id="{SENDER}"/>',
        *(_structure(family, structure) for structure in structures.values()),
        *_sources(structures, header),
        "</message:Header>\n",
    ]
    return "".join(parts)


def _namespaces(family: Family, structures: Mapping[str, Structure]) -> Iterator[str]:
    base = _ADDRESS + _SCHEMAS[family.version]
    yield f' xmlns:message="{base}/message" xmlns:common="{base}/common"'
    if family.is_generic:
        yield f' xmlns:generic="{base}/data/generic"'
        return
    yield ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    yield f' xmlns:ss="{base}/data/structurespecific"'
    for structure in structures.values():
        yield f' xmlns:{structure.prefix}="{quote(structure.namespace)}"'


def _structure(family: Family, structure: Structure) -> str:
    namespace = "" if family.is_generic else f' namespace="{quote(structure.namespace)}"'
    about = f'structureID="{structure.id}"{namespace} dimensionAtObservation="{structure.along}"'
    return f"<message:Structure {about}>{_reference(family, structure)}</message:Structure>"


def _reference(family: Family, structure: Structure) -> str:
    """The structure by its URN, or as 2.1 writes references.

    For data of an agreement a message of 2.1 refers to the dataflow: the name of the element for
    agreements is misspelt in that version, and common readers refuse it under either spelling.
    The agreement is named by the namespace and by the id of the structure.
    """
    dataset = structure.dataset
    name, urn = "StructureUsage", dataset.urn
    if dataset.kind == "datastructure":
        name = "Structure"
    elif dataset.kind == "provisionagreement" and family.is_old:
        urn = dataset.layout.flow.urn
    elif dataset.kind == "provisionagreement":
        name = "ProvisionAgreement"
    if not family.is_old:
        return f"<common:{name}>{escape(urn)}</common:{name}>"
    parsed = parse_urn(urn)
    content = f"<URN>{escape(urn)}</URN>"
    if _PLAIN_VERSION.fullmatch(parsed.version):
        kind = "DataStructure" if name == "Structure" else "Dataflow"
        content = (
            f'<Ref id="{parsed.id}" version="{parsed.version}" agencyID="{parsed.agency}" '
            f'package="datastructure" class="{kind}"/>'
        )
    return f"<common:{name}>{content}</common:{name}>"


def _sources(structures: Mapping[str, Structure], header: Header) -> Iterator[str]:
    """The names of what was asked for, in the languages of the client.

    Where one was asked for alone: a source belongs to the whole message.
    """
    if len(structures) != 1:
        return
    names = next(iter(structures.values())).dataset.names
    choice = header.languages
    asked = names if choice.every else choice.told
    shown = {language: names[language] for language in asked if language in names}
    if not shown:
        shown = dict(item for item in names.items() if item[1] == choice.pick(names))
    for language, text in shown.items():
        yield f'<message:Source xml:lang="{quote(language)}">{escape(text)}</message:Source>'
