"""Checks of figures from file to decision: what is told to the sender, and what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from app.errors import InvalidArtefactError
from app.sdmx.artefacts import Artefact
from app.sdmx.findings import Finding
from app.store import checks
from app.store.pools import Pools
from app.store.registry_publication import publish as publish_artefacts
from tests.artefact_samples import artefact, item, urn
from tests.structures import CRI, SLV, START, Desk, agreement, network, open_desk, sheet

HEADER = "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT,TITLE,CONF_STATUS"
OTHER = "TST:DF_OTHER(1.0.0)"
SEXES = "define hierarchical ruleset HR_SEX (variable rule SEX) is '_T' = F + M end hierarchical ruleset"  # noqa: E501
SEXES_OF_THREE = (("F", 1), ("M", 2), ("_T", 3))
POINTS = """
define datapoint ruleset DPR (variable FREQ, TIME_PERIOD, OBS_VALUE, OBS_STATUS) is
  OUTLIER : when FREQ = "M" then in_line_with_history(OBS_VALUE, 12, 5, 500);
  GAP : no_gap_before(TIME_PERIOD, OBS_VALUE, 3, 1);
  ENDED : has_ended(TIME_PERIOD) or OBS_STATUS = "P";
  REVISED : in_line_with_published(OBS_VALUE, 0.5, 100);
  STATUS : not isnull(OBS_VALUE) or OBS_STATUS = "M" errorcode "VIPMG-317"
end datapoint ruleset"""
SAME = """
define datapoint ruleset DPR_SAME (variable SEX, OBS_VALUE) is
  SAME : differs_from_flow(OBS_VALUE, "TST:DF_OTHER", SEX, "FREQ REF_AREA", 2)
end datapoint ruleset"""


def check(ruleset: str, definition: str, **terms: str) -> dict[str, Any]:
    """A ruleset of a scheme, with its annotations."""
    kind = "hierarchical" if "hierarchical" in definition else "datapoint"
    said = {"DATAFLOWS": "TST:DF"} | terms
    return item(
        ruleset,
        annotations=[{"id": n, "type": "CHECK", "value": value} for n, value in said.items()],
        rulesetDefinition=definition,
        rulesetType=kind,
        rulesetScope="variable",
    )


def scheme(*rulesets: dict[str, Any], version: str = "1.0.0", **parts: Any) -> Artefact:
    return artefact(
        "RulesetScheme", "CHECKS", version, vtlVersion="2.1", rulesets=list(rulesets), **parts
    )


def structures(**terms: str) -> list[Artefact]:
    """The network with checks; `terms` are those of the agreement of CRI."""
    listed = [one for one in network() if one.id != "PA_CRI"]
    flow = artefact("Dataflow", "DF_OTHER", structure=urn("DataStructure", "DSD"))
    return [
        *listed,
        flow,
        agreement("PA_CRI", "DF", CRI, PRECEDENCE="200", **terms),
        agreement("PA_CRI_OTHER", "DF_OTHER", CRI),
        agreement("PA_SLV_OTHER", "DF_OTHER", SLV),
        scheme(check("HR_SEX", SEXES), check("DPR", POINTS), check("DPR_SAME", SAME)),
    ]


def rows(*cells: str, flow: str = "TST:DF(1.0.0)", more: str = "", action: str = "M") -> str:
    """Rows `area,sex,period,value[,status[,confidentiality]]` as a file."""
    lines = []
    for row in cells:
        parts = [*row.split(","), "", ""]
        area, sex, period, value = parts[:4]
        freq = "M" if len(period) == 7 else "A"
        status, secret = parts[4] or "A", parts[5]
        lines.append(f"{freq},{area},{sex},{period},{value},{status},0,t,{secret}{more}")
    return sheet(HEADER, *lines, flow=flow, action=action)


def told(findings: list[Finding]) -> list[tuple[str, int | None, str | None, str | None]]:
    return [(f.code, f.row, f.value, f.allowed) for f in findings]


@pytest.fixture
async def desk(pools: Pools) -> Desk:
    return await open_desk(pools, structures())


async def test_a_total_that_its_parts_do_not_give_is_told_and_published(desk: Desk) -> None:
    decision = await desk.accept(
        rows("CRI,F,2023,703", "CRI,M,2023,6507", "CRI,_T,2023,9701", "CRI,_T,2022,5")
    )
    assert told(decision.findings) == [("VIPMG-310", 4, "9701", "F 703 + M 6507 = 7210")]
    [finding] = decision.findings
    assert (finding.rule, finding.component) == ("TST:CHECKS(1.0.0).HR_SEX.1", "SEX")
    assert finding.severity == "warning"
    assert "A.CRI._T.2023" in await desk.observations()


async def test_rows_are_looked_up_while_families_are_still_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value is changed in each of two families, and the first is told with the second unread."""
    monkeypatch.setattr(checks, "PENDING", 0)
    monkeypatch.setattr(checks, "FETCH_FAMILIES", 1)
    cells = [f"CRI,{sex},{t},{v}" for t in ("2023", "2023-01") for sex, v in SEXES_OF_THREE]
    assert (await desk.accept(rows(*cells))).findings == []
    decision = await desk.accept(rows("CRI,F,2023,2", "CRI,F,2023-01,2"))
    assert sorted(f.row or 0 for f in decision.findings if f.code == "VIPMG-310") == [2, 3]


