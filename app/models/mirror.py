"""Requests and replies of our own API on mirror pairs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.models.api import Reply


class MirrorReason(Reply):
    """Why there is nothing to compare."""

    code: str
    text: str
    difficulty: str | None = None


class MirrorSideReply(Reply):
    """One of the two views of a pair."""

    dataflow: str
    view: Annotated[str, Field(description="What it tells.")]
    filters: dict[str, list[str]]
    providers: list[str]
    reported_by: str | None


class MirrorPairReply(Reply):
    """A mirror pair."""

    id: str
    pair: Annotated[str, Field(description="`AGENCY:ID(VERSION)`.")]
    urn: str
    name: str
    names: dict[str, str]
    left: MirrorSideReply
    right: MirrorSideReply
    match: Annotated[dict[str, str], Field(description="Dimension on the right, by that left.")]
    time_rule: Annotated[str, Field(description="`SAME`, `LAG` or `YEAR_CHANGE`.")]
    lag_max: int
    formulas: list[str]
    unit_note: str | None
    difficulty: str | None
    evidence: str | None


class ListedMirrorPair(MirrorPairReply):
    """A mirror pair with what there is to compare."""

    state: Annotated[str, Field(description="`READY`, or the code of the reason.")]
    reason: MirrorReason | None
    agreements: dict[str, list[str]]
    links: dict[str, str]


class MirrorPairList(Reply):
    """The mirror pairs of the registry."""

    pairs: list[ListedMirrorPair]


class LagReply(Reply):
    """The correlation of both sides, the right that many periods later."""

    lag: int
    correlation: float | None
    periods: int


class MirrorNoteReply(Reply):
    """What a party says of a cell."""

    organisation: str
    note: str | None
    agreed_value: Annotated[float | None, Field(description="The figure that it would agree on.")]
    hides_value: Annotated[
        bool,
        Field(description="It names a figure, which is told where both values are public only."),
    ]
    written_at: dt.datetime


class MirrorObservationReply(Reply):
    """Both values of a period."""

    period: str
    right_period: Annotated[str | None, Field(description="With a lag, that of the right.")] = None
    left: float | None
    right: float | None
    gap: Annotated[float | None, Field(description="Left minus right.")]
    ratio: Annotated[float | None, Field(description="Right by left; none where left is 0.")]
    asymmetry: Annotated[float | None, Field(description="2|a-b|/(a+b).")]
    state: Annotated[str, Field(description="Code of `VIPMG:CL_MIRROR_STATE`.")]
    left_provider: Annotated[
        str | None, Field(description="Who reports the value, or says that it has none to tell.")
    ]
    right_provider: str | None
    left_computed: Annotated[
        str | None, Field(description="The formula, where the value was computed.")
    ] = None
    right_computed: str | None = None
    agreed_value: Annotated[
        float | None, Field(description="The figure that both parties agreed on.")
    ]
    notes: list[MirrorNoteReply] | None = None


class MirrorSource(Reply):
    """Whose figures a side has."""

    provider: str
    agreement: str
    computed: Annotated[str | None, Field(description="The formula, where it was computed.")]
    periods: Annotated[int, Field(description="Of those shown, how many it speaks for.")]


class MirrorSeriesSide(Reply):
    """One of the two series of a cell."""

    unit: str | None
    sources: Annotated[
        list[MirrorSource],
        Field(description="That of the highest precedence first; each observation names its own."),
    ]


class MirrorSeriesReply(Reply):
    """The two series of a cell."""

    cell: dict[str, str]
    first_area: str
    first_area_name: str
    second_area: str
    second_area_name: str
    left: MirrorSeriesSide | None
    right: MirrorSeriesSide | None
    unit_mult: Annotated[int, Field(description="Values are in this power of ten.")]
    over_periods: Annotated[
        dict[str, Any] | None,
        Field(description="Each side added up over the periods that it has, if they add up."),
    ]
    observations: list[MirrorObservationReply]


class MirrorReply(Reply):
    """The comparison of a pair."""

    pair: MirrorPairReply
    dimensions: list[str]
    total: Annotated[int, Field(description="Cells that either side has.")]
    offset: int
    limit: int
    lag: int
    lags: list[LagReply] | None
    best_lag: int | None
    reason: MirrorReason | None
    states: Annotated[dict[str, str], Field(description="The states, in words.")]
    series: list[MirrorSeriesReply]


class CorridorSide(Reply):
    """One side of a corridor."""

    sum: Annotated[float, Field(description="Over the periods in common.")]
    unit: str | None
    providers: list[str]
    added: Annotated[list[str], Field(description="Dimensions whose codes were added up.")]
    suppressed: Annotated[int, Field(description="Figures that are suppressed, in no sum.")]


class CorridorReply(Reply):
    """A corridor, both sides over the periods in common."""

    rank: int
    first_area: str
    first_area_name: str
    second_area: str
    second_area_name: str
    apart: Annotated[dict[str, str], Field(description="Codes that are not added up.")]
    left: CorridorSide
    right: CorridorSide
    gap: Annotated[float, Field(description="Left minus right.")]
    ratio: Annotated[float | None, Field(description="Right by left; none where left is 0.")]
    asymmetry: Annotated[float | None, Field(description="Mean over the periods in common.")]
    periods: int
    first_period: str | None
    last_period: str | None
    correlation: float | None
    lags: list[LagReply]
    best_lag: int | None
    cells: Annotated[str, Field(description="Where its cells are.")]


class OneSided(Reply):
    """Corridors that one side alone reports; they have no rank."""

    left: int
    right: int


class CorridorList(Reply):
    """The corridors of a pair, those that disagree most first."""

    pair: MirrorPairReply
    order: str
    minimum: float
    total: Annotated[int, Field(description="Corridors that both sides report.")]
    one_sided: OneSided
    offset: int
    limit: int
    lag: int
    reason: MirrorReason | None
    corridors: list[CorridorReply]


class MirrorNoteOrder(BaseModel):
    """A note on a cell, or the figure that the caller's organisation would agree on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cell: Annotated[
        dict[str, Annotated[str, Field(max_length=100)]],
        Field(description="Codes of the cell as a comparison names it, as many as mean one."),
    ]
    period: Annotated[str, Field(max_length=50, description="As the left side counts it.")]
    note: Annotated[str | None, Field(max_length=4000)] = None
    agreed_value: Annotated[
        str | int | None,
        Field(
            description="A decimal in the unit in which the cell is shown, where it has both "
            "values; null takes back what was said before; left out, that stands."
        ),
    ] = None


class KeptNoteReply(MirrorNoteReply):
    """A note of the history."""

    id: str
    cell: dict[str, str]
    period: str
    stands: Annotated[bool, Field(description="Whether it is the last of this organisation.")]
    is_agreed: Annotated[
        bool, Field(description="Whether it stands and both parties name its figure.")
    ]


class MirrorNoteList(Reply):
    """The history of notes on a pair, the last first."""

    pair: str
    total: Annotated[int, Field(description="Notes that there are.")]
    offset: int
    limit: int
    notes: list[KeptNoteReply]


class WrittenNoteReply(KeptNoteReply):
    """A note that was written, and the figure that both parties agree on by now."""

    parties: Annotated[list[str], Field(description="Who may speak of this cell.")]
    agreed: float | None
