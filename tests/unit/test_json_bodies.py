"""What is said of a body that is not as described, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.http.json_bodies import _misshapen
from app.models.mirror import MirrorNoteOrder

ORDER: dict[str, Any] = {"cell": {}, "period": "2025-01"}


@pytest.mark.parametrize(
    ("part", "en", "es"),
    [
        (
            {"note": "x" * 4001},
            "note has more than 4000 characters",
            "note tiene más de 4000 caracteres",
        ),
        ({"note": 5}, "note is no text", "note no es un texto"),
        ({"other": 5}, "other is not known here", "other no se conoce aquí"),
    ],
)
def test_a_wrong_part_is_told_with_its_limit(part: dict[str, Any], en: str, es: str) -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(MirrorNoteOrder).validate_python(ORDER | part)
    told = _misshapen(raised.value)
    assert told.text["en"] == f"The body is not as described: {en}."
    assert told.text["es"] == f"El cuerpo no es como se describe: {es}."
