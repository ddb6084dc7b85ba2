"""What the guide says on two people works with the delivered agreements."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path

from fastapi import FastAPI

from app.store.pools import Pools
from tests.api.test_submissions import DEMO, WAIT, sender, service, worker

__all__ = ["service", "worker"]

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "how-to" / "send-data.md"


async def test_an_agency_asks_for_two_people_as_the_guide_says(
    service: FastAPI, pools: Pools, worker: None
) -> None:
    guide = GUIDE.read_text("utf-8")
    [path] = re.findall(r'^curl -s "\$SERVICE(.*PA_RETURN_IN_HND_INM.*)" \|$', guide, re.MULTILINE)
    [change] = re.findall(r"^  sed '(.*)' > two-people\.json$", guide, re.MULTILINE)
    [posted] = re.findall(r'^curl -s -X POST "\$SERVICE(/sdmx.*?)"', guide, re.MULTILINE)
    agency = await sender(service, pools, "HND_INM", agencies=("VIPMG",))
    plain = await sender(service, pools, "HND_INM")
    message = await asyncio.to_thread(
        subprocess.run,
        ("sed", change),
        input=(await agency.get(path)).content,
        check=True,
        capture_output=True,
    )
    kind = {"Content-Type": "application/vnd.sdmx.structure+json"}
    refused = await plain.post(posted, content=message.stdout, headers=kind)
    assert refused.status_code == 403, "a program without the agency sets nothing"
    made = await agency.post(posted, content=message.stdout, headers=kind)
    assert made.status_code == 201, made.text
    file = (DEMO / "hnd_inm_return_in.csv").read_bytes()
    reply = await plain.post("/api/submissions", content=file, headers=WAIT)
    assert reply.json()["state"] == "accepted", reply.text
    approval = f"/api/submissions/{reply.json()['id']}/approval"
    order = {
        "json": {"decision": "approve"},
        "headers": WAIT | {"Content-Type": "application/json"},
    }
    assert (await plain.post(approval, **order)).status_code == 403
    second = await sender(service, pools, "HND_INM")
    agreed = await second.post(approval, **order)
    assert agreed.json()["state"] == "published", agreed.text
