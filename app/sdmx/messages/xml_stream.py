"""XML read piece by piece with expat: no document type, no entities, bounded depth and tokens.

Namespaces are resolved: the name of an element or attribute that has one is told as the
namespace, a blank, and the local part.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NoReturn, TypeAlias
from xml.parsers import expat

from app.sdmx.findings import UnreadableError

READ_BYTES: Final = 1 << 16
MAX_DEPTH: Final = 64
LONGEST_TOKEN: Final = 1 << 20
"""Bytes that may come without an event: of a tag, of a comment, of a piece of text."""

Start: TypeAlias = Callable[[str, dict[str, str]], None]


class XmlEvents:
    """Tells the elements of a stream to handlers; `prefixes` are the namespaces declared so far.

    Handlers are called once for each element; text only while `hear` says so.
    """

    def __init__(
        self,
        stream: io.RawIOBase,
        *,
        start: Start,
        end: Callable[[str], None],
        text: Callable[[str], None],
    ) -> None:
        self._stream = stream
        self._text = text
        self.prefixes: dict[str, str] = {}
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.StartNamespaceDeclHandler = self._declare

    @property
    def line(self) -> int:
        """The number of the line that is being read."""
        return self._parser.CurrentLineNumber

    def hear(self, listening: bool) -> None:
        """Whether text is told from here on."""
        self._parser.CharacterDataHandler = self._text if listening else None

    def feed(self) -> Iterator[int]:
        """Read to the end; the bytes read so far, after each piece.

        Raises:
            UnreadableError: the stream is no well-formed XML, or more than is taken.
        """
        fed = 0
        parser = self._parser
        while True:
            data = self._stream.read(READ_BYTES)
            try:
                parser.Parse(data or b"", not data)
            except expat.ExpatError as error:
                said = expat.errors.messages.get(error.code, str(error.code))
                place = f"{error.lineno}:{error.offset + 1}"
                raise UnreadableError("xml", value=said, place=place) from error
            except (ValueError, LookupError) as error:  # an encoding that is not known
                raise UnreadableError("xml", value=str(error)[:80], place="1:1") from error
            if not data:
                return
            fed += len(data)
            if fed - max(parser.CurrentByteIndex, 0) > LONGEST_TOKEN:
                place = f"{parser.CurrentLineNumber}:{parser.CurrentColumnNumber + 1}"
                raise UnreadableError("long-token", place=place, allowed=str(LONGEST_TOKEN))
            yield fed

    def _declare(self, prefix: str | None, address: str | None) -> None:
        if len(self.prefixes) < 1000:
            self.prefixes.setdefault(prefix or "", address or "")


def local_name(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition(" ")[2]


def local_names(attributes: Mapping[str, str]) -> dict[str, str]:
    """Attributes by their names without namespaces."""
    return {local_name(name): value for name, value in attributes.items()}


def _refuse_document_type(*about: object) -> NoReturn:
    raise UnreadableError("doctype", value=str(about[0])[:80])
