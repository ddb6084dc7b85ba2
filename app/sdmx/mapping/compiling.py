"""Compiling a structure map: what cannot run is refused, with the part that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.components import Component
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.mapping.compiled import SUM, CompiledMap
from app.sdmx.mapping.date_maps import DateTable, epoch_table, pattern_table
from app.sdmx.mapping.documents import (
    ComponentMap,
    DateMap,
    FixedValueMap,
    RepresentationMap,
    StructureMap,
)
from app.sdmx.mapping.matching import PatternRoom
from app.sdmx.mapping.representation import ValueTable
from app.sdmx.mapping.source_figures import figures_of
from app.sdmx.mapping.steps import Copy, Dates, Expected, Fixed, Step, Table
from app.sdmx.structures import decode

_WITH_DATA: Final = frozenset({"DataStructure", "Dataflow"})
_Document = TypeVar("_Document", bound=DateMap)


def compile_map(
    artefacts: ArtefactSet,
    artefact: Artefact,
    *,
    finds_collisions: bool = False,
) -> CompiledMap:
    """Make a structure map ready to run.

    Args:
        artefacts: the registry, with all that the map rests on.
        artefact: the map.
        finds_collisions: whether two source rows on one target key are to be found while it
            runs; takes memory for each row.

    Raises:
        InvalidArtefactError: it cannot run; the message says which part of it.
    """
    with _named(artefact):
        compiler = _Compiler(artefacts, artefact, decode(artefact, StructureMap))
        compiler.check_key()
        return compiler.compiled(finds_collisions=finds_collisions)


def check_map_runs(artefacts: ArtefactSet, artefact: Artefact) -> None:
    """See that each part of a structure map can run.

    One that leaves parts of the target key open is unfinished: it is kept, but never run. In a
    finished one all constants of coded targets have to be codes.

    Raises:
        InvalidArtefactError: a part cannot run.
    """
    with _named(artefact):
        compiler = _Compiler(artefacts, artefact, decode(artefact, StructureMap))
        if not compiler.open_parts:
            compiler.check_codes()


@contextmanager
def _named(artefact: Artefact) -> Iterator[None]:
    """Errors with the map that they are about."""
    try:
        yield
    except InvalidArtefactError as error:
        raise InvalidArtefactError(
            f"{artefact}: {error.text['en']}", f"{artefact}: {error.text['es']}", urn=artefact.urn
        ) from error


class _Compiler:
    """Compiles one map.

    Attributes:
        open_parts: dimensions of the target that nothing leads to.
    """

    def __init__(self, artefacts: ArtefactSet, artefact: Artefact, document: StructureMap) -> None:
        self._artefacts = artefacts
        self._artefact = artefact
        self._document = document
        self._room = PatternRoom()
        self._source = self._flow(document.source)
        self._target = self._flow(document.target)
        if document.same_key not in (None, SUM):
            raise InvalidArtefactError(
                f"SAME_KEY {str(document.same_key)[:40]!r} is no rule; there is {SUM}.",
                f"SAME_KEY {str(document.same_key)[:40]!r} no es una regla; existe {SUM}.",
            )
        self._steps = self._ordered()
        filled = self._filled()
        time = (self._target.time,) if self._target.time else ()
        key = (*self._target.dimensions, *time)
        self.open_parts = [one.id for one in key if one.id not in filled]

    def compiled(self, *, finds_collisions: bool) -> CompiledMap:
        """The map, ready to run."""
        figures = figures_of(self._source, self._target, self._steps)
        return CompiledMap(
            self._artefact.urn,
            self._source.urn,
            self._target.urn,
            self._source,
            self._target,
            self._steps if figures is None else (*self._steps, figures),
            self._document.same_key,
            finds_collisions,
        )

    def check_key(self) -> None:
        """See that no part of the target key is left open."""
        if self.open_parts:
            named = ", ".join(self.open_parts)
            raise InvalidArtefactError(
                f"Nothing leads to {named} of {self._target.short_urn}.",
                f"Nada lleva a {named} de {self._target.short_urn}.",
            )

    def check_codes(self) -> None:
        """See that constants of coded targets are codes."""
        for step in self._steps:
            for place, name in enumerate(step.targets):
                component = self._target.components[name]
                if isinstance(step, Fixed):
                    _check_codes(component, step.values)
                elif isinstance(step, Table):
                    _check_codes(component, step.table.constants(place))

    def _ordered(self) -> tuple[Step, ...]:
        """The steps in the order in which they depend on each other."""
        dates = list(self._dates())
        first = {name for step in dates for name in _frequencies(step)}
        first |= {self._target.time.id} if self._target.time else set()
        others = [*self._fixed(), *self._components(first)]
        before = [step for step in others if not isinstance(step, Table) or not step.time]
        after = [step for step in others if isinstance(step, Table) and step.time]
        return (*before, *dates, *after)

    def _filled(self) -> set[str]:
        """The target components that are filled, each once."""
        filled: set[str] = set()
        for step in self._steps:
            for name in step.targets:
                if name in filled:
                    raise InvalidArtefactError(
                        f"{name} is mapped twice.", f"{name} está mapeado dos veces."
                    )
                filled.add(name)
        return filled

    def _flow(self, reference: str) -> Flow:
        artefact = self._artefacts.resolve(reference)
        if artefact is None or artefact.is_external:
            raise InvalidArtefactError(
                f"{reference} is not held here.", f"{reference} no está aquí."
            )
        if artefact.artefact_class.name not in _WITH_DATA:
            raise InvalidArtefactError(
                f"{reference} has no data: a map that is run leads from dataflow or data "
                "structure to dataflow or data structure.",
                f"{reference} no tiene datos: un mapa que se ejecuta va de un flujo o estructura "
                "de datos a otro.",
            )
        return resolve_flow(self._artefacts, artefact.urn)

    def _component(self, flow: Flow, name: str) -> Component:
        found = flow.find(name)
        if found is None:
            raise InvalidArtefactError(
                f"{flow.short_urn} has no component {name!r}.",
                f"{flow.short_urn} no tiene el componente {name!r}.",
            )
        return found

    def _fixed(self) -> Iterator[Step]:
        for one in self._document.fixed_value_maps:
            if one.source is not None:
                component = self._component(self._source, one.source)
                yield Expected(component.id, frozenset(one.values))
            else:
                yield self._constant(one)

    def _constant(self, one: FixedValueMap) -> Fixed:
        component = self._component(self._target, one.target or "")
        if not one.values or (len(one.values) > 1 and not component.is_multi_valued):
            raise InvalidArtefactError(
                f"The fixed value of {component.id} is one value.",
                f"El valor fijo de {component.id} es un solo valor.",
            )
        return Fixed(component.id, one.values)

    def _components(self, first: set[str]) -> Iterator[Step]:
        """Component maps; those of periods and frequencies run before there are periods."""
        for one in self._document.component_maps:
            sources = tuple(self._component(self._source, name).id for name in one.source)
            targets = tuple(self._component(self._target, name) for name in one.target)
            ids = tuple(component.id for component in targets)
            if one.representation_map is None:
                yield from self._copies(sources, ids)
                continue
            table = self._table(one, len(sources), len(targets))
            early = not first.isdisjoint(ids) or not table.is_limited
            time = self._target.time
            words = self._words(sources[0]) if len(sources) == 1 else {}
            timed = "" if early or time is None else time.id
            yield Table(sources, ids, table, timed, words, _of_key(targets, table))

    def _words(self, source: str) -> dict[str, str]:
        """What the codes of a source component are called, by each of their names."""
        codes = (self._source.components[source].codes or {}).values()
        return {name: code.id for code in codes for name in code.names.values()}

    def _copies(self, sources: tuple[str, ...], targets: tuple[str, ...]) -> Iterator[Step]:
        if len(sources) != len(targets):
            raise InvalidArtefactError(
                f"{', '.join(sources)} cannot be copied to {', '.join(targets)}: without a "
                "RepresentationMap each goes to one.",
                f"{', '.join(sources)} no se pueden copiar a {', '.join(targets)}: sin "
                "RepresentationMap cada uno va a uno.",
            )
        for source, target in zip(sources, targets, strict=True):
            yield Copy(source, target)

    def _table(self, one: ComponentMap, sources: int, targets: int) -> ValueTable:
        reference = one.representation_map or ""
        artefact = self._artefacts.resolve(reference)
        if artefact is None or artefact.is_external:
            raise InvalidArtefactError(
                f"{reference} is not held here.", f"{reference} no está aquí."
            )
        document = decode(artefact, RepresentationMap)
        name = artefact.urn.rpartition("=")[2]
        return ValueTable(document, name, sources, targets, self._room)

    def _dates(self) -> Iterator[Dates]:
        """Date maps; those of one source and target together, in their order."""
        tables: dict[tuple[str, str], list[DateTable]] = {}
        formats = self._document.frequency_format_mappings
        self._add(tables, self._document.date_pattern_maps, lambda one: pattern_table(one, formats))
        self._add(tables, self._document.epoch_maps, lambda one: epoch_table(one, formats))
        for (source, target), listed in tables.items():
            yield Dates(source, target, tuple(listed))

    def _add(
        self,
        tables: dict[tuple[str, str], list[DateTable]],
        documents: Iterable[_Document],
        make: Callable[[_Document], DateTable],
    ) -> None:
        for one in documents:
            table = make(one)
            name = table.frequency_component
            if name is not None and self._target.find(name) is None:
                self._component(self._source, name)
            for pair in one.mapped_components:
                source = self._component(self._source, pair.source).id
                target = self._component(self._target, pair.target).id
                tables.setdefault((source, target), []).append(table)


def _of_key(targets: Iterable[Component], table: ValueTable) -> tuple[int, ...]:
    """The places of dimensions that a table does not mean to leave empty."""
    return tuple(
        place
        for place, component in enumerate(targets)
        if component.level in {"dimension", "time"} and "" not in table.constants(place)
    )


def _frequencies(step: Dates) -> Iterator[str]:
    for table in step.tables:
        if table.frequency_component is not None:
            yield table.frequency_component


def _check_codes(component: Component, values: Iterable[str]) -> None:
    if component.codes is None:
        return
    for value in values:
        if value and value not in component.code_set:
            listed = (component.codelist or "").rpartition("=")[2]
            raise InvalidArtefactError(
                f"{value[:80]!r} is no code of {component.id} ({listed}).",
                f"{value[:80]!r} no es un código de {component.id} ({listed}).",
            )
