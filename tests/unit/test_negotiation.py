from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotAcceptableError, QuerySyntaxError, VipmgError
from app.sdmx.negotiation import choose_encoding, negotiate, negotiate_language, parse_options
from app.sdmx.offers import DATA_OFFERS, OFFERS, STRUCTURE_OFFERS, V1_DATA_OFFERS, MediaType

DATA = "application/vnd.sdmx.data+"
JSON = f"{DATA}json; version=2.1.0"
CSV = f"{DATA}csv; version=2.1.0"


def data_type(accept: str | None, query: str = "") -> str:
    return negotiate(accept, DATA_OFFERS, parse_options(query)).content_type


def structure_type(accept: str | None, query: str = "") -> str:
    return negotiate(accept, STRUCTURE_OFFERS, parse_options(query)).content_type


# --- representations


@pytest.mark.parametrize("accept", [None, "", " ", "*/*", "application/json", "application/*"])
def test_c099_generic_types_get_the_default_of_the_resource(accept: str | None):
    assert data_type(accept) == JSON
    assert structure_type(accept) == "application/vnd.sdmx.structure+json; version=2.1.0"


def test_a_browser_gets_the_xml_that_it_prefers():
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert data_type(browser) == f"{DATA}xml; version=3.1.0"


@pytest.mark.parametrize("accept", ["text/csv", "text/*", "TEXT/CSV", " text/csv ; header=present"])
def test_plain_csv_gets_the_newest_csv(accept: str):
    assert data_type(accept) == CSV


@pytest.mark.parametrize("resource", sorted(OFFERS))
def test_c100_every_offered_type_is_honoured_and_echoed(resource: str):
    offers = OFFERS[resource]
    for offer in offers:
        exact = f"{offer.name}; version={offer.version}"
        for accept in (exact, exact.replace(" ", ""), exact.upper(), f"{exact} ; q=0.3, */*;q=0.1"):
            assert negotiate(accept, offers).content_type == exact


@pytest.mark.parametrize(
    ("version", "given_version"),
    [
        ("2.0", "2.0.0"),
        ("2", "2.0.0"),
        ('"2.0.0"', "2.0.0"),
        ("2.0.0-wd", "2.0.0"),
        ("2.1", "2.1.0"),
        ("2.0.0+", "2.0.0"),
        ("2.0+.0", "2.1.0"),
        ("2+.0.0", "2.1.0"),
        ("2+.0.1", "2.1.0"),
        ("1+.0.0", "2.1.0"),
        ("+", "2.1.0"),
    ],
)
def test_c101_versions_and_ranges(version: str, given_version: str):
    assert data_type(f"{DATA}json;version={version}") == f"{DATA}json; version={given_version}"


def test_a_vendor_type_without_version_gets_the_newest():
    assert data_type(f"{DATA}csv") == CSV


@pytest.mark.parametrize(
    ("accept", "given_type"),
    [
        (None, "genericdata+xml; version=2.1"),
        ("*/*", "genericdata+xml; version=2.1"),
        ("application/xml", "genericdata+xml; version=2.1"),
        ("text/xml", "genericdata+xml; version=2.1"),
        ("application/json", "data+json; version=1.0.0"),
        ("application/vnd.sdmx.data+json;version=1.0", "data+json; version=1.0.0"),
        ("application/vnd.sdmx.data+json;version=1.0.0-wd", "data+json; version=1.0.0-wd"),
        ("application/vnd.sdmx.data+json;version=2.1.0", "data+json; version=2.1.0"),
        ("text/csv", "data+csv; version=1.0.0"),
        (
            "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
            "structurespecificdata+xml; version=2.1",
        ),
        (
            "application/vnd.sdmx.genericdata+xml;version=2.1, "
            "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
            "genericdata+xml; version=2.1",
        ),
    ],
)
def test_c099_on_1_x_paths_the_types_of_sdmx_2_1_come_first(accept: str | None, given_type: str):
    given = negotiate(accept, V1_DATA_OFFERS).content_type
    assert given == f"application/vnd.sdmx.{given_type}"


@pytest.mark.parametrize(
    ("query", "given_type", "given_on_1_x"),
    [
        ("format=genericdata", "genericdata+xml; version=2.1", None),
        ("format=generictimeseriesdata", "generictimeseriesdata+xml; version=2.1", None),
        ("format=structurespecificdata", "data+xml; version=3.1.0", "structurespecificdata"),
        ("format=structurespecificdata&formatVersion=3.0", "data+xml; version=3.0.0", None),
        (
            "format=structurespecificdata&formatVersion=2.1",
            "structurespecificdata+xml; version=2.1",
            None,
        ),
        (
            "format=structurespecifictimeseriesdata",
            "structurespecifictimeseriesdata+xml; version=2.1",
            None,
        ),
        ("format=jsondata", "data+json; version=2.1.0", "data+json; version=1.0.0"),
        ("format=csvdata", "data+csv; version=2.1.0", "data+csv; version=1.0.0"),
    ],
)
def test_c105_formats_by_their_short_names(query: str, given_type: str, given_on_1_x: str | None):
    assert data_type("text/csv", query) == f"application/vnd.sdmx.{given_type}"
    given = negotiate("text/csv", V1_DATA_OFFERS, parse_options(query)).content_type
    assert given.startswith(f"application/vnd.sdmx.{given_on_1_x or given_type}")


