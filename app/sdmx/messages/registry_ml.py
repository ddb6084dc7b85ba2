"""Messages of the registry in SDMX-ML 3.1 and 3.0: what stands around their content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml_message import write_header
from app.sdmx.messages.structure_ml_text import quote

NOBODY: Final = "anonymous"
"""The receiver where nobody is named; the schema demands one."""

_SCHEMAS: Final = "http://www.sdmx.org/resources/sdmxml/schemas/"
_PATHS: Final[Mapping[str, str]] = {"3.1.0": "v3_1", "3.0.0": "v3_0"}


def write_registry_message(
    name: str,
    content: Iterable[str],
    header: MessageHeader,
    *,
    version: str,
    receiver: str = NOBODY,
) -> bytes:
    """Write a message.

    Args:
        name: the element of its kind, without prefix.
        content: what stands in it, with the prefixes `reg` and `com`.
        header: what the message says of itself.
        version: `3.1.0` or `3.0.0`.
        receiver: the id of whom it is for; ids of parties have no dots.
    """
    schemas = _SCHEMAS + _PATHS[version]
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<mes:RegistryInterface xmlns:mes="{schemas}/message" xmlns:reg="{schemas}/registry" '
        f'xmlns:com="{schemas}/common">',
        write_header(header, f'<mes:Receiver id="{quote(receiver.replace(".", "-"))}"/>'),
        f"<mes:{name}>",
        *content,
        f"</mes:{name}></mes:RegistryInterface>",
    ]
    return "".join(parts).encode()
