"""The reply on a figure's lineage: `/api/lineage`."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

from pydantic import Field

from app.models.api import Reply


class LineagePublication(Reply):
    """A place in the ledger."""

    sequence: Annotated[
        int | None, Field(description="Of the ledger of all for the sender, else of the public.")
    ]
    public_sequence: int | None
    action: str
    published_at: dt.datetime


class LineageSigner(Reply):
    """Whose publication it is, and the key that signed its receipt."""

    organisation: str | None
    key_id: Annotated[str | None, Field(description="See /.well-known/vipmg-receipts/jwks.json.")]


class LineageSubmission(Reply):
    """The submission, for its sender."""

    id: uuid.UUID
    kind: str | None
    state: str | None
    file_name: str | None
    sent_by: Annotated[str | None, Field(description="The program that sent it.")]
    ordered_by: Annotated[str | None, Field(description="Who ordered a re-harmonisation.")]
    approved_by: Annotated[str | None, Field(description="The program of the second person.")]
    receipt: uuid.UUID | None
    links: dict[str, str]


class LineageSource(Reply):
    """What the figure is of."""

    publication: LineagePublication
    map: Annotated[str | None, Field(description="URN of the map; null: sent in shared codes.")]
    same_key: str | None
    signer: LineageSigner | None
    submission: LineageSubmission | None


class LineageRow(Reply):
    """A row of the file that led to the figure."""

    row: int
    place: str | None
    file: str | None
    column: str | None
    cells: dict[str, str]


class LineageRows(Reply):
    """The rows of the file that led to the figure, for its sender."""

    submission: uuid.UUID | None
    file_name: str | None
    found: list[LineageRow]
    rows_read: int
    is_whole: Annotated[bool, Field(description="Whether all rows were read that could hold it.")]
    is_destroyed: Annotated[bool, Field(description="Whether a file is not there any more.")]


class LineageVersion(Reply):
    """A value that the figure had."""

    values: dict[str, Any] | None
    national_label: Any | None
    publication: LineagePublication | None
    submission: uuid.UUID | None


class LineageReply(Reply):
    """Where a figure comes from."""

    dataflow: str
    agreement: str
    provider: str
    key: dict[str, str]
    period: str | None
    values: dict[str, Any]
    attributes: dict[str, Any]
    national_label: Annotated[Any | None, Field(description="What its sender called it.")]
    source: LineageSource | None
    rows: LineageRows | None
    history: Annotated[list[LineageVersion], Field(description="Its values, the first first.")]
    versions: int
    computed: Annotated[
        dict[str, Any] | None,
        Field(description="Of a computed figure, from what it comes; of a mirror both sides."),
    ] = None
