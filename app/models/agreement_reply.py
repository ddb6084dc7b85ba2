"""Replies of our own API on agreements, the layouts of their workbooks and what these give."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import Field

from app.models.api import FindingReply, Reply


class DataflowReply(Reply):
    """The dataflow of an agreement."""

    id: Annotated[str, Field(description="`AGENCY:ID(VERSION)`.")]
    name: str
    names: dict[str, str]


class CoverageReply(Reply):
    """What an agreement holds, what is withheld from the public too."""

    series: int
    observations: int
    first_day: Annotated[dt.date | None, Field(description="First day of the first period.")]
    last_day: Annotated[dt.date | None, Field(description="Last day of the last period.")]


class AgreementLinks(Reply):
    """Where more is told of an agreement."""

    self: str
    template: Annotated[str, Field(description="The workbook to fill in, one row a figure.")]
    template_cross: Annotated[
        str, Field(description="The same as a cross table, a dimension across.")
    ]
    terms: Annotated[str, Field(description="What both sides agreed on, as it holds now.")]
    explain: Annotated[str, Field(description="Why something can be sent or seen.")]
    layouts: Annotated[str, Field(description="Saved layouts of national workbooks.")]
    data: Annotated[str, Field(description="The data that the public sees, by SDMX-REST.")]
    structure: Annotated[str, Field(description="The dataflow with all that it rests on.")]
    submissions: Annotated[str, Field(description="Where to send.")]


class AgreementReply(Reply):
    """An agreement of the caller's organisation to report to a dataflow."""

    id: Annotated[str, Field(description="Id of the provision agreement.")]
    agreement: Annotated[str, Field(description="`AGENCY:ID(VERSION)`.")]
    urn: str
    name: str
    names: dict[str, str]
    dataflow: DataflowReply
    provider: str
    frequency: Annotated[str | None, Field(description="Code of CL_FREQ, if it is agreed.")]
    due: Annotated[str | None, Field(description="When data are due, as the agreement says.")]
    due_text: Annotated[str | None, Field(description="The same in words.")]
    dimensions: Annotated[list[str], Field(description="Ids, in the order of the key.")]
    fixed: Annotated[
        dict[str, str], Field(description="Attributes that the agreement fixes for all its data.")
    ]
    coverage: CoverageReply
    links: AgreementLinks


class AgreementList(Reply):
    """The agreements of the caller's organisation."""

    agreements: list[AgreementReply]


class LayoutReply(Reply):
    """A saved layout."""

    name: str
    layout: Annotated[dict[str, Any], Field(description="The layout, what it left out said too.")]
    changed_at: dt.datetime
    changed_by: Annotated[str, Field(description="The program that changed it last.")]
    links: dict[str, str]


class LayoutList(Reply):
    """The layouts of an agreement, by name."""

    layouts: list[LayoutReply]


class LayoutPreviewRow(Reply):
    """One observation as it would be read."""

    row: Annotated[int, Field(description="Row of the sheet.")]
    place: Annotated[str | None, Field(description="Cell of the value, `Hoja1!C14`.")]
    values: dict[str, str]


class LayoutPreview(Reply):
    """The first observations of a workbook as a layout reads them; nothing is stored."""

    components: list[str]
    rows: list[LayoutPreviewRow]
    is_whole: Annotated[bool, Field(description="Whether these are all that there are.")]
    findings: list[FindingReply]
