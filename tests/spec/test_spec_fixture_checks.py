"""Single requirements of the standard, shown on the bundle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.settings import Settings
from app.store.pools import open_pools
from tests.fixture_exchange import MIGRATION, Bundle
from tests.fixture_messages import read_message
from tests.fixture_model import rows_of, shapes
from tests.fixture_replies import check_refusal, json_faults
from tests.structures import Desk, sheet

STRUCTURE21 = "application/vnd.sdmx.structure+json;version=2.1.0"
DATA21 = "application/vnd.sdmx.data+json;version=2.1.0"
DATA10 = "application/vnd.sdmx.data+json;version=1.0.0"
GENERIC = "application/vnd.sdmx.genericdata+xml;version=2.1"
FLOW = "/sdmx/v2/data/dataflow/SICA_TEST/DF_MIGRATION/1.0.0"
SECOND = "SICA_TEST:CL_PERMIT(1.1.0)"


def artefacts(bundle: Bundle, path: str) -> dict[str, dict[str, Any]]:
    """The artefacts of a reply by `AGENCY:ID(VERSION)`."""
    reply = bundle.get(path, STRUCTURE21)
    assert reply.status_code == 200, reply.text
    return {
        f"{one['agencyID']}:{one['id']}({one['version']})": one
        for listed in reply.json()["data"].values()
        for one in listed
    }


def test_c015_plus_is_or_in_every_part_of_a_1_x_path(bundle: Bundle) -> None:
    path = "/sdmx/v1/codelist/SICA_TEST+SICA_TEST.MIG/CL_SEX+CL_TRANSPORT/1.0.0"
    both = {"SICA_TEST:CL_SEX(1.0.0)", "SICA_TEST.MIG:CL_TRANSPORT(1.0.0)"}
    assert artefacts(bundle, path).keys() == both
    versions = artefacts(bundle, "/sdmx/v1/codelist/SICA_TEST/CL_PERMIT/1.0.0+1.1.0")
    assert versions.keys() == {"SICA_TEST:CL_PERMIT(1.0.0)", SECOND}
    [items] = artefacts(bundle, "/sdmx/v1/codelist/SICA_TEST/CL_AREA/1.0.0/CRI+SLV").values()
    assert [code["id"] for code in items["codes"]] == ["CRI", "SLV"]
    assert items["isPartial"] is True


def test_c025_latest_of_1_x_is_the_latest_in_production(bundle: Bundle) -> None:
    for version in ("latest", ""):
        path = f"/sdmx/v1/codelist/SICA_TEST/CL_PERMIT/{version}".rstrip("/")
        assert artefacts(bundle, path).keys() == {SECOND}


def test_c069_series_attributes_are_those_of_series_and_of_groups(bundle: Bundle) -> None:
    path = f"{FLOW}/A.CRI.F?attributes=series"
    reply = bundle.get(path, DATA21)
    [dataset] = read_message(reply.content, DATA21, shapes()[MIGRATION])
    row = dataset.rows["A", "CRI", "F", "_T", "2021"]
    series = {"UNIT_MULT", "UNIT", "COLLECTION", "GROUP_SOURCE", "METHOD"}
    assert row.keys() - {"OBS_VALUE", "SHARE", "MAIN_SOURCE"} == series


# -- availability -----------------------------------------------------------------------------


def available(bundle: Bundle, path: str) -> dict[str, Any]:
    """The one availability constraint of a reply, which must be valid."""
    reply = bundle.get(f"/sdmx/v2/availability/{path}", STRUCTURE21)
    assert reply.status_code == 200, reply.text
    assert json_faults(reply.content, "structure", "2.1.0") == []
    [found] = reply.json()["data"]["availabilityConstraints"]
    read: dict[str, Any] = found
    return read


def listed(constraint: dict[str, Any]) -> dict[str, set[str]]:
    """The values of each dimension."""
    return {
        one["id"]: {value["value"] for value in one["values"]}
        for one in constraint["cubeRegion"].get("keyValues", [])
        if "values" in one
    }


def test_c088_what_is_available_is_no_maintainable_artefact(bundle: Bundle) -> None:
    for context, name in (
        ("dataflow", "DF_MIGRATION"),
        ("provisionagreement", "PA_MIGRATION_CRI"),
        ("datastructure", "DSD_MIGRATION"),
    ):
        found = available(bundle, f"{context}/SICA_TEST/{name}/1.0.0")
        assert found.keys() == {"constraintAttachment", "cubeRegion", "seriesCount", "obsCount"}
        [target] = found["constraintAttachment"].values()
        assert target.endswith(f"=SICA_TEST:{name}(1.0.0)")
        assert isinstance(found["cubeRegion"], dict)


ROWS = [
    dict(zip(("REF_AREA", "SEX"), key, strict=True))
    for key in rows_of("SICA_TEST:PA_STOCK_REG(1.0.0)")
]
CODES = {name: sorted({row[name] for row in ROWS}) for name in ("REF_AREA", "SEX")}


@given(
    chosen=st.fixed_dictionaries(
        {},
        optional={
            name: st.lists(st.sampled_from(codes), min_size=1, max_size=3, unique=True)
            for name, codes in CODES.items()
        },
    )
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_c085_available_ignores_the_filter_on_the_dimension_itself(
    bundle: Bundle, chosen: dict[str, list[str]]
) -> None:
    def values(name: str, *, ignored: bool) -> set[str]:
        return {
            row[name]
            for row in ROWS
            if all(
                row[each] in codes
                for each, codes in chosen.items()
                if not (ignored and each == name)
            )
        }

    query = "&".join(f"c[{name}]={','.join(codes)}" for name, codes in chosen.items())
    path = f"/sdmx/v2/availability/dataflow/SICA_TEST/DF_STOCK/1.0.0?{query}"
    exact = {name: values(name, ignored=False) for name in CODES}
    if not exact["SEX"]:
        assert bundle.get(path, STRUCTURE21).status_code == 204
        return
    found = available(bundle, path.removeprefix("/sdmx/v2/availability/"))
    assert listed(found) == exact
    wider = available(bundle, f"{path.removeprefix('/sdmx/v2/availability/')}&mode=available")
    assert listed(wider) == {name: values(name, ignored=True) for name in CODES}


# -- constraints ------------------------------------------------------------------------------


CUT = {
    "datastructure/SICA_TEST/DSD_MIGRATION": {"CL_AGE": "_U"},
    "dataflow/SICA_TEST/DF_MIGRATION": {"CL_AGE": "_U", "CL_SEX": "_U", "CL_FREQ": "S W D"},
    "provisionagreement/SICA_TEST/PA_MIGRATION_CRI": {
        "CL_AGE": "_U",
        "CL_SEX": "_U",
        "CL_FREQ": "S W D",
        "CL_AREA": "CAM BLZ GTM HND SLV XXX",
    },
    "provisionagreement/SICA_TEST/PA_RETURN_REG": {"CL_AGE": "_U", "CL_FREQ": "D"},
}


@pytest.mark.parametrize("context", CUT)
def test_c090_each_level_cuts_its_own_codes(bundle: Bundle, context: str) -> None:
    whole = artefacts(bundle, "/sdmx/v2/structure/codelist/SICA_TEST/*/1.0.0")
    cut = artefacts(bundle, f"/sdmx/v2/schema/{context}/1.0.0")
    left_out = {}
    for name, codelist in cut.items():
        if name in whole:
            missing = codes_of(whole[name]) - codes_of(codelist)
            left_out |= {codelist["id"]: missing} if missing else {}
    assert left_out == {name: set(codes.split()) for name, codes in CUT[context].items()}


def codes_of(codelist: dict[str, Any]) -> set[str]:
    return {code["id"] for code in codelist.get("codes", [])}


WRONG = {
    "DC_DSD_MIGRATION": ("SLV", "A,SLV,_T,_U,2023,5,A,0"),
    "DC_DF_MIGRATION": ("SLV", "Q,HND,_T,_T,2023-Q1,5,A,0"),
    "DC_PA_SLV": ("SLV", "A,CRI,_T,_T,2023,5,A,0"),
    "DC_PROVIDER": ("REG", "D,GTM,_T,_T,2023-01-02,5,A,0"),
    "DC_REGION": ("REG", ",CAM,_T,,,5,A,"),
}


@pytest.mark.parametrize("constraint", WRONG)
async def test_each_level_refuses_what_it_forbids(
    bundle_settings: Settings, constraint: str
) -> None:
    provider, row = WRONG[constraint]
    flow = MIGRATION if provider == "SLV" else "SICA_TEST:DF_RETURN(1.0.0)"
    if constraint == "DC_REGION":
        flow = "SICA_TEST:DF_STOCK(1.0.0)"  # what is below CAM, and not CAM itself
    header = "FREQ,REF_AREA,SEX,AGE,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT"
    assert bundle_settings.database_url is not None
    pools = await open_pools(bundle_settings.database_url.get_secret_value(), bundle_settings)
    try:
        decision = await Desk(pools).send(sheet(header, row, flow=flow), f"{provider}_TEST")
    finally:
        await pools.close()
    assert decision.state == "rejected"
    assert [finding.rule for finding in decision.findings if finding.rule] == [constraint]


# -- headers and errors -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/sdmx/v2/structure/codelist/SICA_TEST/CL_SEX", STRUCTURE21),
        (f"{FLOW}/A.CRI", DATA21),
        (f"{FLOW}/A.CRI", "application/vnd.sdmx.data+csv;version=2.1.0;labels=both"),
        ("/sdmx/v1/data/DF_MIGRATION/A.CRI..", GENERIC),
    ],
)
def test_c111_the_languages_of_a_reply_are_told(bundle: Bundle, path: str, accept: str) -> None:
    assert bundle.get(path, accept, Accept_Language="es").headers["Content-Language"] == "es"
    assert "en" in bundle.get(path, accept).headers["Content-Language"]


def test_c117_what_is_wrong_is_told_by_the_status_of_each_version(bundle: Bundle) -> None:
    wrong_grammar = bundle.get(f"{FLOW}?firstNObservations=x", DATA21)
    assert wrong_grammar.status_code == 400
    check_refusal(wrong_grammar, DATA21)
    assert wrong_grammar.json()["errors"][0]["code"] == 400
    for query, status, code in (
        ("all?firstNObservations=x", 400, 140),
        ("A.CRI", 403, 150),
        ("all?dimensionAtObservation=NOPE", 403, 150),
        ("A.CRI.F._T?startPeriod=1900&endPeriod=1901", 404, 100),
    ):
        reply = bundle.get(f"/sdmx/v1/data/SICA_TEST,DF_MIGRATION/{query}", DATA10)
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (status, code), query
        reply = bundle.get(f"/sdmx/v1/data/SICA_TEST,DF_MIGRATION/{query}", GENERIC)
        assert reply.status_code == status
        check_refusal(reply, GENERIC)
        assert f'code="{code}"' in reply.text


# -- SDMX-JSON --------------------------------------------------------------------------------


def test_c124_keys_of_groups_have_a_place_for_every_dimension_and_time(bundle: Bundle) -> None:
    path = "/sdmx/v2/data/provisionagreement/SICA_TEST/PA_MIGRATION_CRI/1.0.0"
    [dataset] = bundle.get(path, DATA21).json()["data"]["dataSets"]
    keys = dataset["dimensionGroupAttributes"]
    assert keys
    assert {key.count(":") for key in keys} == {4}
    assert {tuple(bool(part) for part in key.split(":")) for key in keys} == {
        (False, True, False, False, False),
        (False, True, True, False, False),
    }


@pytest.mark.parametrize(
    ("context", "name", "kind"),
    [
        ("dataflow", "DF_MIGRATION", "datastructure.Dataflow"),
        ("provisionagreement", "PA_MIGRATION_CRI", "registry.ProvisionAgreement"),
        ("datastructure", "DSD_MIGRATION", "datastructure.DataStructure"),
    ],
)
def test_c125_the_first_link_names_what_was_asked(
    bundle: Bundle, context: str, name: str, kind: str
) -> None:
    reply = bundle.get(f"/sdmx/v2/data/{context}/SICA_TEST/{name}/1.0.0", DATA21)
    urn = f"urn:sdmx:org.sdmx.infomodel.{kind}=SICA_TEST:{name}(1.0.0)"
    for structure in reply.json()["data"]["structures"]:
        assert structure["links"][0]["urn"] == urn
        assert structure["links"][0]["rel"] == context