async def test_the_total_is_seen_beside_what_is_published(desk: Desk) -> None:
    """A part alone is sent: the total of before no more holds, at the row of the part."""
    await desk.accept(rows("CRI,F,2023,1", "CRI,M,2023,2", "CRI,_T,2023,3", "CRI,M,2022,7"))
    decision = await desk.accept(rows("CRI,M,2022,7", "CRI,F,2023,2"))
    assert told(decision.findings) == [("VIPMG-310", 3, "3", "F 2 + M 2 = 4")]
    # What nobody spoke of is not told again.
    decision = await desk.accept(rows("CRI,F,2024,2"))
    assert decision.findings == []


async def test_few_rows_sent_to_many_series(desk: Desk) -> None:
    """The families of what was sent are looked up, not sought through all that is stored."""
    periods = {"A": "2023", "Q": "2023-Q1", "M": "2023-01", "D": "2023-01-01"}
    stored = [
        f"{freq},CRI,{sex},{time},{value},A,0,t,F"
        for freq, time in periods.items()
        for sex, value in (("F", 1), ("M", 2), ("_T", 3))
    ]
    assert (await desk.accept(sheet(HEADER, *stored))).findings == []
    decision = await desk.accept(sheet(HEADER, "Q,CRI,F,2023-Q1,2,A,0,t,F"))
    assert told(decision.findings) == [("VIPMG-310", 2, "3", "F 2 + M 2 = 4")]


async def test_parts_that_are_withheld_count_and_deleted_ones_do_not(desk: Desk) -> None:
    decision = await desk.accept(
        rows("CRI,F,2023,1,A,C", "CRI,M,2023,2,A,F", "CRI,_T,2023,3,A,F", "CRI,_T,2024,3,A,F")
    )
    assert decision.findings == []
    decision = await desk.accept(rows("CRI,F,2023,2,A,C"))
    assert told(decision.findings) == [("VIPMG-310", 2, "3", "F 2 + M 2 = 4")]
    delete = sheet("FREQ,REF_AREA,SEX,TIME_PERIOD", "A,CRI,F,2023", action="D")
    assert (await desk.accept(delete)).findings == []


async def test_an_agreement_makes_a_check_an_error(pools: Pools) -> None:
    desk = await open_desk(pools, structures(CHECK__HR_SEX="error"))
    nothing = await desk.state()
    wrong = rows("CRI,F,2023,1", "CRI,M,2023,2", "CRI,_T,2023,4", "CRI,_T,2099,4")
    decision = await desk.send(wrong)
    assert decision.state == "rejected"
    assert [(f.code, f.severity) for f in decision.findings] == [
        ("VIPMG-310", "error"),
        ("VIPMG-313", "warning"),
    ]
    assert await desk.state() == nothing


