"""Structure maps and representation maps, decoded from their documents."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, Literal

import msgspec

from app.sdmx.structures import StructurePart

MAP_RULE: Final = "MAP_RULE"
"""The type of annotations that say how a map is run."""

SAME_KEY: Final = "SAME_KEY"
"""The id of the annotation that says what becomes of two source rows on one target key."""


class MappedValue(StructurePart, frozen=True, kw_only=True):
    """What a source value is compared with."""

    value: str
    is_reg_ex: bool = False
    start_index: int | None = None
    end_index: int | None = None


class RepresentationMapping(StructurePart, frozen=True, kw_only=True):
    """Source values, and the target values that they become."""

    source_values: tuple[MappedValue, ...]
    target_values: tuple[str, ...] = ()
    valid_from: str | None = None
    valid_to: str | None = None

    @property
    def is_limited(self) -> bool:
        """Whether it holds for some periods only."""
        return self.valid_from is not None or self.valid_to is not None


class RepresentationSide(StructurePart, frozen=True, kw_only=True):
    """One source or target of a representation map."""

    codelist: str | None = None
    data_type: str | None = None


class RepresentationMap(StructurePart, frozen=True, kw_only=True):
    """A representation map."""

    source: tuple[RepresentationSide, ...] = ()
    target: tuple[RepresentationSide, ...] = ()
    representation_mappings: tuple[RepresentationMapping, ...] = ()


class ComponentMap(StructurePart, frozen=True, kw_only=True):
    """Source components to target components."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    representation_map: str | None = None


class FixedValueMap(StructurePart, frozen=True, kw_only=True):
    """A constant of a source or target component."""

    source: str | None = None
    target: str | None = None
    values: tuple[str, ...] = ()


class MappedPair(StructurePart, frozen=True, kw_only=True):
    """A source component and a target component of a date map."""

    source: str
    target: str


ResolvePeriod = Literal["startOfPeriod", "endOfPeriod", "midPeriod"]


class DateMap(StructurePart, frozen=True, kw_only=True):
    """What both kinds of date maps have."""

    mapped_components: tuple[MappedPair, ...]
    frequency_dimension: str | None = None
    mapped_frequencies: tuple[str, ...] = ()
    target_frequency_id: str | None = msgspec.field(default=None, name="targetFrequencyID")
    resolve_period: ResolvePeriod = "endOfPeriod"


class DatePatternMap(DateMap, frozen=True, kw_only=True):
    """Texts of a pattern to time periods."""

    source_pattern: str
    locale: str


class EpochMap(DateMap, frozen=True, kw_only=True):
    """Numbers of spans since a period to time periods."""

    base_period: str
    epoch_period: Literal["nanosecond", "microsecond", "millisecond", "second", "day"]


class FrequencyFormatMapping(StructurePart, frozen=True, kw_only=True):
    """How time periods of a frequency are written."""

    id: str = ""
    frequency_id: str
    date_pattern: str


class StructureMap(StructurePart, frozen=True, kw_only=True):
    """A structure map."""

    source: str
    target: str
    component_maps: tuple[ComponentMap, ...] = ()
    fixed_value_maps: tuple[FixedValueMap, ...] = ()
    date_pattern_maps: tuple[DatePatternMap, ...] = ()
    epoch_maps: tuple[EpochMap, ...] = ()
    frequency_format_mappings: tuple[FrequencyFormatMapping, ...] = ()
    annotations: tuple[dict[str, Any], ...] = ()
    valid_from: str | None = None
    valid_to: str | None = None

    @property
    def same_key(self) -> str | None:
        """What becomes of two source rows on one target key; nothing: they are an error."""
        for annotation in self.annotations:
            if annotation.get("type") == MAP_RULE and annotation.get("id") == SAME_KEY:
                return str(annotation.get("title", ""))
        return None

    def holds_on(self, day: dt.date) -> bool:
        """Whether a day is within its validity."""
        text = day.isoformat()
        return (self.valid_from or "")[:10] <= text <= (self.valid_to or "9999-12-31")[:10]
