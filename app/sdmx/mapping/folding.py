"""Words as people write them: accents, case, doubled blanks and dots at the end do not count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_BLANKS: Final = re.compile(r"\s+")


@lru_cache(maxsize=1 << 15)
def fold(text: str) -> str:
    """A text without what does not count."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return _BLANKS.sub(" ", plain).casefold().strip(" .:")


def unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Ids by folded name, without the names that several have."""
    found: dict[str, set[str]] = {}
    for name, identifier in pairs:
        found.setdefault(fold(name), set()).add(identifier)
    return {name: next(iter(ids)) for name, ids in found.items() if len(ids) == 1 and name}
