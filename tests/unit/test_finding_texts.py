"""Every finding that the service can make speaks four languages: what is wrong, how to mend it."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from app.sdmx import finding_texts
from app.sdmx.finding_texts import (
    CAUSES,
    LANGUAGES,
    MENDS,
    TEXTS,
    UNREADABLE,
    UNREADABLE_MENDS,
    spoken_type,
)
from app.sdmx.findings import Finding, cause, mend, message
from app.sdmx.values import _CHECKS, _SHOWN_FACETS, representation

APP = Path(finding_texts.__file__).parents[1]
FIELDS = {"row", "component", "value", "rule", "allowed", "nearest", "place", "file", "map"}
TABLES = {"text": TEXTS, "cause": CAUSES, "mend": MENDS}
RANGE = "ExclusiveValueRange"
_CODE = re.compile(r"VIPMG-[23]\d\d")


def named(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def used() -> set[str]:
    """Codes of findings in the programs, where they are made."""
    return {code for file in APP.rglob("*.py") for code in _CODE.findall(file.read_text("utf-8"))}


def test_each_code_in_the_programs_has_texts_and_each_text_a_use() -> None:
    assert used() - TEXTS.keys() == set(), "add them to app/sdmx/texts/findings.toml"
    assert TEXTS.keys() - used() == set(), "nothing makes these findings any more"


@pytest.mark.parametrize("part", TABLES)
@pytest.mark.parametrize("code", TEXTS)
def test_each_code_speaks_all_languages(code: str, part: str) -> None:
    texts = TABLES[part][code]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert len(set(texts.values())) == len(LANGUAGES), "a text was not translated"


@pytest.mark.parametrize("code", TEXTS)
def test_the_texts_of_a_code_name_the_same_facts(code: str) -> None:
    facts = [named(text) for text in TEXTS[code].values()]
    assert all(one == facts[0] for one in facts)
    assert facts[0] <= FIELDS


@pytest.mark.parametrize("reason", UNREADABLE)
def test_each_reason_speaks_all_languages(reason: str) -> None:
    for texts in (UNREADABLE[reason], UNREADABLE_MENDS[reason]):
        assert set(texts) == set(LANGUAGES)
        assert len(set(texts.values())) == len(LANGUAGES)
    facts = [named(text) for text in UNREADABLE[reason].values()]
    assert all(one == facts[0] for one in facts)
    finding = Finding("VIPMG-201", 7, value="what was sent", rule=reason, allowed="what is right")
    for language in LANGUAGES:
        assert message(finding, language) == cause(finding, language)
        assert ("what was sent" in message(finding, language)) == ("value" in facts[0])
        assert mend(finding, language) == UNREADABLE_MENDS[reason][language]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "f is not a code of CL_SEX for SEX. Did you mean F?"),
        ("es", "f no es un código de CL_SEX para SEX. ¿Quiso decir F?"),
        ("fr", "f n'est pas un code de CL_SEX pour SEX. Vouliez-vous dire F ?"),
        ("nl", "f is geen code van CL_SEX voor SEX. Bedoelde u F?"),
    ],
)
def test_a_finding_is_told_with_its_facts(language: str, text: str) -> None:
    finding = Finding("VIPMG-210", 2, "SEX", "f", "CL_SEX", nearest="F")
    assert message(finding, language) == text


def test_a_reason_without_a_text_is_told_as_a_file_that_cannot_be_read() -> None:
    finding = Finding("VIPMG-201", rule="VIPMG-131")
    assert message(finding, "nl") == "Het bestand kan niet worden gelezen."
    assert mend(finding, "nl") == MENDS["VIPMG-201"]["nl"]


@pytest.mark.parametrize("code", TEXTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_has_brackets_with_nothing_in_them(code: str, language: str) -> None:
    assert "()" not in message(Finding(code, 2, "SEX", rule="R"), language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "n.d. is not valid for OBS_VALUE, which takes a number."),
        ("es", "n.d. no es válido para OBS_VALUE, que admite un número."),
        ("fr", "n.d. n'est pas valable pour OBS_VALUE, qui admet un nombre."),
        ("nl", "n.d. is niet geldig voor OBS_VALUE; dat neemt een getal."),
    ],
)
def test_a_wrong_type_is_told_in_the_words_of_people(language: str, text: str) -> None:
    finding = Finding("VIPMG-212", 2, "OBS_VALUE", "n.d.", allowed=representation("Decimal", {}))
    assert message(finding, language) == text


def test_what_limits_a_value_is_told_in_words_too() -> None:
    facets = {"minValue": 0, "maxValue": 10, "decimals": 2}
    told = [spoken_type(representation(kind, facets), "en") for kind in ("Decimal", RANGE)]
    assert told == [
        "a number, 0 or more, 10 or less, at most 2 decimals",
        "a number, more than 0, less than 10, at most 2 decimals",
    ]
    pattern = {"maxLength": 8, "pattern": "[A-Z]+ = {3}"}
    assert spoken_type(representation("String", pattern), "es") == (
        "texto, 8 caracteres como máximo, con la forma [A-Z]+ = {3}"
    )
    assert spoken_type("en:...|es:...", "es") == "en:...|es:..."


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_type_and_each_limit_has_words_of_its_own_in_each_language(language: str) -> None:
    for data_type in (*_CHECKS, "String"):
        told = spoken_type(representation(data_type, dict.fromkeys(_SHOWN_FACETS, 7)), language)
        assert data_type == "XHTML" or data_type not in re.findall(r"\w+", told)
        assert told.count(", ") >= len(_SHOWN_FACETS)
        assert "=" not in told
        assert language == "en" or spoken_type(data_type, language) != spoken_type(data_type, "en")


def test_limits_are_told_once_and_ranges_in_words() -> None:
    limits = {"minValue": 0, "maxValue": 999999}
    assert spoken_type(representation("Integer", limits), "es") == (
        "un número entero, 0 o más, 999999 o menos"
    )
    assert spoken_type(representation("Integer", {"minValue": 1}), "es") == (
        "un número entero, 1 o más, 2147483647 o menos"
    )
    far = Finding("VIPMG-311", 2, "OBS_VALUE", "9", "R", "7548 - 188690")
    assert "entre 7548 y 188690" in message(far, "es")
    assert "tussen 7548 en 188690" in message(far, "nl")
