"""Mirror pairs as they are declared: metadata sets of the structure `VIPMG:MSD_MIRROR_PAIR`.

A pair names two dataflows with their filters, how the dimensions of their cells match, and how
their periods do. An agency maintains its pairs as it does any metadata set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias, cast, get_args

from app.errors import InvalidArtefactError
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.components import Names, names_of
from app.sdmx.metadata_sets import value_text
from app.sdmx.metadata_structures import MetadataSet, ReportedAttribute, structure_of
from app.sdmx.structures import decode

STRUCTURE: Final = "MSD_MIRROR_PAIR"
AGENCY: Final = "VIPMG"
NATIONAL: Final = "national"
"""In the place of a provider: all of them but the compilers."""

COMPILER: Final = "INT_"
"""What the ids of data providers that compile the figures of countries begin with."""

UNIT: Final = "UNIT_MEASURE"
LONGEST_LAG: Final = 24
"""Periods by which one side may be looked at later than the other."""

TimeRule: TypeAlias = Literal["SAME", "LAG", "YEAR_CHANGE"]
SideName: TypeAlias = Literal["LEFT", "RIGHT"]

_FILTER: Final = re.compile(r"(\w+)=([\w$@\-]+(?:\+[\w$@\-]+)*)")
_MATCH: Final = re.compile(r"(\w+)=(\w+)")
_FORMULA: Final = re.compile(r"(\w+):([\w$@\-]+)=(\w+(?:[+-]\w+)*)")
_TERM: Final = re.compile(r"([+-]?)(\w+)")
_AREA: Final = re.compile(r"(LEFT|RIGHT)\.(\w+)")


class Formula(NamedTuple):
    """A code computed from others where nobody reports it: all the parts must be there."""

    dimension: str
    code: str
    parts: tuple[tuple[int, str], ...]
    text: str


class Place(NamedTuple):
    """A dimension of one of the sides."""

    side: SideName
    dimension: str


@dataclass(frozen=True, slots=True)
class PairSide:
    """One of the two views.

    Attributes:
        dataflow: its URN.
        view: what it tells, in words.
        filters: the codes that enter, by dimension.
        providers: ids of data providers, `national` for all that do not compile; none: all.
        reported_by: the dimension whose area must be that of the provider.
    """

    dataflow: str
    view: Names
    filters: Mapping[str, tuple[str, ...]]
    providers: tuple[str, ...]
    reported_by: str | None

    def takes(self, provider: str) -> bool:
        """Whether figures of a data provider enter."""
        if not self.providers:
            return True
        is_national = not provider.startswith(COMPILER)
        return provider in self.providers or (NATIONAL in self.providers and is_national)


@dataclass(frozen=True, slots=True)
class MirrorPair:
    """A mirror pair.

    Attributes:
        urn: of its metadata set.
        match: the dimension on the right for each that is named on the left.
        lag_max: the longest lag that is looked at, in periods.
        adds_over_time: whether values of several periods may be added.
        areas: the two areas of a corridor.
        formulas: codes that may be computed.
        separate: dimensions whose codes are not added up in a corridor.
        notes: by `unit`, `difficulty` and `evidence`, text by language.
    """

    urn: str
    id: str
    names: Names
    left: PairSide
    right: PairSide
    match: Mapping[str, str]
    time_rule: TimeRule
    lag_max: int
    adds_over_time: bool
    areas: tuple[Place, Place]
    formulas: tuple[Formula, ...]
    separate: frozenset[str]
    notes: Mapping[str, Names]

    @property
    def short_urn(self) -> str:
        """`AGENCY:ID(VERSION)`."""
        return self.urn.rpartition("=")[2]

    @property
    def lags(self) -> range:
        """The lags at which the sides are correlated."""
        return range(self.lag_max + 1 if self.time_rule == "LAG" else 1)


def find_pair_sets(artefacts: ArtefactSet) -> Iterator[Artefact]:
    """The latest version of each metadata set that declares a mirror pair, drafts left out."""
    for versions in artefacts.versions():
        stable = [one for one in versions.values() if not one.version.extension]
        if not stable or stable[0].artefact_class is not METADATA_SET:
            continue
        latest = max(stable, key=lambda one: one.version)
        if is_pair(latest, artefacts):
            yield latest


def is_pair(artefact: Artefact, artefacts: ArtefactSet) -> bool:
    """Whether a metadata set declares a mirror pair."""
    structure = structure_of(artefacts, artefact.document)
    return structure is not None and (structure.agency, structure.id) == (AGENCY, STRUCTURE)


def read_pair(artefact: Artefact) -> MirrorPair:
    """Read a mirror pair.

    Raises:
        InvalidArtefactError: a value is not written as it has to be; the text names it.
    """
    reported = decode(artefact, MetadataSet).attributes
    one = _Reader(artefact, reported)
    rule = one.text("TIME_RULE")
    if rule not in get_args(TimeRule):
        raise _invalid(artefact, "TIME_RULE", rule)
    lag = one.texts("LAG_MAX")
    return MirrorPair(
        artefact.urn,
        artefact.id,
        names_of(artefact.document),
        _side(artefact, reported, "LEFT"),
        _side(artefact, reported, "RIGHT"),
        {found[0]: found[1] for found in one.parsed("MATCH", _MATCH)},
        cast("TimeRule", rule),
        int(lag[0]) if lag else 0,
        "false" not in one.texts("ADDS_OVER_TIME"),
        (one.place("FIRST_AREA"), one.place("SECOND_AREA")),
        tuple(map(_formula, one.parsed("FORMULA", _FORMULA))),
        frozenset(one.texts("SEPARATE")),
        {
            name.removesuffix("_NOTE").lower(): names
            for name in ("UNIT_NOTE", "DIFFICULTY", "EVIDENCE")
            if (names := one.names(name))
        },
    )


def _side(artefact: Artefact, reported: Sequence[ReportedAttribute], name: SideName) -> PairSide:
    nested = next((attribute for attribute in reported if attribute.id == name), None)
    if nested is None:
        raise _invalid(artefact, name, "")
    one = _Reader(artefact, nested.attributes)
    filters: dict[str, tuple[str, ...]] = {}
    for dimension, codes in one.parsed("FILTER", _FILTER):
        filters[dimension] = tuple(codes.split("+"))
    by = one.texts("REPORTED_BY")
    return PairSide(
        one.text("DATAFLOW"),
        one.names("VIEW"),
        filters,
        tuple(one.texts("PROVIDER")),
        by[0] if by else None,
    )


def _formula(groups: tuple[str, ...]) -> Formula:
    dimension, code, sum_of = groups
    parts = tuple((-1 if sign == "-" else 1, part) for sign, part in _TERM.findall(sum_of))
    return Formula(dimension, code, parts, f"{dimension}:{code}={sum_of}")


class _Reader:
    """The attributes of one level, by id."""

    def __init__(self, artefact: Artefact, attributes: Sequence[ReportedAttribute]) -> None:
        self._artefact = artefact
        self._attributes = attributes

    def texts(self, name: str) -> list[str]:
        return [value_text(one.value) for one in self._attributes if one.id == name]

    def text(self, name: str) -> str:
        found = self.texts(name)
        if not found:
            raise _invalid(self._artefact, name, "")
        return found[0]

    def names(self, name: str) -> Names:
        for one in self._attributes:
            if one.id == name:
                return one.value if isinstance(one.value, dict) else {"en": value_text(one.value)}
        return {}

    def parsed(self, name: str, pattern: re.Pattern[str]) -> list[tuple[str, ...]]:
        found = []
        for text in self.texts(name):
            matched = pattern.fullmatch(text)
            if matched is None:
                raise _invalid(self._artefact, name, text)
            found.append(matched.groups())
        return found

    def place(self, name: str) -> Place:
        text = self.text(name)
        matched = _AREA.fullmatch(text)
        if matched is None:
            raise _invalid(self._artefact, name, text)
        return Place(cast("SideName", matched[1]), matched[2])


def _invalid(artefact: Artefact, name: str, text: str) -> InvalidArtefactError:
    return InvalidArtefactError(
        f"{artefact} is no mirror pair: {name} cannot be read ({text[:80]!r}).",
        f"{artefact} no es un par espejo: {name} no se puede leer ({text[:80]!r}).",
        urn=artefact.urn,
        attribute=name,
    )
