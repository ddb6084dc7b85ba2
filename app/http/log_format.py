"""The log of the service on standard error: JSON lines, or on a terminal text for people."""

from __future__ import annotations

import logging
import sys
from typing import Final

import orjson
import structlog
from structlog.typing import EventDict, Processor

_QUIET: Final = ("httpx", "httpcore", "uvicorn.access", "pgqueuer")
_NOT_FOR_PEOPLE: Final = ("uvicorn.error", "vipmg.access", "vipmg.worker")


def set_up_logging(level: str) -> None:
    """Send the records of structlog and of the standard library to one log.

    At a terminal single requests are left out.
    """
    for_people = sys.stderr.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Tracebacks without the values of variables: those are data of others, and drawing them
    # stops the service for most of a minute.
    plain = structlog.dev.plain_traceback
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
        if for_people
        else [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_line),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in (*_QUIET, *_NOT_FOR_PEOPLE) if for_people else _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _line(event: EventDict, **_: object) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode(
        errors="backslashreplace"
    )
