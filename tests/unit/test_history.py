"""The journal of a series as its readers saw it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.sdmx import series
from app.sdmx.history import Change, disseminations, state
from app.sdmx.past_rooms import hide_past
from app.sdmx.rooms import RoomRule
from app.sdmx.series import TIME
from app.sdmx.undo import Act, Acts, Entry

DAYS = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in range(1, 29)]


def change(day: int, action: str, *, withheld: bool = False, **values: Any) -> Change:
    document = series.from_observations(
        {year.lstrip("y"): {"OBS_VALUE": v} if v else {} for year, v in values.items()}
    )
    return Change(DAYS[day], action, document, {}, withheld)


def rows(document: Any) -> dict[str, Any]:
    return series.observations(document) if document else {}


def test_one_room_is_told_as_it_stands() -> None:
    told = disseminations(
        [
            change(0, "Replace", y2020="1"),
            change(1, "Replace", y2021="2"),
            change(1, "Delete", y2020=None),
        ]
    )
    assert [seen.published_at for seen in told] == DAYS[:2]
    assert rows(told[1].put) == {"2021": {"OBS_VALUE": "2"}}
    assert told[1].gone == ["2020"]
    assert rows(state(told)[0]) == {"2021": {"OBS_VALUE": "2"}}
    assert rows(state(told[:1])[0]) == {"2020": {"OBS_VALUE": "1"}}


def test_a_release_is_nothing_new_to_those_who_saw_it_before() -> None:
    told = disseminations(
        [
            change(0, "Replace", withheld=True, y2020="1"),
            change(1, "Replace", y2020="1"),
            change(1, "Delete", withheld=True, y2020=None),
        ]
    )
    assert rows(told[0].put) == {"2020": {"OBS_VALUE": "1"}}
    assert told[1].put is None
    assert told[1].gone == []


def test_withheld_observations_stand_before_their_markers() -> None:
    told = disseminations(
        [change(0, "Replace", y2020="1"), change(1, "Replace", withheld=True, y2020="9")]
    )
    assert rows(state(told)[0]) == {"2020": {"OBS_VALUE": "9"}}


def test_attributes_that_are_gone_are_gone() -> None:
    put = Change(DAYS[0], "Replace", series.EMPTY, {"S": "x", "T": "y"})
    drop = Change(DAYS[1], "Replace", series.EMPTY, {"S": None})
    assert state(disseminations([put, drop]))[1] == {"T": "y"}


YEARS = st.sampled_from(["2019", "2020", "2021"])
CHANGES = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["Replace", "Delete"]), YEARS, st.sampled_from("123")),
    max_size=8,
)


@given(CHANGES)
def test_disseminations_replayed_are_the_rooms_put_together(
    changes: list[tuple[bool, str, str, str]],
) -> None:
    rooms: dict[bool, dict[str, dict[str, str]]] = {False: {}, True: {}}
    journal = []
    for day, (withheld, action, year, value) in enumerate(changes):
        document = {"TIME_PERIOD": [year], "OBS_VALUE": value}
        if action == "Replace":
            rooms[withheld][year] = {"OBS_VALUE": value}
        elif year in rooms[withheld]:
            del rooms[withheld][year]
        else:
            continue  # what is not there leaves no entry
        journal.append(Change(DAYS[day], action, document, {}, withheld))
    found, _ = state(disseminations(journal)) if journal else (series.EMPTY, {})
    assert rows(found) == dict(sorted((rooms[False] | rooms[True]).items()))


def test_what_leaves_the_past_without_a_marker_is_told_to_be_gone() -> None:
    rule = RoomRule(5, measures=("OBS_VALUE",))
    acts = Acts([Act(1, 1), Act(2, 2)])
    small, large = {"OBS_VALUE": "3"}, {"OBS_VALUE": "77"}
    both = series.from_observations({"2020": small, "2021": large})
    entries = [
        Entry(1, False, "Replace", both, {}),
        Entry(2, False, "Delete", {TIME: ["2020"]}, {}),
        Entry(2, True, "Replace", series.from_observations({"2020": small}), {}),
    ]
    rows = hide_past({("A",): entries}, acts, rule)[("A",)]
    public = [row for row in rows if not row.withheld and row.document]
    told = disseminations(
        Change(DAYS[row.publication], row.action, row.document or {}, {}) for row in public
    )
    assert told[0].put == series.from_observations({"2021": large})
    assert (told[1].gone, told[1].redacted) == (["2020"], ["2020"])
