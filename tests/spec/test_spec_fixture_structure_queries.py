"""Generated queries of structures: every reply is valid in its format, whatever was asked."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixture_exchange import Bundle, bundle_artefacts
from tests.fixture_replies import check_refusal, check_structures

VENDOR = "application/vnd.sdmx.structure"
FORMATS = (
    f"{VENDOR}+json;version=2.1.0",
    f"{VENDOR}+json;version=2.0.0",
    f"{VENDOR}+json;version=1.0.0",
    f"{VENDOR}+xml;version=3.1.0",
    f"{VENDOR}+xml;version=3.0.0",
    f"{VENDOR}+xml;version=2.1",
)
TYPES = [
    *("datastructure", "metadatastructure", "categoryscheme", "conceptscheme", "codelist"),
    *("hierarchy", "hierarchyassociation", "valuelist", "agencyscheme", "dataproviderscheme"),
    *("metadataproviderscheme", "dataconsumerscheme", "organisationunitscheme", "dataflow"),
    *("metadataflow", "reportingtaxonomy", "provisionagreement", "metadataprovisionagreement"),
    *("structuremap", "representationmap", "conceptschememap", "categoryschememap"),
    *("organisationschememap", "reportingtaxonomymap", "process", "categorisation"),
    *("dataconstraint", "metadataconstraint", "transformationscheme", "rulesetscheme"),
    *("userdefinedoperatorscheme", "customtypescheme", "namepersonalisationscheme"),
    "vtlmappingscheme",
]
TYPES_1 = [
    *("datastructure", "metadatastructure", "categoryscheme", "conceptscheme", "codelist"),
    *("hierarchicalcodelist", "organisationscheme", "agencyscheme", "dataproviderscheme"),
    *("dataconsumerscheme", "organisationunitscheme", "dataflow", "metadataflow"),
    *("reportingtaxonomy", "provisionagreement", "structureset", "process", "categorisation"),
    *("contentconstraint", "actualconstraint", "allowedconstraint", "attachmentconstraint"),
    *("transformationscheme", "rulesetscheme", "userdefinedoperatorscheme", "customtypescheme"),
    *("namepersonalisationscheme", "vtlmappingscheme", "structure"),
]
DETAILS = [
    *("full", "allstubs", "referencestubs", "referencepartial", "allcompletestubs"),
    *("referencecompletestubs", "raw"),
]
RELATED = ["none", "parents", "parentsandsiblings", "ancestors", "children", "descendants", "all"]
RELATED_1 = [each for each in RELATED if each != "ancestors"]
IDS = sorted({each.id for each in bundle_artefacts()})
QUICK = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check(bundle: Bundle, path: str, media_type: str, *right: int) -> None:
    """Ask; the reply must be valid, and its status one of those that are right."""
    reply = bundle.get(path, media_type)
    assert reply.status_code in right, (path, media_type, reply.status_code, reply.text[:500])
    if reply.status_code == 204:
        assert reply.content == b"", path
    elif reply.status_code == 200:
        told = reply.headers["Content-Type"].replace(" ", "")
        assert told == media_type, path
        check_structures(reply.content, told, path)
    else:
        check_refusal(reply, media_type)


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("artefact_type", [*TYPES, "*"])
def test_c026_every_type_answers_in_every_format(
    bundle: Bundle, artefact_type: str, media_type: str
) -> None:
    # With all that refers to them, other classes are still there for SDMX 2.1.
    old = media_type in (FORMATS[2], FORMATS[5])
    wanted = 204 if old and artefact_type == "hierarchyassociation" else 200
    check(bundle, f"/sdmx/v2/structure/{artefact_type}?references=all", media_type, wanted)


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("artefact_type", TYPES_1)
def test_c026_every_type_of_1_5_answers_in_every_format(
    bundle: Bundle, artefact_type: str, media_type: str
) -> None:
    # No attachment constraint is made of what 3.x has, and what is available is not stored.
    wanted = 404 if artefact_type in ("attachmentconstraint", "actualconstraint") else 200
    check(bundle, f"/sdmx/v1/{artefact_type}?references=all", media_type, wanted)


@st.composite
def modern(draw: st.DrawFn) -> tuple[str, str]:
    """A path of 2.2, and a format."""
    types = st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True).map(",".join)
    versions = ("*", "~", "+", "1.0.0", "1.0", "1.0+.0", "1~.0.0", "2.*", "1.0.0,2.0.0-draft")
    segments = [
        draw(st.one_of(types, st.just("*"))),
        draw(
            st.sampled_from(("*", "SICA_TEST", "SICA_TEST.MIG", "SICA_TEST,SICA_TEST.MIG", "NONE"))
        ),
        draw(st.one_of(st.just("*"), st.sampled_from(IDS))),
        draw(st.sampled_from(versions)),
    ]
    path = "/".join(segments[: draw(st.integers(1, 4))])
    named = st.sampled_from(TYPES)
    references = draw(
        st.one_of(st.sampled_from(RELATED), st.lists(named, min_size=1).map(",".join))
    )
    query = f"detail={draw(st.sampled_from(DETAILS))}&references={references}"
    return f"/sdmx/v2/structure/{path}?{query}", draw(st.sampled_from(FORMATS))


@given(asked=modern())
@QUICK
def test_every_reply_of_2_2_is_valid(bundle: Bundle, asked: tuple[str, str]) -> None:
    check(bundle, *asked, 200, 204, 404)


@st.composite
def classic(draw: st.DrawFn) -> tuple[str, str]:
    """A path of 1.5, and a format."""
    segments = [
        draw(st.sampled_from(TYPES_1)),
        draw(st.sampled_from(("all", "SICA_TEST", "SICA_TEST.MIG", "SICA_TEST+SICA_TEST.MIG"))),
        draw(st.one_of(st.just("all"), st.sampled_from(IDS))),
        draw(st.sampled_from(("all", "latest", "1.0.0", "1.0", "1.0.0+1.1.0"))),
    ]
    path = "/".join(segments[: draw(st.integers(1, 4))])
    references = draw(st.sampled_from([*RELATED_1, *TYPES_1[:14]]))
    details = [each for each in DETAILS if each != "raw"]
    query = f"detail={draw(st.sampled_from(details))}&references={references}"
    return f"/sdmx/v1/{path}?{query}", draw(st.sampled_from(FORMATS))


@given(asked=classic())
@QUICK
def test_every_reply_of_1_5_is_valid(bundle: Bundle, asked: tuple[str, str]) -> None:
    check(bundle, *asked, 200, 404)


ITEMS = {
    "codelist/SICA_TEST/CL_AREA/1.0.0": ["CRI", "CRI,SLV", "NONE"],
    "codelist/SICA_TEST/CL_ORIGIN/1.0.0": ["G_N_AIR", "WLD"],
    "codelist/SICA_TEST.MIG/CL_BORDER_POST/1.0.0": ["PASO_CANOAS"],
    "valuelist/SICA_TEST/VL_SYMBOL/1.0.0": ["n%2Fa", "%3C5", "NONE"],
    "conceptscheme/SICA_TEST/CS_MIGRATION/1.0.0": ["SEX", "CONTACT_NAME"],
    "categoryscheme/SICA_TEST/CAS_TOPIC/1.0.0": ["FLOW.BORDER.DAILY", "FLOW"],
    "reportingtaxonomy/SICA_TEST/RT_CALENDAR/1.0.0": ["YEARLY.BASIC"],
    "agencyscheme/SICA_TEST/AGENCIES/1.0": ["MIG"],
    "dataproviderscheme/SICA_TEST/DATA_PROVIDERS/1.0": ["CRI_TEST"],
    "transformationscheme/SICA_TEST/TS_MIGRATION/1.0.0": ["T1"],
    "rulesetscheme/SICA_TEST/RS_MIGRATION/1.0.0": ["R_TREE"],
}


@pytest.mark.parametrize("scheme", ITEMS)
def test_c038_items_in_every_format(bundle: Bundle, scheme: str) -> None:
    for item in ITEMS[scheme]:
        for media_type in FORMATS:
            for query in ("", "?references=all"):
                path = f"/sdmx/v2/structure/{scheme}/{item}{query}"
                check(bundle, path, media_type, *_found(item, media_type, scheme))


def _found(item: str, media_type: str, scheme: str) -> tuple[int, ...]:
    if item == "NONE":
        return (204, 404)
    # SDMX 2.1 has no value lists, and its JSON no VTL.
    old = media_type.endswith(("version=2.1", "version=1.0.0"))
    return (200, 204) if old and scheme.startswith(("value", "trans", "rule")) else (200,)


@pytest.mark.parametrize("media_type", FORMATS)
def test_languages_in_every_format(bundle: Bundle, media_type: str) -> None:
    for language in ("*", "es", "fr, en;q=0.5", "xx", "de-AT, es-HN;q=0.3"):
        reply = bundle.get("/sdmx/v2/structure/*", media_type, Accept_Language=language)
        assert reply.status_code == 200
        check_structures(reply.content, media_type, language)
