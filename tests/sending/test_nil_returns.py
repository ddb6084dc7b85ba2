"""Nil returns, and which periods of an agreement are complete."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid

import pytest

from app.services.issue_receipt import issue_receipt
from app.services.redact import RedactionOrder, redact
from app.store.effects import Effect
from app.store.ledger import verify_chain
from app.store.pools import Pools
from app.store.publication import begin_publication, end_publication
from app.store.registry_publication import publish as publish_artefacts
from tests.artefact_samples import artefact, urn
from tests.sending.desk import MONTHLY, TWO, House, rows
from tests.structures import SLV, START

NIL = "/api/agreements/PA_MONTHLY/nil-returns"
PERIODS = "/api/agreements/PA_MONTHLY/periods"


async def test_a_nil_return_is_a_submission_with_its_place_in_the_ledger(
    quiet_house: House, pools: Pools
) -> None:
    sender = await quiet_house.sender()
    reply = await sender.client.post(NIL, json={"period": "2024-03", "note": "Frontera cerrada"})
    assert reply.status_code == 201, reply.text
    told = reply.json()
    assert (told["kind"], told["state"], told["note"]) == (
        "nil return",
        "published",
        "Frontera cerrada",
    )
    assert told["sequence"] == 1
    assert told["agreements"][0].endswith("PA_MONTHLY(1.0.0)")
    listed = (await sender.get(NIL))["nil_returns"]
    assert [(each["period"], each["state"]) for each in listed] == [("2024-03", "published")]
    assert (await sender.get("/api/submissions"))["submissions"][0]["id"] == told["id"]
    entry = await pools.writer.fetchrow("SELECT * FROM ledger")
    assert (entry["action"], entry["object"]) == ("nil return", f"submission/{told['id']}")
    async with pools.writer.acquire() as connection:
        assert await verify_chain(connection) is None
    said = await sender.client.get(told["links"]["content"])
    assert said.json()["period"] == "2024-03"


async def test_the_same_period_again_is_the_same_nil_return(quiet_house: House) -> None:
    sender = await quiet_house.sender()
    first = await sender.client.post(NIL, json={"period": "2024-03"})
    again = await sender.client.post(NIL, json={"period": "2024-M03"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["repeated_of"] == first.json()["id"]


@pytest.mark.parametrize(
    ("period", "status", "code"),
    [
        ("2024", 422, "VIPMG-101"),
        ("2024-Q1", 422, "VIPMG-101"),
        ("2024-03-01", 422, "VIPMG-101"),
        ("2024-13", 422, "VIPMG-101"),
        ("2024-03-01/P1M", 422, "VIPMG-101"),
        ("2999-01", 422, "VIPMG-101"),
        (f"{dt.datetime.now(dt.UTC):%Y-%m}", 422, "VIPMG-101"),
        ("", 422, "VIPMG-130"),
    ],
)
async def test_what_is_no_period_of_the_agreement_or_not_over_is_refused(
    quiet_house: House, pools: Pools, period: str, status: int, code: str
) -> None:
    sender = await quiet_house.sender()
    reply = await sender.client.post(NIL, json={"period": period})
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert await pools.writer.fetchval("SELECT count(*) FROM submission") == 0
    assert await pools.writer.fetchval("SELECT count(*) FROM nil_return") == 0


@pytest.mark.parametrize(
    "row",
    [
        "M,CRI,2024-03,1",
        "M,CRI,2024-M03,1",
        "M,CRI,2024-03,1,,C",
        "M,CRI,2024-03,1,,,2099-01-01T00:00:00Z",
    ],
)
async def test_data_of_the_period_contradict_a_nil_return(house: House, row: str) -> None:
    sender = await house.sender()
    sent = await sender.send(rows(row, "M,CRI,2024-04,1", flow=MONTHLY))
    assert sent.status_code == 201, sent.text
    reply = await sender.post(NIL, {"period": "2024-03"})
    assert (reply.status_code, reply.json()["code"]) == (409, "VIPMG-120")
    assert reply.json()["observations"] == 1
    assert (await sender.post(NIL, {"period": "2024-02"})).status_code == 201


async def test_data_that_come_later_supersede_it(house: House) -> None:
    sender = await house.sender()
    await sender.post(NIL, {"period": "2024-03"})
    await sender.post(NIL, {"period": "2024-04"})
    tried = await sender.send(rows("M,CRI,2024-M03,1", flow=MONTHLY), "?validate-only")
    assert tried.json()["state"] == "validated"
    states = {each["period"]: each["state"] for each in (await sender.get(NIL))["nil_returns"]}
    assert states == {"2024-03": "published", "2024-04": "published"}
    told = await sender.publish(rows("M,CRI,2024-M03,1", flow=MONTHLY))
    listed = {each["period"]: each for each in (await sender.get(NIL))["nil_returns"]}
    assert listed["2024-03"]["state"] == "superseded"
    assert listed["2024-03"]["superseded_by"] == told["id"]
    assert listed["2024-04"]["state"] == "published"
    await sender.publish(rows("M,CRI,2024-M03,", flow=MONTHLY, action="D"))
    assert (await sender.post(NIL, {"period": "2024-03"})).status_code == 201


async def test_it_holds_again_when_the_data_are_undone(house: House, pools: Pools) -> None:
    sender = await house.sender()
    await sender.post(NIL, {"period": "2024-03"})
    sent = await sender.publish(rows("M,CRI,2024-M03,1", flow=MONTHLY))
    both = await sender.publish(rows("M,GTM,2024-03,1", flow=MONTHLY))

    async def state() -> str:
        [listed] = (await sender.get(NIL))["nil_returns"]
        periods = (await sender.get(f"{PERIODS}?from=2024-03&to=2024-03"))["periods"]
        assert (listed["state"] == "published") == (periods[0]["state"] == "nil")
        return str(listed["state"])

    async def undo(submission: str) -> str:
        reply = await sender.post(f"/api/submissions/{submission}/rollback", {"reason": "Error"})
        assert reply.json()["state"] == "published", reply.text
        return str(reply.json()["id"])

    await undo(sent["id"])
    assert await state() == "superseded"  # the other file has figures of the month
    undone = await undo(both["id"])
    assert await state() == "published"
    await undo(undone)
    assert await state() == "superseded"


async def test_it_holds_again_when_the_data_are_redacted(house: House, pools: Pools) -> None:
    sender = await house.sender()
    await sender.post(NIL, {"period": "2024-03"})
    sent = await sender.publish(rows("M,CRI,2024-M03,1", flow=MONTHLY))
    order = RedactionOrder("a court", "1", ["operator"], submission=uuid.UUID(sent["id"]))
    await redact(pools.writer, order, dry_run=False)
    [listed] = (await sender.get(NIL))["nil_returns"]
    assert (listed["state"], listed["superseded_by"]) == ("published", None)


async def test_a_nil_return_waits_for_a_second_person_too(house: House) -> None:
    sender, second = await house.sender(), await house.sender()
    reply = await sender.post("/api/agreements/PA_TWO/nil-returns", {"period": "2024-03"})
    assert reply.json()["state"] == "accepted"
    path = f"/api/submissions/{reply.json()['id']}/approval"
    assert (await sender.post(path, {"decision": "approve"})).status_code == 403
    approved = await second.post(path, {"decision": "approve"})
    assert approved.json()["state"] == "published", approved.text
    listed = (await sender.get("/api/agreements/PA_TWO/nil-returns"))["nil_returns"]
    assert [each["state"] for each in listed] == ["published"]


async def test_236_data_that_come_before_the_approval_refuse_it(house: House) -> None:
    sender, second = await house.sender(), await house.sender()
    nil = await sender.post("/api/agreements/PA_TWO/nil-returns", {"period": "2024-03"})
    data = await sender.send(rows("M,CRI,2024-03,1", flow=TWO))
    yes = {"decision": "approve"}
    await second.post(f"/api/submissions/{data.json()['id']}/approval", yes)
    reply = await second.post(f"/api/submissions/{nil.json()['id']}/approval", yes)
    assert reply.status_code == 422
    assert reply.json()["findings"]["by_code"] == {"VIPMG-236": 1}


async def test_a_nil_return_waits_for_a_publication_without_a_deadlock(
    quiet_house: House, pools: Pools
) -> None:
    """As the worker: registry, agreement, ledger, and the chain of receipts at the end."""
    sender = await quiet_house.sender()
    first = (await sender.send(rows("M,CRI,2024-01,1", flow=MONTHLY), wait=None)).json()
    async with pools.writer.acquire() as connection, connection.transaction():
        begun = await begin_publication(connection, None)
        [number] = [
            row["id"]
            for row in await connection.fetch("SELECT id, urn FROM agreement")
            if "PA_MONTHLY(" in row["urn"]
        ]
        begun.effects.append(Effect(number))
        place = await end_publication(
            connection, begun, action="submission", actor="CRI", about="submission/one"
        )
        sending = asyncio.create_task(sender.client.post(NIL, json={"period": "2024-03"}))
        done, _ = await asyncio.wait([sending], timeout=1)
        assert not done
        await issue_receipt(connection, uuid.UUID(first["id"]), "decision")
    reply = await sending
    assert reply.status_code == 201, reply.text
    assert reply.json()["sequence"] == place.sequence + 1


async def test_a_nil_return_is_sent_while_structures_change(
    quiet_house: House, pools: Pools
) -> None:
    sender = await quiet_house.sender()
    await sender.get(PERIODS)  # the structures are known by now
    async with pools.writer.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE registry SET revision = revision WHERE id = 1")
        sending = asyncio.create_task(sender.client.post(NIL, json={"period": "2024-03"}))
        done, _ = await asyncio.wait([sending], timeout=1)
        assert not done
        await publish_artefacts(
            connection,
            [artefact("Dataflow", "DF_NEW", structure=urn("DataStructure", "DSD_SMALL"))],
            START,
        )
    reply = await sending
    assert reply.status_code == 201, reply.text


async def test_each_period_is_received_nil_missing_or_expected(house: House) -> None:
    sender = await house.sender()
    now = dt.datetime.now(dt.UTC).date()
    month = now.year * 12 + now.month - 1
    past = [f"{(month - n) // 12:04}-{(month - n) % 12 + 1:02}" for n in range(5)]
    await sender.send(rows(f"M,CRI,{past[4]},1", f"M,GTM,{past[4]},2,,C", flow=MONTHLY))
    await sender.post(NIL, {"period": past[3]})
    told = await sender.get(PERIODS)
    states = {each["period"]: each["state"] for each in told["periods"]}
    assert list(states) == past
    assert states[past[4]] == "received"
    assert states[past[3]] == "nil"
    assert states[past[2]] == "missing"
    assert states[past[0]] == "expected"
    assert (told["frequency"], told["release_due"]) == ("M", "P20D after month end")
    assert told["missing"] == list(states.values()).count("missing")
    received = told["periods"][-1]
    assert (received["observations"], received["withheld"]) == (2, 1)
    some = await sender.get(f"{PERIODS}?from={past[3]}&to={past[2]}")
    assert [each["period"] for each in some["periods"]] == [past[2], past[3]]


async def test_periods_that_are_none_and_agreements_of_others(quiet_house: House) -> None:
    sender, other = await quiet_house.sender(), await quiet_house.sender(SLV)
    assert (await sender.client.get(f"{PERIODS}?from=yesterday")).status_code == 400
    assert (await sender.client.get(f"{PERIODS}?from=0001")).status_code == 413
    for path in (PERIODS, NIL):
        assert (await other.client.get(path)).status_code == 404
    assert (await other.client.post(NIL, json={"period": "2024-03"})).status_code == 404
    del sender.client.headers["Authorization"]
    assert (await sender.client.post(NIL, json={"period": "2024-03"})).status_code == 401
