"""A series beside its own history: outliers, gaps, the future, revisions."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx.checks.cells import Cells
from app.sdmx.checks.own_history import (
    expected,
    has_ended,
    in_line_with_history,
    in_line_with_published,
    medians_before,
    no_gap_before,
)
from app.sdmx.series import EMPTY, Document

NOW = dt.datetime(2025, 6, 15, 12, tzinfo=dt.UTC)


def months(count: int, first: int = 0) -> list[str]:
    return [f"{2023 + n // 12}-{n % 12 + 1:02}" for n in range(first, first + count)]


def cells(
    values: Sequence[float | str | None],
    times: list[str] | None = None,
    sent: Sequence[str] | None = None,
    before: Document = EMPTY,
) -> Cells:
    times = times or months(len(values))
    column = [None if value is None else str(value) for value in values]
    touched = {time: place for place, time in enumerate(times, 2) if sent is None or time in sent}
    return Cells({"TIME_PERIOD": times, "V": column}, before, {}, touched, NOW)


def wrong(found: list[bool | None] | bool, of: Cells) -> list[str]:
    """The periods that do not fit."""
    if isinstance(found, bool):
        return [] if found else of.times
    return [time for time, fits in zip(of.times, found, strict=True) if fits is False]


class TestHistory:
    def test_a_month_that_is_far_above_and_one_far_below(self) -> None:
        steady = [20_000 + 100 * n for n in range(12)]
        series = cells([*steady, 671_106, 20_500, 2_000, None])
        assert wrong(in_line_with_history(series, "V", 12, 5, 500), series) == [
            "2024-01",
            "2024-03",
        ]
        assert expected("in_line_with_history", series, "V", [12, 5, 500], 12) == "4110 - 102750"

    def test_small_numbers_may_jump(self) -> None:
        series = cells([*[3] * 12, 499])
        assert in_line_with_history(series, "V", 12, 5, 500) is True
        series = cells([*[3] * 12, 501])
        assert wrong(in_line_with_history(series, "V", 12, 5, 500), series) == ["2024-01"]

    def test_a_collapse_to_nought_is_seen(self) -> None:
        series = cells([*[600] * 12, 0])
        assert wrong(in_line_with_history(series, "V", 12, 5, 500), series) == ["2024-01"]

    def test_half_a_window_must_be_there(self) -> None:
        series = cells([*[600] * 5, 60_000])
        assert wrong(in_line_with_history(series, "V", 12, 5, 500), series) == []
        series = cells([*[600] * 6, 60_000])
        assert wrong(in_line_with_history(series, "V", 12, 5, 500), series) == ["2023-07"]

    def test_only_what_was_sent_is_told(self) -> None:
        series = cells([*[600] * 12, 60_000, 50_000], sent=["2024-02"])
        assert wrong(in_line_with_history(series, "V", 12, 5, 500), series) == ["2024-02"]

    @given(
        st.lists(st.none() | st.integers(-9, 9).map(float), max_size=40),
        st.integers(1, 12),
    )
    def test_medians_are_those_of_the_window(self, values: list[float | None], window: int) -> None:
        for place, median in enumerate(medians_before(values, window)):
            recent = [value for value in values[:place] if value is not None][-window:]
            wanted = statistics.median(recent) if 2 * len(recent) >= window else None
            assert median == wanted

    @given(st.lists(st.integers(0, 3000), min_size=1, max_size=30))
    def test_the_quick_look_overlooks_nothing(self, values: list[int]) -> None:
        series = cells(values)
        slow = [
            not (
                median is not None
                and max(value, median) > 500
                and not median / 5 <= value <= median * 5
            )
            for value, median in zip(
                values, medians_before([float(v) for v in values], 12), strict=True
            )
        ]
        found = in_line_with_history(series, "V", 12, 5, 500)
        wanted = [time for time, fits in zip(series.times, slow, strict=True) if not fits]
        assert wrong(found, series) == wanted


class TestGaps:
    def test_a_gap_in_a_regular_series(self) -> None:
        times = [*months(12), *months(2, 15)]
        series = cells([50] * 14, times)
        assert wrong(no_gap_before(series, "T", "V", 12, 20), series) == ["2024-04"]
        assert expected("no_gap_before", series, "T", [12, 20], 12) == "2023-12"

    @pytest.mark.parametrize("times", [months(14), [*months(5), *months(9, 7)]])
    def test_a_whole_series_and_one_that_was_not_regular(self, times: list[str]) -> None:
        series = cells([50] * len(times), times)
        assert wrong(no_gap_before(series, "T", "V", 12, 20), series) == []

    def test_where_few_were_counted_nought_may_be_left_out(self) -> None:
        series = cells([50] * 11 + [3] * 3, [*months(12), *months(2, 15)])
        assert wrong(no_gap_before(series, "T", "V", 12, 20), series) == []

    @pytest.mark.parametrize(
        ("times", "found"),
        [
            (["2020-Q4", "2021-Q1", "2021-Q3"], ["2021-Q3"]),
            (["2020", "2021", "2024"], ["2024"]),
            (["2020-M11", "2020-M12", "2021-M02"], ["2021-M02"]),
            (["2020-W52", "2020-W53", "2021-W02"], ["2021-W02"]),
            (["2020-12-30", "2020-12-31", "2021-01-02"], ["2021-01-02"]),
            (["2020-01-01/P5Y", "2025-01-01/P5Y", "2035-01-01/P5Y"], []),
            (["2020-03-01T12:00:00", "2020-03-02T12:00:00", "2020-03-04T12:00:00"], []),
            ([""], []),
        ],
    )
    def test_periods_of_every_length(self, times: list[str], found: list[str]) -> None:
        series = cells([50] * len(times), times)
        assert wrong(no_gap_before(series, "T", "V", 2, 1), series) == found


def test_a_period_has_ended_when_its_last_instant_is_past() -> None:
    times = ["2024", "2025-05", "2025-06", "2025-06-15", "2026"]
    series = cells([1] * 5, times)
    assert wrong(has_ended(series, "T"), series) == ["2025-06", "2025-06-15", "2026"]
    assert wrong(has_ended(cells([1], [""]), "T"), cells([1], [""])) == []


BEFORE: Document = {"TIME_PERIOD": ["2023-01", "2023-02"], "V": ["24634", "24657"]}


class TestRevisions:
    def test_by_more_than_a_half(self) -> None:
        series = cells([24634, 11000, 5], months(3), before=BEFORE)
        assert wrong(in_line_with_published(series, "V", 0.5, 500), series) == ["2023-02"]
        assert expected("in_line_with_published", series, "V", [0.5, 500], 1) == "24657"

    def test_a_real_revision_is_no_large_one(self) -> None:
        series = cells([24634, 21093], months(2), before=BEFORE)
        assert wrong(in_line_with_published(series, "V", 0.5, 500), series) == []

    def test_small_and_new_and_missing_values(self) -> None:
        before = {"TIME_PERIOD": ["2023-01", "2023-02"], "V": ["4", None]}
        series = cells([400, 9000, 7000], months(3), before=before)
        assert wrong(in_line_with_published(series, "V", 0.5, 500), series) == []
