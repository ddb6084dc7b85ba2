"""The template of an agreement: a workbook in which a person fills in what is to be sent."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from app.errors import QueryMisfitError, QuerySyntaxError
from app.sdmx.components import Code, Component, Names
from app.sdmx.flow import Flow
from app.sdmx.terms_rows import RowRule
from app.sheets.addresses import column_letters
from app.sheets.allowed import allowed_codes
from app.sheets.header_reading import across_id
from app.sheets.new_workbook import new_workbook
from app.sheets.period_list import FREQUENCIES, list_periods
from app.sheets.template_format import (
    FIRST_ROW,
    IDS_ROW,
    MARK,
    METADATA_SHEET,
    NAMES_ROW,
    VALUE_COLUMN,
    Layout,
    TemplateFacts,
)
from app.sheets.template_texts import (
    BOTH,
    CHOOSE,
    CODES,
    CODES_HEADER,
    DATA,
    GENERAL,
    GENERAL_HEADER,
    INSTRUCTIONS,
    LISTS,
    MANDATORY,
    NOT_LISTED,
    NUMBER,
    PERIOD,
    fact_names,
    instruction_steps,
    name_in,
)

XLSX_MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

PREFILLED_ROWS: Final = 200
LAST_LISTED_ROW: Final = 200_002
"""Down to here cells have drop-downs and formats."""

MOST_ACROSS: Final = 200
USUAL: Final = {"OBS_STATUS": "A", "CONF_STATUS": "F", "UNIT_MULT": "0", "DECIMALS": "0"}
"""Values of SDMX's own code lists that nearly all rows have; filled in where they are allowed."""

_LONGEST_TITLE: Final = 32
_LONGEST_MESSAGE: Final = 255
_EXAMPLES: Final = {"M": "2024-01", "Q": "2024-Q1", "S": "2024-S1", "A": "2024"}


@dataclass(frozen=True, slots=True)
class TemplateOrder:
    """What a template is made for.

    Attributes:
        agreement: `AGENCY:ID(VERSION)`.
        fixed: components that the agreement fixes, which are not asked for.
        frequency: the frequency that the agreement tells, or none.
        across: the dimension whose values head columns, of a cross table.
        period: `2024`, `2024-Q1` or `2020/2024`; empty: none is given.
        address: where to send.
        agreed: what the terms of the agreement say of rows.
    """

    flow: Flow
    agreement: str
    names: Names
    provider: str
    fixed: frozenset[str]
    frequency: str | None
    layout: Layout
    across: str
    period: str
    language: str
    address: str
    agreed: tuple[RowRule, ...] = ()


@dataclass(frozen=True, slots=True)
class _Field:
    """A column of the sheet to fill in, or a row of the general one."""

    component: Component
    id: str
    codes: Sequence[Code] = ()
    language: str = ""
    value: str = ""
    optional: bool = False


@dataclass(slots=True)
class _Plan:
    """What goes where."""

    order: TemplateOrder
    prefilled: dict[str, str] = field(default_factory=dict)
    asked: list[_Field] = field(default_factory=list)
    filled: list[_Field] = field(default_factory=list)
    optional: list[_Field] = field(default_factory=list)
    general: list[_Field] = field(default_factory=list)
    across: list[tuple[str, str]] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)
    measure: str = ""


def write_template(order: TemplateOrder) -> bytes:
    """The workbook.

    Raises:
        QueryMisfitError: the dimension across is none, or has too many values.
        QuerySyntaxError: the period is none.
    """
    plan = _plan(order)
    sink = io.BytesIO()
    with new_workbook(sink, strings_to_formulas=False) as workbook:
        _Writer(workbook, plan).write()
    return sink.getvalue()


def _plan(order: TemplateOrder) -> _Plan:
    flow, plan = order.flow, _Plan(order)
    frequency = _frequency(order)
    if flow.frequency is not None and frequency:
        plan.prefilled[flow.dimensions[flow.frequency].id] = frequency
    if order.period:
        plan.periods = list_periods(order.period, frequency or "A")
    for dimension in flow.dimensions:
        codes = allowed_codes(flow, dimension, order.agreed)
        if len(codes) == 1:
            plan.prefilled[dimension.id] = codes[0].id
    if order.layout == "cross":
        plan.across = _across(order, plan)
        plan.prefilled.pop(order.across, None)
        plan.measure = flow.measures[0].id if flow.measures else ""
    elif len(plan.periods) == 1 and flow.time is not None:
        plan.prefilled[flow.time.id] = plan.periods[0]
    for component in flow.components.values():
        if component.id == order.across or component.id in order.fixed or component.is_metadata:
            continue
        for one in _fields(plan, component):
            _place(plan, one)
    return plan