async def test_an_agreement_switches_rulesets_off(pools: Pools) -> None:
    desk = await open_desk(pools, structures(CHECK__DPR="off", CHECK__HR_SEX="off"))
    decision = await desk.accept(rows("CRI,F,2099,1", "CRI,M,2099,2", "CRI,_T,2099,4"))
    assert decision.findings == []


async def test_one_rule_alone_is_an_error(pools: Pools) -> None:
    terms = {"CHECK:DPR.ENDED": "error", "CHECK:DPR": "off"}
    listed = structures(**{name.replace(":", "__"): value for name, value in terms.items()})
    desk = await open_desk(pools, listed)
    decision = await desk.send(rows("CRI,F,2099,1", "CRI,M,2098,,A"))
    assert decision.state == "rejected"
    assert [f.code for f in decision.findings] == ["VIPMG-313", "VIPMG-313"]


async def test_history_gaps_revisions_and_status_of_one_series(desk: Desk) -> None:
    first = [f"CRI,F,2023-{month:02},{1000 + month}" for month in range(1, 13)]
    assert (await desk.accept(rows(*first))).findings == []
    decision = await desk.accept(
        rows("CRI,F,2024-01,7000", "CRI,F,2024-04,1000", "CRI,F,2023-05,3000", "CRI,M,2023-05,,A")
    )
    assert sorted(told(decision.findings)) == [
        ("VIPMG-311", 2, "7000", "202 - 5038"),
        ("VIPMG-312", 3, "2024-04", "2024-01"),
        ("VIPMG-315", 4, "3000", "1005"),
        ("VIPMG-317", 5, None, None),
    ]
    rules = {f.code: (f.rule or "").rpartition(".")[2] for f in decision.findings}
    assert rules == {
        "VIPMG-311": "OUTLIER",
        "VIPMG-312": "GAP",
        "VIPMG-315": "REVISED",
        "VIPMG-317": "STATUS",
    }


async def test_checks_are_silent_where_a_cell_or_its_row_is_refused_already(desk: Desk) -> None:
    first = [f"CRI,F,2023-{month:02},{1000 + month}" for month in range(1, 13)]
    assert (await desk.accept(rows(*first, "CRI,M,2023-01,1"))).findings == []
    decision = await desk.send(
        rows(
            "CRI,M,2023-02,1.234.5",  # no number: not one that is missing either
            "CRI,XX,2024-02,9000",  # perhaps the period that the next one lacks
            "CRI,F,2024-03,1000",
            "CRI,M,2099-01,1000",
        )
    )
    assert decision.state == "rejected"
    assert [(f.code, f.row) for f in decision.findings] == [
        ("VIPMG-212", 2),
        ("VIPMG-210", 3),
        ("VIPMG-313", 5),
    ]


async def test_a_gap_is_told_beside_a_refused_row_of_another_series(desk: Desk) -> None:
    first = [f"CRI,F,2023-{month:02},{1000 + month}" for month in range(1, 13)]
    assert (await desk.accept(rows(*first))).findings == []
    decision = await desk.send(rows("GTM,XX,2024-02,1000", "CRI,F,2024-04,1000"))
    assert [(f.code, f.row) for f in decision.findings] == [("VIPMG-210", 2), ("VIPMG-312", 3)]


async def test_the_figures_of_another_dataflow_are_told_whichever_comes_first(desk: Desk) -> None:
    figures = ("CRI,F,2023,17", "CRI,M,2023,23", "CRI,F,2022,5", "CRI,M,2022,6")
    await desk.accept(rows(*figures, flow=OTHER))
    decision = await desk.accept(rows("CRI,F,2023,17", "CRI,M,2023,23", "CRI,F,2022,5"))
    assert told(decision.findings) == [("VIPMG-314", 2, "2023: 2", OTHER)]
    decision = await desk.accept(rows("CRI,M,2022,7"))
    assert decision.findings == []


async def test_two_dataflows_in_one_file_are_compared(desk: Desk) -> None:
    one = rows("CRI,F,2023-01,17", "CRI,M,2023-01,23")
    two = one.replace("TST:DF(", "TST:DF_OTHER(").split("\n", 1)[1]
    decision = await desk.accept(one + two)
    assert told(decision.findings) == [("VIPMG-314", 2, "2023-01: 2", OTHER)]


