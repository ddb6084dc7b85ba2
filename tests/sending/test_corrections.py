"""Corrections: from the report of a file, and of single cells without a file."""

from __future__ import annotations

import gzip

import pytest

from tests.sending.desk import House, rows
from tests.structures import SLV

WRONG = rows("M,CRY,2024-01,1", "M,CRI,2024-02,x", "M,CRI,2024-03,3", "M,CRY,2024-04,4,Q")


async def test_a_refused_file_is_mended_from_its_report_without_sending_it_again(
    house: House,
) -> None:
    sender = await house.sender()
    refused = await sender.send(WRONG, Content_Disposition='attachment; filename="enero.csv"')
    assert refused.status_code == 422
    told = refused.json()
    path = f"/api/submissions/{told['id']}/corrections"
    half = await sender.post(
        path,
        [
            {"code": "VIPMG-210", "column": "REF_AREA", "value": "CRY", "replacement": "CRI"},
            {"row": 3, "column": "OBS_VALUE", "value": "2.50"},
        ],
    )
    assert half.status_code == 422
    left = half.json()
    assert (left["parent_id"], left["corrections"]) == (told["id"], 2)
    assert left["file"] == told["file"]
    assert [(f["row"], f["column"]) for f in left["findings"]["first"]] == [(5, "STATUS")]
    whole = await sender.post(
        f"/api/submissions/{left['id']}/corrections", [{"row": 5, "drop": True}]
    )
    assert whole.status_code == 201, whole.text
    assert (whole.json()["state"], whole.json()["corrections"]) == ("published", 3)
    assert await house.figures() == {
        "M.CRI.2024-01": "1",
        "M.CRI.2024-02": "2.50",
        "M.CRI.2024-03": "3",
    }
    kept = await sender.client.get(whole.json()["links"]["content"])
    assert kept.content == WRONG


async def test_corrections_of_a_compressed_file(house: House) -> None:
    sender = await house.sender()
    told = (await sender.send(gzip.compress(WRONG, mtime=0), Content_Encoding="gzip")).json()
    mended = await sender.post(
        f"/api/submissions/{told['id']}/corrections",
        [
            {"column": "REF_AREA", "value": "CRY", "replacement": "CRI"},
            {"column": "OBS_VALUE", "value": "x", "replacement": "2"},
            {"column": "STATUS", "value": "Q", "replacement": "A"},
        ],
    )
    assert mended.status_code == 201, mended.text
    assert len(await house.figures()) == 4


async def test_a_missing_column_and_a_wrong_structure_are_mended(house: House) -> None:
    sender = await house.sender()
    content = (
        b"STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,TIME_PERIOD,OBS_VALUE\n"
        b"dataflow,TST:DF_SMAL(1.0.0),M,CRI,2024-01,5\n"
    )
    told = (await sender.send(content)).json()
    mended = await sender.post(
        f"/api/submissions/{told['id']}/corrections",
        [
            {"column": "STRUCTURE_ID", "value": "TST:DF_SMAL(1.0.0)",
             "replacement": "TST:DF_SMALL(1.0.0)"},
            {"code": "VIPMG-204", "column": "FREQ", "value": "", "replacement": "M"},
        ],
    )  # fmt: skip
    assert mended.status_code == 201, mended.text
    assert await house.figures() == {"M.CRI.2024-01": "5"}


async def test_a_row_with_too_few_cells_can_be_left_out(house: House) -> None:
    sender = await house.sender()
    content = rows("M,CRI,2024-01,1") + b"dataflow,TST:DF_SMALL(1.0.0),M,M\n"
    told = (await sender.send(content)).json()
    assert told["findings"]["by_code"] == {"VIPMG-202": 1}
    mended = await sender.post(
        f"/api/submissions/{told['id']}/corrections", [{"row": 3, "drop": True}]
    )
    assert mended.status_code == 201, mended.text


async def test_235_a_correction_that_finds_nothing_refuses(house: House) -> None:
    sender = await house.sender()
    told = (await sender.send(WRONG)).json()
    mended = await sender.post(
        f"/api/submissions/{told['id']}/corrections",
        [{"row": 99, "drop": True}, {"column": "REF_AREA", "value": "CRY", "replacement": "CRI"}],
    )
    first = mended.json()["findings"]["first"]
    assert ("VIPMG-235", "1") in {(each["code"], each["value"]) for each in first}
    assert await house.figures() == {}


