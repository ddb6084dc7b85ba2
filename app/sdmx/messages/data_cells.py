"""Values of any format become the columns of a batch, as SDMX-CSV would write them.

A value is a text, several (`list`), texts by language (`dict`), or several of these; in one
column of a batch all are written alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from app.sdmx.findings import UnreadableError
from app.sdmx.messages.data_reading import Column, Form, join_cell, join_languages

Cell: TypeAlias = "str | list[Any] | dict[str, str]"

MOST_COLUMNS: Final = 1000
"""Components that a message may name for a dataset."""

_SEPARATOR: Final = ";"
_Shape: TypeAlias = tuple[str, bool, tuple[str, ...]]


class Forms:
    """The forms of one message: the same columns have the same form.

    Args:
        exponents: whether numbers may come with an exponent.

    Attributes:
        legacy: whether the format is of SDMX 2.1, with one measure and plain texts alone.
        language: of texts that do not tell theirs, where others of the column do.
    """

    def __init__(self, *, exponents: bool = False) -> None:
        self.legacy = False
        self.language = "en"
        self._exponents = exponents
        self._known: dict[tuple[_Shape, ...], Form] = {}

    def write(self, columns: Mapping[str, Sequence[Cell]]) -> tuple[dict[str, Sequence[str]], Form]:
        """The cells of columns, and the form that says how they are written."""
        check_width(len(columns))
        cells: dict[str, Sequence[str]] = {}
        shapes: list[_Shape] = []
        for name, values in columns.items():
            many = False
            languages: tuple[str, ...] = ()
            if set(map(type, values)) <= {str}:
                cells[name] = values  # type: ignore[assignment]
            else:
                languages = tuple(sorted(self._languages(values)))
                many = bool(languages) or any(isinstance(value, list) for value in values)
                write = self._writer(many=many, told=bool(languages))
                cells[name] = [write(value) for value in values]
            shapes.append((name, many, languages))
        return cells, self._form(tuple(shapes))

    def _form(self, shapes: tuple[_Shape, ...]) -> Form:
        form = self._known.get(shapes)
        if form is None:
            columns = {
                name: Column(place, name, name, many, languages)
                for place, (name, many, languages) in enumerate(shapes)
            }
            form = self._known[shapes] = Form(
                columns, _SEPARATOR, legacy=self.legacy, exponents=self._exponents
            )
        return form

    def _languages(self, values: Sequence[Cell]) -> set[str]:
        found: set[str] = set()
        plain = False
        for value in values:
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, dict):
                    found.update(part)
                else:
                    plain = plain or part != ""
        return found | {self.language} if found and plain else found

    def _writer(self, *, many: bool, told: bool) -> Any:  # noqa: ANN401 - a function of a cell
        def one(part: Any) -> str:  # noqa: ANN401
            if isinstance(part, dict):
                return join_languages(part, _SEPARATOR)
            if told and part != "":
                return join_languages({self.language: part}, _SEPARATOR)
            return str(part)

        def write(value: Cell) -> str:
            if value == "":
                return ""
            parts = value if isinstance(value, list) else [value]
            return join_cell(map(one, parts), _SEPARATOR) if many else one(value)

        return write


def check_width(columns: int) -> None:
    """Refuse more components than any structure has: each takes a cell in every row.

    Raises:
        UnreadableError: there are too many.
    """
    if columns > MOST_COLUMNS:
        raise UnreadableError("columns", value=str(columns), allowed=str(MOST_COLUMNS))
