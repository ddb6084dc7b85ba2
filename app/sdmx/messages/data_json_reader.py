"""Reading SDMX-JSON data messages, 1.0, 2.0 and 2.1, as batches of columns.

The members of a message may come in any order, and so may those of a dataset: the structures, and
what a dataset does, are looked for in a first pass, the values are read in a second one. Neither
holds the message. Rows are the observations in their order, counted from 1; what stands above
the observations without any (attributes of groups, keys of a deletion) are rows of their own
(sdmx-json, data message field guide).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.sdmx.actions import ACTIONS, Action
from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.messages.data_cells import Cell, Forms
from app.sdmx.messages.data_json_structure import CUT, JsonStructure, Listed, read_structure
from app.sdmx.messages.data_reading import BATCH_ROWS, Batch, Location
from app.sdmx.messages.json_stream import JsonText
from app.sdmx.messages.places import Runs, Texts

MOST_DATASETS: Final = 10_000
MOST_ABOUT: Final = 1 << 25
"""Characters that all datasets together may say of themselves, before their values."""

_STREAMED: Final = frozenset({"series", "observations", "dimensionGroupAttributes"})


@dataclass(slots=True)
class _Head:
    """What a dataset says of itself."""

    structure: JsonStructure
    action: Action | None
    sent_action: str
    attributes: list[Any]
    streamed: frozenset[str]


@dataclass(slots=True)
class _Rows:
    """Rows that wait for their batch: whole observations, and rows that leave dimensions open."""

    whole: dict[str, list[Cell]] = field(default_factory=dict)
    count: int = 0
    begins: list[tuple[int, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    open: list[tuple[str, dict[str, Cell]]] = field(default_factory=list)


class JsonReader:
    """Reads one message; `reopen` gives its bytes from the beginning, each time it is called."""

    def __init__(self, reopen: Callable[[], io.RawIOBase]) -> None:
        self.findings: list[Finding] = []
        self.row_count = 0
        self._reopen = reopen
        self._root = "/data"
        self._legacy = False
        self._forms = Forms(exponents=True)
        self._heads: list[_Head] = []
        self._rows = _Rows()
        self._runs = Runs()
        self._keys = Texts()
        self._batch_rows = BATCH_ROWS

    def batches(self, batch_rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """All rows of the message, in order.

        Raises:
            UnreadableError: the stream is no SDMX-JSON data message.
        """
        self._batch_rows = batch_rows
        try:
            self._look_over(JsonText(self._reopen()))
            yield from self._read(JsonText(self._reopen(), unique=False))
        except RecursionError as error:
            raise UnreadableError("depth") from error

    def locate(self, row: int, component: str | None) -> Location:
        """The observation, or the place in its array where a component has its value."""
        run = self._runs.find(row)
        if run is None:
            return Location(row)
        _, dataset, prefix = run
        key = self._keys[row - 1] if row <= len(self._keys) else ""
        if not key:
            return Location(row, prefix)
        structure = self._heads[dataset].structure
        above = f"{self._root}/dataSets/{dataset}"
        for listed, at in (
            (structure.at_observation, f"{prefix}/{key}"),
            (structure.at_series, f"{prefix.removesuffix('/observations')}/attributes"),
            (structure.at_dataset, f"{above}/attributes"),
        ):
            for place, one in enumerate(listed):
                if one.id == component:
                    return Location(row, f"{at}/{place}")
        return Location(row, f"{prefix}/{key}")

    # -- the first pass -----------------------------------------------------------------

    def _look_over(self, text: JsonText) -> None:
        """Find the structures, and what each dataset says of itself; check the whole text."""
        found: dict[str, Any] = {}
        about: list[dict[str, Any]] = []
        if text.peek() != "{":
            text.refuse()
        for name in text.members():
            if name == "data" and text.peek() == "{":
                for inner in text.members():
                    self._note(inner, text, found, about)
            elif name in {"dataSets", "structure", "structures"}:
                self._root = ""  # the working draft has no `data`
                self._note(name, text, found, about)
            elif name in {"meta", "header"}:
                self._note_languages(text.value())
            else:
                text.skip()
        text.end()
        if "dataSets" not in found or not found.keys() & {"structure", "structures"}:
            raise UnreadableError("json-shape", place=f"{self._root}/dataSets")
        self._legacy = "structures" not in found
        self._forms.legacy = self._legacy
        self._heads = [self._head(place, one, found) for place, one in enumerate(about)]

    def _note(
        self, name: str, text: JsonText, found: dict[str, Any], about: list[dict[str, Any]]
    ) -> None:
        if name in {"structure", "structures"}:
            found[name] = text.value()
        elif name == "dataSets" and text.peek() == "[":
            found[name] = True
            size = 0
            for _ in text.items():
                if text.peek() != "{":
                    raise UnreadableError("json-shape", place=f"{self._root}/dataSets/{len(about)}")
                said: dict[str, Any] = {}
                streamed = set()
                for member in text.members():
                    if member in _STREAMED:
                        if text.skip():
                            streamed.add(member)
                        continue
                    start = text.position
                    said[member] = text.value()
                    size += text.position - start
                about.append({**said, "": frozenset(streamed)})
                if len(about) > MOST_DATASETS or size > MOST_ABOUT:
                    raise UnreadableError(
                        "datasets", value=str(len(about)), allowed=str(MOST_DATASETS)
                    )
        else:
            text.skip()

    def _note_languages(self, meta: Any) -> None:  # noqa: ANN401
        told = meta.get("contentLanguages") if isinstance(meta, dict) else None
        if isinstance(told, list) and told and isinstance(told[0], str):
            self._forms.language = told[0]

    def _head(self, place: int, said: Mapping[str, Any], found: dict[str, Any]) -> _Head:
        at = f"{self._root}/dataSets/{place}"
        if self._legacy:
            links, document, named = said.get("links"), found.get("structure"), "structure"
            structure = read_structure(document, links, legacy=True, place=f"{self._root}/{named}")
        else:
            structure = self._structure(place, said, found)
        action = said.get("action")
        sent = "" if action is None else str(action)
        attributes = said.get("attributes")
        if attributes is not None and not isinstance(attributes, list):
            raise UnreadableError("json-shape", place=f"{at}/attributes")
        return _Head(structure, ACTIONS.get(sent), sent, attributes or [], said[""])

    def _structure(
        self, place: int, said: Mapping[str, Any], found: dict[str, Any]
    ) -> JsonStructure:
        listed = found["structures"]
        index = said.get("structure")
        if index is None:
            index = _structure_of(listed, place)
        if not isinstance(index, int) or not isinstance(listed, list):
            raise UnreadableError("json-shape", place=f"{self._root}/structures")
        known = found.setdefault("read", {})
        if index not in known:
            if not 0 <= index < len(listed):
                raise UnreadableError(
                    "json-index",
                    value=f"structure = {index}"[:80],
                    place=f"{self._root}/dataSets/{place}",
                )
            at = f"{self._root}/structures/{index}"
            known[index] = read_structure(listed[index], said.get("links"), legacy=False, place=at)
        read: JsonStructure = known[index]
        return read

    # -- the second pass ----------------------------------------------------------------

    def _read(self, text: JsonText) -> Iterator[Batch]:
        for name in text.members():
            if name == "dataSets":
                yield from self._datasets(text)
            elif name == "data" and text.peek() == "{":
                for inner in text.members():
                    if inner == "dataSets":
                        yield from self._datasets(text)
                    else:
                        text.skip()
            else:
                text.skip()

    def _datasets(self, text: JsonText) -> Iterator[Batch]:
        if text.peek() != "[":
            text.skip()
            return
        for place in text.items():
            head = self._heads[place]
            at = f"{self._root}/dataSets/{place}"
            if head.action is None:
                sent = head.sent_action[:80]
                self.findings.append(Finding("VIPMG-206", None, "action", sent, place=at))
                text.skip()
                continue
            dataset = _Dataset(head, head.action, at)
            if dataset.alone is not None:
                self._rows.open.append((at, dataset.alone))
            for name in text.members():
                if name not in head.streamed:
                    text.skip()
                    continue
                for run in text.runs():
                    if name == "series":
                        self._take_series(dataset, run, place)
                    elif name == "observations":
                        whole = dataset.structure.alone
                        self._take(dataset, whole, dataset.shared, run, place, f"{at}/observations")
                    else:
                        self._take_groups(dataset, run)
                    if self._rows.count + len(self._rows.open) >= self._batch_rows:
                        yield from self._flush(head, place)
            yield from self._flush(head, place)

    def _take_series(self, dataset: _Dataset, run: Mapping[str, Any], number: int) -> None:
        for key, body in run.items():
            at = f"{dataset.at}/series/{key}"
            if not isinstance(body, dict):
                raise UnreadableError("json-shape", place=at[:200])
            codes = dataset.key(key, dataset.structure.series, at)
            above = dataset.above(body.get("attributes"), dataset.structure.at_series, at)
            observations = body.get("observations")
            if observations:
                if not isinstance(observations, dict):
                    raise UnreadableError("json-shape", place=f"{at}/observations"[:200])
                if dataset.action == "Delete":
                    if any(value != "" for value in above.values()):
                        self._rows.open.append((at, {**dataset.structure.fixed, **codes, **above}))
                    above = {}
                self._take(
                    dataset,
                    dataset.structure.observation,
                    dataset.shared | codes | above,
                    observations,
                    number,
                    f"{at}/observations",
                )
            else:
                self._rows.open.append((at, {**dataset.shared, **codes, **above}))

    def _take(
        self,
        dataset: _Dataset,
        dimensions: Sequence[Listed],
        shared: Mapping[str, Cell],
        observations: Mapping[str, Any],
        number: int,
        at: str,
    ) -> None:
        """Observations of one series, or of the dataset."""
        rows, size = self._rows, len(observations)
        columns = rows.whole
        for name, value in shared.items():
            columns.setdefault(name, []).extend([value] * size)
        keys = list(observations)
        for name, codes in _codes(dimensions, keys, at):
            columns.setdefault(name, []).extend(codes)
        for name, values in dataset.values(list(observations.values()), at):
            columns.setdefault(name, []).extend(values)
        rows.begins.append((rows.count, at))
        rows.keys += [key if key.isascii() else "" for key in keys]
        rows.count += size

    def _take_groups(self, dataset: _Dataset, run: Mapping[str, Any]) -> None:
        for key, listed in run.items():
            at = f"{dataset.at}/dimensionGroupAttributes/{key}"
            above = dataset.above(listed, dataset.structure.at_group, at)
            cells: dict[str, Cell] = {**dataset.group(key, above, at), **above}
            self._rows.open.append((at.replace("~", "~0"), cells))

    def _flush(self, head: _Head, number: int) -> Iterator[Batch]:
        """What waits, as batches: rows that leave dimensions open first."""
        rows, self._rows = self._rows, _Rows()
        if rows.open:
            names = dict.fromkeys(name for _, row in rows.open for name in row)
            columns = {name: [row.get(name, "") for _, row in rows.open] for name in names}
            for offset, (at, _) in enumerate(rows.open):
                self._runs.add(self.row_count + 1 + offset, number, at)
            self._keys.add_ascii([""] * len(rows.open))
            yield self._batch(head, columns, len(rows.open))
        if rows.count:
            for offset, at in rows.begins:
                self._runs.add(self.row_count + 1 + offset, number, at)
            self._keys.add_ascii(rows.keys)
            yield self._batch(head, rows.whole, rows.count)

    def _batch(self, head: _Head, columns: Mapping[str, Sequence[Cell]], count: int) -> Batch:
        first = self.row_count + 1
        self.row_count += count
        cells, form = self._forms.write(columns)
        assert head.action is not None  # noqa: S101 - else the dataset is not read
        structure = head.structure
        numbers = range(first, first + count)
        return Batch(structure.kind, structure.id, head.action, numbers, cells, form)


class _Dataset:
    """A dataset being read.

    Attributes:
        shared: what all its observations have.
        alone: a row of its own, for what it says where it has no observations.
    """

    def __init__(self, head: _Head, action: Action, at: str) -> None:
        self.structure = structure = head.structure
        self.action = action
        self.at = at
        told = self.above(head.attributes, structure.at_dataset, at)
        self.shared: dict[str, Cell] = {**structure.fixed, **told}
        self.alone: dict[str, Cell] | None = None
        has_rows = bool(head.streamed & {"series", "observations"})
        if action == "Delete":
            # What a deletion says above the observations would be taken for a part of each.
            self.shared = dict(structure.fixed)
            if any(value != "" for value in told.values()) or not head.streamed:
                self.alone = {**structure.fixed, **told}
        elif not has_rows and any(value != "" for value in told.values()):
            self.alone = dict(self.shared)

    def key(self, key: str, dimensions: Sequence[Listed], at: str) -> dict[str, Cell]:
        """The codes of a key."""
        indexes = key.split(":") if dimensions else []
        if len(indexes) != len(dimensions):
            raise UnreadableError("json-key", place=at[:200], allowed=str(len(dimensions)))
        pairs = zip(dimensions, indexes, strict=True)
        return {one.id: one.code(index, at[:200]) for one, index in pairs}

    def group(self, key: str, values: Mapping[str, Cell], at: str) -> dict[str, Cell]:
        """The codes in the key of a group, which has a place for each dimension."""
        indexes = key.split(":")
        needed = {
            name
            for one in self.structure.at_group
            if values.get(one.id, "") != ""
            for name in one.dimensions
        }
        first: dict[str, Cell] = {}
        for order in self.structure.orders:
            if len(indexes) > len(order):
                raise UnreadableError("json-key", place=at[:200], allowed=str(len(order)))
            pairs = [p for p in zip(order, indexes, strict=False) if p[1] not in {"", "~"}]
            given = {one.id for one, _ in pairs}
            known = all(index in one.indexes for one, index in pairs)
            if known and needed <= given:
                return {one.id: one.code(index, at[:200]) for one, index in pairs}
            if not first and (known or order is self.structure.orders[-1]):
                first = {one.id: one.code(index, at[:200]) for one, index in pairs}
        return first

    def values(self, arrays: list[Any], at: str) -> Iterator[tuple[str, list[Cell]]]:
        """The columns of measures and attributes at the observation."""
        listed = self.structure.at_observation
        if set(map(type, arrays)) != {list}:
            arrays = [[] if array is None else array for array in arrays]
            if set(map(type, arrays)) != {list}:
                raise UnreadableError("json-shape", place=at[:200])
        widths = set(map(len, arrays))
        if len(widths) > 1:
            arrays = [self._padded(array, len(listed)) for array in arrays]
        columns = list(zip(*arrays, strict=True))
        for one, column in zip(listed, columns, strict=False):
            yield one.id, one.column(column, at[:200])
        for one in listed[len(columns) :]:
            yield one.id, [self._left_out(one)] * len(arrays)

    def above(
        self,
        values: Any,  # noqa: ANN401 - any JSON value
        listed: Sequence[Listed],
        at: str,
    ) -> dict[str, Cell]:
        """The values of attributes above the observation."""
        if values is None:
            values = []
        if not isinstance(values, list):
            raise UnreadableError("json-shape", place=f"{at}/attributes"[:200])
        padded = self._padded(values, len(listed))
        pairs = zip(listed, padded, strict=True)
        return {one.id: one.cell(value, at[:200]) for one, value in pairs}

    def _padded(self, values: list[Any], size: int) -> list[Any]:
        missing = None if self.action == "Delete" else CUT
        return values[:size] + [missing] * (size - len(values))

    def _left_out(self, one: Listed) -> Cell:
        return "" if self.action == "Delete" else one.default


def _codes(
    listed: Sequence[Listed], keys: Sequence[str], at: str
) -> Iterator[tuple[str, list[Cell]]]:
    """The columns of the dimensions at the observation."""
    if not listed:
        return  # all dimensions are above; the key says nothing
    split = [key.split(":") for key in keys] if len(listed) > 1 else [[key] for key in keys]
    if set(map(len, split)) != {len(listed)}:
        raise UnreadableError("json-key", place=at[:200], allowed=str(len(listed)))
    for one, indexes in zip(listed, zip(*split, strict=True), strict=True):
        try:
            yield one.id, [one.indexes[index] for index in indexes]
        except KeyError:
            yield one.id, [one.code(index, at[:200]) for index in indexes]


def _structure_of(structures: Any, place: int) -> int:  # noqa: ANN401
    """The structure that lists a dataset as its own; the first where none does."""
    for index, structure in enumerate(structures if isinstance(structures, list) else ()):
        named = structure.get("dataSets") if isinstance(structure, dict) else None
        if isinstance(named, list) and place in named:
            return index
    return 0
