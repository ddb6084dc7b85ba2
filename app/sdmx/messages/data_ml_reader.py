"""Reading SDMX-ML data messages as batches of columns: 2.1 generic and structure-specific, 3.x.

No structure is needed: the message names the components, and what is a dimension and what an
attribute shows when the rows are checked. Rows are the observations in their order, counted from
1; groups, and series without observations, are rows of their own (SDMX-ML data messages,
section 3A of SDMX 2.1 and of 3.0).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from app.sdmx.actions import ACTIONS
from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.messages.data_cells import Cell, Forms
from app.sdmx.messages.data_ml_heads import MlHead, Named
from app.sdmx.messages.data_ml_rows import MlRows, Row
from app.sdmx.messages.data_reading import BATCH_ROWS, Batch, Location
from app.sdmx.messages.xml_stream import MAX_DEPTH, XmlEvents, local_name, local_names

_ROOTS: Final = frozenset(
    {"GenericData", "GenericTimeSeriesData"}
    | {"StructureSpecificData", "StructureSpecificTimeSeriesData"}
)
_ABOUT: Final = frozenset(
    {"structureRef", "setID", "action", "dataScope", "type", "validFromDate", "validToDate"}
    | {"reportingBeginDate", "reportingEndDate", "publicationYear", "publicationPeriod"}
)
_LANGUAGE: Final = "http://www.w3.org/XML/1998/namespace lang"
_TYPE: Final = "http://www.w3.org/2001/XMLSchema-instance type"
_BATCH_BYTES: Final = 8 << 20
_KNOWN_NAMES: Final = 1000


class MlReader:
    """Reads one message, once."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self.findings: list[Finding] = []
        self.row_count = 0
        self._events = XmlEvents(stream, start=self._start, end=self._end, text=self._heard_text)
        self._forms = Forms()
        self._rows = MlRows(self._forms)
        self._head = MlHead()
        self._batches: list[Batch] = []
        self._locals: dict[str, str] = {}
        self._depth = 0
        self._root = ""
        self._prefix = ""
        self._heard: list[str] = []
        self._named: Named | None = None
        self._skips = 0
        self._was_series = self._deletes = False
        self._dataset: Row = {}
        self._series: Row | None = None
        self._observation: Row | None = None
        self._open: Row | None = None
        self._counts: dict[str, int] = {}
        self._path = ""
        self._component = ""
        self._parts: list[Cell] = []
        self._texts: dict[str, str] = {}
        self._language = ""
        self._markup = 0
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            "Series": self._start_series,
            "Obs": self._start_observation,
            "Group": self._start_group,
            "Atts": self._start_attributes,
            "Value": self._start_value,
            "ObsDimension": self._start_along,
            "ObsValue": self._start_measure,
            "Comp": self._start_component,
            "Text": self._start_text,
            "StructuredText": self._start_markup,
        }
        self._ends: dict[str, Callable[[], None]] = {
            "Series": self._end_series,
            "Obs": self._end_observation,
            "Group": self._end_group,
            "Value": self._end_value,
            "Comp": self._end_component,
            "Text": self._end_text,
            "StructuredText": self._end_text,
            "DataSet": self._end_dataset,
        }

    def batches(self, batch_rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """All rows of the message, in order.

        Raises:
            UnreadableError: the stream is no SDMX-ML data message.
        """
        taken = 0
        for fed in self._events.feed():
            if self._rows.waiting >= batch_rows or fed - taken > _BATCH_BYTES:
                taken = fed
                self._take()
            yield from self._batches
            self._batches.clear()
        yield from self._batches
        if "DataSet" not in self._counts:
            raise UnreadableError("no-datasets", value=self._root)

    def locate(self, row: int, component: str | None) -> Location:
        """The element of a row, by its path, and its line."""
        return self._rows.locate(row)

    # -- elements -----------------------------------------------------------------------

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        local = self._locals.get(name) or self._local(name)
        if self._named is not None and not self._skips and not self._markup:
            handler = self._starts.get(local)
            if handler is not None:
                handler(attributes)
        elif self._markup:
            self._heard.append(f"<{local}{_written(attributes)}>")
        elif self._depth > MAX_DEPTH:
            raise UnreadableError("depth")
        elif local == "DataSet" and self._depth == 2:
            self._start_dataset(attributes)
        elif self._depth == 1:
            self._start_root(name, local)
        elif not self._skips and self._head.start(local, attributes):
            self._hear()
        if self._depth > MAX_DEPTH:
            raise UnreadableError("depth")

    def _end(self, name: str) -> None:
        self._depth -= 1
        local = self._locals.get(name) or self._local(name)
        if self._markup and self._depth >= self._markup:
            self._heard.append(f"</{local}>")
        elif self._named is not None and not self._skips:
            handler = self._ends.get(local)
            if handler is not None:
                handler()
        elif self._skips:
            if self._depth < self._skips:
                self._skips = 0
        elif self._depth:
            self._head.end(local, self._told())

    def _local(self, name: str) -> str:
        local = local_name(name)
        if len(self._locals) < _KNOWN_NAMES:
            self._locals[name] = local
        return local

    def _heard_text(self, text: str) -> None:
        self._heard.append(escape(text) if self._markup else text)

    def _hear(self) -> None:
        self._heard.clear()
        self._events.hear(True)

    def _told(self) -> str:
        """The text since `_hear`."""
        text = "".join(self._heard)
        self._heard.clear()
        self._events.hear(False)
        return text

    def _start_root(self, name: str, local: str) -> None:
        if local not in _ROOTS:
            raise UnreadableError("xml-root", value=local[:80], allowed="StructureSpecificData")
        self._root = local
        self._forms.legacy = "/v2_1/" in name or local != "StructureSpecificData"
        if local.startswith("Generic"):
            self._prefix = "generic:"
        self._rows.observation = f"{self._prefix}Obs"

    # -- datasets -----------------------------------------------------------------------

    def _start_dataset(self, attributes: dict[str, str]) -> None:
        about = local_names(attributes)
        prefix = attributes.get(_TYPE, "").partition(":")[0]
        number = self._counts.get("DataSet", 0) + 1
        self._counts = {"DataSet": number}
        self._path = f"/message:{self._root}/message:DataSet[{number}]"
        namespace = self._events.prefixes.get(prefix) if prefix else None
        named = self._head.structure(about.get("structureRef"), namespace)
        sent = about.get("action", self._head.action)
        action = ACTIONS.get(sent)
        if action is None or named.best is None:
            place = f"{self._path}/@action"
            self.findings.append(Finding("VIPMG-206", None, "action", sent[:80], place=place))
            self._skips = self._depth
            return
        self._named = named
        self._deletes = action == "Delete"
        self._dataset = {n: v for n, v in attributes.items() if " " not in n and n not in _ABOUT}
        self._series = self._observation = None
        self._was_series = False
        self._open = self._dataset
        self._rows.begin(named.best, action)
        self._rows.above({} if self._deletes else self._dataset, self._path, 1)

    def _end_dataset(self) -> None:
        if self._depth != 1:
            return
        rows = sum(self._counts.get(name, 0) for name in ("Series", "Obs"))
        if self._deletes:
            if self._dataset or (not rows and not self._counts.get("Group")):
                self._rows.alone(self._dataset, self._path, self._events.line)
        elif self._dataset and not rows:
            self._rows.alone(self._dataset, self._path, self._events.line)
        self._take()
        self._named = self._open = None

    def _take(self) -> None:
        self._batches += self._rows.take(keep_last=self._observation is not None)
        self.row_count = self._rows.count

    def _next(self, name: str) -> str:
        """The path of the next element of this name."""
        number = self._counts[name] = self._counts.get(name, 0) + 1
        return f"{self._path}/{self._prefix}{name}[{number}]"

    def _start_attributes(self, attributes: dict[str, str]) -> None:
        self._check_order(self._dataset)
        self._dataset |= {n: v for n, v in attributes.items() if " " not in n}

    def _start_group(self, attributes: dict[str, str]) -> None:
        if self._prefix:
            attributes = {}
        self._open = attributes
        self._rows.alone(attributes, self._next("Group"), self._events.line)

    def _end_group(self) -> None:
        self._open = self._dataset

    def _start_series(self, attributes: dict[str, str]) -> None:
        if self._prefix:
            attributes = {}
        path = self._next("Series")
        self._counts["Obs of a series"] = 0
        self._series = self._open = attributes
        if self._dataset and not self._deletes:
            self._series = self._open = self._dataset | attributes
        self._rows.above(self._series, path, 1)

    def _end_series(self) -> None:
        if self._series is not None and not self._counts["Obs of a series"]:
            number = self._counts["Series"]
            path = f"{self._path}/{self._prefix}Series[{number}]"
            self._rows.alone(self._series, path, self._events.line)
        self._series, self._open = None, self._dataset
        self._was_series = True

    def _start_observation(self, attributes: dict[str, str]) -> None:
        if self._prefix:
            attributes = {}
        self._observation = self._open = attributes
        counts = self._counts
        if self._series is None:
            if self._was_series:  # observations that stand alone, after series
                self._was_series = False
                above = {} if self._deletes else self._dataset
                self._rows.above(above, self._path, counts.get("Obs", 0) + 1)
            counts["Obs"] = counts.get("Obs", 0) + 1
        else:
            counts["Obs of a series"] += 1
        self._rows.observe(attributes, self._events.line)

    def _end_observation(self) -> None:
        self._observation = None
        self._open = self._series if self._series is not None else self._dataset

    # -- values -------------------------------------------------------------------------

    def _put(self, name: str, value: Cell) -> None:
        row = self._open
        if row is None:
            return
        if row is not self._observation:
            self._check_order(row)
        if name in row and not (row is self._series and name in self._dataset):
            place = str(self._events.line)
            raise UnreadableError("xml-twice", value=name[:80], place=place)
        row[name] = value

    def _check_order(self, row: Row) -> None:
        """What is said of a series or dataset comes before its observations."""
        counts = self._counts
        if row is self._series:
            late = counts["Obs of a series"] > 0
        else:
            late = row is self._dataset and bool(counts.get("Series") or counts.get("Obs"))
        if late:
            raise UnreadableError("xml-order", place=str(self._events.line))

    def _start_value(self, attributes: dict[str, str]) -> None:
        if self._component:
            self._texts = {}
            self._hear()
        elif self._prefix:
            self._put(attributes.get("id", ""), attributes.get("value", ""))

    def _end_value(self) -> None:
        if self._component:
            told = self._told()
            self._parts.append(self._texts or told)

    def _start_along(self, attributes: dict[str, str]) -> None:
        along = self._named.along if self._named is not None else ""
        self._put(attributes.get("id", along), attributes.get("value", ""))

    def _start_measure(self, attributes: dict[str, str]) -> None:
        self._put("OBS_VALUE", attributes.get("value", ""))

    def _start_component(self, attributes: dict[str, str]) -> None:
        self._component = attributes.get("id", "?")
        self._parts = []

    def _end_component(self) -> None:
        parts = self._parts
        one = len(parts) == 1 and isinstance(parts[0], dict)
        self._put(self._component, parts[0] if one else list(parts))
        self._component = ""

    def _start_text(self, attributes: dict[str, str]) -> None:
        if self._component:
            self._language = attributes.get(_LANGUAGE, "en")
            self._hear()

    def _start_markup(self, attributes: dict[str, str]) -> None:
        self._start_text(attributes)
        self._markup = self._depth

    def _end_text(self) -> None:
        self._markup = 0
        if self._component:
            if self._language in self._texts:
                place = str(self._events.line)
                raise UnreadableError("xml-twice", value=self._language[:80], place=place)
            self._texts[self._language] = self._told()


def _written(attributes: dict[str, str]) -> str:
    return "".join([f" {local_name(n)}={quoteattr(v)}" for n, v in attributes.items()])
