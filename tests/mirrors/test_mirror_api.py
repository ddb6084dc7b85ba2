"""Mirrors over HTTP: what everybody sees, what parties say, and the dataflow that comes of it."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.services.redact import RedactionOrder, redact
from app.services.score_mirrors import score_mirrors
from app.settings import Settings
from app.store.pools import Pools
from tests.mirrors.desk import CSV21, MirrorDesk, open_mirror_desk
from tests.mirrors.sides import declared, row
from tests.mirrors.test_pairs import IDS

REAL = Path(__file__).parents[3] / "shared" / "data" / "sdmx_csv" / "DF_IRREGULAR_IOM.csv.gz"
CELL = "M.MS_RETURN.MEX.GTM.GTM._T._T._T"


@pytest.fixture
async def desk(pools: Pools, settings: Settings) -> AsyncIterator[MirrorDesk]:
    async with open_mirror_desk(pools, settings) as opened:
        yield opened


async def report_returns(desk: MirrorDesk, *received: str | None) -> None:
    """Mexico returns 100, 120, 0 to Guatemala; which receives what is told, month by month."""
    said = {"CITIZENSHIP": "GTM", "UNIT_MEASURE": "PS"}
    out = {"REF_AREA": "MEX", "COUNTERPART_AREA": "GTM", "FLOW_DIRECTION": "OUT", **said}
    got = {"REF_AREA": "GTM", "COUNTERPART_AREA": "MEX", "FLOW_DIRECTION": "IN", **said}
    sent = ("100", "120", "0")
    await desk.report(
        "DF_RETURN_OUT",
        "MEX_UPMRIP",
        [row(f"2023-{m:02}", value, **out) for m, value in enumerate(sent, 1)],
    )
    await desk.report(
        "DF_RETURN_IN",
        "GTM_IGM",
        [row(f"2023-{m:02}", value, **got) for m, value in enumerate(received, 1)],
    )


def values(reply: Any) -> dict[str, tuple[Any, ...]]:
    [series] = reply["series"]
    names = ("left", "right", "gap", "ratio", "asymmetry", "state")
    return {one["period"]: tuple(one[name] for name in names) for one in series["observations"]}


async def test_everybody_sees_both_values_with_their_providers(desk: MirrorDesk) -> None:
    listed = {one["id"]: one for one in (await desk.ask(""))["pairs"]}
    assert len(listed) == 9
    assert {one["state"] for one in listed.values()} == {"NO_DATA"}
    assert listed["MS_MIGFLOW"]["reason"]["difficulty"]
    empty = await desk.ask("/MS_RETURN")
    assert (empty["series"], empty["reason"]["code"]) == ([], "NO_DATA")

    await report_returns(desk, "90", "-", "0")
    listed = {one["id"]: one for one in (await desk.ask(""))["pairs"]}
    assert listed["MS_RETURN"]["state"] == "READY"
    reply = await desk.ask("/MS_RETURN?REF_AREA=MEX&COUNTERPART_AREA=GTM")
    assert values(reply) == {
        "2023-01": (100, 90, 10, 0.9, 0.105263, "COMPARED"),
        "2023-02": (120, None, None, None, None, "RIGHT_SUPPRESSED"),
        "2023-03": (0, 0, 0, None, None, "BOTH_ZERO"),
    }
    [series] = reply["series"]
    january = series["observations"][0]
    assert (january["left_provider"], january["right_provider"]) == ("MEX_UPMRIP", "GTM_IGM")
    [source] = series["right"]["sources"]
    assert (source["agreement"], source["periods"]) == ("VIPMG:PA_RETURN_IN_GTM_IGM(1.0.0)", 3)
    assert (await desk.ask("/VIPMG:MS_RETURN?REF_AREA=CRI"))["total"] == 0
    outside = await desk.ask("/MS_CORRIDOR?REF_AREA=CRI")
    assert outside["reason"]["code"] == "OUTSIDE"

    table = await desk.client.get("/api/mirror/MS_RETURN?format=csv&startPeriod=2023-03")
    [line] = csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff")))
    assert (line["period"], line["left"], line["state"]) == ("2023-03", "0", "BOTH_ZERO")
    again = {"If-None-Match": table.headers["ETag"]}
    address = "/api/mirror/MS_RETURN?format=csv&startPeriod=2023-03"
    assert (await desk.client.get(address, headers=again)).status_code == 304
    corridors = await desk.ask("/MS_RETURN/corridors")
    [corridor] = corridors["corridors"]
    assert (corridor["first_area"], corridor["second_area"]) == ("MEX", "GTM")
    assert (corridor["left"]["sum"], corridor["right"]["sum"], corridor["periods"]) == (100, 90, 2)
    assert (corridor["ratio"], corridor["right"]["suppressed"]) == (0.9, 1)
    cells = await desk.client.get(corridor["cells"])
    assert cells.json()["series"][0]["observations"][0]["period"] == "2023-01"
    named = await desk.client.get("/api/mirror/MS_RETURN/corridors?format=csv&lang=es")
    [line] = csv.DictReader(io.StringIO(named.text.removeprefix("\ufeff")))
    assert (line["first_area_name"], line["second_area_name"]) == ("México", "Guatemala")
    lone = {"REF_AREA": "MEX", "COUNTERPART_AREA": "SLV", "CITIZENSHIP": "SLV"}
    lone |= {"FLOW_DIRECTION": "OUT", "UNIT_MEASURE": "PS"}
    await desk.report("DF_RETURN_OUT", "MEX_UPMRIP", [row("2023-01", "9", **lone)])
    corridors = await desk.ask("/MS_RETURN/corridors")
    assert (corridors["total"], corridors["one_sided"]) == (1, {"left": 1, "right": 0})


REFUSED = (
    ("/NO_SUCH", 404, "VIPMG-102"),
    ("/MS_RETURN?BIRTH_AREA=CRI", 400, "VIPMG-109"),
    ("/MS_RETURN?colour=red", 400, "VIPMG-100"),
    ("/MS_RETURN?REF_AREA=MEXX", 400, "VIPMG-109"),
    ("/MS_RETURN/corridors?COUNTERPART_AREA=MEX,GTMM", 400, "VIPMG-109"),
    ("/MS_RETURN?REF_AREA=MEX&REF_AREA=GTM", 400, "VIPMG-100"),
    ("/MS_RETURN?startPeriod=soon", 400, "VIPMG-100"),
    ("/MS_RETURN?startPeriod=2024&endPeriod=2023", 400, "VIPMG-100"),
    ("/MS_RETURN?lag=25", 400, "VIPMG-100"),
    ("/MS_RETURN?lag=%C2%B2", 400, "VIPMG-100"),
    ("/MS_RETURN?format=pdf", 406, "VIPMG-103"),
    ("/MS_RETURN/corridors?minimum=nan", 400, "VIPMG-100"),
    ("/MS_RETURN/notes?REF_AREA=%00", 400, "VIPMG-100"),
    ("/MS_RETURN/notes?REF_AREA=MEX,GTM", 400, "VIPMG-100"),
    ("/MS_RETURN/notes?TIME_PERIOD=soon", 400, "VIPMG-100"),
    ("/MS_RETURN/notes?format=pdf", 406, "VIPMG-103"),
)


async def test_texts_come_in_the_language_that_is_asked_for(desk: MirrorDesk) -> None:
    for path in ("", "/MS_RETURN", "/MS_RETURN/corridors", "/MS_RETURN/notes"):
        told = await desk.client.get(
            f"/api/mirror{path}?lang=es", headers={"Accept-Language": "en"}
        )
        assert (told.status_code, told.headers["Content-Language"]) == (200, "es"), told.text
        by_field = await desk.client.get(f"/api/mirror{path}", headers={"Accept-Language": "es"})
        assert by_field.text == told.text
        wrong = await desk.client.get(f"/api/mirror{path}?lang=tlh")
        assert (wrong.status_code, wrong.json()["parameter"]) == (400, "lang")
    spanish = await desk.ask("/MS_RETURN?lang=es")
    assert spanish["pair"]["name"] == "Retornos: país que devuelve y país que recibe"
    assert "Ningún lado" in spanish["reason"]["text"]


async def test_what_cannot_be_asked_is_told_with_its_code(desk: MirrorDesk) -> None:
    for path, status, code in REFUSED:
        reply = await desk.client.get(f"/api/mirror{path}")
        assert (reply.status_code, reply.json()["code"]) == (status, code), (path, reply.text)


async def test_parties_note_and_agree_without_changing_a_figure(desk: MirrorDesk) -> None:
    await report_returns(desk, "90", "110")
    await desk.derive()
    mexico, guatemala = await desk.token("MEX_UPMRIP"), await desk.token("GTM_IGM")
    stranger = await desk.token("CRI_DGME")
    notes = "/api/mirror/MS_RETURN/notes"
    order = {"cell": {"REF_AREA": "MEX"}, "period": "2023-01", "agreed_value": 95}

    assert (await desk.client.post(notes, json=order)).status_code == 401
    refused = await desk.client.post(notes, json=order, headers=stranger)
    assert (refused.status_code, refused.json()["code"]) == (403, "VIPMG-111")
    for wrong in (
        {**order, "period": "2023-09"},
        {**order, "cell": {"REF_AREA": "MEX"}, "agreed_value": "many"},
        {"cell": {}, "period": "2023-01"},
    ):
        reply = await desk.client.post(notes, json=wrong, headers=mexico)
        assert reply.status_code == 422, reply.text

    first = await desk.client.post(notes, json=order, headers=mexico)
    assert first.status_code == 201, first.text
    assert (first.json()["parties"], first.json()["agreed"]) == (["GTM_IGM", "MEX_UPMRIP"], None)
    await desk.derive()
    assert "AGREED_VALUE" not in (await desk.mirrored())[f"{CELL}.2023-01"], "one is not both"
    other = {**order, "agreed_value": "95.0", "note": "=five came by land"}
    second = await desk.client.post(notes, json=other, headers=guatemala)
    assert second.json()["agreed"] == 95
    [series] = (await desk.ask("/MS_RETURN"))["series"]
    january = series["observations"][0]
    assert (january["left"], january["right"], january["agreed_value"]) == (100, 90, 95)
    assert [note["organisation"] for note in january["notes"]] == ["GTM_IGM", "MEX_UPMRIP"]
    await desk.derive()
    published = (await desk.mirrored())[f"{CELL}.2023-01"]
    assert (published["LEFT_VALUE"], published["AGREED_VALUE"]) == ("100", "95")
    assert "five came by land" in published["COMMENT_OBS"]

    # A note alone lets the figure stand; null takes it back. All of it stays in the history.
    remark = {"cell": {"REF_AREA": "MEX"}, "period": "2023-01", "note": "checked"}
    told = await desk.client.post(notes, json=remark, headers=mexico)
    assert (told.json()["agreed_value"], told.json()["agreed"]) == (95, 95)
    history = (await desk.client.get(notes)).json()["notes"]
    assert [note["is_agreed"] for note in history] == [True, True, False]
    back = await desk.client.post(notes, json={**order, "agreed_value": None}, headers=mexico)
    assert back.json()["agreed"] is None
    history = (await desk.client.get(f"{notes}?TIME_PERIOD=2023-01")).json()["notes"]
    assert [note["organisation"][:3] for note in history] == ["MEX", "MEX", "GTM", "MEX"]
    assert [note["stands"] for note in history] == [True, False, True, False]
    assert not any(note["is_agreed"] for note in history)
    assert (await desk.client.get(f"{notes}?TIME_PERIOD=2023-02")).json()["notes"] == []
    table = await desk.client.get(f"{notes}?TIME_PERIOD=2023-M01&format=csv")
    lines = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert [line["note"] for line in lines] == ["", "checked", "'=five came by land", ""]
    assert (lines[2]["agreed_value"], lines[2]["stands"]) == ("95.0", "true")


async def test_no_figure_is_agreed_on_where_a_value_is_not_told(desk: MirrorDesk) -> None:
    await report_returns(desk, "90", "-")
    mexico, guatemala = await desk.token("MEX_UPMRIP"), await desk.token("GTM_IGM")
    notes = "/api/mirror/MS_RETURN/notes"
    suppressed, missing = "2023-02", "2023-03"
    order = {"cell": {"REF_AREA": "MEX"}, "agreed_value": 95}

    async def write(caller: dict[str, str], **said: Any) -> Any:
        reply = await desk.client.post(notes, json={**order, **said}, headers=caller)
        return reply.status_code, reply.json()

    for caller in (mexico, guatemala):
        for period in (suppressed, missing):
            status, told = await write(caller, period=period)
            assert (status, told["code"]) == (422, "VIPMG-133"), told
            assert told["reason"] == "NOT_PUBLIC"
    status, told = await write(mexico, period="2023-01", agreed_value=-1)
    assert (status, told["code"], told["reason"]) == (422, "VIPMG-133", "NEGATIVE")
    status, told = await write(mexico, period="2023-01", agreed_value=1.5)
    assert (status, told["code"], told["reason"]) == (422, "VIPMG-133", "NOT_WHOLE")
    kept = {"cell": {"REF_AREA": "MEX"}, "period": suppressed, "note": "fewer than five"}
    assert (await desk.client.post(notes, json=kept, headers=guatemala)).status_code == 201

    # What was agreed on goes out of sight when one of the values does, and so in the history.
    assert (await write(mexico, period="2023-01"))[0] == 201
    assert (await write(guatemala, period="2023-01", note="counted twice"))[1]["agreed"] == 95
    await desk.derive()
    assert (await desk.mirrored())[f"{CELL}.2023-01"]["AGREED_VALUE"] == "95"
    [series] = (await desk.ask("/MS_RETURN?lag=1"))["series"]
    assert series["observations"][0]["agreed_value"] is None, "another period of the right"
    await report_returns(desk, "-", "-")
    [series] = (await desk.ask("/MS_RETURN"))["series"]
    january = series["observations"][0]
    assert (january["state"], january["agreed_value"]) == ("RIGHT_SUPPRESSED", None)
    shown = [(one["agreed_value"], one["hides_value"]) for one in january["notes"]]
    assert shown == [(None, True), (None, True)]
    history = (await desk.client.get(notes)).json()
    assert (history["total"], history["notes"][0]["note"]) == (3, "counted twice")
    assert {one["agreed_value"] for one in history["notes"]} == {None}
    await desk.derive()
    assert "AGREED_VALUE" not in (await desk.mirrored())[f"{CELL}.2023-01"]
    assert (await write(mexico, period="2023-01", agreed_value=None))[0] == 201, "taken back"
    last = (await desk.client.get(f"{notes}?limit=1&offset=3")).json()
    assert (last["total"], len(last["notes"]), last["notes"][0]["stands"]) == (4, 1, True)


async def test_what_is_withheld_is_seen_by_its_provider_only(desk: MirrorDesk) -> None:
    await report_returns(desk, "90")
    hidden = {
        **{"REF_AREA": "GTM", "COUNTERPART_AREA": "MEX", "FLOW_DIRECTION": "IN"},
        **{"CITIZENSHIP": "GTM", "UNIT_MEASURE": "PS", "EMBARGO_TIME": "2990-01-01T00:00:00Z"},
    }
    await desk.report("DF_RETURN_IN", "GTM_IGM", [row("2023-02", "77", **hidden)])
    guatemala = await desk.token("GTM_IGM")
    own = values(await desk.ask("/MS_RETURN", guatemala))
    assert own["2023-02"] == (120, 77, 43, 0.641667, 0.436548, "COMPARED")
    order = {"cell": {"REF_AREA": "MEX"}, "period": "2023-02", "agreed_value": 77}
    early = await desk.client.post("/api/mirror/MS_RETURN/notes", json=order, headers=guatemala)
    assert (early.status_code, early.json()["code"]) == (422, "VIPMG-133"), "it would tell 77"
    for caller in ({}, await desk.token("MEX_UPMRIP")):
        seen = values(await desk.ask("/MS_RETURN", caller))
        assert seen["2023-02"] == (120, None, None, None, None, "RIGHT_MISSING")
    await desk.derive()
    assert "RIGHT_VALUE" not in (await desk.mirrored())[f"{CELL}.2023-02"]


async def test_the_dataflow_of_mirrors_follows_what_is_reported(desk: MirrorDesk) -> None:
    await report_returns(desk, "90", "-", "0")
    await desk.derive()
    found = await desk.mirrored()
    assert found.keys() == {f"{CELL}.2023-0{month}" for month in (1, 2, 3)}
    january = found[f"{CELL}.2023-01"]
    told = ("ASYMMETRY", "LEFT_VALUE", "RIGHT_VALUE", "GAP", "RATIO", "MIRROR_STATE")
    assert [january[name] for name in told] == ["0.105263", "100", "90", "10", "0.9", "COMPARED"]
    assert (january["LEFT_PROVIDER"], january["RIGHT_PROVIDER"]) == ("MEX_UPMRIP", "GTM_IGM")
    assert found[f"{CELL}.2023-02"]["OBS_STATUS"] == "Q"
    assert "ASYMMETRY" not in found[f"{CELL}.2023-03"]
    count = "SELECT count(*) FROM ledger WHERE action = 'derivation'"
    before = await desk.pools.writer.fetchval(count)
    await desk.derive()
    assert await desk.pools.writer.fetchval(count) == before, "nothing new, nothing published"
    gone = {
        **{"REF_AREA": "GTM", "COUNTERPART_AREA": "MEX", "FLOW_DIRECTION": "IN"},
        **{"CITIZENSHIP": "GTM", "UNIT_MEASURE": "PS"},
    }
    await desk.report("DF_RETURN_IN", "GTM_IGM", [row("2023-01", "95", **gone)])
    await desk.derive()
    assert (await desk.mirrored())[f"{CELL}.2023-01"]["GAP"] == "5"


async def test_an_agency_maintains_pairs_of_its_own(desk: MirrorDesk) -> None:
    await report_returns(desk, "90", "110")
    delivered = declared("MS_RETURN").document
    owner = await desk.token("MEX_UPMRIP", "VIPMG.RCM")
    owner["Content-Type"] = "application/vnd.sdmx.metadata+json;version=2.1.0"

    async def publish(identity: str, **changes: str) -> tuple[int, str]:
        kept = [one for one in delivered["attributes"] if one["id"] not in changes]
        more = [{"id": name, "value": value} for name, value in changes.items()]
        own = {"id": identity, "agencyID": "VIPMG.RCM", "attributes": kept + more}
        body = {"meta": {"id": "M"}, "data": {"metadataSets": [delivered | own]}}
        reply = await desk.client.post(
            "/sdmx/v2/metadata", content=orjson.dumps(body), headers=owner
        )
        return reply.status_code, reply.text

    assert (await publish("MS_OWN"))[0] == 201
    [series] = (await desk.ask("/MS_OWN"))["series"]
    assert series["observations"][0]["gap"] == 10
    await desk.derive()
    assert "M.VIPMG@RCM@MS_OWN.MEX.GTM.GTM._T._T._T.2023-01" in await desk.mirrored()
    status, told = await publish("MS_WRONG", MATCH="CITIZENSHIP=COLOUR")
    assert status == 422
    assert "MATCH: VIPMG:DF_RETURN_IN(1.0.0) has no dimension 'COLOUR'" in told
    assert {one["id"] for one in (await desk.ask(""))["pairs"]} == {*IDS, "MS_OWN"}


async def test_history_tells_of_no_figure_that_was_redacted(desk: MirrorDesk) -> None:
    air = {"REF_AREA": "GTM", "COUNTERPART_AREA": "MEX", "FLOW_DIRECTION": "IN"}
    air |= {"CITIZENSHIP": "GTM", "UNIT_MEASURE": "PS", "TRANSPORT_MODE": "AIR"}
    sent = {**air, "REF_AREA": "MEX", "COUNTERPART_AREA": "GTM", "FLOW_DIRECTION": "OUT"}
    await report_returns(desk, "90")
    await desk.report("DF_RETURN_OUT", "MEX_UPMRIP", [row("2023-01", "60", **sent)])
    await desk.report("DF_RETURN_IN", "GTM_IGM", [row("2023-01", "7077107", **air)])
    await desk.derive()
    detail = f"{CELL[:-2]}TRANSPORT_MODE@AIR.2023-01"
    assert (await desk.mirrored())[detail]["RIGHT_VALUE"] == "7077107"
    key = "M.GTM.IN.MEX.GTM._T.AIR._T._T._T.PS"
    agreement = "VIPMG:PA_RETURN_IN_GTM_IGM(1.0.0)"
    order = RedactionOrder(
        "a court says so", "1/2026", ["A", "B"], agreement=agreement, keys=[key], destroy=True
    )
    await redact(desk.pools.writer, order, dry_run=False)
    await desk.derive()
    journal = await desk.pools.writer.fetchval(
        "SELECT string_agg(observations::text, ' ') FROM change"
    )
    assert "7077107" not in journal
    found = await desk.mirrored()
    assert detail not in found, "one side has nothing any more"
    assert found[f"{CELL}.2023-01"]["RIGHT_VALUE"] == "90", "the others stay"


async def test_a_mirrored_figure_leads_to_both_sides(desk: MirrorDesk) -> None:
    await report_returns(desk, "90")
    await desk.derive()
    address = "/api/lineage?dataflow=VIPMG:DF_MIRROR(1.0.0)"
    reply = await desk.client.get(f"{address}&key={CELL}&period=2023-01")
    assert reply.status_code == 200, reply.text
    told = reply.json()["computed"]
    assert told["pair"].endswith("=VIPMG:MS_RETURN(1.0.0)")
    mirrored = (await desk.client.get(told["links"]["source"])).json()
    assert [one["cell"]["CITIZENSHIP"] for one in mirrored["series"]] == ["GTM"]
    found = {}
    for side in told["sides"]:
        data = await desk.client.get(side["links"]["source"], headers={"Accept": CSV21})
        assert data.status_code == 200, data.text
        found[side["side"]] = [
            (each["STRUCTURE_ID"], each["TIME_PERIOD"], each["OBS_VALUE"])
            for each in csv.DictReader(io.StringIO(data.text))
            if each["TIME_PERIOD"]
        ]
        assert "/api/lineage?" in data.headers["Link-Template"]
    assert found == {
        "LEFT": [("VIPMG:DF_RETURN_OUT(1.0.0)", "2023-01", "100")],
        "RIGHT": [("VIPMG:DF_RETURN_IN(1.0.0)", "2023-01", "90")],
    }


def transits(area: str, values: dict[str, list[int]]) -> list[dict[str, str]]:
    codes = {"REF_AREA": area, "MOVEMENT": "TRN", "REGULARITY": "IRR", "UNIT_MEASURE": "EVT"}
    return [
        dict(row(f"2023-{month:02}", str(value), CITIZENSHIP=citizenship, **codes))
        for citizenship, listed in values.items()
        for month, value in enumerate(listed, 1)
    ]


async def test_a_corridor_tells_at_which_lag_the_sides_move_together(desk: MirrorDesk) -> None:
    venezuela, ecuador = [10, 40, 90, 30, 20, 60, 50, 10], [5, 5, 9, 7, 5, 6, 8, 5]
    later = [7, *(value * 9 // 10 for value in venezuela[:-1])]
    await desk.report(
        "DF_IRREGULAR", "PAN_SNM", transits("PAN", {"VEN": venezuela, "ECU": ecuador})
    )
    await desk.report("DF_IRREGULAR", "HND_INM", transits("HND", {"VEN": later, "HTI": [1] * 8}))
    reply = await desk.ask("/MS_CORRIDOR")
    assert reply["best_lag"] == 1
    assert [one["periods"] for one in reply["lags"]] == [8, 7, 6]
    assert reply["lags"][1]["correlation"] > 0.99 > 0.5 > reply["lags"][0]["correlation"]
    by_nationality = {one["cell"]["CITIZENSHIP"]: one for one in reply["series"]}
    copied = {"cell": by_nationality["VEN"]["cell"], "period": "2023-02", "note": "seen"}
    panama = await desk.token("PAN_SNM")
    noted = await desk.client.post("/api/mirror/MS_CORRIDOR/notes", json=copied, headers=panama)
    assert noted.status_code == 201, "a cell may be named as it is told"
    assert by_nationality["HTI"]["left"] is None
    assert by_nationality["ECU"]["observations"][0]["state"] == "RIGHT_MISSING"
    assert by_nationality["VEN"]["over_periods"]["ratio"] == round(sum(later) / sum(venezuela), 6)
    shifted = await desk.ask("/MS_CORRIDOR?CITIZENSHIP=VEN&lag=1&startPeriod=2023-01")
    [venezuelans] = shifted["series"]
    first = venezuelans["observations"][0]
    assert (first["period"], first["right_period"], first["ratio"]) == ("2023-01", "2023-02", 0.9)


async def test_each_value_names_its_provider_and_a_caller_may_ask_for_one(desk: MirrorDesk) -> None:
    seen = [10, 40, 90, 30, 20, 60, 50, 10]
    both = [*transits("PAN", {"VEN": seen}), *transits("HND", {"VEN": [7, *seen[:-1]]})]
    await desk.report("DF_IRREGULAR", "INT_IOM", both, SOURCE_TYPE="BCR", LICENCE="free")
    national = transits("PAN", {"VEN": [0, 0, 91]})[2:]
    await desk.report("DF_IRREGULAR", "PAN_SNM", national)
    reply = await desk.ask("/MS_CORRIDOR")
    assert reply["lags"][1]["periods"] == 7, "a month of Panama does not hide the other seven"
    [series] = reply["series"]
    told = {one["period"]: (one["left"], one["left_provider"]) for one in series["observations"]}
    assert told.pop("2023-03") == (91, "PAN_SNM")
    assert told == {f"2023-{m:02}": (seen[m - 1], "INT_IOM") for m in (1, 2, 4, 5, 6, 7, 8)}
    assert [(one["provider"], one["periods"]) for one in series["left"]["sources"]] == [
        ("PAN_SNM", 1),
        ("INT_IOM", 7),
    ]
    table = await desk.client.get("/api/mirror/MS_CORRIDOR?format=csv&startPeriod=2023-02")
    lines = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert [line["left_provider"] for line in lines[:3]] == ["INT_IOM", "PAN_SNM", "INT_IOM"]
    [corridor] = (await desk.ask("/MS_CORRIDOR/corridors"))["corridors"]
    assert corridor["left"]["providers"] == ["INT_IOM", "PAN_SNM"]
    await desk.derive()
    found = await desk.mirrored()
    cell = "M.MS_CORRIDOR.PAN.HND.VEN._T._T.MOVEMENT@TRN"
    assert found[f"{cell}.2023-02"]["LEFT_PROVIDER"] == "INT_IOM"
    assert found[f"{cell}.2023-03"]["LEFT_PROVIDER"] == "PAN_SNM"

    async with desk.pools.public.acquire() as connection:
        scores = await score_mirrors(connection, await desk.cache.current(connection))
    cells = {provider: middle.cells for (provider, _), middle in scores.middles.items()}
    assert cells == {"PAN_SNM": 1, "INT_IOM": 7 + 8}, "each is scored by its own figures"

    one = await desk.ask("/MS_CORRIDOR?leftProvider=INT_IOM&rightProvider=INT_IOM")
    assert one["lags"][1]["correlation"] == 1
    alone = await desk.ask("/MS_CORRIDOR?leftProvider=PAN_SNM&compared=true")
    assert [each["period"] for each in alone["series"][0]["observations"] if each["left"]] == [
        "2023-03"
    ]
    for wrong in ("leftProvider=HND_INE", "rightProvider=NOBODY,INT_IOM"):
        refused = await desk.client.get(f"/api/mirror/MS_CORRIDOR?{wrong}")
        assert (refused.status_code, refused.json()["code"]) == (400, "VIPMG-109"), refused.text
        assert refused.json()["parameter"] == wrong.partition("=")[0]
        assert "INT_IOM" in refused.json()["detail"]


@pytest.mark.skipif(not REAL.exists(), reason="the file of IOM is not here")
async def test_panama_and_honduras_give_the_correlations_that_are_known(desk: MirrorDesk) -> None:
    with gzip.open(REAL, "rt", encoding="utf-8") as file:
        lines = file.read().splitlines()
    # Hondurans in transit through Honduras are refused: they came with months filed wrongly.
    kept = [
        line
        for line in lines[1:]
        if (",M,PAN," in line or ",M,HND," in line) and ",IRR,HND," not in line
    ]
    await desk.accept("\n".join([lines[0], *kept]) + "\n", "INT_IOM")
    reply = await desk.ask("/MS_CORRIDOR?startPeriod=2022-01&endPeriod=2025-01")
    assert [round(one["correlation"], 2) for one in reply["lags"]] == [0.76, 0.85, 0.75]
    assert reply["lags"][0]["periods"] == 37
    assert reply["best_lag"] == 1
    own = {"REF_AREA": "PAN", "MOVEMENT": "TRN", "REGULARITY": "IRR", "UNIT_MEASURE": "EVT"}
    month = [row("2025-01", "1315", CITIZENSHIP="VEN", **own)]
    await desk.report("DF_IRREGULAR", "PAN_SNM", month)
    mixed = await desk.ask("/MS_CORRIDOR?startPeriod=2022-01&endPeriod=2025-01")
    assert [round(one["correlation"], 2) for one in mixed["lags"]] == [0.76, 0.85, 0.75]
    misfiled = await desk.ask("/MS_CORRIDOR?startPeriod=2022-01")
    assert abs(misfiled["lags"][0]["correlation"]) < 0.4, "three misfiled months spoil it"
    year = await desk.ask("/MS_CORRIDOR?startPeriod=2023-01&endPeriod=2023-12&compared=true")
    ratios = {
        one["cell"]["CITIZENSHIP"]: round(one["over_periods"]["ratio"], 2)
        for one in year["series"]
        if one["cell"]["CITIZENSHIP"] in {"VEN", "ECU", "HTI", "CHN"}
    }
    assert ratios == {"VEN": 0.70, "ECU": 0.80, "HTI": 1.77, "CHN": 0.48}
    await desk.derive()
    found = await desk.mirrored()
    january = found["M.MS_CORRIDOR.PAN.HND.VEN._T._T.MOVEMENT@TRN.2023-01"]
    assert january["LEFT_PROVIDER"] == january["RIGHT_PROVIDER"] == "INT_IOM"
    national = found["M.MS_CORRIDOR.PAN.HND.VEN._T._T.MOVEMENT@TRN.2025-01"]
    assert national["LEFT_PROVIDER"] == "PAN_SNM"
