"""The shared rules on data: faults as they happened, made up; and what real data give, if there."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.sdmx.actions import Segment, apply
from app.sdmx.checks.binding import checks_of
from app.sdmx.checks.offline import OfflineChecks
from app.sdmx.findings import Finding
from app.sdmx.intake import Target
from app.sdmx.rooms import RoomRule
from app.services.local_catalogue import local_catalogue
from app.store.catalogue import Catalogue

CODELISTS = Path(__file__).parents[3] / "codelists"
REAL = Path(__file__).parents[4] / "shared" / "data" / "sdmx_csv"
NOW = dt.datetime(2025, 12, 1, tzinfo=dt.UTC)
BORDER = (
    *("FREQ", "REF_AREA", "MOVEMENT", "REGULARITY", "CITIZENSHIP", "COUNTERPART_AREA"),
    *("TRANSPORT_MODE", "BORDER_TYPE", "BORDER_POINT", "ENTRY_REASON", "SEX", "AGE"),
    "UNIT_MEASURE",
)
Row = dict[str, str]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return local_catalogue([CODELISTS])


def target(catalogue: Catalogue, agreement: str) -> Target:
    [found] = [one for one in catalogue.agreements.values() if f":{agreement}(" in one.urn]
    flow = catalogue.flow(found.dataflow_urn, found.urn)
    checks = checks_of(catalogue.snapshot.artefacts, found.urn, flow)
    return Target(found.id, found.urn, flow, found.fixed, checks)


def checked(
    files: Iterable[tuple[Target, Iterable[Row]]], *, certain: bool = False
) -> list[Finding]:
    """Findings on the rows of each agreement; the first row is row 2."""
    found: list[Finding] = []
    offline = OfflineChecks(found.append, NOW, certain=certain)
    for to, rows in files:
        dimensions = [dimension.id for dimension in to.flow.dimensions]
        names = [component.id for component in to.flow.observation_components]
        series: dict[tuple[str, ...], list[tuple[int, Row]]] = defaultdict(list)
        for number, row in enumerate(rows, 2):
            series[tuple(row[name] for name in dimensions)].append((number, row))
        for key, listed in series.items():
            document = {"TIME_PERIOD": [row["TIME_PERIOD"] for _, row in listed]} | {
                name: [row.get(name) or None for _, row in listed] for name in names
            }
            segment = Segment("Replace", [number for number, _ in listed], document, {})
            offline.see(to, key, apply(None, {}, [segment]))
    offline.close()
    return found


def border(
    movement: str, citizenship: str, time: str, value: int | str, area: str = "HND", **parts: str
) -> Row:
    """A row of border movements, totals where nothing else is said."""
    regularity = "IRR" if movement in ("TRN", "ENC") else "REG"
    row = dict.fromkeys(BORDER, "_T") | {
        "FREQ": "M",
        "REF_AREA": area,
        "MOVEMENT": movement,
        "REGULARITY": regularity,
        "CITIZENSHIP": citizenship,
        "UNIT_MEASURE": "EVT",
        "TIME_PERIOD": time,
        "OBS_VALUE": str(value),
        "OBS_STATUS": "A",
        "CONF_STATUS": "F",
    }
    return row | parts


def rules(findings: Iterable[Finding]) -> Counter[str]:
    return Counter((one.rule or "").partition(").")[2] for one in findings)


CITIZENS = [f"{letter}{other}A" for letter in "ABCD" for other in "BCDE"]


def months(first: int, count: int) -> list[str]:
    return [f"{2024 + n // 12}-{n % 12 + 1:02}" for n in range(first, first + count)]


def misfiled() -> tuple[list[Row], list[Row]]:
    """Regular and irregular entries; the irregular ones of three months are the regular ones."""
    regular, irregular = [], []
    for month, time in enumerate(months(0, 16)):
        for place, citizen in enumerate(CITIZENS):
            entries = 900 + 37 * place + 11 * month
            wrong = month >= 13
            regular.append(border("ENT", citizen, time, entries))
            irregular.append(border("TRN", citizen, time, entries if wrong else 60 + place + month))
    return regular, irregular


def test_regular_entries_sent_as_irregular_ones(catalogue: Catalogue) -> None:
    regular, irregular = misfiled()
    found = checked(
        [
            (target(catalogue, "PA_ENTRY_EXIT_HND_INM"), regular),
            (target(catalogue, "PA_IRREGULAR_HND_INM"), irregular),
        ]
    )
    same = [one for one in found if one.code == "VIPMG-314"]
    assert [(one.value, one.allowed) for one in same] == [
        *((f"2025-0{n}: 16", "VIPMG:DF_IRREGULAR(1.0.0)") for n in (2, 3, 4)),
        *((f"2025-0{n}: 16", "VIPMG:DF_ENTRY_EXIT(1.0.0)") for n in (2, 3, 4)),
    ]
    outliers = [one for one in found if one.code == "VIPMG-311"]
    assert {irregular[(one.row or 0) - 2]["TIME_PERIOD"] for one in outliers} == set(months(13, 3))
    assert len(outliers) == 3 * len(CITIZENS)
    assert {one.severity for one in found} == {"warning"}


def test_good_data_raise_no_finding(catalogue: Catalogue) -> None:
    regular, irregular = misfiled()
    good = [row for row in irregular if row["TIME_PERIOD"] < "2025-02"]
    assert not checked(
        [
            (target(catalogue, "PA_ENTRY_EXIT_HND_INM"), regular),
            (target(catalogue, "PA_IRREGULAR_HND_INM"), good),
        ]
    )


@pytest.mark.parametrize(
    ("dimension", "values", "rule"),
    [
        ("SEX", {"_T": 9701, "F": 1389, "M": 6507, "_U": 3}, "HR_SEX.SEXES"),
        ("AGE", {"_T": 10, "Y_LT18": 4, "Y_GE18": 5}, "HR_AGE.CHILD"),
        ("TRANSPORT_MODE", {"_T": 9701, "AIR": 8669, "LAN": 1031}, "HR_TRANSPORT_MODE.MODES"),
        ("TRANSPORT_MODE", {"SEA": 9, "CRU": 8, "SEO": 8}, "HR_TRANSPORT_MODE.SEA"),
    ],
)
def test_totals_of_sex_age_and_mode(
    catalogue: Catalogue, dimension: str, values: dict[str, int], rule: str
) -> None:
    to = target(catalogue, "PA_ENTRY_EXIT_HND_INM")

    def sent(total: int, *, least: int = 0) -> list[Row]:
        codes = list(values)[: least or None]
        told = dict(values) | {codes[0]: total}
        return [border("ENT", "_T", "2025-01", told[c], **{dimension: c}) for c in codes]

    total, *parts = values.values()
    assert rules(checked([(to, sent(total))])) == {rule: 1}
    assert not checked([(to, sent(sum(parts)))])
    # Only the total and one part of several: nothing can be said.
    assert not checked([(to, sent(total, least=2))])


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (border("TRN", "VEN", "2025-01", -1), "DPR_COUNT.NOT_NEGATIVE"),
        (border("TRN", "VEN", "2025-01", "1234.5"), "DPR_COUNT.WHOLE"),
        (border("TRN", "VEN", "2025-01", 4), "DPR_SMALL.SMALL"),
        (border("TRN", "VEN", "2025-01", ""), "DPR_STATUS.ABSENT"),
        (border("TRN", "VEN", "2025-01", 70, OBS_STATUS="O"), "DPR_STATUS.PRESENT"),
        (border("TRN", "VEN", "2025-12", 70), "DPR_PERIOD.ENDED"),
    ],
)
def test_single_values(catalogue: Catalogue, row: Row, rule: str) -> None:
    to = target(catalogue, "PA_IRREGULAR_HND_INM")
    assert rules(checked([(to, [row])])) == {rule: 1}


def test_of_a_count_that_the_terms_suppress_nobody_says_that_all_would_see_it(
    catalogue: Catalogue,
) -> None:
    to = target(catalogue, "PA_IRREGULAR_HND_INM")
    assert to.checks.series is not None
    rule = RoomRule(4, measures=("OBS_VALUE",))
    under = replace(to, checks=replace(to.checks, series=to.checks.series.under(rule)))
    rows = [border("TRN", "VEN", f"2025-0{value}", value) for value in (1, 3, 4, 5)]
    assert [found.value for found in checked([(to, rows)])] == ["1", "3", "4"]
    assert [found.value for found in checked([(under, rows)])] == ["4"]


@pytest.mark.parametrize(
    "row",
    [
        border("TRN", "VEN", "2025-01", 0),
        border("TRN", "VEN", "2025-01", 5),
        border("TRN", "VEN", "2025-01", 4, OBS_STATUS="Q", CONF_STATUS="A"),
        border("TRN", "VEN", "2025-01", "", OBS_STATUS="O"),
        border("TRN", "VEN", "2025-12", 70, OBS_STATUS="F"),
    ],
)
def test_single_values_that_are_right(catalogue: Catalogue, row: Row) -> None:
    # 4 with OBS_STATUS Q has a value where the status says that there is none: told as that only.
    found = rules(checked([(target(catalogue, "PA_IRREGULAR_HND_INM"), [row])]))
    assert found == ({"DPR_STATUS.PRESENT": 1} if row["OBS_STATUS"] == "Q" else {})


def test_a_net_balance_may_be_negative(catalogue: Catalogue) -> None:
    to = target(catalogue, "PA_ENTRY_EXIT_HND_INM")
    assert not checked([(to, [border("NET", "_T", "2025-01", -5)])])
    assert rules(checked([(to, [border("ENT", "_T", "2025-01", -5)])])) == {
        "DPR_COUNT_NET.NOT_NEGATIVE": 1
    }


def test_a_month_that_was_left_out(catalogue: Catalogue) -> None:
    to = target(catalogue, "PA_ENTRY_EXIT_HND_INM")
    sent = [border("ENT", "_T", time, 5000) for time in (*months(0, 12), *months(14, 1))]
    [finding] = checked([(to, sent)])
    assert (finding.code, finding.row, finding.value, finding.allowed) == (
        "VIPMG-312",
        14,
        "2025-03",
        "2024-12",
    )


def real(name: str) -> Iterator[Row]:
    with gzip.open(REAL / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


@pytest.mark.skipif(not REAL.is_dir(), reason="real data are not part of the project")
def test_real_data_show_their_faults_and_little_else(catalogue: Catalogue) -> None:
    """Three months of irregular entries are the regular ones; half a year of Argentina is missing.

    The limits are what a clerk can bear: a handful of outliers in a thousand values.
    """
    entries, irregular = list(real("DF_ENTRY_EXIT_IOM")), list(real("DF_IRREGULAR_IOM"))
    found = checked(
        [
            (target(catalogue, "PA_ENTRY_EXIT_INT_IOM"), entries),
            (target(catalogue, "PA_IRREGULAR_INT_IOM"), irregular),
        ]
    )
    same = [one for one in found if one.code == "VIPMG-314"]
    told = {one.value for one in same if one.allowed == "VIPMG:DF_ENTRY_EXIT(1.0.0)"}
    assert told == {"2025-02: 119", "2025-03: 109", "2025-04: 106"}
    assert len(same) == 6
    gaps = [one for one in found if one.code == "VIPMG-312"]
    argentina = [one for one in gaps if (one.value, one.allowed) == ("2024-07", "2023-12")]
    assert len(argentina) > 0.7 * len(gaps)
    outliers = [one for one in found if one.code == "VIPMG-311"]
    assert len(outliers) < 0.006 * (len(entries) + len(irregular))
    assert {one.code for one in found} == {"VIPMG-311", "VIPMG-312", "VIPMG-314"}


@pytest.mark.skipif(not REAL.is_dir(), reason="real data are not part of the project")
def test_real_stocks_add_up(catalogue: Catalogue) -> None:
    to = target(catalogue, "PA_STOCK_BIRTH_INT_UNDESA")
    assert checked([(to, real("DF_STOCK_BIRTH_UNDESA2020"))]) == []


def test_without_the_service_only_what_the_message_alone_tells(catalogue: Catalogue) -> None:
    """Stored periods may fill a gap and give a value its history; a wrong total stays wrong."""
    to = target(catalogue, "PA_ENTRY_EXIT_HND_INM")
    sent = [border("ENT", "_T", time, 5000) for time in (*months(0, 12), *months(14, 1))]
    sent += [border("ENT", "_T", "2025-04", 90_000), border("EXT", "_T", "2026-05", 9)]
    sent += [border("ENT", "_T", "2025-03", 3, SEX="F"), border("ENT", "_T", "2025-03", 4, SEX="M")]
    assert rules(checked([(to, sent)])) == {
        "DPR_HISTORY.OUTLIER": 1,
        "DPR_PERIOD.NO_GAP": 1,
        "DPR_PERIOD.ENDED": 1,
        "HR_SEX.SEXES": 1,
    }
    assert rules(checked([(to, sent)], certain=True)) == {
        "DPR_PERIOD.ENDED": 1,
        "HR_SEX.SEXES": 1,
    }
