"""What standing messages fold to is what publishing them one after the other has led to."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.sdmx import series
from app.sdmx.actions import Segment, apply
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.series import EMPTY, TIME, Document
from app.sdmx.standing_fold import Event, fold_series, message_and_row, place_of
from tests.artefact_samples import urn
from tests.national import held

KEY = ("M", "CRI", "F", "Y18")
TIMES = ("2024-01", "2024-02", "2024-03")


def flow() -> Flow:
    return resolve_flow(held(), urn("Dataflow", "DF_RET"))


FLOW = flow()


@st.composite
def messages(draw: st.DrawFn) -> list[Segment]:
    """A message: some periods, put or deleted, each once."""
    times = draw(st.lists(st.sampled_from(TIMES), min_size=1, unique=True).map(sorted))
    action: Any = draw(st.sampled_from(("Merge", "Replace", "Delete")))
    rows = list(range(2, 2 + len(times)))
    if action == "Delete":
        return [Segment("Delete", rows, {TIME: times}, {})]
    values = [str(draw(st.integers(0, 99))) for _ in times]
    return [Segment(action, rows, {TIME: times, "OBS_VALUE": values}, {})]


@given(st.lists(messages(), max_size=6))
def test_all_that_stands_is_put_in_order(listed: list[list[Segment]]) -> None:
    document: Document = EMPTY
    for segments in listed:
        document = apply(document if document[TIME] else None, {}, segments).observations
    events = [Event(number) for number in range(len(listed))]
    folded = fold_series(FLOW, events, KEY, dict(enumerate(listed)))
    assert series.observations(folded.observations) == series.observations(document)
    for time in folded.observations[TIME]:
        number, row = message_and_row(folded.touched[time])
        assert row in listed[number][0].rows


@given(st.lists(messages(), min_size=1, max_size=6), st.data())
def test_what_is_dropped_takes_only_its_own(
    listed: list[list[Segment]], data: st.DataObject
) -> None:
    gone = data.draw(st.integers(0, len(listed) - 1))
    events = [*(Event(number) for number in range(len(listed))), Event(gone, drops=True)]
    folded = fold_series(FLOW, events, KEY, dict(enumerate(listed)))
    whole = fold_series(FLOW, events[:-1], KEY, dict(enumerate(listed)))
    owners = {}
    for number, [segment] in enumerate(listed):
        owners.update(dict.fromkeys(segment.observations[TIME], number))
    kept = {
        time: row
        for time, row in series.observations(whole.observations).items()
        if owners[time] != gone
    }
    assert series.observations(folded.observations) == kept


@given(st.integers(0, 1 << 20), st.integers(0, (1 << 40) - 1))
def test_a_place_tells_message_and_row(message: int, row: int) -> None:
    assert message_and_row(place_of(message, row)) == (message, row)