def _frequency(order: TemplateOrder) -> str | None:
    """The one frequency of an agreement: what it tells, or all that it allows."""
    flow = order.flow
    if flow.frequency is None:
        return order.frequency
    allowed = [
        code.id for code in allowed_codes(flow, flow.dimensions[flow.frequency], order.agreed)
    ]
    if order.frequency in allowed:
        return order.frequency
    return allowed[0] if len(allowed) == 1 else None


def _across(order: TemplateOrder, plan: _Plan) -> list[tuple[str, str]]:
    """The values across, with their names."""
    flow = order.flow
    if flow.time is not None and order.across == flow.time.id:
        if not plan.periods:
            raise QuerySyntaxError(
                "Say which periods go across: period=2024.",
                "Diga qué períodos van en las columnas: period=2024.",
                parameter="period",
            )
        return [(period, period) for period in plan.periods]
    dimension = next((each for each in flow.dimensions if each.id == order.across), None)
    codes = allowed_codes(flow, dimension, order.agreed) if dimension is not None else []
    if not 1 <= len(codes) <= MOST_ACROSS:
        listed = ", ".join(
            [*(d.id for d in flow.dimensions), *([flow.time.id] if flow.time else [])]
        )
        raise QueryMisfitError(
            f"across={order.across[:80]!r} is no dimension with up to {MOST_ACROSS} codes; there "
            f"are {listed}.",
            f"across={order.across[:80]!r} no es una dimensión de hasta {MOST_ACROSS} códigos; hay "
            f"{listed}.",
            parameter="across",
        )
    return [(code.id, name_in(code.names, order.language)) for code in codes]


def _fields(plan: _Plan, component: Component) -> Iterator[_Field]:
    """The columns of a component: one, or one a language."""
    codes = allowed_codes(plan.order.flow, component, plan.order.agreed)
    optional = component.level not in {"dimension", "time", "measure"} and not component.mandatory
    if component.multilingual:
        for language in dict.fromkeys((plan.order.language, *BOTH)):
            yield _Field(component, f"{component.id}[{language}]", (), language, optional=optional)
        return
    usual = USUAL.get(component.id, "")
    value = plan.prefilled.get(component.id, "")
    if not value and component.mandatory and usual in {code.id for code in codes}:
        value = plan.prefilled[component.id] = usual
    yield _Field(component, component.column, codes, value=value, optional=optional)


def _place(plan: _Plan, one: _Field) -> None:
    component = one.component
    if component.level == "measure" and component.id == plan.measure:
        return
    if component.level == "partial":
        dimensions = plan.order.flow.dimensions
        if all(dimensions[place].id in plan.prefilled for place in component.positions):
            plan.general.append(one)
            return
    if one.optional:
        plan.optional.append(one)
    elif one.value:
        plan.filled.append(one)
    else:
        plan.asked.append(one)


