from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import QuerySyntaxError
from app.sdmx.version import Version, VersionQuery

NUMBERS = st.integers(0, 12)
IDENTIFIERS = st.sampled_from(["alpha", "beta", "draft", "1", "2", "10", "0a", "-", "rc-1"])


@st.composite
def version_texts(draw: st.DrawFn) -> str:
    numbers = draw(st.lists(NUMBERS, min_size=1, max_size=3))
    text = ".".join(map(str, numbers))
    if len(numbers) == 3 and draw(st.booleans()):
        text += "-" + ".".join(draw(st.lists(IDENTIFIERS, min_size=1, max_size=3)))
    return text


def selected(query: str, *versions: str) -> list[str]:
    return [str(one) for one in VersionQuery.parse(query).select(map(Version.parse, versions))]


# Every form of the standard with another spelling of the same query, if there is one.
FORMS = [
    ("2", None),
    ("2.3", None),
    ("2.3.1", None),
    ("2.3.1-draft", None),
    ("2.3.1-draft.2", None),
    ("+", "+.0.0"),
    ("+.0.0", "1+.0.0"),
    ("1+.0.0", "+"),
    ("2.+.0", "2.0+.0"),
    ("2.0+.0", "2.+.0"),
    ("2.3.+", "2.3.0+"),
    ("2.3.0+", "2.3.+"),
    ("2+.3.1", None),
    ("2.3+.1", None),
    ("2.3.1+", None),
    *(
        (form.replace("o", mark), same and same.replace("o", mark))
        for mark in "~*"
        for form, same in [
            ("o", None),
            ("o.0", "0o.0"),
            ("0o.0", "o.0"),
            ("o.0.0", "0o.0.0"),
            ("0o.0.0", "o.0.0"),
            ("2.o", "2.0o"),
            ("2.0o", "2.o"),
            ("2.o.0", "2.0o.0"),
            ("2.0o.0", "2.o.0"),
            ("2.3.o", "2.3.0o"),
            ("2.3.0o", "2.3.o"),
            ("2o.3", None),
            ("2o.3.1", None),
            ("2.3o", None),
            ("2.3o.1", None),
            ("2.3.1o", None),
        ]
    ),
]

UNSUPPORTED = [
    *("+.2.3", "1.+.3", "~.2", "~.2.3", "1.~.3", "*.2", "*.2.3", "1.*.3"),
    *("+.0", "2.3+"),
    *("~.0.*", "3.2*.1+", "3.2+.1+"),
]

MALFORMED = [
    *("", "latest", "all", "01.2.3", "1.2.3.4", "0+.1.0", "2+", "2~", "1..2", ".", "1.0-draft"),
    *(
        "1.0.0-",
        "1.0.0-01",
        "1.0.0-a..b",
        " 1.0",
        "1.0\n",
        "٣.0",
        "9" * 5000,
        "-1.0",
        "1.0.0+build",
    ),
]


def test_all_47_forms_are_there():
    assert len(FORMS) == 47


@pytest.mark.parametrize(("form", "same"), FORMS)
def test_every_form_reads_back_from_its_canonical_text(form: str, same: str | None):
    query = VersionQuery.parse(form)
    assert query.text == form
    assert VersionQuery.parse(str(query)) == query
    if same:
        assert VersionQuery.parse(same) == query
        assert str(VersionQuery.parse(same)) == str(query)


@pytest.mark.parametrize("form", UNSUPPORTED + MALFORMED)
def test_c022_unsupported_forms_are_refused(form: str):
    with pytest.raises(QuerySyntaxError):
        VersionQuery.parse(form)


def test_c016_exact_versions_are_fetched_alone():
    stored = ("1", "1.0", "1.0.0", "1.0.0-draft")
    for version in stored:
        assert selected(version, *stored) == [version]


def test_c017_latest_stable_ignores_legacy_forms_drafts_and_major_zero():
    stored = ("0.9.0", "1.2.0", "1.10.0", "2.0.0-draft", "3.0", "4")
    for spelling in ("+", "+.0.0", "1+.0.0"):
        assert selected(spelling, *stored) == ["1.10.0"]
    assert selected("+", "0.9.0", "1.0") == []


def test_c018_latest_of_any_kind_includes_drafts_and_legacy():
    assert selected("~", "1.2.0", "2.0.0-draft") == ["2.0.0-draft"]
    assert selected("~", "1.2.0", "1.3") == ["1.3"]


