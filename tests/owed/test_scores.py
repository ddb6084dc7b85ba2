"""Scores by themselves, the taxonomy of the shared structures, and the texts of all of them."""

from __future__ import annotations

import datetime as dt
import json
import string
import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.sdmx.calendar.duties import Duty, Owed, Reported, owed_periods
from app.sdmx.calendar.scores import (
    SCORES,
    Revisions,
    Score,
    coherence,
    completeness,
    full_key_count,
    mirror_gap,
    timeliness,
    year_before,
)
from app.sdmx.calendar.taxonomy import TAXONOMY, taxonomy_document
from app.sdmx.history import Change
from app.sdmx.reporting_periods import read_period
from app.services.calendar_duties import calendar_duties
from app.services.calendar_names import calendar_names
from app.services.local_catalogue import local_catalogue

ROOT = Path(__file__).parents[2]
TODAY = dt.date(2026, 6, 1)
AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def months(came: dict[str, Reported], entered: dt.date) -> list[Owed]:
    duty = Duty("TST:PA(1.0.0)", "CRI_X", "urn:DF", ("M",), (0, 20), "P20D", entered)
    known = {("M", text): one for text, one in came.items()}
    return list(owed_periods(duty, known, dt.date(2025, 1, 1), TODAY, TODAY))


def test_timeliness_counts_what_fell_due_since_the_agreement_is_here() -> None:
    came = {
        "2025-06": Reported(1, dt.date(2026, 1, 2)),  # history, loaded when the agreement came
        "2025-12": Reported(1, dt.date(2026, 1, 20)),
        "2026-01": Reported(1, dt.date(2026, 2, 24)),
        "2026-02": Reported(0, dt.date(2026, 3, 1), nil=True),
    }
    score = timeliness(months(came, dt.date(2026, 1, 2)), TODAY, dt.date(2026, 1, 2))
    assert (score.value, score.count) == (0.4, 5)
    assert score.facts == {"in_time": 2, "late": 3, "outstanding": 2, "median_days_late": 12}
    nothing = timeliness(months(came, TODAY), TODAY, TODAY)
    assert (nothing.value, nothing.count, nothing.reason) == (None, 0, "NOTHING_DUE")
    assert nothing.facts == {"since": TODAY.isoformat()}


def change(action: str, **values: str | None) -> Change:
    times = [name.replace("y", "20") for name in values]
    document: dict[str, Any] = {"TIME_PERIOD": times, "OBS_VALUE": list(values.values())}
    return Change(AT, action, document, {})


def test_revisions_compare_the_last_figure_with_the_first() -> None:
    counted = Revisions(observations=4)
    counted.add(
        "OBS_VALUE",
        [
            change("Replace", y20="100", y21="50", y22="5.0", y23="8", y24="1"),
            change("Replace", y20="110", y22="5", y25="9"),
            change("Delete", y21=None),
            change("Replace", y20="120", y23="9"),
            change("Replace", y23="8"),
            change("Redaction", y24=None),
        ],
    )
    score = counted.score()
    # 4 others and 2020 to 2023 and 2025: of these 2020 is revised by a fifth, and 2021 is gone.
    assert (score.value, score.count) == (round(2 / 9, 4), 9)
    assert score.facts == {"changed": 2, "mean_size": 0.2}
    assert Revisions().score().reason == "NOTHING_PUBLISHED"


UNKNOWN = (
    completeness(0, 0, 3, "LAST_YEAR"),
    coherence(0, 0, 0, 0),
    mirror_gap(None, 0, (), is_paired=False),
    mirror_gap(None, 0, (), is_paired=True),
)


@pytest.mark.parametrize("score", UNKNOWN, ids=[str(one.reason) for one in UNKNOWN])
def test_what_is_not_known_is_no_zero(score: Score) -> None:
    assert score.value is None
    assert score.count == 0
    assert score.stored()["reason"] == score.reason


def test_numbers_that_are_known() -> None:
    assert completeness(8, 6, 2, "LAST_YEAR").value == 0.75
    assert coherence(2, 4000, 1, 6).value == 1.5
    assert mirror_gap(0.0, 3, ("MS_RETURN",), is_paired=True).value == 0.0
    assert full_key_count(iter([3, 4, 5]), 100) == 60
    assert full_key_count(iter([3, 4, 50]), 100) is None
    assert full_key_count(iter([3, None]), 100) is None
    years = {"2025": "2024", "2025-03": "2024-03", "2025-Q1": "2024-Q1", "2025-03-03": "2024-03-04"}
    for text, before in years.items():
        period = read_period(text)
        assert period is not None
        assert year_before(period) == before


def test_the_shared_taxonomy_is_what_the_agreements_say() -> None:
    catalogue = local_catalogue([ROOT / "codelists"])
    names = calendar_names(catalogue)
    duties = calendar_duties(catalogue, {}, TODAY).dated.values()
    found = taxonomy_document(duties, names.providers, names.countries)
    path = ROOT / "codelists/reportingtaxonomy" / f"{'.'.join(TAXONOMY)}.json"
    [kept] = json.loads(path.read_text())["data"]["reportingTaxonomies"]
    assert kept == found
    assert "INT_VIPMG" not in path.read_text()


def texts(node: Any) -> list[dict[str, str]]:
    if "en" in node or "es" in node:
        return [node]
    return [text for one in node.values() for text in texts(one)]


def test_texts_are_in_both_languages_with_the_same_facts() -> None:
    listed = tomllib.loads((ROOT / "app/sdmx/texts/owed.toml").read_text())
    for text in texts(listed):
        assert text.keys() == {"en", "es"}
        facts = [
            {name for _, name, _, _ in string.Formatter().parse(said) if name is not None}
            for said in text.values()
        ]
        assert facts[0] == facts[1], text
    assert {*SCORES} <= listed["score"].keys()
