"""One key under several agreements: which is shown when, and what that changes."""

from __future__ import annotations

import datetime as dt

from app.sdmx import series
from app.sdmx.history import Dissemination
from app.sdmx.timeline import Shown, changed_rows, disseminations, gone_times, shown_at

DAYS = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in range(1, 9)]


def seen(day: int, gone: tuple[str, ...] = (), **values: str) -> Dissemination:
    rows = {year.lstrip("y"): {"OBS_VALUE": value} for year, value in values.items()}
    put = series.from_observations(rows) if rows else None
    return Dissemination(DAYS[day], put, list(gone), {})


NATIONAL = [seen(1, y2020="1"), seen(3, ("2020",)), seen(5, y2021="3")]
COMPILED = [seen(0, y2020="91", y2022="92"), seen(2, y2020="911")]


def test_the_first_that_holds_observations_is_shown() -> None:
    ranks = [shown_at([NATIONAL, COMPILED], day).rank for day in DAYS[:6]]
    assert ranks == [1, 0, 0, 1, 1, 0]
    assert shown_at([NATIONAL, COMPILED], DAYS[3]).rows["2020"] == {"OBS_VALUE": "911"}
    assert shown_at([NATIONAL], DAYS[0]) == Shown()
    assert shown_at([[], []], DAYS[7]).rank is None


def test_what_is_hidden_is_not_told() -> None:
    told = list(disseminations([NATIONAL, COMPILED]))
    assert [moment for moment, _, _ in told] == [DAYS[0], DAYS[1], DAYS[2], DAYS[3], DAYS[5]]
    _, before, after = told[2]
    assert changed_rows(before, after, whole=False) == series.EMPTY
    assert gone_times(before, after) == []


def test_another_agreement_gives_all_its_observations() -> None:
    _, before, after = list(disseminations([NATIONAL, COMPILED]))[1]
    assert gone_times(before, after) == ["2022"]
    assert series.observations(changed_rows(before, after, whole=False)) == {
        "2020": {"OBS_VALUE": "1"}
    }
    same = Shown(1, after.document, {})
    assert changed_rows(after, same, whole=False) == after.document


def test_only_what_differs_unless_all_is_wanted() -> None:
    before = shown_at([COMPILED], DAYS[0])
    after = shown_at([COMPILED], DAYS[2])
    assert changed_rows(before, after, whole=False)["TIME_PERIOD"] == ["2020"]
    assert changed_rows(before, after, whole=True)["TIME_PERIOD"] == ["2020", "2022"]
