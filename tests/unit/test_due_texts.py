from __future__ import annotations

import pytest

from app.sdmx.due_texts import due_text


@pytest.mark.parametrize(
    ("term", "language", "said"),
    [
        ("P20D after month end", "en", "20 days after the end of the month at the latest"),
        ("P20D after month end", "es", "a más tardar 20 días después del fin del mes"),
        ("P45D after quarter end", "fr", "au plus tard 45 jours après la fin du trimestre"),
        ("P45D after quarter end", "nl", "uiterlijk 45 dagen na het einde van het kwartaal"),
        ("P1D after month end", "es", "a más tardar 1 día después del fin del mes"),
        (
            "P2M1D after year end",
            "en",
            "2 months and 1 day after the end of the year at the latest",
        ),
        ("P1W", "es", "a más tardar 7 días después del fin del período"),
        ("P20D after month end", "de", "20 days after the end of the month at the latest"),
        ("when it is ready", "en", None),
        (None, "en", None),
    ],
)
def test_when_data_are_due_is_told_in_words(
    term: str | None, language: str, said: str | None
) -> None:
    assert due_text(term, language) == said