async def test_with_all_rows_left_out_there_is_nothing_to_publish(house: House) -> None:
    sender = await house.sender()
    told = (await sender.send(rows("M,CRY,2024-01,1"))).json()
    mended = await sender.post(
        f"/api/submissions/{told['id']}/corrections", [{"row": 2, "drop": True}]
    )
    assert mended.status_code == 422
    assert mended.json()["findings"]["by_code"] == {"VIPMG-201": 1}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("[]", 422, "VIPMG-101"),
        ("{}", 422, "VIPMG-130"),
        ('[{"row": 0, "drop": true}]', 422, "VIPMG-130"),
        ('[{"row": 2}]', 422, "VIPMG-101"),
        ('[{"drop": true}]', 422, "VIPMG-101"),
        ('[{"row": 2, "drop": true, "column": "A"}]', 422, "VIPMG-101"),
        ('[{"column": "A", "value": "x"}]', 422, "VIPMG-101"),
        ('[{"row": 2, "column": "A", "value": "x", "replacement": "y"}]', 422, "VIPMG-101"),
        ('[{"row": 2, "row": 3, "drop": true}]', 422, "VIPMG-130"),
        ('[{"row": 2, "column": "A", "value": "\\ud800"}]', 422, "VIPMG-130"),
        ('[{"row": 2, "column": "A", "value": "a\\u0000"}]', 422, "VIPMG-130"),
        ('[{"row": NaN, "drop": true}]', 422, "VIPMG-130"),
        ("[" * 100_000, 422, "VIPMG-130"),
        ('[{"row": 2, "drop": true, "more": 1}]', 422, "VIPMG-130"),
        ('"' + "x" * (1 << 20) + '"', 413, "VIPMG-105"),
        ("\xff", 422, "VIPMG-130"),
    ],
)
async def test_what_is_no_correction_is_refused_and_nothing_is_stored(
    house: House, body: str, status: int, code: str
) -> None:
    sender = await house.sender()
    told = (await sender.send(rows("M,CRY,2024-01,1"))).json()
    reply = await sender.client.post(
        f"/api/submissions/{told['id']}/corrections",
        content=body.encode("latin-1"),
        headers={"Content-Type": "application/json"},
    )
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    if body == "[]":
        assert reply.json()["detail"].startswith("The list has no corrections.")
    assert len((await sender.get("/api/submissions"))["submissions"]) == 1


async def test_what_is_not_decided_or_not_ones_own_is_not_corrected(quiet_house: House) -> None:
    sender, other = await quiet_house.sender(), await quiet_house.sender(SLV)
    told = (await sender.send(WRONG, wait=None)).json()
    path, drop = f"/api/submissions/{told['id']}/corrections", [{"row": 2, "drop": True}]
    assert (await sender.client.post(path, json=drop)).status_code == 409
    assert (await other.client.post(path, json=drop)).status_code == 404


async def test_an_old_file_is_not_corrected_over_newer_figures_unless_it_is_meant(
    house: House,
) -> None:
    sender = await house.sender()
    old = await sender.publish(rows("M,CRI,2024-01,1", "M,CRI,2024-02,2"))
    await sender.publish(rows("M,CRI,2024-01,10"))
    path = f"/api/submissions/{old['id']}/corrections"
    drop = [{"row": 3, "column": "OBS_VALUE", "value": "22"}]
    reply = await sender.post(path, drop)
    assert (reply.status_code, reply.json()["code"]) == (409, "VIPMG-127")
    assert (await sender.post(path + "?validate-only", drop)).json()["state"] == "validated"
    assert (await sender.post(path + "?again=true", drop)).status_code == 201
    assert await house.figures() == {"M.CRI.2024-01": "1", "M.CRI.2024-02": "22"}


PATH = "/api/agreements/PA_CRI_SMALL/observations"