@pytest.mark.parametrize(
    "accept",
    [
        "application/x-foo",
        f"{DATA}json;version=3.0.0",
        f"{DATA}json;version=2+.2.0",
        f"{DATA}json;version=latest",
        f"{DATA}xml;version=3.2.0",
        "application/json;q=0",
        "*/*;q=0",
        "json",
        f"{DATA}csv;labels=all",
        f"{DATA}csv;version=1.0.0;keys=obs",
        f"{DATA}csv;version=1.0.0;labels=name",
    ],
)
def test_c103_what_is_not_offered_is_refused_with_what_is(accept: str):
    with pytest.raises(NotAcceptableError, match=r"data\+csv; version=2.0.0") as caught:
        data_type(accept)
    assert caught.value.detail["offered"] == [str(offer.media_type) for offer in DATA_OFFERS]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/csv;q=0.9, application/json;q=1", JSON),
        ("text/csv, application/json;q=0.9", CSV),
        ("text/csv, application/json", CSV),
        ("application/json, text/csv", JSON),
        ("*/*, text/csv", CSV),
        ("*/*;q=0.9, text/csv;q=0.1", JSON),
        ("application/json;q=0, */*", CSV),
        (f"{DATA}csv;version=1.0.0;keys=obs, */*;q=0.1", JSON),
        (f"application/x-foo, {DATA}json;version=2.0.0;q=0.2", f"{DATA}json; version=2.0.0"),
        ('text/csv;x="a,b;q=0", application/json;q=0.5', CSV),
        ("application/json;q=2, text/csv;q=0.1", CSV),
    ],
)
def test_c102_qualities_then_precision_then_order_decide(accept: str, expected: str):
    assert data_type(accept) == expected


def test_c102_the_more_precise_range_can_exclude():
    with pytest.raises(NotAcceptableError):
        data_type(f"{DATA}json;q=0, application/json")


@pytest.mark.parametrize("labels", ["id", "name", "both"])
@pytest.mark.parametrize("time_format", ["original", "normalized"])
@pytest.mark.parametrize("keys", ["none", "obs", "series", "both"])
def test_c104_csv_parameters_in_accept_are_echoed(labels: str, time_format: str, keys: str):
    accept = f"{DATA}csv;version=2.0.0;KEYS={keys};labels={labels};timeFormat={time_format}"
    chosen = negotiate(accept, DATA_OFFERS)
    assert (chosen.labels, chosen.time_format, chosen.keys) == (labels, time_format, keys)
    assert chosen.content_type == (
        f"{DATA}csv; version=2.0.0; labels={labels}; timeFormat={time_format}; keys={keys}"
    )


def test_csv_parameters_have_defaults_and_mean_nothing_to_json():
    chosen = negotiate("text/csv", DATA_OFFERS)
    assert (chosen.labels, chosen.time_format, chosen.keys) == ("id", "original", "none")
    assert data_type(f"{DATA}json;labels=both") == JSON
    assert data_type("application/json", "labels=both") == JSON


@pytest.mark.parametrize(
    ("accept", "query", "expected"),
    [
        ("application/json", "format=csvdata", CSV),
        ("text/csv", "format=jsondata", JSON),
        ("application/x-foo", "format=csv", CSV),
        ("text/csv", "format=JSON", JSON),
        (None, "format=SDMX-CSV", CSV),
        (None, "format=csv&formatVersion=1.0.0", f"{DATA}csv; version=1.0.0"),
        ("text/csv", "formatVersion=2.0", f"{DATA}csv; version=2.0.0"),
        (
            f"{DATA}csv;version=2.0.0;labels=id",
            "labels=both",
            f"{DATA}csv; version=2.0.0; labels=both",
        ),
        ("text/csv", "c[A]=1&keys=series", f"{CSV}; keys=series"),
        ("text/csv", "c[A]=labels", CSV),
        ("text/csv", "timeFormat=normalized&format=csv", f"{CSV}; timeFormat=normalized"),
    ],
)
def test_c105_query_parameters_win_over_headers(accept: str | None, query: str, expected: str):
    assert data_type(accept, query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "format=foo",
        "format=",
        "format=json&formatVersion=9.0.0",
        "formatVersion=x",
        "format=jsonstructure",
    ],
)
def test_c105_formats_that_are_not_offered(query: str):
    with pytest.raises(NotAcceptableError):
        data_type("*/*", query)


def test_jsonstructure_is_the_format_of_structures():
    assert structure_type("text/csv", "format=jsonstructure") == structure_type(None)


