"""Two people for release, where the agreement says so."""

from __future__ import annotations

from app.store.pools import Pools
from tests.sending.desk import MONTHLY, SMALL, TWO, House, rows
from tests.structures import SLV

FILE = rows("M,CRI,2024-01,1", flow=TWO)


async def test_another_program_of_the_organisation_approves(house: House, pools: Pools) -> None:
    sender, second, stranger = (
        await house.sender(),
        await house.sender(),
        await house.sender(SLV),
    )
    reply = await sender.send(FILE)
    assert reply.status_code == 201
    told = reply.json()
    assert (told["state"], told["sequence"]) == ("accepted", None)
    assert told["preview"][0]["new"] == 1
    assert await house.figures(TWO) == {}
    path, yes = f"/api/submissions/{told['id']}/approval", {"decision": "approve", "note": "Visto"}
    own = await sender.post(path, yes)
    assert (own.status_code, own.json()["code"]) == (403, "VIPMG-112")
    assert (await stranger.post(path, yes)).status_code == 404
    approved = await second.post(path, yes)
    assert approved.status_code == 201, approved.text
    assert approved.json()["state"] == "published"
    assert approved.json()["approval"]["decision"] == "approve"
    assert approved.json()["approval"]["note"] == "Visto"
    assert await house.figures(TWO) == {"M.CRI.2024-01": "1"}
    clients = await pools.writer.fetchrow(
        "SELECT client_id, approved_by FROM submission WHERE id = $1", told["id"]
    )
    actor = await pools.writer.fetchval("SELECT actor FROM ledger ORDER BY sequence DESC LIMIT 1")
    assert clients[0] in actor
    assert clients[1] in actor
    assert clients[0] != clients[1]
    again = await second.post(path, yes)
    assert (again.status_code, again.json()["code"]) == (409, "VIPMG-120")


async def test_a_refusal_is_the_end(house: House) -> None:
    sender, second = await house.sender(), await house.sender()
    told = (await sender.send(FILE)).json()
    path = f"/api/submissions/{told['id']}/approval"
    refused = await second.post(path, {"decision": "refuse", "note": "Faltan las salidas"})
    assert refused.status_code == 422
    assert refused.json()["state"] == "rejected"
    assert refused.json()["approval"]["note"] == "Faltan las salidas"
    assert await house.figures(TWO) == {}
    assert (await second.post(path, {"decision": "approve"})).status_code == 409


async def test_approval_checks_again_against_what_was_published_meanwhile(house: House) -> None:
    sender, second = await house.sender(), await house.sender()
    first = (await sender.send(FILE)).json()
    later = (await sender.send(rows("M,CRI,2024-01,5", flow=TWO))).json()
    await second.post(f"/api/submissions/{later['id']}/approval", {"decision": "approve"})
    reply = await second.post(f"/api/submissions/{first['id']}/approval", {"decision": "approve"})
    assert reply.json()["preview"][0]["revised"] == 1
    assert await house.figures(TWO) == {"M.CRI.2024-01": "1"}


async def test_one_agreement_that_asks_holds_the_whole_message(house: House) -> None:
    sender = await house.sender()
    content = rows("M,CRI,2024-01,1", flow=SMALL)
    content += rows("M,CRI,2024-01,1", flow=TWO).split(b"\n", 1)[1]
    assert (await sender.send(content)).json()["state"] == "accepted"
    assert await house.figures() == await house.figures(TWO) == {}


async def test_an_accepted_one_can_be_cancelled(house: House) -> None:
    sender, second = await house.sender(), await house.sender()
    told = (await sender.send(FILE)).json()
    assert (await sender.client.delete(told["links"]["self"])).json()["state"] == "cancelled"
    path = f"/api/submissions/{told['id']}/approval"
    assert (await second.post(path, {"decision": "approve"})).status_code == 409


async def test_what_needs_no_second_person_takes_none(house: House) -> None:
    sender, second = await house.sender(), await house.sender()
    told = await sender.publish(rows("M,CRI,2024-01,1", flow=MONTHLY))
    path = f"/api/submissions/{told['id']}/approval"
    assert (await second.post(path, {"decision": "approve"})).status_code == 409
    assert (await second.post(path, {"decision": "perhaps"})).status_code == 422


async def test_a_file_cannot_empty_by_replacing_what_needs_a_second_person(house: House) -> None:
    sender, second = await house.sender(), await house.sender()
    both = rows("M,CRI,2024-01,1", flow=SMALL)
    both += rows("M,CRI,2024-01,1", flow=TWO).split(b"\n", 1)[1]
    old = (await sender.send(both)).json()
    yes = {"decision": "approve"}
    await second.post(f"/api/submissions/{old['id']}/approval", yes)
    assert await house.figures(TWO) == {"M.CRI.2024-01": "1"}
    new = (await sender.send(rows("M,CRI,2024-02,2"), f"?supersedes={old['id']}")).json()
    assert new["state"] == "accepted"
    assert await house.figures(TWO) == {"M.CRI.2024-01": "1"}
    assert await house.figures() == {"M.CRI.2024-01": "1"}
    assert sum(each["deleted"] for each in new["preview"]) == 2
    approved = await second.post(f"/api/submissions/{new['id']}/approval", yes)
    assert approved.json()["state"] == "published", approved.text
    assert await house.figures(TWO) == {}
    assert await house.figures() == {"M.CRI.2024-02": "2"}


async def test_the_ledger_names_both_persons_of_an_undoing_as_of_a_file(
    house: House, pools: Pools
) -> None:
    sender, second = await house.sender(), await house.sender()
    told = (await sender.send(FILE)).json()
    yes = {"decision": "approve"}
    await second.post(f"/api/submissions/{told['id']}/approval", yes)
    asked = await sender.post(f"/api/submissions/{told['id']}/rollback", {"reason": "Error"})
    assert asked.json()["state"] == "accepted", asked.text
    done = await second.post(f"/api/submissions/{asked.json()['id']}/approval", yes)
    assert done.json()["state"] == "published", done.text
    of_file, of_undoing = [
        row["actor"]
        for row in await pools.writer.fetch(
            "SELECT actor FROM ledger WHERE action IN ('submission', 'rollback') ORDER BY sequence"
        )
    ]
    assert of_undoing == of_file