class _Writer:
    """Writes the sheets."""

    def __init__(self, workbook: Any, plan: _Plan) -> None:  # noqa: ANN401 - it has no types
        self._workbook = workbook
        self._plan = plan
        self._order = plan.order
        self._language = plan.order.language
        self._lists: dict[tuple[str, ...], str] = {}
        head = {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1}
        add = workbook.add_format
        self._title = add({"bold": True, "font_size": 14})
        self._bold = add({"bold": True, "valign": "top"})
        self._wrapped = add({"text_wrap": True, "valign": "top"})
        self._head = add(head | {"bg_color": "#1F4E79", "font_color": "#FFFFFF"})
        self._grey_head = add(head | {"bg_color": "#7F7F7F", "font_color": "#FFFFFF"})
        self._light_head = add(head | {"bg_color": "#DDEBF7", "font_color": "#1F4E79"})
        self._ids = add({"italic": True, "font_size": 8, "font_color": "#7F7F7F"})
        self._text = add({"num_format": "@"})
        self._grey = add({"num_format": "@", "bg_color": "#EDEDED", "font_color": "#595959"})
        self._number = add({})

    def write(self) -> None:
        """All sheets, the instructions first, the sheet to fill in shown."""
        instructions = self._workbook.add_worksheet(INSTRUCTIONS[self._language])
        data = self._workbook.add_worksheet(DATA[self._language])
        general = (
            self._workbook.add_worksheet(GENERAL[self._language]) if self._plan.general else None
        )
        codes = self._workbook.add_worksheet(CODES[self._language])
        self._list_sheet = self._workbook.add_worksheet(LISTS[self._language])
        metadata = self._workbook.add_worksheet(METADATA_SHEET)
        self._instruct(instructions)
        self._fill_data(data)
        if general is not None:
            self._fill_general(general)
        self._list_codes(codes)
        self._tell(metadata)
        self._list_sheet.hide()
        metadata.very_hidden()
        data.activate()
        title = name_in(self._order.names, self._language)
        self._workbook.set_properties(
            {"title": title, "subject": self._order.agreement, "category": "SDMX"}
        )

    def _fill_data(self, sheet: Any) -> None:  # noqa: ANN401 - it has no types
        plan = self._plan
        sheet.set_row(NAMES_ROW - 1, 48)
        sheet.set_row(IDS_ROW - 1, 11)
        column = 0
        for one in plan.asked:
            self._column(sheet, column, one, self._head)
            column += 1
        for value, name in plan.across:
            self._value_column(sheet, column, value, name)
            column += 1
        for one in plan.filled:
            self._column(sheet, column, one, self._grey_head)
            for row in range(FIRST_ROW - 1, FIRST_ROW - 1 + PREFILLED_ROWS):
                sheet.write_string(row, column, _shown(one, self._language), self._grey)
            column += 1
        for one in plan.optional:
            self._column(sheet, column, one, self._light_head, {"level": 1, "hidden": True})
            column += 1
        if plan.optional:
            sheet.set_column(column, column, None, None, {"collapsed": True})
        sheet.freeze_panes(FIRST_ROW - 1, 0)

    def _column(
        self,
        sheet: Any,  # noqa: ANN401 - it has no types
        column: int,
        one: _Field,
        head: object,
        options: dict[str, object] | None = None,
    ) -> None:
        component = one.component
        name = name_in(component.names, self._language)
        shown = f"{name} ({one.language})" if one.language else name
        needed = component.mandatory and not one.value
        shown += f" ({MANDATORY[self._language]})" if needed else ""
        sheet.write_string(NAMES_ROW - 1, column, shown, head)
        sheet.write_string(IDS_ROW - 1, column, one.id, self._ids)
        plain = self._number if component.level == "measure" else self._text
        widest = max((len(_label(code, self._language)) for code in one.codes), default=len(name))
        sheet.set_column(column, column, min(max(widest, 12), 34), plain, options or {})
        rule = self._rule(one, name)
        if rule is not None:
            sheet.data_validation(FIRST_ROW - 1, column, LAST_LISTED_ROW - 1, column, rule)

    def _value_column(
        self,
        sheet: Any,  # noqa: ANN401 - it has no types
        column: int,
        value: str,
        name: str,
    ) -> None:
        sheet.write_string(NAMES_ROW - 1, column, name, self._head)
        sheet.write_string(IDS_ROW - 1, column, across_id(self._order.across, value), self._ids)
        sheet.set_column(column, column, 13, self._number)
        rule = self._number_rule(name)
        sheet.data_validation(FIRST_ROW - 1, column, LAST_LISTED_ROW - 1, column, rule)

    def _fill_general(self, sheet: Any) -> None:  # noqa: ANN401 - it has no types
        sheet.write_row(1, 0, GENERAL_HEADER[self._language], self._head)
        sheet.write_string(0, 1, name_in(self._order.names, self._language), self._title)
        sheet.set_column(0, 0, None, None, {"hidden": True})
        sheet.set_column(1, 1, 44, self._wrapped)
        sheet.set_column(VALUE_COLUMN, VALUE_COLUMN, 70, self._text)
        for row, one in enumerate(self._plan.general, FIRST_ROW - 1):
            name = name_in(one.component.names, self._language)
            shown = f"{name} ({one.language})" if one.language else name
            shown += f" ({MANDATORY[self._language]})" if one.component.mandatory else ""
            sheet.write_string(row, 0, one.id, self._ids)
            sheet.write_string(row, 1, shown, self._wrapped)
            sheet.write_string(row, VALUE_COLUMN, _shown(one, self._language), self._text)
            rule = self._rule(one, name)
            if rule is not None:
                sheet.data_validation(row, VALUE_COLUMN, row, VALUE_COLUMN, rule)
        sheet.freeze_panes(FIRST_ROW - 1, 0)

    def _rule(self, one: _Field, name: str) -> dict[str, object] | None:
        """What a cell takes, as the spreadsheet checks it."""
        component, language = one.component, self._language
        if one.codes:
            labels = tuple(_label(code, language) for code in one.codes)
            return self._list_rule(labels, name)
        if component.level == "time":
            if self._plan.periods:
                return self._list_rule(tuple(self._plan.periods), name)
            frequency = _frequency(self._order) or ""
            example = _EXAMPLES.get(frequency, " / ".join(_EXAMPLES[f] for f in FREQUENCIES))
            return {
                "validate": "any",
                "input_title": name[:_LONGEST_TITLE],
                "input_message": PERIOD[language].format(example=example),
            }
        return self._number_rule(name) if component.level == "measure" else None

    def _list_rule(self, labels: tuple[str, ...], name: str) -> dict[str, object]:
        """Choose from a list; equal lists are written once."""
        if labels not in self._lists:
            column = len(self._lists)
            self._lists[labels] = f"vipmg_list_{column + 1}"
            self._list_sheet.write_column(0, column, labels, self._text)
            letters = column_letters(column)
            where = f"='{LISTS[self._language]}'!${letters}$1:${letters}${len(labels)}"
            self._workbook.define_name(self._lists[labels], where)
        return {
            "validate": "list",
            "source": f"={self._lists[labels]}",
            "error_type": "warning",
            "error_title": name[:_LONGEST_TITLE],
            "error_message": NOT_LISTED[self._language][:_LONGEST_MESSAGE],
            "input_title": name[:_LONGEST_TITLE],
            "input_message": CHOOSE[self._language],
        }

    def _number_rule(self, name: str) -> dict[str, object]:
        return {
            "validate": "decimal",
            "criteria": "between",
            "minimum": -1e15,
            "maximum": 1e15,
            "error_type": "warning",
            "error_title": name[:_LONGEST_TITLE],
            "error_message": NUMBER[self._language],
        }

    def _list_codes(self, sheet: Any) -> None:  # noqa: ANN401 - it has no types
        """All codes that the agreement takes, with their names."""
        sheet.write_row(0, 0, CODES_HEADER[self._language], self._head)
        for column, width in enumerate((30, 16, 55, 55)):
            sheet.set_column(column, column, width, self._text)
        plan, row = self._plan, 1
        for one in (*plan.asked, *plan.filled, *plan.optional, *plan.general):
            for code in one.codes:
                cells = (one.id, code.id, *(name_in(code.names, each) for each in BOTH))
                for column, cell in enumerate(cells):
                    sheet.write_string(row, column, cell)
                row += 1
        sheet.autofilter(0, 0, max(row - 1, 1), 3)
        sheet.freeze_panes(1, 0)

    def _instruct(self, sheet: Any) -> None:  # noqa: ANN401 - it has no types
        order, language = self._order, self._language
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 18)
        sheet.set_column(1, 1, 110)
        across = order.flow.components.get(order.across)
        row = 0
        for each in dict.fromkeys((language, *BOTH)):
            sheet.write_string(row, 0, name_in(order.names, each), self._title)
            values = (
                order.agreement,
                f"{order.flow.short_urn}: {name_in(order.flow.names, each)}",
                order.provider,
                _frequency(order) or "",
                language,
            )
            for name, value in zip(fact_names(each), values, strict=True):
                row += 1
                sheet.write_string(row, 0, name, self._bold)
                sheet.write_string(row, 1, value, self._wrapped)
            facts = {
                "data": DATA[language],
                "general": GENERAL[language],
                "row": str(FIRST_ROW),
                "across": name_in(across.names, each) if across is not None else "",
                "address": order.address,
                "media_type": XLSX_MEDIA_TYPE,
            }
            row += 1
            steps = instruction_steps(each, facts, crossed=order.layout == "cross")
            for number, step in enumerate(steps, 1):
                row += 1
                sheet.write_string(row, 0, f"{number}.", self._bold)
                sheet.write_string(row, 1, step, self._wrapped)
            row += 3

    def _tell(self, sheet: Any) -> None:  # noqa: ANN401 - it has no types
        order, plan = self._order, self._plan
        facts = TemplateFacts(
            agreement=order.agreement,
            dataflow=order.flow.short_urn,
            layout=order.layout,
            across=order.across,
            measure=plan.measure,
            data_sheet=DATA[self._language],
            general_sheet=GENERAL[self._language] if plan.general else "",
            prefilled=plan.prefilled,
            language=self._language,
        )
        sheet.write_string(0, 0, MARK)
        sheet.write_string(1, 0, msgspec.json.encode(facts).decode())
        self._workbook.define_name("vipmg_agreement", f"='{METADATA_SHEET}'!$A$2")


def _label(code: Code, language: str) -> str:
    return f"{code.id}: {name_in(code.names, language)}"


def _shown(one: _Field, language: str) -> str:
    """The value that is filled in, as the list shows it."""
    code = next((code for code in one.codes if code.id == one.value), None)
    return _label(code, language) if code is not None else one.value