@pytest.mark.parametrize(
    "query", ["labels=foo", "keys=", "timeFormat=iso", "format=csv&format=json"]
)
def test_csv_parameters_with_wrong_values_are_syntax_errors(query: str):
    with pytest.raises(QuerySyntaxError):
        parse_options(query)


def test_media_types_are_written_with_a_blank_after_the_semicolon():
    assert str(MediaType("text/csv")) == "text/csv"
    assert str(MediaType("a/b", "1.0", (("labels", "id"),))) == "a/b; version=1.0; labels=id"


def test_only_the_beginning_of_a_very_long_header_is_read():
    assert data_type("application/x-foo, " * 50 + "text/csv") == CSV
    with pytest.raises(NotAcceptableError):
        data_type("application/x-foo, " * 3000 + "text/csv")


# --- languages


@pytest.mark.parametrize(
    ("header", "order", "asked"),
    [
        (None, ("en", "es"), 0),
        ("", ("en", "es"), 0),
        ("es", ("es", "en"), 1),
        ("es-CR,es;q=0.9,en;q=0.8", ("es", "en"), 2),
        ("en;q=0.3, ES-419;q=0.7", ("es", "en"), 2),
        ("fr", ("en", "es"), 0),
        ("fr, es;q=0.1", ("es", "en"), 1),
        ("es;q=0", ("en", "es"), 0),
        ("es-x-private", ("es", "en"), 1),
        ("!!, es;q=x, ;;", ("en", "es"), 0),
    ],
)
def test_c042_lookup_of_languages(header: str | None, order: tuple[str, ...], asked: int):
    choice = negotiate_language(header)
    assert (choice.order, choice.every, choice.asked) == (order, False, asked)


def test_c042_a_text_is_given_in_the_best_language_it_has():
    choice = negotiate_language("fr, es;q=0.5", available=("en", "es", "fr"))
    assert choice.pick({"en": "Sex", "es": "Sexo", "fr": "Sexe"}) == "Sexe"
    assert choice.pick({"en": "Sex", "es": "Sexo"}) == "Sexo"
    assert choice.pick({"en": "Sex"}) == "Sex"
    assert choice.pick({"pt": "Sexo"}) == "Sexo"
    assert choice.pick({}) is None


def test_c043_an_asterisk_wants_every_language():
    assert negotiate_language("*").every
    assert not negotiate_language("*;q=0").every
    choice = negotiate_language("es, *;q=0.5")
    assert (choice.order, choice.every) == (("es", "en"), True)


def test_c105_lang_wins_over_the_header():
    assert negotiate_language("en", "es").order == ("es", "en")
    assert negotiate_language("en", "es-CR").order == ("es", "en")
    assert negotiate_language("en", "all").every
    assert parse_options("lang=es&compression=gzip").lang == "es"


def test_c106_a_language_that_is_not_available_is_refused():
    with pytest.raises(NotAcceptableError, match="there are en, es, all"):
        negotiate_language("en", "xx")


# --- encodings


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("deflate", "identity"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("gzip;q=0.5, identity", "identity"),
        ("gzip;q=0", "identity"),
        ("identity;q=0, gzip", "gzip"),
    ],
)
def test_c107_the_best_encoding_that_is_offered(header: str | None, expected: str):
    assert choose_encoding(header, offered=("br", "gzip")) == expected


def test_c106_encodings_that_are_not_offered():
    assert choose_encoding("br", "gzip") == "gzip"
    assert choose_encoding("gzip", "identity") == "identity"
    with pytest.raises(NotAcceptableError, match="offered: br, gzip, deflate, identity"):
        choose_encoding("gzip", "exi")
    with pytest.raises(NotAcceptableError):
        choose_encoding("identity;q=0, zstd")


# --- anything at all

HEADERS = st.one_of(st.text(), st.text('*/;,=q.01+" abcsvjnotei-', max_size=40))


@given(HEADERS, st.one_of(st.text(), st.text("format=&labelskeysVion%1.0+", max_size=40)))
def test_any_header_is_answered_or_refused_by_us(header: str, query: str):
    for read in (
        lambda: data_type(header, query),
        lambda: negotiate_language(header, None),
        lambda: negotiate_language(None, header),
        lambda: choose_encoding(header),
        lambda: choose_encoding(None, header),
    ):
        try:
            read()
        except VipmgError as error:
            assert set(error.text) == {"en", "es"}


@given(st.sampled_from(DATA_OFFERS), st.data())
def test_a_content_type_asked_for_is_the_one_given(offer, data: st.DataObject):
    parameters = "".join(
        f";{name}={data.draw(st.sampled_from(values))}" for name, values in offer.parameters.items()
    )
    content_type = data_type(f"{offer.name};version={offer.version}{parameters}")
    assert data_type(content_type) == content_type
    assert content_type.replace("; ", ";") == f"{offer.name};version={offer.version}{parameters}"
