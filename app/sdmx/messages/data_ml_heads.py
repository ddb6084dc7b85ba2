"""What the header of an SDMX-ML data message says of its structures, as the message is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.sdmx.findings import UnreadableError
from app.sdmx.messages.data_reading import StructureKind
from app.sdmx.messages.structure_names import kind_of_urn

TIME_SERIES: Final = "TIME_PERIOD"
MOST_STRUCTURES: Final = 1000

_REFERENCES: Final[Mapping[str, StructureKind]] = {
    "StructureUsage": "dataflow",
    "Structure": "datastructure",
    "ProvisionAgreement": "dataprovision",
    "ProvisionAgrement": "dataprovision",  # as SDMX 2.1 has it
}
_CLASSES: Final[Mapping[str, StructureKind]] = {
    "Dataflow": "dataflow",
    "DataStructure": "datastructure",
    "ProvisionAgreement": "dataprovision",
}


@dataclass(slots=True)
class Named:
    """A structure of the header.

    Attributes:
        reference: what it is, and `AGENCY:ID(VERSION)`.
        along: the dimension at the observation.
    """

    id: str
    namespace: str
    along: str
    reference: tuple[StructureKind, str] | None = None

    @property
    def best(self) -> tuple[StructureKind, str] | None:
        """What names the structure best.

        An agreement in the namespace says more than the dataflow of the reference, as messages of
        2.1 have it, where references to agreements are misspelt by the standard.
        """
        by_namespace = kind_of_urn(self.namespace.partition(":ObsLevelDim:")[0])
        if by_namespace is not None and by_namespace[0] == "dataprovision":
            return by_namespace
        return self.reference or by_namespace


class MlHead:
    """Takes the elements of a header.

    Attributes:
        structures: by their ids.
        action: of the datasets that have none of their own.
    """

    def __init__(self) -> None:
        self.structures: dict[str, Named] = {}
        self.action = ""
        self._now: Named | None = None
        self._kind: StructureKind | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> bool:
        """An element begins; whether its text is to be told."""
        if name == "Structure" and "structureID" in attributes:
            along = attributes.get("dimensionAtObservation", TIME_SERIES)
            self._now = Named(attributes["structureID"], attributes.get("namespace", ""), along)
            self.structures[self._now.id] = self._now
            if len(self.structures) > MOST_STRUCTURES:
                found = str(len(self.structures))
                raise UnreadableError("datasets", value=found, allowed=str(MOST_STRUCTURES))
            return False
        if self._now is not None and self._kind is None and name in _REFERENCES:
            self._kind = _REFERENCES[name]
            return True
        if self._now is not None and name == "Ref" and {"id", "agencyID"} <= attributes.keys():
            kind = _CLASSES.get(attributes.get("class", ""), self._kind or "dataflow")
            version = attributes.get("version", "1.0")
            self._now.reference = kind, f"{attributes['agencyID']}:{attributes['id']}({version})"
        return name in {"URN", "DataSetAction"}

    def end(self, name: str, text: str) -> None:
        """An element ends; its text, where that was asked for."""
        if name == "DataSetAction":
            self.action = text.strip()
        elif name == "Structure" and self._kind is None:
            self._now = None
        elif self._now is not None and (name == "URN" or name in _REFERENCES):
            self._now.reference = kind_of_urn(text) or self._now.reference
            if name in _REFERENCES:
                self._kind = None

    def structure(self, reference: str | None, namespace: str | None) -> Named:
        """The structure of a dataset, by what it refers to or by the namespace of its type.

        Raises:
            UnreadableError: there is none.
        """
        named = self.structures.get(reference or "")
        if named is None and namespace:
            same = [one for one in self.structures.values() if one.namespace == namespace]
            named = same[0] if same else Named("", namespace, _along(namespace))
        if named is None and len(self.structures) == 1:
            named = next(iter(self.structures.values()))
        if named is None or named.best is None:
            raise UnreadableError("no-structure", place=(reference or namespace or "DataSet")[:200])
        return named


def _along(namespace: str) -> str:
    return namespace.partition(":ObsLevelDim:")[2] or TIME_SERIES
