"""What every data message is made of, whatever its format: header, datasets, series.

A writer is a small machine that is fed: `begin`, then for each dataset `begin_dataset`, batches
of series by `write`, `end_dataset`; at last `end`. It gives bytes back at each step and holds
no observations.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from app.sdmx.flow import ALL_DIMENSIONS, Component, Flow, Names
from app.sdmx.negotiation import LanguageChoice
from app.sdmx.series import Document
from app.sdmx.slices import Key

SENDER: Final = "VIPMG"

StructureKind: TypeAlias = Literal["dataflow", "datastructure", "provisionagreement"]
DataSetAction: TypeAlias = Literal["Replace", "Merge", "Delete", "Information"]


@dataclass(frozen=True)
class Layout:
    """Which components of a flow a message shows, and how.

    Attributes:
        dimension_at_observation: `TIME_PERIOD`, another dimension, or `AllDimensions`.
        observations: whether observations are shown; else only series and what is above them.
        one_source: whether all data come from one agreement, so that attributes above the
            series have one value at their own level.
        asked_dimension: what was asked for at the observation, where no observations are shown
            and so `dimension_at_observation` is another.
    """

    flow: Flow
    measures: tuple[Component, ...]
    attributes: tuple[Component, ...]
    dimension_at_observation: str
    observations: bool
    one_source: bool
    asked_dimension: str = ""

    @cached_property
    def is_flat(self) -> bool:
        """Whether observations stand alone, without series."""
        return self.dimension_at_observation == ALL_DIMENSIONS

    @cached_property
    def is_section(self) -> bool:
        """Whether another dimension than time runs along the observations of a series."""
        time = self.flow.time
        return not self.is_flat and (time is None or self.dimension_at_observation != time.id)

    @cached_property
    def key_dimensions(self) -> tuple[Component, ...]:
        """The dimensions of the keys of series as they come: whole where none is observed."""
        return self.series_dimensions if self.observations else self.flow.dimensions

    @cached_property
    def observation_dimension(self) -> Component | None:
        """The dimension along the observations of a series; none in the flat layout."""
        if self.is_flat:
            return None
        return self.flow.components.get(self.dimension_at_observation)

    @cached_property
    def series_dimensions(self) -> tuple[Component, ...]:
        """The dimensions of the key of a series, in the order of its codes."""
        time = (self.flow.time,) if self.flow.time and self.is_section else ()
        others = (d for d in self.flow.dimensions if d is not self.observation_dimension)
        return (*others, *time)

    @cached_property
    def at_observation(self) -> tuple[Component, ...]:
        """Measures and attributes that stand with the observation."""
        if not self.observations:
            return ()
        if self.is_flat or self.is_section:
            return (*self.measures, *self.attributes)
        return (*self.measures, *(a for a in self.attributes if a.level == "observation"))

    @cached_property
    def at_series(self) -> tuple[Component, ...]:
        """Attributes that stand with the series."""
        if self.observations and (self.is_flat or self.is_section):
            return ()
        levels = {"series"} if self.one_source else {"series", "partial"}
        return tuple(a for a in self.attributes if a.level in levels)

    @cached_property
    def above_series(self) -> tuple[Component, ...]:
        """Attributes that stand with groups and with the dataset."""
        rest = (*self.at_observation, *self.at_series)
        return tuple(a for a in self.attributes if a not in rest and a.level != "observation")


@dataclass(frozen=True, slots=True)
class Group:
    """A group of series: its id, the codes of its dimensions, and its attributes, all by id."""

    id: str
    codes: Mapping[str, str]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class DataSet:
    """A dataset: the structure it belongs to, what it does, and when it held.

    Attributes:
        groups: what is attached to groups, where that is known before the series.
    """

    kind: StructureKind
    urn: str
    names: Names
    layout: Layout
    action: DataSetAction
    valid_from: dt.datetime | None = None
    valid_to: dt.datetime | None = None
    groups: tuple[Group, ...] = ()

    @property
    def short_urn(self) -> str:
        """`AGENCY:ID(VERSION)`."""
        return self.urn.rpartition("=")[2]


class SeriesData(msgspec.Struct, frozen=True, gc=False):
    """A series to be written.

    Attributes:
        key: its codes; in a section (`Layout.is_section`) those of `Layout.series_dimensions`.
        document: its observations; with a Delete dataset only their time periods. In a section
            the codes of the dimension along the observations stand in the place of the periods.
        upper: values of attributes of the series and above, by component id.
    """

    key: Key
    document: Document
    upper: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """Series as they are stored, for a writer that needs no more.

    Attributes:
        rows: key (codes joined by commas), observations and attributes (documents in JSON).
        constant: values above all of them.
    """

    rows: Sequence[Iterable[str]]
    constant: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a message.

    Attributes:
        prepared: the time of the last publication that the message holds.
        languages: what the client asked for.
        told: the languages that the message says to have.
    """

    id: str
    prepared: dt.datetime
    languages: LanguageChoice
    base_url: str
    told: tuple[str, ...]


class DataWriter(Protocol):
    """Writes one data message of a format."""

    def begin(self, header: Header) -> bytes:
        """What stands before all datasets."""

    def begin_dataset(self, dataset: DataSet) -> bytes:
        """What stands before the series of a dataset."""

    def write(self, batch: Sequence[SeriesData]) -> bytes:
        """Series of the current dataset."""

    def end_dataset(self) -> bytes:
        """What stands after the series of a dataset."""

    def end(self) -> bytes:
        """What stands after all datasets."""


@runtime_checkable
class StoredWriter(DataWriter, Protocol):
    """A writer that can be given series as they are stored, which is faster."""

    def takes_stored(self, layout: Layout) -> bool:
        """Whether it can for series of this layout."""

    def write_stored(self, batch: StoredSeries) -> bytes:
        """Series of the current dataset as they are stored."""


def iso(instant: dt.datetime) -> str:
    """A date and time in UTC, to the microsecond where it has any, with `Z`."""
    return instant.astimezone(dt.UTC).replace(tzinfo=None).isoformat() + "Z"