async def test_figures_of_others_are_never_compared(desk: Desk) -> None:
    """What another provider sent, public or withheld, cannot be guessed by sending it."""
    await desk.accept(rows("CRI,F,2023,17,A,C", "CRI,M,2023,23,A,C", flow=OTHER), SLV)
    decision = await desk.accept(rows("CRI,F,2023,17", "CRI,M,2023,23"))
    assert decision.findings == []


async def test_a_file_with_other_faults_is_checked_too(desk: Desk) -> None:
    decision = await desk.send(rows("CRI,F,2099,abc", "CRI,F,2098,4", "CRI,XX,2023,4"))
    assert decision.state == "rejected"
    assert sorted(decision.codes) == [
        "VIPMG-210",
        "VIPMG-212",
        "VIPMG-313",
        "VIPMG-313",
    ]


async def test_one_mistake_throughout_is_told_so_often_and_counted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sdmx.checks.limited.MOST", 3)
    decision = await desk.accept(rows(*(f"CRI,F,{year},1" for year in range(2050, 2060))))
    assert decision.codes == ["VIPMG-320", "VIPMG-313", "VIPMG-313", "VIPMG-313"]
    assert decision.findings[0].value == "7"


async def test_a_new_version_of_the_rules_takes_the_place_of_the_old(desk: Desk) -> None:
    lenient = scheme(check("HR_SEX", SEXES, TOLERANCE="1"), version="1.1.0")
    async with desk.pools.writer.acquire() as connection:
        await publish_artefacts(connection, [lenient], START + dt.timedelta(days=1))
    decision = await desk.accept(rows("CRI,F,2023,1", "CRI,M,2023,2", "CRI,_T,2023,4"))
    assert decision.findings == []
    decision = await desk.accept(rows("CRI,_T,2023,5"))
    assert [f.rule for f in decision.findings] == ["TST:CHECKS(1.1.0).HR_SEX.1"]


async def test_an_agreement_names_a_ruleset_that_binds_nobody_by_itself(pools: Pools) -> None:
    terms = {"CHECKS": "TST:CHECKS(1.0.0).HR_SEX"}
    listed = [one for one in structures(**terms) if one.id != "CHECKS"]
    desk = await open_desk(pools, [*listed, scheme(check("HR_SEX", SEXES, DATAFLOWS=""))])
    decision = await desk.accept(rows("CRI,F,2023,1", "CRI,M,2023,2", "CRI,_T,2023,4"))
    assert decision.codes == ["VIPMG-310"]


@pytest.mark.parametrize(
    ("broken", "path", "said"),
    [
        ({"definition": SEXES.replace("= F", "= F F")}, "rulesetDefinition", "row 1, column 68"),
        ({"definition": SEXES.replace("F +", "X +")}, "rulesetDefinition", "no code 'X'"),
        ({"DATAFLOWS": "TST:DF_NONE"}, "annotations", "there is no TST:DF_NONE"),
        ({"DATAFLOWS": "TST:DF_SMALL"}, "rulesetDefinition", "no component 'SEX'"),
        ({"TOLERANCE": "much"}, "annotations/1", "'much' is no number"),
        ({"THRESHOLD": "1"}, "annotations/1", "'THRESHOLD' is no annotation of a check"),
    ],
)
async def test_a_ruleset_that_cannot_be_evaluated_is_refused(
    pools: Pools, broken: dict[str, str], path: str, said: str
) -> None:
    desk = await open_desk(pools, [one for one in structures() if one.id != "CHECKS"])
    definition = broken.pop("definition", SEXES)
    async with desk.pools.writer.acquire() as connection:
        with pytest.raises(InvalidArtefactError) as refused:
            await publish_artefacts(
                connection, [scheme(check("HR_SEX", definition, **broken))], START
            )
    assert said in refused.value.text["en"]
    assert f"/rulesets/0/{path}" in str(refused.value.detail["path"])
