"""What the hidden sheet of a template says, so that it can be read back without anything else."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

MARK: Final = "vipmg-template"
VERSION: Final = 1
METADATA_SHEET: Final = "_vipmg"

NAMES_ROW: Final = 1
IDS_ROW: Final = 2
FIRST_ROW: Final = 3

VALUE_COLUMN: Final = 2
"""Column of the values in the sheet of what holds for all rows; ids stand in the first."""

Layout: TypeAlias = Literal["rows", "cross"]


class TemplateFacts(msgspec.Struct, frozen=True):
    """The facts of a template.

    Attributes:
        agreement: `AGENCY:ID(VERSION)` of the provision agreement.
        dataflow: `AGENCY:ID(VERSION)`.
        layout: one row an observation, or a dimension across.
        across: the dimension whose values head columns.
        measure: the measure whose values stand in those columns.
        data_sheet: the sheet to fill in.
        general_sheet: the sheet of values that hold for all rows, if there is one.
        prefilled: values of empty cells, by component; filled in beforehand.
        language: language that it was made in.
    """

    agreement: str
    dataflow: str
    layout: Layout
    across: str
    measure: str
    data_sheet: str
    general_sheet: str
    prefilled: dict[str, str]
    language: str
    version: int = VERSION
