"""Layouts: where a national workbook has what, saved under a name for an agreement.

A layout is a JSON object. Rows count from 1, columns have their letters, patterns take `*` and
`?`, and neither case nor accents count in them; a list has 200 of 200 characters at most:

    sheets          names or patterns of the sheets to read; default: the first visible one
    headerRows      rows with headers, in order
    firstDataRow    the first row with data
    columns         component -> column: `"B"`, or `{"column": "B", "fill": true}`
    across          columns of values: `{"columns": "C:N", "measure": "OBS_VALUE",
                    "headers": {"TIME_PERIOD": 5}, "skip": ["Total*"]}`
    cells           component -> a cell for the whole table, such as a title: `"A2"`
    constants       component -> a value for the whole table
    codes           component -> label -> code
    numbers         how numbers are typed as text: `"1.234,5"` (default) or `"1,234.5"`
    marks           what stands for a missing value -> `zero`, `skip` or a code of OBS_STATUS
    skipRows        labels of rows that are left out, such as totals
    stop            `{"emptyRow": true, "labels": ["Fuente*"]}`: what ends the table

A period may be named in parts: `TIME_PERIOD:YEAR`, `TIME_PERIOD:MONTH`, `TIME_PERIOD:QUARTER`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from app.errors import InvalidLayoutError
from app.sdmx.finding_texts import spoken_type
from app.sdmx.findings import nearest
from app.sdmx.flow import Component, Flow
from app.sdmx.messages.json_names import each_once
from app.sdmx.terms_rows import RowRule
from app.sheets.addresses import column_number, parse_cell
from app.sheets.allowed import allowed_codes
from app.sheets.table import PARTS, SKIP, ZERO

MAX_BYTES: Final = 256 << 10
MOST_PROBLEMS: Final = 50
MOST_PATTERNS: Final = 200
"""Patterns of one list."""

PATTERN_LENGTH: Final = 200
"""Characters of a pattern."""

DEFAULT_MARKS: Final = dict.fromkeys(
    ("-", "–", "—", "s/d", "sd", "n/d", "nd", "n.a.", "n/a", "...", "…", ".."), "O"
)
"""What stands for a missing value where a layout does not say: OBS_STATUS O (missing value)."""

DEFAULT_SKIPS: Final = ("total", "total *", "totales", "subtotal*", "sub-total*", "sub total*")


class ColumnRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column of a component."""

    column: str
    fill: bool = False


class AcrossRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns of values, and the rows that say whose."""

    columns: str
    headers: dict[str, int]
    measure: str = "OBS_VALUE"
    skip: tuple[str, ...] = DEFAULT_SKIPS


class StopRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What ends a table."""

    empty_row: bool = False
    labels: tuple[str, ...] = ()


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A layout, as its JSON says it."""

    columns: Annotated[
        dict[str, str | ColumnRule],
        Meta(description='Component and its column: `"B"`, or `{"column": "B", "fill": true}`.'),
    ]
    first_data_row: Annotated[int, Meta(description="The first row with data.")]
    description: str = ""
    sheets: Annotated[
        tuple[str, ...],
        Meta(description="Names or patterns of the sheets; else the first visible one."),
    ] = ()
    header_rows: Annotated[tuple[int, ...], Meta(description="Rows with headers, in order.")] = ()
    across: Annotated[AcrossRule | None, Meta(description="Columns of values.")] = None
    cells: Annotated[
        dict[str, str], Meta(description="Component and a cell for the whole table: `A2`.")
    ] = {}
    constants: Annotated[
        dict[str, str], Meta(description="Component and its value for the whole table.")
    ] = {}
    codes: Annotated[
        dict[str, dict[str, str]], Meta(description="Component, label and the code it means.")
    ] = {}
    numbers: Annotated[
        Literal["1.234,5", "1,234.5"], Meta(description="How numbers are typed as text.")
    ] = "1.234,5"
    marks: Annotated[
        dict[str, str],
        Meta(description="What stands for no value, and `zero`, `skip` or a code of OBS_STATUS."),
    ] = msgspec.field(default_factory=lambda: dict(DEFAULT_MARKS))
    skip_rows: Annotated[
        tuple[str, ...], Meta(description="Labels of rows that are left out, such as totals.")
    ] = DEFAULT_SKIPS
    stop: Annotated[StopRule, Meta(description="What ends the table.")] = StopRule()

    def column_rule(self, component: str) -> ColumnRule:
        """Where a component stands."""
        rule = self.columns[component]
        return rule if isinstance(rule, ColumnRule) else ColumnRule(rule)


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a layout.

    Attributes:
        path: where in the layout, `columns.SEX`.
        messages: what is wrong, by language.
    """

    path: str
    messages: dict[str, str]


def read_layout(text: bytes, flow: Flow, agreed: Sequence[RowRule] = ()) -> Layout:
    """Read a layout and check it against the dataflow of its agreement.

    Args:
        text: the layout as JSON.
        flow: of the agreement.
        agreed: what its terms say of rows, for a layout that is new; what is stored stays readable
            when terms change, and its rows have their findings.

    Raises:
        InvalidLayoutError: with all that is wrong.
    """
    if len(text) > MAX_BYTES:
        raise _refused([_problem("", f"more than {MAX_BYTES} bytes", f"más de {MAX_BYTES} bytes")])
    try:
        document = json.loads(text, object_pairs_hook=each_once)
        layout = msgspec.convert(document, Layout)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        path = where.rstrip("`").lstrip(".")
        raise _refused([_problem(path, what, _in_spanish(what))]) from error
    except (ValueError, RecursionError) as error:
        raise _refused([_problem("", f"no JSON: {error}", f"no es JSON: {error}")]) from error
    problems = _Check(layout, flow, agreed).problems()
    if problems:
        raise _refused(problems)
    return layout


_SPANISH: Final = (
    (r"Object contains unknown field (`.*`)", r"el campo \1 no se conoce"),
    (r"Object missing required field (`.*`)", r"falta el campo \1"),
    (r"Expected (`.*`), got (`.*`)", r"se esperaba \1, no \2"),
    (r"Invalid enum value (.*)", r"\1 no es ninguno de los valores admitidos"),
)
"""What the library says of a document of another shape."""


def _in_spanish(what: str) -> str:
    for english, spanish in _SPANISH:
        if found := re.fullmatch(english, what, re.DOTALL):
            return found.expand(spanish)
    return "no tiene la forma de un diseño"


def problem_paths(error: InvalidLayoutError) -> str:
    """Where a layout is wrong, in the words of the layout itself."""
    problems: Any = error.detail["problems"]
    return ", ".join(each["path"] or "{}" for each in problems)


def layout_document(layout: Layout) -> dict[str, Any]:
    """A layout as a JSON object, with what it leaves out said."""
    document: dict[str, Any] = msgspec.to_builtins(layout)
    return document


def parse_columns(text: str) -> list[int] | None:
    """The columns of `C:N` or `C,E,G:H`, or nothing when it says none."""
    listed: list[int] = []
    found: set[int] = set()
    for part in text.split(","):
        first, mark, last = part.strip().partition(":")
        start = column_number(first.strip())
        end = column_number(last.strip()) if mark else start
        if start is None or end is None or end < start:
            return None
        named = range(start, end + 1)
        if not found.isdisjoint(named):
            return None
        found.update(named)
        listed += named
    return listed


