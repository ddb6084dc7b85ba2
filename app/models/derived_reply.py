"""The reply on computed dataflows: how far each has come."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field

from app.models.api import Reply


class DerivedLinks(Reply):
    """Where a computed dataflow and what it comes from are."""

    data: str
    source: Annotated[str | None, Field(description="The reported data; null: several dataflows.")]
    structure: Annotated[str, Field(description="The dataflow, with what it says of itself.")]


class DerivedDataflow(Reply):
    """A dataflow that the exchange computes."""

    dataflow: Annotated[str, Field(description="`AGENCY:ID(VERSION)`.")]
    name: str
    names: dict[str, str]
    method: Annotated[str, Field(description="How it is computed, as its annotation says.")]
    source: Annotated[str | None, Field(description="The dataflow that it is computed from.")]
    through_sequence: Annotated[
        int, Field(description="The last publication of the public ledger that it knows.")
    ]
    is_current: Annotated[
        bool, Field(description="Whether it knows all publications of reported data.")
    ]
    computed_at: Annotated[
        dt.datetime | None, Field(description="When it was looked at last; null: not yet.")
    ]
    series: int
    observations: int
    links: DerivedLinks


class DerivedList(Reply):
    """The computed dataflows, and the end of the public ledger beside which they stand."""

    last_sequence: Annotated[int, Field(description="Last number of the public ledger.")]
    dataflows: list[DerivedDataflow]
