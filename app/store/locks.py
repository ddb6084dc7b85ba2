"""Not waiting long for a submission that is just being decided: that may take minutes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from app.errors import ConflictError

SHORTLY = "SET LOCAL lock_timeout = '2s'"
AT_LENGTH = "SET LOCAL lock_timeout TO DEFAULT"


@contextmanager
def busy_when_locked() -> Iterator[None]:
    """Tell a person that the lock was not had.

    Raises:
        ConflictError: another transaction decides.
    """
    try:
        yield
    except asyncpg.LockNotAvailableError:
        raise ConflictError(
            "The submission is being decided now; ask again in a moment.",
            "El envío se está decidiendo ahora; pregunte de nuevo en un momento.",
        ) from None