class _Check:
    """Holds a layout to the components of a dataflow."""

    def __init__(self, layout: Layout, flow: Flow, agreed: Sequence[RowRule]) -> None:
        self._layout = layout
        self._flow = flow
        self._agreed = agreed
        self._time = flow.time.id if flow.time else ""
        self._problems: list[Problem] = []

    def problems(self) -> list[Problem]:
        """All that is wrong, `MOST_PROBLEMS` at most."""
        layout = self._layout
        if not 1 <= layout.first_data_row <= 1_048_576:
            self._say("firstDataRow", "there is no such row", "no existe esa fila")
        for row in layout.header_rows:
            if not 1 <= row < layout.first_data_row:
                self._say(
                    "headerRows",
                    f"row {row} is not above firstDataRow",
                    f"la fila {row} no está encima de firstDataRow",
                )
        self._check_columns()
        self._check_across()
        for name, address in layout.cells.items():
            self._component(f"cells.{name}", name)
            if parse_cell(address) is None:
                self._no_address(f"cells.{name}", address)
        for name, value in layout.constants.items():
            self._check_constant(name, value)
        for name, codes in layout.codes.items():
            self._check_codes(name, codes)
        self._check_marks()
        self._check_patterns()
        self._check_whole()
        return self._problems[:MOST_PROBLEMS]

    def _check_columns(self) -> None:
        taken: dict[int, str] = {}
        for name in self._layout.columns:
            path = f"columns.{name}"
            self._component(path, name)
            letters = self._layout.column_rule(name).column
            column = column_number(letters)
            if column is None:
                self._no_address(path, letters)
            elif column in taken and ":" not in name:
                self._say(
                    path,
                    f"{taken[column]} has the column {letters} already",
                    f"{taken[column]} ya tiene la columna {letters}",
                )
            else:
                taken[column] = name

    def _check_across(self) -> None:
        across = self._layout.across
        if across is None:
            return
        columns = parse_columns(across.columns)
        if columns is None:
            self._no_address("across.columns", across.columns)
        measure = self._flow.components.get(across.measure)
        if measure is None or measure.level != "measure":
            listed = ", ".join(each.id for each in self._flow.measures)
            self._say(
                "across.measure",
                f"{across.measure} is no measure; there are: {listed}",
                f"{across.measure} no es una medida; hay: {listed}",
            )
        for name, row in across.headers.items():
            self._component(f"across.headers.{name}", name)
            if not 1 <= row < self._layout.first_data_row:
                self._say(
                    f"across.headers.{name}",
                    f"row {row} is not above firstDataRow",
                    f"la fila {row} no está encima de firstDataRow",
                )
        taken = set(columns or ())
        for name in self._layout.columns:
            column = column_number(self._layout.column_rule(name).column)
            if column in taken:
                self._say(
                    f"columns.{name}",
                    "the column is one of across.columns",
                    "la columna es una de across.columns",
                )

    def _check_constant(self, name: str, value: str) -> None:
        component = self._component(f"constants.{name}", name)
        if component is None or ":" in name:
            return
        if component.codes is None:
            if component.level != "time" and not component.check(value):
                kinds = [spoken_type(component.representation, each) for each in ("en", "es")]
                self._say(
                    f"constants.{name}",
                    f"{value!r} is not {kinds[0]}",
                    f"{value!r} no es {kinds[1]}",
                )
            return
        allowed = {code.id for code in allowed_codes(self._flow, component, self._agreed)}
        if value not in allowed:
            self._no_code(f"constants.{name}", value, component, allowed)

    def _check_codes(self, name: str, codes: dict[str, str]) -> None:
        component = self._component(f"codes.{name}", name)
        if component is None:
            return
        if component.codes is None:
            self._say(f"codes.{name}", "the component is not coded", "el componente no usa códigos")
            return
        taken = frozenset[str](component.code_set).intersection(
            *(rule.allowed for rule in self._agreed if rule.component == component.id)
        )
        for label, code in codes.items():
            if self._is_full:
                return
            if code not in taken:
                self._no_code(f"codes.{name}.{label}", code, component, taken)

    def _check_marks(self) -> None:
        status = self._flow.components.get("OBS_STATUS")
        for mark, meaning in self._layout.marks.items():
            if meaning in {ZERO, SKIP} or (status is not None and meaning in status.code_set):
                continue
            if status is None and self._layout.marks == DEFAULT_MARKS:
                return
            self._say(
                f"marks.{mark}",
                f"{meaning!r} is neither zero nor skip nor a code of OBS_STATUS",
                f"{meaning!r} no es zero, ni skip, ni un código de OBS_STATUS",
            )

    def _check_patterns(self) -> None:
        layout = self._layout
        lists = {
            "sheets": layout.sheets,
            "skipRows": layout.skip_rows,
            "stop.labels": layout.stop.labels,
            "across.skip": layout.across.skip if layout.across else (),
        }
        for path, patterns in lists.items():
            if len(patterns) > MOST_PATTERNS:
                self._say(path, f"more than {MOST_PATTERNS}", f"más de {MOST_PATTERNS}")
            if any(len(pattern) > PATTERN_LENGTH for pattern in patterns):
                self._say(
                    path,
                    f"one has more than {PATTERN_LENGTH} characters",
                    f"uno tiene más de {PATTERN_LENGTH} caracteres",
                )

    def _check_whole(self) -> None:
        """Every dimension has its place, and there is something to report."""
        layout = self._layout
        given = {*layout.columns, *layout.cells, *layout.constants}
        if layout.across is not None:
            given |= {*layout.across.headers, layout.across.measure}
        whole = {name.partition(":")[0] for name in given}
        dimensions = [dimension.id for dimension in self._flow.dimensions]
        for name in [*dimensions, *filter(None, [self._time])]:
            if name not in whole:
                self._say(
                    "columns",
                    f"nothing says where {name} is: a column, a header, a cell or a constant",
                    f"nada dice dónde está {name}: columna, encabezado, celda o constante",
                )
        if not any(each.id in whole for each in self._flow.measures):
            listed = ", ".join(each.id for each in self._flow.measures)
            self._say("columns", f"no measure is named: {listed}", f"falta la medida: {listed}")

    def _component(self, path: str, name: str) -> Component | None:
        whole, mark, part = name.partition(":")
        component = self._flow.components.get(whole)
        if component is None and not self._is_full:
            near = nearest(whole, self._flow.components)
            hint = (f"; did you mean {near}?", f"; ¿quiso decir {near}?") if near else ("", "")
            self._say(
                path,
                f"{whole} is no component of {self._flow.short_urn}{hint[0]}",
                f"{whole} no es un componente de {self._flow.short_urn}{hint[1]}",
            )
        elif component is not None and mark and (whole != self._time or part not in PARTS):
            listed = ", ".join(f"{self._time}:{each}" for each in PARTS)
            self._say(path, f"parts are there of: {listed}", f"hay partes de: {listed}")
        return component

    def _no_code(
        self, path: str, value: str, component: Component, codes: set[str] | frozenset[str]
    ) -> None:
        near = nearest(value, codes)
        hint = (f"; did you mean {near}?", f"; ¿quiso decir {near}?") if near else ("", "")
        self._say(
            path,
            f"{value!r} is no code that {component.id} takes{hint[0]}",
            f"{value!r} no es un código que {component.id} admita{hint[1]}",
        )

    def _no_address(self, path: str, text: str) -> None:
        self._say(path, f"{text!r} is no address", f"{text!r} no es una dirección")

    @property
    def _is_full(self) -> bool:
        """Whether no more is told: to look for what is near takes its time."""
        return len(self._problems) >= MOST_PROBLEMS

    def _say(self, path: str, en: str, es: str) -> None:
        self._problems.append(_problem(path, en, es))


def _problem(path: str, en: str, es: str) -> Problem:
    return Problem(path, {"en": en, "es": es})


def _refused(problems: list[Problem]) -> InvalidLayoutError:
    told = {
        language: "; ".join(
            f"{each.path}: {each.messages[language]}" if each.path else each.messages[language]
            for each in problems[:5]
        )
        for language in ("en", "es")
    }
    more = "; ..." if len(problems) > 5 else ""
    return InvalidLayoutError(
        f"The layout is not valid. {told['en']}{more}",
        f"El diseño no es válido. {told['es']}{more}",
        problems=[msgspec.to_builtins(each) for each in problems],
    )
