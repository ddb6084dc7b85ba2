"""The same bytes again: nothing is stored twice, and old figures do not come back unasked."""

from __future__ import annotations

import asyncio

from tests.sending.desk import House, rows
from tests.structures import SLV

FILE = rows("M,CRI,2024-01,1")


async def test_the_same_bytes_are_the_submission_that_is_there(house: House) -> None:
    sender, colleague = await house.sender(), await house.sender()
    first = await sender.publish(FILE)
    for one, headers in (
        (sender, {}),
        (sender, {"Idempotency_Key": "new key"}),
        (colleague, {}),
    ):
        reply = await one.send(FILE, **headers)
        assert reply.status_code == 200
        assert (reply.json()["id"], reply.json()["repeated_of"]) == (first["id"], first["id"])
    assert (await sender.get(first["links"]["self"]))["repeated_of"] is None
    assert len((await sender.get("/api/submissions"))["submissions"]) == 1


async def test_an_undecided_one_is_not_stored_twice_even_at_once(quiet_house: House) -> None:
    sender = await quiet_house.sender()
    replies = await asyncio.gather(*(sender.send(FILE, wait=None) for _ in range(6)))
    assert sorted(reply.status_code for reply in replies) == [200] * 5 + [202]
    assert len({reply.json()["id"] for reply in replies}) == 1


async def test_what_differs_is_a_new_submission(house: House) -> None:
    sender, other = await house.sender(), await house.sender(SLV)
    first = await sender.publish(FILE)
    ids = {first["id"]}
    for reply in (
        await other.send(FILE),
        await sender.send(FILE, "?validate-only"),
        await sender.send(FILE, Content_Type="text/csv"),
        await sender.send(FILE, "?again=true"),
    ):
        assert reply.status_code in {201, 422}
        ids.add(reply.json()["id"])
    assert len(ids) == 5


async def test_a_refused_file_may_be_sent_again(house: House) -> None:
    sender = await house.sender()
    wrong = rows("M,XXX,2024-01,1")
    first, second = await sender.send(wrong), await sender.send(wrong)
    assert first.status_code == second.status_code == 422
    assert first.json()["id"] != second.json()["id"]


async def test_an_old_file_does_not_roll_figures_back_unless_it_is_meant(house: House) -> None:
    sender = await house.sender()
    first = await sender.publish(FILE)
    await sender.publish(rows("M,CRI,2024-01,2"))
    reply = await sender.send(FILE)
    assert (reply.status_code, reply.json()["code"]) == (409, "VIPMG-127")
    assert reply.json()["repeated_of"] == first["id"]
    assert await house.figures() == {"M.CRI.2024-01": "2"}
    again = await sender.publish(FILE, "?again=true")
    assert again["id"] != first["id"]
    assert await house.figures() == {"M.CRI.2024-01": "1"}


async def test_figures_of_other_agreements_are_no_hindrance(house: House) -> None:
    sender, other = await house.sender(), await house.sender(SLV)
    first = await sender.publish(FILE)
    await other.publish(rows("M,SLV,2024-01,2"))
    assert (await sender.send(FILE)).json()["id"] == first["id"]


async def test_a_key_with_other_bytes_is_refused_as_before(house: House) -> None:
    sender = await house.sender()
    await sender.send(FILE, Idempotency_Key="k")
    reply = await sender.send(rows("M,CRI,2024-01,2"), Idempotency_Key="k")
    assert (reply.status_code, reply.json()["code"]) == (422, "VIPMG-122")


async def test_a_key_of_a_dry_run_does_not_stand_for_the_sending(house: House) -> None:
    sender = await house.sender()
    tried = await sender.send(FILE, "?validate-only", Idempotency_Key="k")
    assert tried.json()["state"] == "validated"
    for query, headers in (
        ("", {}),
        ("?validate-only", {"Content_Type": "text/csv"}),
        ("?validate-only&agreement=PA_CRI_SMALL", {}),
    ):
        reply = await sender.send(FILE, query, Idempotency_Key="k", **headers)
        assert (reply.status_code, reply.json()["code"]) == (422, "VIPMG-122"), query
    again = await sender.send(FILE, "?validate-only", Idempotency_Key="k")
    assert (again.status_code, again.json()["id"]) == (200, tried.json()["id"])
    await sender.publish(FILE)


async def test_a_key_of_one_correction_does_not_stand_for_another(house: House) -> None:
    sender = await house.sender()
    wrong = (await sender.send(rows("M,CRY,2024-01,1"))).json()
    path = f"/api/submissions/{wrong['id']}/corrections"
    mend = [{"column": "REF_AREA", "value": "CRY", "replacement": "CRI"}]
    other = [{"column": "REF_AREA", "value": "CRY", "replacement": "GTM"}]
    first = await sender.post(path, mend, **{"Idempotency-Key": "k"})
    assert first.status_code == 201, first.text
    retried = await sender.post(path, mend, **{"Idempotency-Key": "k"})
    assert (retried.status_code, retried.json()["id"]) == (200, first.json()["id"])
    reply = await sender.post(path, other, **{"Idempotency-Key": "k"})
    assert (reply.status_code, reply.json()["code"]) == (422, "VIPMG-122")
