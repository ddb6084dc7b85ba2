"""Plain CSV: a table as people keep it, without the columns of SDMX-CSV.

Its sender says which dataflow it is (the option `dataflow`), and its header names the components by
id or by name, in any language; case and accents do not count. Title lines may stand above.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from app.sdmx.flow import Flow
from app.sdmx.mapping.folding import fold, unique

HEADER_WITHIN: Final = 10
"""Lines from the top in which the header is looked for."""

SEPARATORS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True)
class PlainTable:
    """What is known of a plain table before it is read.

    Attributes:
        structure: `AGENCY:ID(VERSION)` of its dataflow, as its sender named it.
        flow: the dataflow; nothing where there is none of that name.
    """

    structure: str
    flow: Flow | None

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Component ids by folded id or name; ids first."""
        components = list(self.flow.data_components.values()) if self.flow else []
        names = unique((name, one.id) for one in components for name in one.names.values())
        return {**names, **{fold(one.id): one.id for one in components}}

    def component(self, header: str) -> str | None:
        """The component that a header names."""
        return self.names.get(fold(header))

    def separator(self, line: str) -> tuple[str, int]:
        """The separator that gives most columns of the dataflow, and how many it gives."""
        counts = [(self._known(_cells(line, sign)), sign) for sign in SEPARATORS]
        most = max(count for count, _ in counts)
        return next(sign for count, sign in counts if count == most), most

    def header_place(self, lines: Iterable[str]) -> int | None:
        """Which line is the header: the first with two columns of the dataflow, or its only one."""
        wanted = 2 if len(set(self.names.values())) > 1 else 1
        for place, line in enumerate(lines):
            if self.separator(line)[1] >= wanted:
                return place
        return None

    def _known(self, cells: list[str]) -> int:
        return len({found for cell in cells if (found := self.component(cell)) is not None})


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []
