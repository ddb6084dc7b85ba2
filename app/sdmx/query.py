"""Queries as objects: where the grammars of SDMX-REST 1.5 and 2.2 meet.

`app.sdmx.rest_v1` and `app.sdmx.rest_v2` parse paths and query strings into these; services
answer them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from app.sdmx.filters import ComponentFilter
from app.sdmx.version import VersionQuery

Context = Literal["datastructure", "dataflow", "provisionagreement", "*"]
SchemaContext = Literal[
    "datastructure",
    "dataflow",
    "provisionagreement",
    "metadatastructure",
    "metadataflow",
    "metadataprovisionagreement",
]


@dataclass(frozen=True, slots=True)
class StructureQuery:
    """`/structure/{type}/{agency}/{id}/{version}/{item}` with its parameters.

    An empty tuple stands for `*` (any). `items` holds item paths as written, `asked_type` the one
    type that was asked for where another name or several types took its place (1.x).
    """

    artefact_types: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    versions: tuple[VersionQuery, ...] = ()
    items: tuple[str, ...] = ()
    detail: str = "full"
    references: tuple[str, ...] = ("none",)
    as_of: dt.datetime | None = None
    asked_type: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ProviderReference:
    """A provider by its id (`*`: any) in the scheme of an agency; without an agency, of any."""

    id: str
    agency: str | None = None

    def __str__(self) -> str:
        return self.id if self.agency is None else f"{self.agency},{self.id}"

    def matches(self, agency: str, provider: str) -> bool:
        """Whether it means this provider of this agency."""
        return self.id in ("*", provider) and self.agency in (None, agency)


@dataclass(frozen=True, slots=True)
class DataSelection:
    """The part that data and availability queries share: which structures, which keys.

    `keys` holds whole keys, each a tuple of one code or None (any) per position as written;
    missing trailing positions are any. No keys: all. `filters` is by component id.

    The 1.x paths ask otherwise: `positions` holds one key with the codes of each position, none
    for any; as many as there are dimensions, or no positions for all. `providers` leaves only
    the data that one of these gives; none: all.
    """

    context: Context = "*"
    agencies: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    versions: tuple[VersionQuery, ...] = ()
    keys: tuple[tuple[str | None, ...], ...] = ()
    filters: tuple[ComponentFilter, ...] = ()
    updated_after: dt.datetime | None = None
    reporting_year_start_day: str | None = None
    positions: tuple[tuple[str, ...], ...] = ()
    providers: tuple[ProviderReference, ...] = ()


@dataclass(frozen=True, slots=True)
class SortKey:
    """One part of `sort`: a component id, `series_key` or `*`, ascending unless told."""

    component: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class DataQuery:
    """A data query (sdmx-rest 2.2, doc/data.md)."""

    selection: DataSelection = field(default_factory=DataSelection)
    first_n_observations: int | None = None
    last_n_observations: int | None = None
    dimension_at_observation: str | None = None
    attributes: tuple[str, ...] = ("dsd",)
    measures: tuple[str, ...] = ("all",)
    include_history: bool = False
    offset: int = 0
    limit: int | None = None
    sort: tuple[SortKey, ...] = ()
    as_of: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class AvailabilityQuery:
    """An availability query (sdmx-rest 2.2, doc/availability.md)."""

    selection: DataSelection
    component_ids: tuple[str, ...] = ()
    mode: Literal["exact", "available"] = "exact"
    references: tuple[str, ...] = ("none",)


@dataclass(frozen=True, slots=True)
class MetadataQuery:
    """A query for metadata sets (sdmx-rest 2.2, doc/metadata.md).

    An empty tuple stands for `*` (any).

    Attributes:
        by: what `resource_ids` and `versions` name: the sets themselves, their metadataflow, or
            the artefacts that they are attached to.
        artefact_types: by structure: the types of these artefacts.
        agencies: by metadataflow and by structure: the agencies that maintain these.
        providers: by metadataset and by metadataflow: who maintains the sets.
    """

    by: Literal["metadataset", "metadataflow", "structure"] = "metadataset"
    artefact_types: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    versions: tuple[VersionQuery, ...] = ()
    providers: tuple[ProviderReference, ...] = ()
    detail: Literal["full", "allstubs"] = "full"
    as_of: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class RegistrationQuery:
    """A query for registrations of data (sdmx-rest 2.2, doc/registration.md).

    By one id, by provider, or by the structure that `context` names; what is not asked by is
    left empty. The two instants are exclusive.
    """

    registration_id: str | None = None
    provider_agencies: tuple[str, ...] = ()
    provider_ids: tuple[str, ...] = ()
    context: Context = "*"
    agencies: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    versions: tuple[VersionQuery, ...] = ()
    updated_after: dt.datetime | None = None
    updated_before: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class SchemaQuery:
    """A schema query (sdmx-rest 2.2, doc/schema.md): one artefact, named in full.

    `version` may be a query for the latest, but not for all. `deletion` asks for a schema of
    messages that delete, in which most components may be left out. `explicit_measure` is of the
    1.x paths: measures as elements of their own.
    """

    context: SchemaContext
    agency: str
    resource_id: str
    version: VersionQuery
    dimension_at_observation: str | None = None
    deletion: bool = False
    explicit_measure: bool = False
    as_of: dt.datetime | None = None