async def test_single_cells_are_corrected_without_a_file(house: House) -> None:
    sender = await house.sender()
    await sender.publish(rows("M,CRI,2024-01,1,A", "M,CRI,2024-02,2,A", "M,CRI,2024-03,3,A"))
    key = {"FREQ": "M", "REF_AREA": "CRI"}
    reply = await sender.client.patch(
        PATH,
        content='{"reason": "Error de dedo", "observations": ['
        '{"key": {"FREQ": "M", "REF_AREA": "CRI"}, "TIME_PERIOD": "2024-01",'
        ' "values": {"OBS_VALUE": 12345678901234567.890}},'
        '{"key": {"FREQ": "M", "REF_AREA": "CRI"}, "TIME_PERIOD": "2024-02",'
        ' "values": {"STATUS": null, "S": "text; \\"quoted\\", and more"}},'
        '{"key": {"FREQ": "M", "REF_AREA": "CRI"}, "TIME_PERIOD": "2024-03", "delete": true}]}',
        headers={"Content-Type": "application/json", "Prefer": "wait=60"},
    )
    assert reply.status_code == 201, reply.text
    told = reply.json()
    assert (told["kind"], told["note"], told["state"]) == (
        "correction",
        "Error de dedo",
        "published",
    )
    assert await house.figures() == {
        "M.CRI.2024-01": "12345678901234567.890",
        "M.CRI.2024-02": "2",
    }
    [change] = told["preview"]
    assert (change["revised"], change["deleted"], change["new"]) == (2, 1, 0)
    content = await sender.client.get(told["links"]["content"])
    assert content.text.startswith("STRUCTURE[;],STRUCTURE_ID,ACTION,FREQ,REF_AREA,TIME_PERIOD,")
    assert key


@pytest.mark.parametrize(
    "observation",
    [
        {"key": {"FREQ": "M"}, "TIME_PERIOD": "2024-01", "values": {"OBS_VALUE": 1}},
        {"key": {"FREQ": "M", "REF_AREA": "CRI"}, "values": {"OBS_VALUE": 1}},
        {"key": {"FREQ": "M", "REF_AREA": "CRI"}, "TIME_PERIOD": "2024-01"},
        {"key": {"FREQ": "M", "REF_AREA": "CRI"}, "TIME_PERIOD": "2024-01", "delete": True,
         "values": {"OBS_VALUE": 1}},
        {"key": {"FREQ": "M", "REF_AREA": "CRI", "SEX": "F"}, "TIME_PERIOD": "2024-01",
         "values": {"OBS_VALUE": 1}},
        {"key": {"FREQ": "M", "REF_AREA": "CRI"}, "TIME_PERIOD": "2024-01",
         "values": {"OBS_VALU": 1}},
        {"key": {"FREQ": "M", "REF_AREA": "CRI"}, "TIME_PERIOD": "2024-01", "values": {"FREQ": 1}},
        *(
            {"key": {"FREQ": "M", "REF_AREA": "CRI"}, "TIME_PERIOD": "2024-01",
             "values": {"OBS_VALUE": 1, "S": nothing}}
            for nothing in ("", " ", [], {}, [""], ["a", None], {"es": ""})
        ),
    ],
)  # fmt: skip
async def test_a_correction_of_a_cell_names_one_observation(
    quiet_house: House, observation: dict[str, object]
) -> None:
    sender = await quiet_house.sender()
    reply = await sender.client.patch(PATH, json={"reason": "x", "observations": [observation]})
    assert (reply.status_code, reply.json()["code"]) == (422, "VIPMG-101"), reply.text
    assert (await sender.get("/api/submissions"))["submissions"] == []


async def test_an_observation_nested_without_end_is_refused(quiet_house: House) -> None:
    sender = await quiet_house.sender()
    for deep in ("[" * 600 + "1" + "]" * 600, '{"a":' * 33 + "1" + "}" * 33):
        reply = await sender.client.patch(
            PATH,
            content='{"reason": "x", "observations": [{"key": {"FREQ": "M", "REF_AREA": "CRI"}, '
            f'"TIME_PERIOD": "2024-01", "values": {{"OBS_VALUE": {deep}}}}}]}}',
            headers={"Content-Type": "application/json"},
        )
        assert (reply.status_code, reply.json()["code"]) == (422, "VIPMG-130")
    assert (await sender.get("/api/submissions"))["submissions"] == []


async def test_a_wrong_value_of_a_single_cell_is_a_finding(house: House) -> None:
    sender = await house.sender()
    reply = await sender.client.patch(
        PATH,
        json={
            "reason": "x",
            "observations": [
                {
                    "key": {"FREQ": "M", "REF_AREA": "CRI"},
                    "TIME_PERIOD": "2024-01",
                    "values": {"OBS_VALUE": True, "STATUS": "ZZ"},
                }
            ],
        },
        headers={"Prefer": "wait=60"},
    )
    assert reply.status_code == 422
    assert set(reply.json()["findings"]["by_code"]) == {"VIPMG-210", "VIPMG-212"}
    assert await house.figures() == {}


async def test_only_ones_own_agreement_is_corrected(quiet_house: House) -> None:
    other = await quiet_house.sender(SLV)
    body = {"reason": "x", "observations": [{"key": {"FREQ": "M"}, "delete": True}]}
    assert (await other.client.patch(PATH, json=body)).status_code == 404
