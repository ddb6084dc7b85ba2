"""Generated data queries of SDMX-REST 1.5 on the bundle: alike in all formats, and right."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixture_exchange import Bundle
from tests.fixture_messages import said, words_of
from tests.fixture_model import Shape, rows_of, shapes
from tests.fixture_queries import TIME, UNKNOWN, Filter, Query
from tests.fixture_replies import DATA_FORMATS, read_data

GENERIC = "application/vnd.sdmx.genericdata+xml;version=2.1"
DETAILS = {
    "full": (("dsd",), ("all",)),
    "dataonly": (("none",), ("all",)),
    "serieskeysonly": (("none",), ("none",)),
    "nodata": (("dataset", "series"), ("none",)),
}


@dataclass(frozen=True)
class Classic:
    """A query of 1.5: the codes of each position, the periods, the detail."""

    shape: Shape
    positions: tuple[tuple[str, ...], ...]
    start: str | None
    end: str | None
    detail: str
    first: int | None
    last: int | None

    @property
    def path(self) -> str:
        """As a path with its query string."""
        key = ".".join("+".join(codes) for codes in self.positions)
        if not any(self.positions):
            key = "all"
        parameters = {
            "startPeriod": self.start,
            "endPeriod": self.end,
            "detail": self.detail,
            "firstNObservations": self.first,
            "lastNObservations": self.last,
        }
        query = "&".join(f"{name}={value}" for name, value in parameters.items() if value)
        flow = self.shape.urn.replace(":", ",").replace("(", ",").rstrip(")")
        return f"/sdmx/v1/data/{flow}/{key}?{query}"

    @property
    def modern(self) -> Query:
        """The query of 2.2 that asks for the same."""
        dimensions = [
            Filter(name, tuple((("", code),) for code in codes))
            for name, codes in zip(self.shape.dimensions, self.positions, strict=True)
            if codes
        ]
        bounds = [(op, at) for op, at in (("ge", self.start), ("le", self.end)) if at]
        time = [Filter(TIME, (tuple(bounds),))] if bounds else []
        attributes, measures = DETAILS[self.detail]
        return Query(
            self.shape,
            None,
            (),
            (*dimensions, *time),
            attributes,
            measures,
            None,
            self.first,
            self.last,
        )


@st.composite
def classics(draw: st.DrawFn) -> Classic:
    """Queries that are right, on dataflows with time."""
    timed = [shape for _, shape in sorted(shapes().items()) if shape.time]
    shape = draw(st.sampled_from(timed))
    held = sorted(key for each in shape.agreements for key in rows_of(each))
    positions = tuple(
        tuple(
            draw(
                st.lists(
                    st.sampled_from(sorted({key[place] for key in held} | {UNKNOWN})),
                    max_size=2,
                    unique=True,
                )
            )
        )
        for place in range(len(shape.dimensions))
    )
    years = st.sampled_from((None, "2021", "2022-Q4", "2023", "2023-03", "2024-02-29"))
    numbers = st.sampled_from((None, None, 1, 2))
    detail = draw(st.sampled_from(sorted(DETAILS)))
    return Classic(shape, positions, draw(years), draw(years), detail, draw(numbers), draw(numbers))


@given(asked=classics())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_c072_every_query_of_1_5_is_answered_the_same_in_all_formats(
    bundle: Bundle, asked: Classic
) -> None:
    query = asked.modern
    answer, shape = query.answer(), asked.shape
    for media_type in DATA_FORMATS:
        datasets = read_data(bundle, asked.path, media_type, shape)
        words = words_of(media_type)
        rows = {key: row for dataset in datasets for key, row in dataset.rows.items()}
        about = (media_type, asked.path)
        if query.shows_observations:
            above = {name for name, part in shape.parts.items() if part.dimensions == ()}
            got, wanted = said(rows, shape, words), said(answer, shape, words)
            for row in (*got.values(), *wanted.values()):
                # Of two agreements one speaks for the dataset as a whole.
                for name in above:
                    row.pop(name, None)
            assert got == wanted, about
        else:
            width = len(shape.dimensions)
            series = {key[:width] for dataset in datasets for key in (*dataset.series, *rows)}
            assert series == {key[:width] for key in answer}, about


def test_c014_a_flow_in_one_two_and_three_parts_with_every_form_of_a_key(bundle: Bundle) -> None:
    bodies = set()
    for flow in (
        "DF_YEAR",
        "SICA_TEST,DF_YEAR",
        "SICA_TEST,DF_YEAR,1.0.0",
        "SICA_TEST,DF_YEAR,latest",
    ):
        for key in ("all", ".", "", "A+S+Q+M+W+D.SLV+HND"):
            reply = bundle.get(f"/sdmx/v1/data/{flow}/{key}".rstrip("/"))
            assert reply.status_code == 200
            assert reply.headers["Content-Type"].replace(" ", "") == GENERIC
            bodies.add(reply.content.partition(b"</message:Header>")[2])
    assert len(bodies) == 1


@pytest.mark.parametrize("provider", ["CRI_TEST", "SICA_TEST,CRI_TEST", "CRI_TEST+REG_TEST", "all"])
def test_a_provider_is_named_in_every_form(bundle: Bundle, provider: str) -> None:
    shape = shapes()["SICA_TEST:DF_MIGRATION(1.0.0)"]
    path = f"/sdmx/v1/data/SICA_TEST,DF_MIGRATION,1.0.0/all/{provider}"
    datasets = read_data(bundle, path, GENERIC, shape)
    agreements = shape.agreements if provider == "all" else shape.agreements[:1]
    assert {key for dataset in datasets for key in dataset.rows} == {
        key for each in agreements for key in rows_of(each)
    }