STORED = ("1.4.0", "2.2.9", "2.3.0", "2.3.4", "2.4.0-draft", "3.0.0", "2.3", "2.5", "3.1")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("2+.3.1", ["3.0.0"]),
        ("2.3+.1", ["2.3.4"]),
        ("2.3.1+", ["2.3.4"]),
        ("2.3.5+", []),
        ("2.+.0", ["2.3.4"]),
        ("2.3.+", ["2.3.4"]),
        ("4+.0.0", []),
    ],
)
def test_c019_minimums_of_latest_stable(query: str, expected: list[str]):
    assert selected(query, *STORED) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("~.0", ["3.1"]),
        ("~.0.0", ["3.0.0"]),
        ("2~.4", ["3.1"]),
        ("2.4~", ["2.5"]),
        ("2.~", ["2.5"]),
        ("2.3~.1", ["2.4.0-draft"]),
        ("2.3.1~", ["2.3.4"]),
        ("2.4.0~", ["2.4.0-draft"]),
        ("2.4~.1", []),
        ("2~.3.1", ["3.0.0"]),
    ],
)
def test_c020_minimums_of_latest_of_any_kind(query: str, expected: list[str]):
    assert selected(query, *STORED) == expected


def test_c021_all_matching_versions_in_ascending_order():
    assert selected("2.*.0", *STORED) == ["2.2.9", "2.3.0", "2.3.4", "2.4.0-draft"]
    assert selected("2.*", *STORED) == ["2.3", "2.5"]
    assert selected("2.3.*", *STORED) == ["2.3.0", "2.3.4"]
    assert selected("*.0", *STORED) == ["2.3", "2.5", "3.1"]
    assert sorted(selected("*", *STORED)) == sorted(STORED)


def test_c023_a_draft_comes_before_its_release():
    assert selected("~", "1.0.0-draft", "1.0.0") == ["1.0.0"]
    assert selected("~", "1.0", "1.0.0-draft") == ["1.0"]
    assert selected("~", "1.0.0", "1.0") == ["1.0.0"]


def test_c024_latest_of_two_artefacts_is_taken_from_each():
    assert [selected("+", *versions) for versions in (["1.0.0", "1.1.0"], ["2.0.0"])] == [
        ["1.1.0"],
        ["2.0.0"],
    ]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("2.3.0", ["2.3.0"]),
        ("2.3", ["2.3"]),
        ("2.3+.1", ["2.3.4"]),
        ("2+.3.1", ["3.0.0"]),
        ("2.3.1+", ["2.3.4"]),
        ("0.1+.0", ["0.2.0"]),
        ("0+.1.0", ["3.0.0"]),
    ],
)
def test_references_take_minimums_also_of_major_zero(reference: str, expected: list[str]):
    versions = map(Version.parse, ("0.1.0", "0.2.0", "0.3.0-draft", *STORED))
    found = VersionQuery.parse_reference(reference).select(versions)
    assert [str(one) for one in found] == expected


@pytest.mark.parametrize("text", ["+", "~", "2.+.0", "2.3.+", "+.0.0", "2+", "1.*.0", "2.3~.1", ""])
def test_other_forms_are_no_references(text: str):
    with pytest.raises(QuerySyntaxError, match="reference"):
        VersionQuery.parse_reference(text)


def test_extensions_are_ordered_as_in_semantic_versioning():
    order = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"]
    versions = [Version.parse(f"1.0.0-{extension}") for extension in order]
    assert sorted(set(versions)) == versions
    assert Version.parse("1.0.0-2") < Version.parse("1.0.0-10") < Version.parse("1.0.0-a")


@pytest.mark.parametrize(
    ("text", "stable"),
    [("1.0.0", True), ("0.1.0", False), ("1.0", False), ("1", False), ("1.0.0-draft", False)],
)
def test_only_released_semantic_versions_are_stable(text: str, stable: bool):
    assert Version.parse(text).is_stable is stable


@given(version_texts())
def test_a_version_keeps_its_text_and_matches_itself(text: str):
    version = Version.parse(text)
    assert str(version) == text
    assert VersionQuery.parse(text).select([version]) == [version]


@given(st.lists(version_texts().map(Version.parse), unique=True))
def test_the_order_is_total_and_latest_is_its_maximum(versions: list[Version]):
    ordered = sorted(versions)
    assert all(one < other for one, other in pairwise(ordered))
    assert VersionQuery.parse("~").select(versions) == ordered[-1:]


@given(st.one_of(st.text(), st.text("0123+~*.-a", max_size=12)))
def test_any_text_is_a_version_query_or_a_syntax_error(text: str):
    try:
        query = VersionQuery.parse(text)
    except QuerySyntaxError as error:
        assert set(error.text) == {"en", "es"}
    else:
        assert VersionQuery.parse(str(query)) == query
