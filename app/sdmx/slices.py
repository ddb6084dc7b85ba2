"""Which series and which observations a query asks for, once its dataflow is known.

Dimensions select whole series, by position; the time period, attributes and measures select
among the observations of each series (sdmx-rest 2.2, doc/data.md).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeAlias

from app.errors import QueryMisfitError
from app.sdmx import series
from app.sdmx.filters import (
    ComponentFilter,
    check_operators,
    codes_matching,
    is_plain_list,
    number_predicate,
    text_predicate,
    time_predicate,
)
from app.sdmx.flow import Component, Flow
from app.sdmx.query import DataSelection
from app.sdmx.series import TIME, Document
from app.sdmx.time_period import CALENDAR_YEAR, parse_time_period

Key: TypeAlias = tuple[str, ...]
PartialKey: TypeAlias = tuple[str | None, ...]
Predicate: TypeAlias = Callable[[Any], bool]

START_DAY: Final = "REPORTING_YEAR_START_DAY"
"""The attribute that tells on which day the reporting years of the data start."""

NUMBERS = frozenset(
    {"Decimal", "Float", "Double", "Numeric", "Integer", "Long", "Short", "Count", "BigInteger"}
)
"""Data types whose values are numbers."""


@dataclass(frozen=True, slots=True)
class SeriesSelection:
    """Which series: any of the keys, and within them the codes of each position.

    Attributes:
        keys: whole keys, `None` = any code; no keys: all.
        codes: by position (from 0), the codes that pass; a position that is not there is free.
        first_day: the series must reach this day or a later one, if given.
        last_day: the series must begin on this day or an earlier one, if given.
    """

    keys: tuple[PartialKey, ...] = ()
    codes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    first_day: dt.date | None = None
    last_day: dt.date | None = None

    @property
    def single_key(self) -> Key | None:
        """The key of the one series asked for, if it is one."""
        if len(self.keys) != 1 or self.codes:
            return None
        key = tuple(code for code in self.keys[0] if code is not None)
        return key if len(key) == len(self.keys[0]) else None

    @property
    def is_empty(self) -> bool:
        """Whether no series can pass."""
        return any(not codes for codes in self.codes.values())

    def without(self, position: int) -> SeriesSelection:
        """The same selection, free at one position."""
        keys = tuple(
            dict.fromkeys(
                tuple(None if place == position else code for place, code in enumerate(key))
                for key in self.keys
            )
        )
        codes = {place: kept for place, kept in self.codes.items() if place != position}
        if any(all(code is None for code in key) for key in keys):
            keys = ()
        return SeriesSelection(keys, codes, self.first_day, self.last_day)

    def may_match(self, places: Sequence[int], codes: Sequence[str]) -> bool:
        """Whether a key with these codes at these positions may pass."""
        part = dict(zip(places, codes, strict=True))
        if any(code not in self.codes.get(place, (code,)) for place, code in part.items()):
            return False
        return not self.keys or any(
            all(asked[place] in (None, code) for place, code in part.items()) for asked in self.keys
        )

    def matches(self, key: Key) -> bool:
        """Whether a key passes."""
        if any(key[place] not in codes for place, codes in self.codes.items()):
            return False
        return not self.keys or any(
            all(wanted is None or wanted == code for wanted, code in zip(asked, key, strict=True))
            for asked in self.keys
        )


@dataclass(frozen=True, slots=True)
class Slice:
    """A query's selection, compiled for one dataflow.

    Attributes:
        time: passes a time period; `None` when time is free.
        components: pass values of attributes, measures and uncoded dimensions, by component id.
        time_of: where the data say when their reporting year starts: gives `time` for such a day.
    """

    flow: Flow
    series: SeriesSelection
    time: Predicate | None
    components: Mapping[str, Predicate]
    time_of: Callable[[str], Predicate] | None = None

    @property
    def is_whole_series(self) -> bool:
        """Whether all observations of a selected series pass."""
        return self.time is None and not self.components

    def of(self, document: Document, attribute: Callable[[str], Any]) -> Document:
        """The observations of a series that pass; `attribute` gives values above them.

        It is also asked for codes of uncoded dimensions.
        """
        if self.is_whole_series:
            return document
        times = document[TIME]
        places: Iterable[int] = range(len(times))
        passes = self.time
        if self.time_of is not None and (start_day := attribute(START_DAY)) is not None:
            passes = self.time_of(start_day)
        if passes is not None:
            places = [place for place in places if passes(times[place])]
        for name, predicate in self.components.items():
            component = self.flow.components[name]
            if component.level in {"series", "partial", "dimension"}:
                if not predicate(_texts(attribute(name))):
                    return series.take(document, [])
                continue
            column = series.column(document, name)
            places = [place for place in places if predicate(_texts(column[place]))]
        chosen = list(places)
        return document if len(chosen) == len(times) else series.take(document, chosen)


def compile_slice(selection: DataSelection, flow: Flow) -> Slice:
    """Compile a selection for a dataflow.

    Raises:
        QueryMisfitError: a key has another number of positions, or a component does not exist
            (C011, C055).
    """
    start_day = selection.reporting_year_start_day or CALENDAR_YEAR
    codes: dict[int, tuple[str, ...]] = {}
    time: Predicate | None = None
    time_of: Callable[[str], Predicate] | None = None
    bounds: tuple[dt.date | None, dt.date | None] = (None, None)
    components: dict[str, Predicate] = {}
    for component_filter in selection.filters:
        component = flow.find(component_filter.component)
        if component is None:
            raise _unknown_component(component_filter.component, flow)
        if component.codes is not None or component.level == "dimension":
            check_operators(component_filter, component.codes or ())
        if component.level == "time":
            time = time_predicate(component_filter, start_day)
            if START_DAY in flow.components:
                time_of = _time_of(component_filter, selection.reporting_year_start_day)
            elif start_day == CALENDAR_YEAR:  # the stored bounds are those of calendar years
                bounds = _bounds(component_filter, start_day)
        elif component.level == "dimension" and (
            component.codes is not None or is_plain_list(component_filter) is not None
        ):
            chosen = _codes(component_filter, component)
            if chosen is not None:
                codes[flow.position[component.id]] = chosen
        elif component.codes is None and component.data_type in NUMBERS:
            components[component.id] = number_predicate(component_filter)
        else:
            components[component.id] = text_predicate(component_filter)
    count = len(flow.dimensions)
    keys = tuple(dict.fromkeys(align_key(key, count) for key in selection.keys))
    if selection.positions:
        keys = _narrow(selection.positions, count, codes)
    if any(all(code is None for code in key) for key in keys):
        keys = ()
    return Slice(flow, SeriesSelection(keys, codes, *bounds), time, components, time_of)


def first_and_last(document: Document, first: int | None, last: int | None) -> Document:
    """The first and the last observations of a series; both: the union."""
    size = series.count(document)
    if first is None and last is None:
        return document
    head = range(min(first or 0, size))
    tail = range(max(size - (last or 0), 0), size)
    places = sorted({*head, *tail})
    return document if len(places) == size else series.take(document, places)


def _time_of(component_filter: ComponentFilter, asked: str | None) -> Callable[[str], Predicate]:
    """Tests for data whose reporting year starts on a day; the query may say another for itself."""

    @lru_cache(maxsize=64)
    def under(start_day: str) -> Predicate:
        return time_predicate(component_filter, start_day, asked)

    return under


def _texts(value: Any) -> Any:  # noqa: ANN401
    """What a filter looks at: of a text in several languages, each of them."""
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        return [text for part in value for text in _as_list(_texts(part))]
    return value


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else [value]


def _codes(component_filter: ComponentFilter, component: Component) -> tuple[str, ...] | None:
    listed = is_plain_list(component_filter)
    if listed is not None:
        return tuple(dict.fromkeys(listed))
    found = codes_matching(component_filter, component.code_set)
    return None if found is None else tuple(sorted(found))


def _bounds(
    component_filter: ComponentFilter, start_day: str
) -> tuple[dt.date | None, dt.date | None]:
    """Days that every passing observation lies between, where the filter says so."""
    lows: list[dt.date | None] = []
    highs: list[dt.date | None] = []
    for alternative in component_filter.alternatives:
        low: dt.date | None = None
        high: dt.date | None = None
        for condition in alternative:
            if condition.operator not in {"eq", "ge", "gt", "le", "lt"}:
                continue
            period = parse_time_period(condition.value, start_day)
            if condition.operator in {"eq", "ge", "gt"}:
                low = max(filter(None, (low, period.start_date)))
            if condition.operator in {"eq", "le", "lt"}:
                high = min(filter(None, (high, period.end_date)))
        lows.append(low)
        highs.append(high)
    low_known = [low for low in lows if low is not None]
    high_known = [high for high in highs if high is not None]
    return (
        min(low_known) if len(low_known) == len(lows) else None,
        max(high_known) if len(high_known) == len(highs) else None,
    )


def align_key(key: PartialKey, dimension_count: int) -> PartialKey:
    """Fill a key up to the dimensions of a structure; None is any.

    Raises:
        QueryMisfitError: it has more positions than there are dimensions.
    """
    if len(key) > dimension_count:
        raise _wrong_length(len(key), dimension_count)
    return key + (None,) * (dimension_count - len(key))


def _narrow(
    positions: Sequence[tuple[str, ...]], dimension_count: int, codes: dict[int, tuple[str, ...]]
) -> tuple[PartialKey, ...]:
    """Put a key of several codes a position into `codes`; the key where each has one at most.

    So the alternatives of positions are never multiplied with each other.
    """
    if len(positions) != dimension_count:
        raise _wrong_length(len(positions), dimension_count)
    if all(len(wanted) < 2 for wanted in positions):
        return (tuple(wanted[0] if wanted else None for wanted in positions),)
    codes |= {place: wanted for place, wanted in enumerate(positions) if wanted}
    return ()


def _wrong_length(positions: int, dimensions: int) -> QueryMisfitError:
    return QueryMisfitError(
        f"Invalid number of dimensions in the key: it has {positions} positions, "
        f"the structure has {dimensions} dimensions (without time).",
        f"Número de dimensiones inválido en la clave: tiene {positions} posiciones, "
        f"la estructura tiene {dimensions} dimensiones (sin el tiempo).",
        positions=positions,
        dimensions=dimensions,
    )


def _unknown_component(name: str, flow: Flow) -> QueryMisfitError:
    known = ", ".join(flow.data_components)
    return QueryMisfitError(
        f"{name[:64]} is no component of {flow.short_urn}; its components: {known}.",
        f"{name[:64]} no es un componente de {flow.short_urn}; sus componentes: {known}.",
    )
