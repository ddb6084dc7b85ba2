"""Ordinary words are known, and what is not known is led nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.sdmx.findings import message
from app.sdmx.mapping.coverage import UNMAPPED
from app.sdmx.mapping.near_words import near_word
from app.services.name_findings import name_findings
from tests.harmonised.test_national_files import catalogue, sent

WORDS = {
    "USA": "Estados Unidos; EEUU; EE.UU.; EE. UU.; united states; USA; EUA",
    "GBR": "Reino Unido; Gran Bretaña; Inglaterra; United Kingdom; UK",
    "RUS": "Rusia; Russia",
    "SYR": "Siria; Syria",
    "KOR": "Corea del Sur; South Korea",
    "PRK": "Corea del Norte",
    "TUR": "Turquía; turquia; Turkey",
    "BOL": "Bolivia",
    "VEN": "Venezuela",
    "IRN": "Irán",
    "VNM": "Vietnam",
    "LAO": "Laos",
    "TZA": "Tanzania",
    "MDA": "Moldavia; Moldova",
    "NLD": "Holanda; Países Bajos",
    "CZE": "Chequia; República Checa",
    "MKD": "Macedonia",
    "SWZ": "Suazilandia; Esuatini",
    "PSE": "Palestina",
    "TWN": "Taiwán",
    "CIV": "Costa de Marfil; Ivory Coast",
    "MMR": "Birmania",
    "XKX": "Kosovo",
    "_O": "Otros; Otras nacionalidades; Other",
    "XXA": "Apátridas; Stateless",
    "XXX": "No especificado; No especificada; Sin especificar",
    "_U": "Desconocida; Unknown",
}
KNOWN = frozenset(
    name
    for listed in catalogue().snapshot.artefacts
    if (listed.artefact_class.name, listed.id) == ("Codelist", "CL_AREA")
    for code in listed.document["codes"]
    for name in (code["id"], *code["names"].values())
)


def test_ordinary_words_for_nationalities_are_known(tmp_path: Path) -> None:
    rows = []
    wanted = set()
    for code, words in WORDS.items():
        for number, word in enumerate(words.split("; ")):
            month = ("ene", "feb", "mar", "abr", "may", "jun", "jul")[number]
            rows.append(f"{month}-2013,Entradas,{word},500")
            wanted.add((code, f"2013-{number + 1:02}"))
    done = sent(tmp_path, "Mes,Movimiento,Nacionalidad,Eventos", rows, "HND_INM",
                "VIPMG.HND_INM:DF_MOVIMIENTOS(1.0.0)")  # fmt: skip
    assert done.errors == []
    keys = (key.split(".") for key in done.values("DF_ENTRY_EXIT"))
    assert {(key[4], key[-1]) for key in keys} == wanted


def test_a_country_that_returns_is_called_by_an_ordinary_word(tmp_path: Path) -> None:
    header, flow = "Mes,Población,Vía,País que devuelve,Personas", "DF_RETORNADOS(1.0.0)"
    rows = [f"mar-2025,Hombres,Total,{word},500" for word in ("EEUU", "México", "Beliza", "Xanadú")]
    done = sent(tmp_path, header, rows, "HND_INM", f"VIPMG.HND_INM:{flow}")
    assert [(one.code, one.value, one.nearest) for one in done.findings] == [
        (UNMAPPED, "Beliza", "Belize"),
        (UNMAPPED, "Xanadú", None),
    ]
    source = f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=VIPMG.HND_INM:{flow}"
    names = name_findings(catalogue(), [], [source])
    told = [message(one, "es", names) for one in done.findings]
    table = "el mapa Países que devuelven a hondureños (VIPMG.HND_INM:RM_PAIS(1.0.0)); filas: 1."
    assert told[0].endswith(f"{table} ¿Quiso decir Belice?")
    assert told[1].endswith(table)


@pytest.mark.parametrize(
    "word",
    [
        *("Rusia", "Siria", "Suazilandia", "República Checa", "UK", "Holanda", "Macedonia"),
        *("Escocia", "Atlantis", "Congo Belga", "Corea", "EEUU", "Otros", "Inglaterra"),
    ],
)
def test_a_word_that_is_only_alike_is_not_suggested(word: str) -> None:
    assert near_word(word, KNOWN) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Gautemala", "Guatemala"),
        ("Guatmala", "Guatemala"),
        ("hondruas", "Honduras"),
        ("Onduras", "Honduras"),
        ("Nicargua", "Nicaragua"),
        ("Costarica", "Costa Rica"),
        ("Repubica Dominicana", "República Dominicana"),
        ("Germny", "Germany"),
        ("Polnia", "Polonia"),
    ],
)
def test_a_typing_error_is_told_with_the_word_that_was_meant(typed: str, meant: str) -> None:
    assert near_word(typed, KNOWN) == meant


def test_one_word_of_several_that_is_another_makes_it_another() -> None:
    known = ["Terrestres de México", "Vía aérea de Estados Unidos"]
    assert near_word("Terrestres de Belice", known) is None
    assert near_word("Terestres de Mexco", known) == "Terrestres de México"
