"""The structures that data messages name by a URN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.sdmx.messages.data_reading import StructureKind

_PREFIX: Final = "urn:sdmx:org.sdmx.infomodel."
_KINDS: Final[Mapping[str, StructureKind]] = {
    "datastructure.Dataflow": "dataflow",
    "datastructure.DataflowDefinition": "dataflow",
    "datastructure.DataStructure": "datastructure",
    "datastructure.DataStructureDefinition": "datastructure",
    "registry.ProvisionAgreement": "dataprovision",
}


def kind_of_urn(urn: str) -> tuple[StructureKind, str] | None:
    """What a URN names, and `AGENCY:ID(VERSION)`; nothing where data cannot belong to it."""
    name, equals, identity = urn.strip().partition("=")
    kind = _KINDS.get(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else None
    return (kind, identity) if kind and equals and identity else None
