"""The cube of months in a country's own words: its dataflow, its map, its file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from bench.shapes import Cube, value

NATIONAL: Final = "BENCH_NATIONAL"
MAPPED: Final = "BENCH_MAPPED"
"""The shared dataflow that the map leads to."""

SHARED_SENDERS: Final = ("BLZ_DOI", "CRI_DGME", "DOM_DGM", "GUY_DCI")
NATIONAL_SENDERS: Final = ("GTM_IGM", "NIC_DGME", "SLV_DGME", "SUR_VZ")
"""Senders of the same rows, in shared codes and in national words; each to an empty agreement."""

COLUMNS: Final = ("mes", "sentido", "nacionalidad", "grupo", "motivo", "personas")
MONTH_NAMES: Final = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)


def group(sex: str, age: str) -> str:
    """The word for a sex and an age together."""
    people = {"F": "mujeres", "M": "hombres", "_T": "personas"}[sex]
    return f"{people} de {age.strip('Y').replace('T', ' a ').replace('_GE', 'más de ')} años"


def nationality(code: str) -> str:
    """The word for a citizenship."""
    return f"nacionalidad {code.strip('X')}"


def month_words(place: int, first_year: int) -> str:
    """A month as people write it."""
    return f"{MONTH_NAMES[place % 12]} {first_year + place // 12}"


def tables(cube: Cube) -> dict[str, tuple[int, list[dict[str, Any]]]]:
    """The two tables of the map, by id: how many targets, and the mappings."""
    groups = [
        {"sourceValues": [{"value": group(sex, age)}], "targetValues": [sex, age]}
        for sex in cube.codes["SEX"]
        for age in cube.codes["AGE"]
    ]
    nationalities = [
        {"sourceValues": [{"value": nationality(code)}], "targetValues": [code]}
        for code in cube.codes["CITIZENSHIP"]
    ]
    return {"BENCH_RM_GROUP": (2, groups), "BENCH_RM_NATIONALITY": (1, nationalities)}


def parts_of_map(area: str) -> dict[str, Any]:
    """The map but for its identity, and the URNs that it refers to."""
    fixed = {"FREQ": "M", "REF_AREA": area, "OBS_STATUS": "A"}
    return {
        "datePatternMaps": [
            {
                "id": "MONTHS",
                "mappedComponents": [{"source": "mes", "target": "TIME_PERIOD"}],
                "sourcePattern": "MMMM yyyy",
                "locale": "es",
                "targetFrequencyID": "M",
            }
        ],
        "fixedValueMaps": [{"target": name, "values": [one]} for name, one in fixed.items()],
    }


def write_national(cube: Cube, agency: str, file: Path, places: Iterable[int], year: int) -> None:
    """Write periods of all series in national words."""
    times = [(place, month_words(place, year)) for place in places]
    identity = f"dataflow,{agency}:{NATIONAL}(1.0.0),M,"
    names = cube.dimensions
    with file.open("w") as out:
        out.write(",".join(["STRUCTURE", "STRUCTURE_ID", "ACTION", *COLUMNS]) + "\n")
        for number, key in cube.series():
            code = dict(zip(names, key, strict=True))
            middle = (
                f"{code['DIRECTION']},{nationality(code['CITIZENSHIP'])},"
                f"{group(code['SEX'], code['AGE'])},{code['REASON']}"
            )
            out.writelines(
                [f"{identity}{time},{middle},{value(number, place)}\n" for place, time in times]
            )
