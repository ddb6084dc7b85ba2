"""The demonstration files: right where the manifest says so, wrong as meant where it does not."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "app" / "demo"
LISTED = json.loads((DEMO / "manifest.json").read_text(encoding="utf-8"))
SAID = [entry for entry in LISTED if "says" in entry]
MANIFEST = [entry for entry in LISTED if "reads_as" not in entry and entry not in SAID]
NATIONAL = [entry for entry in LISTED if "reads_as" in entry]
ACCEPTED = [entry for entry in MANIFEST if entry["expected"] == "accepted"]
REJECTED = [entry for entry in MANIFEST if entry["expected"] == "rejected"]
PERIODS = {"M": r"\d{4}-(0[1-9]|1[0-2])", "A": r"\d{4}"}
MODES = ("AIR", "LAN", "SEA", "RIV", "_U")
BANDS = ("Y0T14", "Y15T24", "Y25T44", "Y45T64", "Y_GE65")

Row = dict[str, str]
accepted = pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: entry["file"])


def artefact(kind: str, name: str) -> Any:
    text = (ROOT / "codelists" / kind / f"{name}.json").read_text(encoding="utf-8")
    return next(iter(json.loads(text)["data"].values()))[0]


@cache
def codes(urn: str) -> frozenset[str]:
    agency, id, version = re.split(r"[:(]", urn.partition("=")[2].rstrip(")"))
    found = artefact("codelist", f"{agency}.{id}.{version}")
    inherited = [codes(e["codelist"]) for e in found.get("codelistExtensions", [])]
    return frozenset(code["id"] for code in found["codes"]).union(*inherited)


@cache
def components(flow: str) -> tuple[list[str], dict[str, frozenset[str]], list[str]]:
    """The dimensions without time, the codes of each coded component, the mandatory ones."""
    structure = artefact("dataflow", f"VIPMG.{flow}.1.0.0")["structure"]
    name = structure.partition("=")[2].replace(":", ".").replace("(", ".").rstrip(")")
    parts = artefact("datastructure", name)["dataStructureComponents"]
    dimensions = parts["dimensionList"]["dimensions"]
    attributes = parts["attributeList"]["attributes"]
    coded = {
        c["id"]: codes(c["localRepresentation"]["enumeration"])
        for c in dimensions + attributes
        if "enumeration" in c["localRepresentation"]
    }
    mandatory = [a["id"] for a in attributes if a["usage"] == "mandatory"]
    return [d["id"] for d in dimensions], coded, mandatory


@cache
def allowed(flow: str) -> dict[str, set[str]]:
    found = artefact("dataconstraint", f"VIPMG.CC_{flow.removeprefix('DF_')}.1.0.0")
    return {
        key_value["id"]: {value["value"] for value in key_value["values"]}
        for key_value in found["cubeRegions"][0]["keyValues"]
    }


@cache
def fixed_attributes(flow: str, organisation: str) -> set[str]:
    name = f"VIPMG.PA_{flow.removeprefix('DF_')}_{organisation}.1.0.0"
    ids = [annotation["id"] for annotation in artefact("provisionagreement", name)["annotations"]]
    return {id.removeprefix("ATTRIBUTE:") for id in ids if id.startswith("ATTRIBUTE:")}


def read(entry: dict[str, Any]) -> list[Row]:
    with (DEMO / entry["file"]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def key(row: Row, flow: str) -> tuple[str, ...]:
    return tuple(row[id] for id in [*components(flow)[0], "TIME_PERIOD"])


def mistakes(entry: dict[str, Any]) -> list[tuple[int, str]]:
    """Row number (the header is row 1) and the rule that the row breaks."""
    flow, organisation = entry["dataflow"], entry["organisation"]
    dimensions, coded, mandatory = components(flow)
    given = set(mandatory) - fixed_attributes(flow, organisation)
    rows = read(entry)
    times = Counter(key(row, flow) for row in rows)
    found = []
    for number, row in enumerate(rows, start=2):
        rules = {
            "structure": row["STRUCTURE_ID"] != f"VIPMG:{flow}(1.0.0)",
            "code": any(row[id] not in coded[id] for id in coded if row.get(id)),
            "dimension": not all(row[id] for id in dimensions),
            "mandatory": not all(row[id] for id in given),
            "period": not re.fullmatch(PERIODS[row["FREQ"]], row["TIME_PERIOD"]),
            "number": not re.fullmatch(r"(-?\d+)?", row["OBS_VALUE"]),
            "negative": row["OBS_VALUE"].startswith("-"),
            "small": row["OBS_VALUE"] in {"1", "2", "3", "4"},
            "empty": not row["OBS_VALUE"] and row["OBS_STATUS"] not in set("OMLQHK"),
            "country": row["REF_AREA"] != organisation[:3],
            "national": flow in {"DF_IRREGULAR", "DF_RETURN_OUT"}
            and row["CITIZENSHIP"] == row["REF_AREA"],
            "constraint": any(row[id] not in values for id, values in allowed(flow).items()),
            "duplicate": times[key(row, flow)] > 1,
        }
        found += [(number, rule) for rule, broken in rules.items() if broken]
    return found


def test_every_file_is_in_the_manifest_and_small() -> None:
    every = {path.relative_to(DEMO).as_posix() for path in DEMO.rglob("*.*")}
    files = {name for name in every if name != "manifest.json"}
    assert {entry["file"] for entry in LISTED} == files
    assert sum(path.stat().st_size for path in DEMO.rglob("*.*")) < 1_500_000
    for entry in MANIFEST:
        assert entry.keys() == {"file", "organisation", "dataflow", "title", "expected"}
        assert "illustrative" in entry["title"]["en"]
        assert "ilustrativo" in entry["title"]["es"]


def test_every_definition_is_in_two_languages_and_tells_how_it_is_known() -> None:
    known = codes("urn:sdmx:org.sdmx.infomodel.codelist.Codelist=VIPMG:CL_CERTAINTY(1.0.0)")
    countries = set()
    for entry in (entry for entry in SAID if entry["says"] == "definitions"):
        for row in read(entry):
            countries.add(row["REF_AREA"])
            assert row["REF_AREA"] == entry["organisation"][:3]
            said = {name: text for name, text in row.items() if "DEFINITION" in name and text}
            assert len(said) == 4, "term, meaning, source, certainty"
            for name, text in said.items():
                if name.endswith("[en;es]"):
                    one = text.strip('"') if "[]." in name else text
                    assert set(dict(part.split(":", 1) for part in one.split(";"))) == {"en", "es"}
                    assert (one != text) == ("[]." in name), "of several values each is quoted"
                elif name.endswith("CERTAINTY"):
                    assert text in known
    assert countries == {"CRI", "GTM", "HND", "MEX", "PAN"}


def test_every_row_in_national_words_says_that_it_is_not_official() -> None:
    assert len(NATIONAL) == 18
    for entry in NATIONAL:
        assert "illustrative" in entry["title"]["en"]
        assert "ilustrativo" in entry["title"]["es"]
        header, *rows = (DEMO / entry["file"]).read_text(encoding="utf-8").splitlines()
        assert len(rows) < 100, entry["file"]
        for row in rows:
            assert row.endswith(("(no oficiales)", "(not official)")), header


def test_every_row_says_that_it_is_not_official() -> None:
    for entry in MANIFEST:
        for row in read(entry):
            label = dict(part.split(":") for part in row["SOURCE_DETAIL[en;es]"].split(";"))
            assert "not official" in label["en"]
            assert "no oficiales" in label["es"]


@accepted
def test_a_file_to_be_accepted_has_no_mistake(entry: dict[str, Any]) -> None:
    assert not mistakes(entry)


@accepted
@pytest.mark.parametrize(
    ("dimension", "parts"), [("SEX", ("F", "M")), ("TRANSPORT_MODE", MODES), ("AGE", BANDS)]
)
def test_parts_add_up_to_their_total(
    entry: dict[str, Any], dimension: str, parts: tuple[str, ...]
) -> None:
    sums: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
    for row in read(entry):
        if dimension in row:
            rest = key({**row, dimension: ""}, entry["dataflow"])
            sums[rest][row[dimension]] = int(row["OBS_VALUE"])
    for rest, values in sums.items():
        found = [values[part] for part in parts if part in values]
        if "_T" in values and len(found) > 1:
            assert values["_T"] == sum(found), rest


def test_the_wrong_file_has_ten_mistakes() -> None:
    (entry,) = REJECTED
    rules = Counter(rule for _, rule in mistakes(entry))
    assert rules == {
        "code": 2,
        "period": 1,
        "number": 2,
        "mandatory": 1,
        "country": 1,
        "national": 1,
        "constraint": 1,
        "duplicate": 2,
    }
    assert 250 < len(read(entry)) < 350


def test_two_countries_tell_the_same_crossings_within_a_tenth() -> None:
    told: dict[tuple[str, ...], float] = {}
    for entry in ACCEPTED:
        if entry["dataflow"] == "DF_ENTRY_EXIT":
            for row in read(entry):
                if row["COUNTERPART_AREA"] != "_T":
                    pair = (row["REF_AREA"], row["COUNTERPART_AREA"])
                    from_to = pair if row["MOVEMENT"] == "EXT" else pair[::-1]
                    told[row["MOVEMENT"], *from_to, row["TIME_PERIOD"]] = float(row["OBS_VALUE"])
    mirrored = [
        (value, told["ENT", *rest])
        for (movement, *rest), value in told.items()
        if movement == "EXT" and ("ENT", *rest) in told
    ]
    assert len(mirrored) > 100
    assert all(abs(left - right) / max(left, right) < 0.1 for left, right in mirrored)
