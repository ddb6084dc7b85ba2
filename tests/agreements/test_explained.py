"""What is explained is what happens: terms, callers and cells at random."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.rights import may_read_withheld, may_submit
from app.auth.subject import Subject
from app.errors import InvalidArtefactError
from app.sdmx import series
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.findings import Finding
from app.sdmx.flow import resolve_flow
from app.sdmx.intake import Target
from app.sdmx.messages.data_reading import Batch, Column, Form
from app.sdmx.room_rules import room_rule
from app.sdmx.rooms import split
from app.sdmx.terms import Terms, merged_terms
from app.sdmx.terms_explained import Explanation, Question, explain
from app.sdmx.terms_notices import occasions
from app.sdmx.terms_rows import row_rules
from app.sdmx.terms_texts import LANGUAGES, notice_texts
from app.sdmx.validation import Validator
from tests.artefact_samples import urn
from tests.structures import CRI, SLV, network

NETWORK = ArtefactSet(network())
FLOW = resolve_flow(NETWORK, urn("Dataflow", "DF_SMALL"))
AGREEMENT = urn("ProvisionAgreement", "PA_SMALL")
SET = "urn:sdmx:org.sdmx.infomodel.metadatastructure.MetadataSet=TST:TERMS(1.2.0)"
NOW = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)
CALLERS = (
    None,
    Subject("c", CRI, "data_provider"),
    Subject("c", CRI, "data_consumer"),
    Subject("c", SLV, "data_provider"),
    Subject("c", "OCAM", "data_consumer"),
)
TERMS = {
    "READERS": st.lists(st.sampled_from(["OCAM", SLV, CRI]), min_size=1, max_size=2, unique=True),
    "EXPIRY_DATE": st.sampled_from([["2026-06-14"], ["2026-06-15"], ["2027-01-01"]]),
    "FREQUENCY": st.lists(st.sampled_from(["A", "M", "Q"]), min_size=1, max_size=2, unique=True),
    "DETAIL": st.sampled_from([["REF_AREA=CRI"], ["REF_AREA=CRI HND"], ["FREQ=A;REF_AREA=SLV"]]),
    "APPROVAL": st.sampled_from([["REQUIRED"], ["NONE"]]),
    "PARTIAL": st.sampled_from([["ALLOWED"], ["NONE"]]),
    "MINIMUM_CELL": st.sampled_from([["0"], ["3"], ["10"]]),
    "EMBARGO": st.sampled_from([["P30D"], ["P1M"], ["P0D"], ["2026-06-15"], ["2026-07-01"]]),
    "RETENTION": st.sampled_from([["P1Y"], ["P10Y"]]),
    "ONWARD_SHARING": st.sampled_from([["FREE"], ["CONSENT"]]),
}


@st.composite
def some_terms(draw: st.DrawFn) -> Terms:
    annotated: dict[str, str] = {}
    reported: dict[str, tuple[str, ...]] = {}
    for name, values in TERMS.items():
        where = draw(st.sampled_from(["set", "annotation", "neither"]))
        if where == "set":
            reported[name] = tuple(draw(values))
        elif where == "annotation":
            annotated[name] = " ".join(draw(values))
    return merged_terms(AGREEMENT, CRI, annotated, reported, SET)


@st.composite
def cells(draw: st.DrawFn) -> tuple[tuple[str, str], str, dict[str, Any]]:
    period, frequency = draw(
        st.sampled_from(
            [("2015", "A"), ("2026", "A"), ("2026-05", "M"), ("2026-04", "M"), ("2026-Q1", "Q")]
        )
    )
    if draw(st.integers(0, 9)) == 0:
        frequency = "D"
    observation: dict[str, Any] = {"OBS_VALUE": draw(st.sampled_from(["0", "1", "2.5", "3", "12"]))}
    if draw(st.booleans()):
        observation["CONF_STATUS"] = draw(st.sampled_from(["F", "C", "N"]))
    if draw(st.booleans()):
        observation["EMBARGO_TIME"] = draw(
            st.sampled_from(["2026-06-15T00:00:00Z", "2026-06-20T00:00:00Z"])
        )
    area = draw(st.sampled_from(["CRI", "SLV", "HND", "NOPE"]))
    return (frequency, area), period, observation


def target_of(terms: Terms) -> Target:
    return Target(1, AGREEMENT, FLOW, {}, agreed=row_rules(terms, FLOW))


def asked(
    action: Any, terms: Terms, caller: Subject | None, cell: tuple[Any, Any, Any]
) -> Explanation:
    key, period, observation = cell
    question = Question(
        action,
        "*" if caller is None else caller.organisation,
        may_submit(caller, CRI),
        caller is not None and caller.organisation in terms.readers,
        NOW,
        key,
        period,
        observation,
    )
    rule = room_rule(terms, NETWORK, FLOW.urn)
    return explain(terms, target_of(terms), rule, question)


@given(some_terms(), st.sampled_from(CALLERS), cells())
def test_what_is_seen_is_what_is_explained(
    terms: Terms, caller: Subject | None, cell: tuple[Any, Any, Any]
) -> None:
    key, period, observation = cell
    rule = room_rule(terms, NETWORK, FLOW.urn).for_series(key, {})
    document = series.from_observations({period: observation})
    readers = () if terms.has_expired(NOW.date()) else terms.readers
    reads_all = may_read_withheld(caller, CRI, readers)

    def shown(now: dt.datetime) -> bool:
        public, withheld = split(document, now, rule)
        rooms = [public, *(withheld.values() if reads_all else ())]
        return any("OBS_VALUE" in one for one in rooms)

    found = asked("see", terms, caller, cell)
    assert (found.verdict == "yes") == shown(NOW), found
    if found.verdict == "waits":
        assert found.until is not None
        assert shown(found.until)
        assert not shown(found.until - dt.timedelta(microseconds=1))


@given(some_terms(), st.sampled_from(CALLERS), cells())
def test_what_is_taken_is_what_is_explained(
    terms: Terms, caller: Subject | None, cell: tuple[Any, Any, Any]
) -> None:
    key, period, observation = cell
    found: list[Finding] = []
    validator = Validator(lambda _kind, _structure: target_of(terms), found.append)
    row = {"FREQ": key[0], "REF_AREA": key[1], "TIME_PERIOD": period, **observation}
    columns = {name: Column(place, name, name) for place, name in enumerate(row)}
    values = {name: [value] for name, value in row.items()}
    list(validator.check(Batch("dataflow", FLOW.short_urn, "Merge", [2], values, Form(columns))))
    right = may_submit(caller, CRI) and not any(finding.is_error for finding in found)
    waits = terms.has_expired(NOW.date()) or terms.needs_approval
    verdict = "no" if not right else "waits" if waits else "yes"
    assert asked("send", terms, caller, cell).verdict == verdict


@given(some_terms(), st.sampled_from(CALLERS), cells(), st.sampled_from(["send", "see"]))
def test_every_rule_speaks_two_languages_and_names_its_source(
    terms: Terms, caller: Subject | None, cell: tuple[Any, Any, Any], action: Any
) -> None:
    found = asked(action, terms, caller, cell)
    for texts in (found.texts, *(rule.texts for rule in found.rules)):
        assert set(texts) == set(LANGUAGES)
        assert all(text and "{" not in text for text in texts.values())
    for rule in found.rules:
        if rule.rule in terms.listed:
            assert rule.source == terms.source(rule.rule)
            assert rule.source in (SET, AGREEMENT)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMBARGO", "P"),
        ("EMBARGO", "tomorrow"),
        ("MINIMUM_CELL", "-1"),
        ("MINIMUM_CELL", "many"),
        ("DETAIL", "AGE"),
        ("DETAIL", "AGE="),
        ("RETENTION", "P0Y"),
        ("EXPIRY_DATE", "2026-13-01"),
        ("REVIEW_DATE", "never"),
        ("APPROVAL", "YES"),
        ("PARTIAL", "YES"),
        ("PRECEDENCE", "high"),
    ],
)
def test_a_term_that_is_none_is_refused_by_its_name(name: str, value: str) -> None:
    terms = merged_terms(AGREEMENT, CRI, {name: value}, {}, "")
    with pytest.raises(InvalidArtefactError, match=name) as refused:
        terms.check()
    assert name in refused.value.text["es"]


def test_what_a_set_does_not_say_the_annotation_says() -> None:
    terms = merged_terms(AGREEMENT, CRI, {"READERS": "A B", "FREQUENCY": "M"},
                         {"READERS": ("NONE",)}, SET)  # fmt: skip
    assert terms.readers == ()
    assert terms.frequencies == {"M"}
    assert (terms.source("READERS"), terms.source("FREQUENCY")) == (SET, AGREEMENT)


def test_only_the_frequency_of_a_set_refuses_others() -> None:
    annotated = merged_terms(AGREEMENT, CRI, {"FREQUENCY": "M"}, {}, SET)
    reported = merged_terms(AGREEMENT, CRI, {"FREQUENCY": "A"}, {"FREQUENCY": ("M",)}, SET)
    assert row_rules(annotated, FLOW) == ()
    [rule] = row_rules(reported, FLOW)
    assert (rule.component, rule.allowed) == ("FREQ", {"M"})


@pytest.mark.parametrize(
    ("said", "day", "kinds"),
    [
        ({"EXPIRY_DATE": "2026-12-31"}, "2026-11-30", set()),
        ({"EXPIRY_DATE": "2026-12-31"}, "2026-12-01", {"agreement-expires"}),
        ({"EXPIRY_DATE": "2026-12-31"}, "2026-12-31", {"agreement-expires"}),
        ({"EXPIRY_DATE": "2026-12-31"}, "2027-01-01", {"agreement-expired"}),
        ({"REVIEW_DATE": "2026-12-31"}, "2026-12-01", {"agreement-review"}),
        ({"REVIEW_DATE": "2026-12-31"}, "2027-01-01", set()),
        ({"RETENTION": "P10Y"}, "2026-12-01", {"retention-passed"}),
        ({"RETENTION": "P30Y"}, "2026-12-01", set()),
    ],
)
def test_parties_are_told_in_time(said: dict[str, str], day: str, kinds: set[str]) -> None:
    terms = merged_terms(AGREEMENT, CRI, said, {}, "")
    found = list(occasions(terms, dt.date.fromisoformat(day), dt.date(2010, 1, 1)))
    assert {one.kind for one in found} == kinds
    for one in found:
        facts = {"agreement": "PA", "day": one.day}
        assert all("PA" in text for text in notice_texts(one.kind, facts).values())
