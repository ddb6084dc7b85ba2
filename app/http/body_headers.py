"""What the header of a request says of its body: format, character set, compression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from email.message import Message
from typing import Final

from app.errors import UnsupportedMediaTypeError

_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})
_LONGEST: Final = 255
_WORKBOOKS: Final = frozenset(
    {
        "application/vnd.ms-excel",
        "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        "application/vnd.ms-excel.sheet.macroenabled.12",
        "application/vnd.oasis.opendocument.spreadsheet",
    }
)
_OTHER_WORKBOOK: Final = (
    " Save the workbook as Excel workbook (.xlsx) and send that.",
    " Guarde el libro como libro de Excel (.xlsx) y envíe ese archivo.",
)


def check_content_type(
    content_type: str,
    taken: Sequence[str],
    is_taken: Callable[[str, Mapping[str, str]], bool],
    elsewhere: Mapping[str, str] | None = None,
) -> None:
    """Check that a body is UTF-8 text in a format that is read.

    Args:
        content_type: the header field.
        taken: the media types that are read, as the error lists them.
        is_taken: tells whether a media type with these parameters is read.
        elsewhere: addresses that read other media types, by these; the error names the one.

    Raises:
        UnsupportedMediaTypeError: it is not.
    """
    parsed = Message()
    parsed["content-type"] = content_type
    name = parsed.get_content_type() if "/" in content_type else ""
    parameters = {str(key).lower(): str(value) for key, value in (parsed.get_params() or [])[1:]}
    is_text = parameters.get("charset", "utf-8").lower() in _CHARSETS
    if len(content_type) > _LONGEST or not is_taken(name, parameters) or not is_text:
        listed = ", ".join(taken)
        advice = _OTHER_WORKBOOK if name in _WORKBOOKS else ("", "")
        if elsewhere and name in elsewhere:
            address = elsewhere[name]
            advice = f" Send that to {address}.", f" Envíelo a {address}."
        raise UnsupportedMediaTypeError(
            f"The Content-Type {content_type[:80]!r} is not read.{advice[0]} Send UTF-8 text as: "
            f"{listed}.",
            f"No se admite el Content-Type {content_type[:80]!r}.{advice[1]} "
            f"Envíe texto UTF-8 como: {listed}.",
            accepted=list(taken),
        )


def content_encoding(values: list[str]) -> str | None:
    """The one content coding of a body, or None.

    Raises:
        UnsupportedMediaTypeError: it is coded in another way than once with gzip.
    """
    encodings = [each.strip().lower() for value in values for each in value.split(",")]
    named = [each for each in encodings if each not in {"", "identity"}]
    if named in ([], ["gzip"], ["x-gzip"]):
        return "gzip" if named else None
    raise UnsupportedMediaTypeError(
        "The body may be compressed once with gzip, or not at all; other Content-Encodings are "
        "not read.",
        "El cuerpo puede comprimirse una vez con gzip, o no comprimirse; no se admiten otros "
        "Content-Encoding.",
        accepted_encodings=["gzip", "identity"],
    )
