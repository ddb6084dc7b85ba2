"""Maps previewed, compared, activated: the file stays, the figures follow the map."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.sdmx.artefacts import Artefact
from app.settings import Settings
from app.store.pools import Pools
from tests.artefact_samples import urn
from tests.maps.desk import (
    ACTIVE,
    DRAFT,
    NEXT,
    URN,
    WIDER,
    Country,
    draft,
    draft_table,
    message,
    open_country,
    sent,
)
from tests.national import GROUPS, component_map, mapping, pattern, structure_map
from tests.sending.desk import Sender
from tests.structures import CRI, SLV

JANUARY = (
    "enero 2024,Hombres,Costa Rica,10",
    "enero 2024,Mujeres,Costa Rica,7",
    "enero 2024,Niños,Costa Rica,3",
    "enero 2024,Total,Costa Rica,20",
)
FEBRUARY = ("febrero 2024,Niños,Costa Rica,4", "enero 2024,Mujeres,Costa Rica,8")
BOYS = {"Niños": "_T Y0T17"}
"""Not the place of any other group."""

FIGURE = "/api/lineage?dataflow=TST:DF_RET(1.0.0)&key=M.CRI.{}&period={}"


@pytest.fixture
async def country(pools: Pools, settings: Settings) -> AsyncIterator[Country]:
    async with open_country(pools, settings) as opened:
        yield opened


async def decided(sender: Sender, submission: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for _ in range(300):
        told = await sender.get(f"/api/submissions/{submission}")
        if told["state"] not in {"received", "validating"}:
            return told
        reply = await sender.client.get(
            f"/api/submissions/{submission}", headers={"Prefer": "wait=1"}
        )
        assert reply.status_code == 200
    raise AssertionError(told)


async def activate(agency: Sender, sender: Sender, **parts: Any) -> dict[str, Any]:
    """Activate the draft with its history; the one re-harmonisation, decided."""
    reply = await agency.post(f"/api/maps/{DRAFT}/activate", {"reharmonise": True} | parts)
    assert reply.status_code == 202, reply.text
    [one] = reply.json()["reharmonisations"]
    return await decided(sender, one["submission"])


async def redraft(agency: Sender, groups: dict[str, str]) -> None:
    """Change the draft of the table."""
    table = draft_table(groups)
    reply = await agency.post("/sdmx/v2/structure", message(table))
    assert reply.status_code in {200, 201}, reply.text


async def test_a_preview_tells_what_a_draft_would_change_and_stores_nothing(
    country: Country,
) -> None:
    sender, other = await country.sender(CRI), await country.sender(SLV)
    rows = (*JANUARY[:2], "enero 2024,Otros,Costa Rica,5", JANUARY[3])
    refused = await sender.send(sent(*rows))
    assert refused.status_code == 422  # the active map does not know "Otros"
    order = {"submission": refused.json()["id"]}
    before = await country.returns()
    reply = await sender.post(f"/api/maps/{URN}{DRAFT}/preview", order)
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert told["before_map"] == URN + ACTIVE
    assert told["coverage_before"]["unmapped"] == 1
    assert told["coverage"]["unmapped"] == 0
    assert told["coverage"]["left_out_values"][0]["values"] == ["Total"]
    assert told["cube"]["new"]["count"] == 1
    assert told["cube"]["new"]["first"][0]["key"] == {
        "FREQ": "M",
        "REF_AREA": "CRI",
        "SEX": "_T",
        "AGE": "Y18",
        "TIME_PERIOD": "2024-01",
    }
    [total] = told["totals"]
    assert (total["sent"], total["left_out"], total["before"], total["after"]) == (
        *("42", "20", "17", "22"),
    )
    assert total["is_kept"]
    [period] = total["periods"]
    assert {name: period[name] for name in period if name in total} == (
        {name: total[name] for name in period if name in total}
    )  # one meaning of the words: there is one period
    assert await country.returns() == before == {}
    hidden = await other.post(f"/api/maps/{URN}{DRAFT}/preview", order)
    assert hidden.status_code == 404

    # A draft that is sent along, and loses what the active one knows.
    smaller = {name: to for name, to in GROUPS.items() if name != "Mujeres"}
    table = draft_table(smaller, "2.0.0-mine")
    mine = draft(table, "2.0.0-mine")
    reply = await sender.post(
        f"/api/maps/{mine.urn}/preview", order | {"map": message(table, mine)}
    )
    told = reply.json()
    assert told["cube"]["vanished"]["count"] == 1
    values = {tuple(one["values"]): one["rows"] for one in told["coverage"]["values"]}
    assert values == {("Mujeres",): 1, ("Otros",): 1}
    [total] = told["totals"]
    assert (total["is_kept"], total["missing"], total["not_taken"]) == (False, "12", "12")
    assert [(one["is_kept"], one["missing"]) for one in total["periods"]] == [(False, "12")]
    assert (await sender.post(f"/api/maps/{mine.urn}/preview", order)).status_code == 404


async def test_a_preview_says_what_a_file_would_be_told_under_the_map(country: Country) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    rows = (*JANUARY[:2], "enero 2024,Otros,Costa Rica,mil", "ayer,Niños,Costa Rica,1")
    order = {"submission": (await sender.send(sent(*rows))).json()["id"]}
    known = {name: to for name, to in WIDER.items() if name != "Mujeres"}
    # Made of a group, so that only a file shows that it is no code of the shared list.
    made = mapping([pattern("Mujere(s)")], ["F", r"Y99\1"])
    wrong = draft_table(known, more=[made])
    mine = draft(wrong)
    reply = await sender.post(f"/api/maps/{DRAFT}/preview", order | {"map": message(wrong, mine)})
    told = reply.json()
    assert (told["coverage"]["taken"], told["coverage"]["refused"]) == (1, 2)
    assert told["findings"]["by_code"] == {"VIPMG-210": 1, "VIPMG-212": 1, "VIPMG-262": 1}
    [total] = told["totals"]
    assert not total["is_kept"]  # the women are not in the shared list
    assert (total["sent"], total["after"]) == ("18", "10")
    assert told["cube"]["after"] == 1

    # Under the active map nothing differs from what it makes of the file now.
    reply = await sender.post(f"/api/maps/{ACTIVE}/preview", order)
    same = reply.json()
    assert (same["cube"]["before"], same["cube"]["after"], same["cube"]["same"]) == (2, 2, 2)
    assert same["cube"]["vanished"]["count"] == 0

    # The same words as a file is told when the map is active.
    await redraft(agency, WIDER)
    reply = await sender.post(f"/api/maps/{DRAFT}/preview", order)
    previewed = reply.json()["findings"]["first"]
    await agency.post(f"/api/maps/{DRAFT}/activate", {})
    again = (await sender.send(sent(*rows), "?again")).json()
    assert previewed == again["findings"]["first"]
    told = await sender.get(f"/api/submissions/{again['id']}/findings")
    assert previewed == told["findings"]
    assert {one["code"] for one in previewed} == {"VIPMG-212", "VIPMG-262"}


async def test_a_map_that_could_not_be_stored_is_not_previewed(country: Country) -> None:
    sender = await country.sender(CRI)
    order = {"submission": (await sender.send(sent(*JANUARY))).json()["id"]}

    async def refused(*mappings: dict[str, Any], day: str | None = None) -> str:
        table = draft_table(more=mappings)
        mine = draft(table)
        if day is not None:
            mine = Artefact.read(mine.artefact_class, mine.document | {"validFrom": day})
        body = order | {"map": message(table, mine)}
        reply = await sender.post(f"/api/maps/{DRAFT}/preview", body)
        assert reply.status_code in {409, 422}, reply.text  # 409: it breaks the stored draft
        return str(reply.json()["detail"])

    assert "'QQ' is no code of SEX" in await refused(mapping(["Otras"], ["QQ", "Y18"]))
    days = {"validFrom": "2030-01-01T00:00:00Z", "validTo": "2020-01-01T00:00:00Z"}
    assert "is after validTo" in await refused(mapping(["Otras"], ["F", "Y18"], **days))
    assert "date-time" in await refused(day="2030-01-01")
    large = [mapping([pattern(f"(a?b?c{{0,900}}{n})+")], ["F", "Y18"]) for n in range(20)]
    assert "too large together" in await refused(*large)


async def test_what_a_map_leaves_out_anew_is_not_kept(country: Country) -> None:
    sender = await country.sender(CRI)
    rows = (*JANUARY, "febrero 2024,Hombres,Costa Rica,5")
    order = {"submission": (await sender.send(sent(*rows))).json()["id"]}
    fewer = {name: to for name, to in GROUPS.items() if name != "Niños"}
    table = draft_table(fewer, more=[mapping(["Niños"])])
    body = order | {"map": message(table, draft(table))}
    told = (await sender.post(f"/api/maps/{DRAFT}/preview", body)).json()
    [total] = told["totals"]
    figures = ("sent", "left_out", "left_out_anew", "missing", "before", "after", "is_kept")
    assert [total[name] for name in figures] == ["45", "23", "3", "0", "25", "22", False]
    assert [[one[name] for name in figures] for one in total["periods"]] == [
        ["40", "23", "3", "0", "20", "17", False],
        ["5", "0", "0", "0", "5", "5", True],
    ]


async def test_two_groups_on_one_key_show_in_a_preview(country: Country) -> None:
    sender = await country.sender(CRI)
    told = await sender.publish(sent(*JANUARY))
    reply = await sender.post(f"/api/maps/{DRAFT}/preview", {"submission": told["id"]})
    preview = reply.json()
    assert preview["repeated"]["rows"] == 1
    assert not preview["totals"][0]["is_kept"]  # such a file is refused
    assert preview["repeated"]["first"][0] | {"key": None} == {
        "row": 4,
        "first_row": 2,
        "key": None,
    }


async def test_versions_are_compared_in_words(country: Country) -> None:
    reply = await country.public(f"/api/maps/{DRAFT}/compare?with={ACTIVE}")
    told = reply.json()
    assert [(one["part"], one["change"], one["value"]) for one in told["differences"]] == [
        ("mapping", "changed", "Niños"),
        ("mapping", "added", "Otros"),
    ]
    assert told["differences"][0]["messages"]["es"] == (
        "grupo → SEX, AGE: Niños pasa a ser M, Y18 en vez de M, Y0T17."
    )
    listed = (await country.public("/api/maps")).json()["maps"]
    assert [(one["version"], one["state"]) for one in listed] == [
        ("2.0.0-draft", "draft"),
        ("1.0.0", "active"),
    ]
    missing = await country.public(f"/api/maps/{NEXT}/compare?with={ACTIVE}")
    assert missing.status_code == 404


async def test_history_follows_an_activated_map_and_can_be_rolled_back(country: Country) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    await redraft(agency, GROUPS | BOYS)
    first = await sender.publish(sent(*JANUARY))
    await sender.publish(sent(*FEBRUARY))
    before = await country.returns()
    assert before == {
        "CRI.M.Y18.2024-01": "10",
        "CRI.F.Y18.2024-01": "8",
        "CRI.M.Y0T17.2024-01": "3",
        "CRI.M.Y0T17.2024-02": "4",
    }
    refused = await sender.post(f"/api/maps/{DRAFT}/activate", {})
    assert refused.status_code == 403

    done = await activate(agency, sender, note="Boys were counted apart.")
    assert (done["state"], done["kind"], done["organisation"]) == (
        *("published", "reharmonisation", CRI),
    )
    after = await country.returns()
    assert after == {
        "CRI.M.Y18.2024-01": "10",
        "CRI.F.Y18.2024-01": "8",
        "CRI._T.Y0T17.2024-01": "3",
        "CRI._T.Y0T17.2024-02": "4",
    }
    # Only what differs is written: the newer figure of January stays the second file's.
    assert done["changes"] == {
        "observations_put": 2,
        "observations_deleted": 2,
        "attachments": 0,
        "series_attributes": 0,
    }
    assert (await sender.get(f"/api/submissions/{first['id']}"))["state"] == "published"
    listed = (await country.public("/api/maps")).json()["maps"]
    assert [(one["version"], one["state"]) for one in listed][:3] == [
        ("2.0.0", "active"),
        ("2.0.0-draft", "superseded"),
        ("1.0.0", "superseded"),
    ]
    assert '"reharmonisation"' in (await country.public("/api/ledger")).text
    [receipt] = [
        one
        for one in (await sender.get(f"/api/submissions/{done['id']}/receipts"))["receipts"]
        if one["kind"] == "decision"
    ]
    assert receipt
    notice = (await sender.get("/api/notices"))["notices"][0]
    assert notice["kind"] == "history-reharmonised"
    # What is sent from now on goes by the new map.
    await sender.publish(sent("marzo 2024,Niños,Costa Rica,6"))
    assert (await country.returns())["CRI._T.Y0T17.2024-03"] == "6"

    undone = await sender.post(f"/api/submissions/{done['id']}/rollback", {"reason": "A slip."})
    assert undone.status_code == 201, undone.text
    assert await country.returns() == before | {"CRI._T.Y0T17.2024-03": "6"}


async def test_what_was_withdrawn_rolled_back_or_replaced_does_not_come_back(
    country: Country,
) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    await redraft(agency, GROUPS | BOYS)
    await sender.publish(sent(*JANUARY))
    corrected = await sender.publish(sent("enero 2024,Niños,Costa Rica,9"))
    withdrawn = await sender.post(
        f"/api/submissions/{corrected['id']}/withdrawal", {"reason": "Not ours."}
    )
    assert withdrawn.status_code == 201, withdrawn.text
    wrong = await sender.publish(sent("enero 2024,Hombres,Costa Rica,99"))
    undone = await sender.post(f"/api/submissions/{wrong['id']}/rollback", {"reason": "Wrong."})
    assert undone.status_code == 201, undone.text
    april = await sender.publish(
        sent("abril 2024,Niñas,Costa Rica,1", "mayo 2024,Niñas,Costa Rica,2")
    )
    await sender.publish(sent("mayo 2024,Niñas,Costa Rica,3"), f"?supersedes={april['id']}")
    before = await country.returns()
    assert before == {
        "CRI.M.Y18.2024-01": "10",
        "CRI.F.Y18.2024-01": "7",
        "CRI.F.Y0T17.2024-05": "3",
    }
    done = await activate(agency, sender)
    assert done["state"] == "published"
    assert await country.returns() == before


async def test_history_is_read_again_when_an_older_file_is_rolled_back(country: Country) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    await redraft(agency, GROUPS | BOYS)
    first = await sender.publish(sent(*JANUARY))
    await sender.publish(sent(FEBRUARY[0]))
    await activate(agency, sender)
    undone = await sender.post(f"/api/submissions/{first['id']}/rollback", {"reason": "Wrong."})
    assert undone.status_code == 201, undone.text
    [notice] = [
        one
        for one in (await sender.get("/api/notices"))["notices"]
        if one["kind"] == "history-follows"
    ]
    done = await decided(sender, notice["facts"]["submission"])
    assert (done["state"], done["kind"]) == ("published", "reharmonisation")
    assert await country.returns() == {"CRI._T.Y0T17.2024-02": "4"}


async def test_history_that_the_map_does_not_suit_stays_whole(country: Country) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    await sender.publish(sent(*JANUARY))
    before = await country.returns()
    done = await activate(agency, sender)  # the draft counts boys as men: two rows on one key
    assert done["state"] == "rejected"
    [finding] = [one for one in done["findings"]["first"] if one["severity"] == "error"]
    assert (finding["code"], finding["row"], finding["rule"]) == ("VIPMG-261", 4, "2")
    assert await country.returns() == before
    told = (await sender.get("/api/notices"))["notices"]
    assert told[0]["kind"] == "history-not-reharmonised"
    assert done["id"] in told[0]["message"]


async def test_a_map_is_ended_by_its_agency_and_its_files_are_told_so(country: Country) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    await sender.publish(sent(*JANUARY))
    before = await country.returns()
    assert (await sender.post(f"/api/maps/{ACTIVE}/end", {})).status_code == 403
    assert (await agency.post(f"/api/maps/{DRAFT}/end", {})).status_code == 409
    reply = await agency.post(f"/api/maps/{ACTIVE}/end", {"note": "Se contaba mal."})
    assert reply.status_code == 200, reply.text
    done = reply.json()
    assert done["map"] == f"{URN}TST:SM(1.0.1)"
    assert done["agreements"]
    listed = (await country.public("/api/maps")).json()["maps"]
    states = {one["version"]: (one["state"], one["valid_to"]) for one in listed}
    assert states["1.0.1"] == ("not in force", done["last_day"])
    assert states["1.0.0"] == ("superseded", None)
    assert await country.returns() == before  # what is published stays

    refused = await sender.send(sent(*FEBRUARY))
    assert refused.status_code == 422
    [finding] = (await sender.get(f"/api/submissions/{refused.json()['id']}/findings"))["findings"]
    assert (finding["code"], finding["value"]) == ("VIPMG-265", "TST:SM(1.0.1)")
    assert f"solo hasta el {done['last_day']}" in finding["messages"]["es"]
    [notice] = [
        one for one in (await sender.get("/api/notices"))["notices"] if one["kind"] == "map-ended"
    ]
    assert "Se contaba mal." in notice["messages"]["es"]

    again = await agency.post("/api/maps/TST:SM(1.0.1)/end", {})
    assert again.json() | {"agreements": []} == done | {"agreements": []}
    assert (await agency.post(f"/api/maps/{ACTIVE}/end", {})).status_code == 409
    bad = await agency.post("/api/maps/TST:SM(1.0.1)/end", {"last_day": "tomorrow"})
    assert bad.status_code == 422
    # A higher version takes its place.
    assert (await agency.post(f"/api/maps/{DRAFT}/activate", {})).status_code == 200
    await sender.publish(sent(*FEBRUARY))


async def test_a_map_that_cannot_run_stops_files_until_it_is_ended(country: Country) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    open_key = structure_map(
        "SM_OPEN",
        fixedValueMaps=[{"target": "FREQ", "values": ["M"]}],
        componentMaps=[component_map(["pais"], ["REF_AREA"], "RM_AREA")],
    )
    reply = await agency.post("/sdmx/v2/structure", message(open_key))
    assert reply.status_code in {200, 201}, reply.text
    refused = await sender.send(sent(*JANUARY))
    assert refused.json()["findings"]["by_code"] == {"VIPMG-263": 1}
    [finding] = refused.json()["findings"]["first"]
    assert "vipmg maps end" in finding["mend"]
    ended = await agency.post(f"/api/maps/{open_key.urn}/end", {})
    assert ended.status_code == 200, ended.text
    await sender.publish(sent(*JANUARY))


async def test_a_map_may_go_on_until_a_day(country: Country) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    order = {"last_day": "2999-12-31"}
    assert (await agency.post(f"/api/maps/{ACTIVE}/end", order)).status_code == 200
    await sender.publish(sent(*JANUARY))


async def test_a_second_person_approves_the_history_of_their_agreement(country: Country) -> None:
    sender, second = await country.sender(SLV), await country.sender(SLV)
    agency = await country.agency()
    await redraft(agency, GROUPS | BOYS)
    waiting = (await sender.send(sent("enero 2024,Niños,El Salvador,5"))).json()
    path = f"/api/submissions/{waiting['id']}/approval"
    assert (await second.post(path, {"decision": "approve"})).status_code == 201
    before = await country.returns()
    assert before == {"SLV.M.Y0T17.2024-01": "5"}
    done = await activate(agency, sender)
    assert done["state"] == "accepted"
    assert await country.returns() == before
    path = f"/api/submissions/{done['id']}/approval"
    assert (await second.post(path, {"decision": "approve"})).status_code == 201
    assert await country.returns() == {"SLV._T.Y0T17.2024-01": "5"}


async def test_a_figure_leads_back_to_its_row(country: Country) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    await redraft(agency, GROUPS | BOYS)
    first = await sender.publish(sent(*JANUARY))
    second = await sender.publish(sent(*FEBRUARY))
    told = await sender.get(FIGURE.format("F.Y18", "2024-01"))
    assert told["national_label"] == "Mujeres"
    assert told["source"]["map"] == URN + ACTIVE
    assert told["source"]["submission"]["id"] == second["id"]
    assert told["source"]["signer"]["key_id"]
    [row] = told["rows"]["found"]
    assert (row["row"], row["column"], row["cells"]["personas"]) == (3, "personas", "8")
    assert [one["values"]["OBS_VALUE"] for one in told["history"]] == ["7", "8"]
    assert [one["submission"] for one in told["history"]] == [first["id"], second["id"]]

    await activate(agency, sender)
    told = await sender.get(FIGURE.format("_T.Y0T17", "2024-01"))
    assert told["source"]["publication"]["action"] == "reharmonisation"
    assert told["source"]["map"] == URN + NEXT
    assert told["source"]["submission"]["ordered_by"] == "OCAM"
    assert told["rows"]["submission"] == first["id"]
    assert [one["row"] for one in told["rows"]["found"]] == [4]

    public = (await country.public(FIGURE.format("_T.Y0T17", "2024-01"))).json()
    assert public["provider"] == CRI
    assert public["national_label"] == "Niños"
    assert (public["rows"], public["source"]["submission"]) == (None, None)
    assert sender.client.headers["Authorization"] not in str(public)
    gone = await country.public(FIGURE.format("M.Y0T17", "2024-01"))
    assert gone.status_code == 404
    for named in ("PA_RET_CRI", "TST:PA_RET_CRI", public["agreement"]):
        address = f"/api/lineage?agreement={named}&key=M.CRI._T.Y0T17&period=2024-01"
        assert (await country.public(address)).json() == public, named
    short = await country.public("/api/lineage?dataflow=TST:DF_RET(1.0.0)&key=M.CRI")
    assert short.status_code == 422


async def test_data_link_to_their_lineage(country: Country) -> None:
    sender = await country.sender(CRI)
    await sender.publish(sent(*JANUARY))
    address = "http://127.0.0.1:8000/api/lineage?dataflow=TST:DF_RET(1.0.0)"
    path = "/sdmx/v2/data/dataflow/TST/DF_RET/1.0.0"
    csv = await country.public(path)
    assert f'<{address}>; rel="via"' in csv.headers["Link"]
    assert csv.headers["Link-Template"] == f'"{address}{{&key,period}}"; rel="via"'
    document = (await country.public(path, "application/vnd.sdmx.data+json")).json()
    [structure] = document["data"]["structures"]
    assert {"rel": "via", "href": address} in structure["links"]
    plan = (await country.public(address.removeprefix("http://127.0.0.1:8000"))).json()
    assert plan == {
        "template": address + "{&key,period}",
        "dimensions": ["FREQ", "REF_AREA", "SEX", "AGE"],
        "time": "TIME_PERIOD",
    }


async def test_the_impact_of_a_change_is_told_to_its_owners(country: Country) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    await sender.publish(sent(*JANUARY))
    ages = urn("Codelist", "CL_AGE")
    told = await sender.get(f"/api/impact?urn={ages}&removing=Y18,NONE")
    assert told["counts"]["agreements"] == 2
    assert {one["urn"] for one in told["touched"]["maps"]} == {URN + ACTIVE, URN + DRAFT}
    assert [one["codes"] for one in told["touched"]["dataflows"]] == [["Y18"]]
    [used] = told["used_codes"]
    assert (used["code"], used["component"], used["series"]) == ("Y18", "AGE", 2)
    assert used["agreements"] == [urn("ProvisionAgreement", "PA_RET_CRI")]
    assert (told["removed_codes"], told["unknown_codes"]) == (["Y18"], ["NONE"])
    assert told["saved_queries"] == {"kept": False, "listed": []}

    # Nobody uses a code that no map, constraint or figure has; all rest on the list itself.
    nobody = await sender.get(f"/api/impact?urn={ages}&removing=NONE")
    assert (sum(nobody["counts"].values()), nobody["templates"]) == (0, [])
    assert nobody["unknown_codes"] == ["NONE"]
    whole = await sender.get(f"/api/impact?urn={ages}")
    assert whole["counts"]["agreements"] == 2
    assert whole["counts"]["data_structures"] == 1

    order = {"urn": ages, "removing": ["Y18"], "note": "Desde enero."}
    assert (await sender.post("/api/impact/notify", order)).status_code == 403
    reply = await agency.post("/api/impact/notify", order)
    assert reply.json()["told"] == [CRI, SLV]
    assert (await agency.post("/api/impact/notify", order)).json()["told"] == []
    [notice] = (await sender.get("/api/notices"))["notices"]
    assert "Desde enero." in notice["messages"]["es"]
    assert "TST:PA_RET_CRI(1.0.0)" in notice["messages"]["en"]
    assert "SLV" not in notice["messages"]["en"]


async def test_what_cannot_be_asked_is_refused_with_a_code(country: Country) -> None:
    sender, agency = await country.sender(CRI), await country.agency()
    told = await sender.publish(sent(*JANUARY))
    order = {"submission": told["id"]}
    broken = draft(draft_table())
    wrong = {**broken.document, "componentMaps": [{"source": ["grupo"]}]}
    nowhere = {**broken.document, "target": urn("Dataflow", "NONE")}
    bodies: list[Any] = [
        *({}, [], {"submission": 1}, {"submission": "x"}, order | {"more": 1}),
        *(order | {"map": one} for one in ({}, {"data": []}, {"data": {"structureMaps": [{}]}})),
        *(order | {"map": {"data": {"structureMaps": [one]}}} for one in (wrong, nowhere)),
    ]
    for body in bodies:
        reply = await sender.post(f"/api/maps/{DRAFT}/preview", body)
        assert reply.status_code in {404, 422}, (body, reply.text)
        assert reply.json()["code"].startswith("VIPMG-1"), body
    for named in ("x", "TST:NONE(1.0.0)", "urn:x", urn("Dataflow", "DF_RET"), "TST:SM(", "*"):
        assert (await agency.post(f"/api/maps/{named}/activate", {})).status_code == 404, named
        assert (await sender.post(f"/api/maps/{named}/preview", order)).status_code == 404, named
    flow = "/api/lineage?dataflow=TST:DF_RET(1.0.0)"
    for query, status in {
        f"{flow}&key=M.CRI.M.%00&period=2024-01": 404,
        f"{flow}&key=M.CRI.M.Y18&period=%00": 400,
        f"{flow}&agreement=x": 400,
        "/api/lineage?dataflow=%00&key=x": 404,
        "/api/lineage": 400,
        "/api/impact?urn=%00&removing=%00": 404,
        f"/api/impact?urn={urn('Codelist', 'CL_AGE')}&removing=%00,A,%25": 200,
    }.items():
        assert (await sender.client.get(query)).status_code == status, query
    for body in ({}, {"urn": "x", "change": {}}, {"change": {}}, {"change": {"data": {}}}):
        assert (await sender.post("/api/impact", body)).status_code in {400, 422}, body
    shorter = {"id": "CL_AGE", "version": "1.0.0", "agencyID": "TST", "codes": [{"id": "Y18"}]}
    reply = await sender.post("/api/impact", {"change": {"data": {"codelists": [shorter]}}})
    assert reply.json()["removed_codes"] == ["Y0T17", "_T"]
    assert [one["code"] for one in reply.json()["used_codes"]] == ["Y0T17"]
