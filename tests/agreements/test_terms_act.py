"""Terms that act: what a caller can send and see changes with them, at once."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
from collections.abc import AsyncIterator

import openpyxl
import pytest_asyncio

from app.settings import Settings
from app.store.pools import Pools
from tests.agreements.desk import (
    agree,
    agreed,
    figures,
    file,
    open_agreements,
    program,
    terms_set,
)
from tests.artefact_samples import urn
from tests.sending.desk import House, Sender
from tests.structures import CRI, SLV

TODAY = dt.datetime.now(dt.UTC).date()
YESTERDAY = (TODAY - dt.timedelta(days=1)).isoformat()
NEXT_YEAR = (TODAY + dt.timedelta(days=365)).isoformat()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(module_pools: Pools, module_settings: Settings) -> AsyncIterator[House]:
    """The exchange of all tests here; each has an agreement of its own."""
    async with open_agreements(module_pools, module_settings) as opened:
        yield opened


async def offered_areas(sender: Sender, agreement: str) -> set[str]:
    """The areas that the template of an agreement lists."""
    reply = await sender.client.get(f"/api/agreements/{agreement}/template.xlsx?language=en")
    assert reply.status_code == 200, reply.text
    sheets = openpyxl.load_workbook(io.BytesIO(reply.content)).worksheets
    told = {cell.value for sheet in sheets for row in sheet.iter_rows() for cell in row}
    return {"CRI", "SLV", "GTM", "HND"} & told


async def actions(house: House) -> list[str]:
    found = await house.pools.writer.fetch("SELECT action FROM ledger ORDER BY sequence")
    return [row["action"] for row in found]


async def test_recipients_read_at_once_and_no_longer_than_the_terms_say(house: House) -> None:
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    reader = await program(house, "OCAM")
    await sender.publish(file("READ", "A,CRI,2020,1", "A,CRI,2021,2,,C"))
    public = {"CRI 2020": "1", "CRI 2021": "[C]"}
    assert await figures(reader, house, "READ") == public
    await agreed(agency, terms_set("READ", READERS="OCAM"))
    assert await figures(reader, house, "READ") == {"CRI 2020": "1", "CRI 2021": "2"}
    assert await figures(None, house, "READ") == public
    assert (await actions(house))[-1] == "terms"
    await agreed(agency, terms_set("READ", "1.1.0", READERS="OCAM", EXPIRY_DATE=YESTERDAY))
    assert await figures(reader, house, "READ") == public
    assert await figures(sender, house, "READ") == {"CRI 2020": "1", "CRI 2021": "2"}
    await agreed(agency, terms_set("READ", "1.2.0", READERS="OCAM", EXPIRY_DATE=NEXT_YEAR))
    assert (await figures(reader, house, "READ"))["CRI 2021"] == "2"
    await agreed(agency, terms_set("READ", "1.3.0-draft", READERS="NONE"))
    assert (await figures(reader, house, "READ"))["CRI 2021"] == "2"
    await agreed(agency, terms_set("READ", "1.3.0", READERS="NONE"))
    assert await figures(reader, house, "READ") == public
    refused = await agree(agency, terms_set("READ", "1.4.0", READERS=["NONE", "OCAM"]))
    assert refused.status_code == 422
    assert "stands alone" in refused.text


async def test_what_is_sent_after_the_end_waits_and_goes_on_when_extended(house: House) -> None:
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    await agreed(agency, terms_set("END", EXPIRY_DATE=YESTERDAY))
    told = (await sender.send(file("END", "A,CRI,2020,1"))).json()
    assert told["state"] == "accepted"
    assert told["waiting"]["reason"] == "expired"
    assert "VIPMG-342" in told["findings"]["by_code"]
    assert await figures(None, house, "END") == {}
    tried = (await sender.send(file("END", "A,CRI,2020,7"), "?validate-only")).json()
    assert tried["state"] == "validated"
    assert "VIPMG-342" in tried["findings"]["by_code"]
    await agreed(agency, terms_set("END", "1.1.0", EXPIRY_DATE=NEXT_YEAR))
    for _ in range(100):
        now = await sender.get(f"/api/submissions/{told['id']}")
        if now["state"] == "published":
            break
        await asyncio.sleep(0.1)
    assert now["state"] == "published"
    assert now["waiting"] is None
    assert await figures(None, house, "END") == {"CRI 2020": "1"}


async def test_frequency_and_detail_refuse_the_row(house: House) -> None:
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    await agreed(agency, terms_set("FREQ", FREQUENCY=["M", "Q"], DETAIL="REF_AREA=CRI HND"))
    reply = await sender.send(file("FREQ", "A,CRI,2020,1", "M,SLV,2020-01,1", "M,CRI,2020-01,1"))
    assert reply.status_code == 422
    told = reply.json()["findings"]
    assert told["by_code"] == {"VIPMG-340": 1, "VIPMG-341": 1}
    first, second = told["first"]
    assert (first["row"], first["value"], first["allowed"]) == (2, "A", "M, Q")
    assert first["rule"] == "TST:TERMS_FREQ(1.0.0)"
    assert (second["row"], second["column"], second["value"]) == (3, "REF_AREA", "SLV")
    assert await offered_areas(sender, "PA_FREQ") == {"CRI", "HND"}
    layout = {"firstDataRow": 2, "columns": {"TIME_PERIOD": "A", "OBS_VALUE": "B"},
              "constants": {"FREQ": "A", "REF_AREA": "SLV"}}  # fmt: skip
    saved = await sender.client.put("/api/agreements/PA_FREQ/layouts/old", json=layout)
    assert saved.status_code == 422, saved.text
    assert "constants.FREQ" in saved.text
    assert "constants.REF_AREA" in saved.text
    await agreed(agency, terms_set("FREQ", "1.1.0", FREQUENCY="A"))
    await sender.publish(file("FREQ", "A,SLV,2020,1"))
    await agreed(agency, terms_set("FREQ", "1.2.0", DETAIL="REF_AREA=CRI"))
    await sender.publish(file("FREQ", "A,SLV,2020,", action="D"))


async def test_right_rows_are_taken_where_the_terms_allow_it(house: House) -> None:
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    wrong = file("PART", "A,CRI,2020,1", "A,NOPE,2020,2", "A,CRI,2021,3", "A,HND,2022,4",
                 "A,HND,2022,5")  # fmt: skip
    assert (await sender.send(wrong)).status_code == 422
    await agreed(agency, terms_set("PART", PARTIAL="ALLOWED"))
    reply = await sender.send(wrong, "?again=true")
    told = reply.json()
    assert (told["state"], told["partial"], told["rows_left_out"]) == ("published", True, 3), told
    assert told["findings"]["by_code"] == {"VIPMG-210": 1, "VIPMG-231": 1}
    assert await figures(None, house, "PART") == {"CRI 2020": "1", "CRI 2021": "3"}
    receipts = await sender.get(f"/api/submissions/{told['id']}/receipts")
    assert receipts["receipts"][-1]["state"] == "published"
    report = await sender.client.get(
        f"/api/submissions/{told['id']}/report?format=html", headers={"Accept-Language": "es"}
    )
    assert "Aceptado en parte" in report.text
    whole = (await sender.send(file("PART", "A,CRI,2023,1"))).json()
    assert (whole["partial"], whole["rows_left_out"]) == (False, 0)
    nothing = await sender.send(file("PART", "A,NOPE,2020,2"))
    assert nothing.status_code == 422
    other = await sender.send(file("PART", "A,CRI,2024,1").replace(b"REF_AREA", b"AREA"))
    assert other.status_code == 422


async def test_an_embargo_of_the_terms_holds_and_releases(house: House) -> None:
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    await agreed(agency, terms_set("HOLD", EMBARGO="P30D"))
    told = (await sender.send(file("HOLD", "A,CRI,2020,1", f"A,CRI,{TODAY.year},2"))).json()
    assert told["state"] == "awaiting release"
    until = dt.date(TODAY.year + 1, 1, 1) + dt.timedelta(days=30)
    assert told["release_at"].startswith(until.isoformat())
    assert await figures(None, house, "HOLD") == {"CRI 2020": "1"}
    assert (await figures(sender, house, "HOLD"))[f"CRI {TODAY.year}"] == "2"
    await agreed(agency, terms_set("HOLD", "1.1.0", EMBARGO="2001-01-01"))
    assert (await figures(None, house, "HOLD"))[f"CRI {TODAY.year}"] == "2"


async def test_small_counts_are_suppressed_and_come_back(house: House) -> None:
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    await sender.publish(file("CELL", "A,CRI,2020,3", "A,CRI,2021,10", "A,CRI,2022,0"))
    await agreed(agency, terms_set("CELL", MINIMUM_CELL=5))
    hidden = {"CRI 2020": "[C]", "CRI 2021": "10", "CRI 2022": "0"}
    assert await figures(None, house, "CELL") == hidden
    assert (await figures(sender, house, "CELL"))["CRI 2020"] == "3"
    await sender.publish(file("CELL", "A,CRI,2023,4", "A,CRI,2021,2"))
    hidden |= {"CRI 2021": "[C]", "CRI 2023": "[C]"}
    assert await figures(None, house, "CELL") == hidden
    await agreed(agency, terms_set("CELL", "1.1.0", MINIMUM_CELL=3))
    hidden |= {"CRI 2020": "3", "CRI 2023": "4"}
    assert await figures(None, house, "CELL") == hidden
    assert (await actions(house))[-1] == "terms"
    last = await sender.publish(file("CELL", "A,CRI,2020,2"))
    assert (await figures(None, house, "CELL"))["CRI 2020"] == "[C]"
    undone = await sender.post(f"/api/submissions/{last['id']}/rollback", {"reason": "Error"})
    assert undone.json()["state"] == "published", undone.text
    assert await figures(None, house, "CELL") == hidden
    await agreed(agency, terms_set("CELL", "1.2.0", MINIMUM_CELL=0))
    assert (await figures(None, house, "CELL"))["CRI 2021"] == "2"


async def test_only_who_may_says_the_terms(house: House) -> None:
    agency = await program(house, CRI, ("TST",))
    cri, slv = await program(house, CRI), await program(house, SLV)
    stranger: Sender = await program(house, "OCAM")
    assert (await agree(stranger, terms_set("WHY", READERS="OCAM"))).status_code == 403
    # A metadata provider may say the terms that an agreement of the agency gives it, no others.
    own = terms_set("THEIRS", agency=f"TST.{SLV}", READERS="OCAM", bound=urn(
        "MetadataProvisionAgreement", "MPA_SLV"))  # fmt: skip
    await agreed(slv, own)
    for sender, wrong in (
        (cri, terms_set("WHY", agency=f"TST.{CRI}", READERS="OCAM")),
        (slv, terms_set("THEIRS", "1.1.0", f"TST.{SLV}", READERS="OCAM")),
        (agency, terms_set("THEIRS", READERS="OCAM")),
        (agency, terms_set("WHY", "1.0", READERS="OCAM")),
        (agency, terms_set("WHY", READERS="NOBODY_KNOWN")),
        (agency, terms_set("WHY", DETAIL="REF_AREA=ATLANTIS")),
        (agency, terms_set("WHY", DETAIL="NOPE=CRI")),
        (agency, terms_set("WHY", EMBARGO="P")),
        (agency, terms_set("WHY", EXPIRY_DATE="soon")),
        (agency, terms_set("WHY", MINIMUM_CELL=-1)),
        (agency, terms_set("WHY", APPROVAL="PERHAPS")),
        (agency, terms_set("WHY", RETENTION="P10D")),
        (agency, terms_set("WHY", RELEASE_DUE="whenever")),
        (agency, terms_set("WHY", targets=[urn("Dataflow", "DF_WHY")], READERS="OCAM")),
    ):
        reply = await agree(sender, wrong)
        assert reply.status_code in (403, 422), (wrong.document, reply.status_code, reply.text)
        assert "VIPMG" in reply.text or "error" in reply.text.lower()
