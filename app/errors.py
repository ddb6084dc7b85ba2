"""The errors of the service, without HTTP.

    VipmgError
    ├── QuerySyntaxError          a query or header that does not conform to the API
    │   └── QueryMisfitError      one that does not suit the structure it is asked of
    ├── QuerySemanticError        well formed, but asks for what cannot be
    ├── NotFoundError             no such thing, or not for this caller
    │   └── DestroyedError          it was, and a redaction destroyed it
    ├── NotAcceptableError        no representation that the caller takes
    ├── UnsupportedMediaTypeError a body in a format that is not read
    ├── TooLargeError             beyond a limit that is named
    ├── NotAuthenticatedError     no credential, or one that does not hold
    ├── NotAuthorisedError        a good credential without the right
    │   └── ApprovalBySenderError   who sent it cannot be the second person
    ├── ConflictError             contradicts what is stored
    │   ├── StableArtefactChangedError
    │   ├── IdempotencyKeyReusedError
    │   ├── NotUndoableError      a submission in a state that cannot be undone
    │   ├── RepeatedContentError  a file that was published, and overtaken since
    │   └── ChecksumMismatchError  bytes that are not those that were sent
    ├── PreconditionFailedError   what is stored is not what the caller has seen
    ├── TooManyUploadsError       more under way than an organisation may have; `retriable`
    ├── MessageError              a message that cannot be read at all
    ├── InvalidArtefactError      a structural artefact that is not valid
    ├── InvalidLayoutError        a layout of workbooks that is not valid
    ├── AgreedFigureError         a figure that two parties cannot agree on
    ├── ConfigurationError        settings that cannot be used
    ├── BrokenSubmissionError     processing that failed for good, by a fault of ours
    └── UnavailableError          a part is missing now; `retriable`

Every class has one stable code `VIPMG-nnn`, explained in docs/errors.md. The table of HTTP
statuses stands in `app.http.errors`, the only place that knows both.
"""

from __future__ import annotations

from typing import ClassVar


class VipmgError(Exception):
    """Root of all errors that a caller may see.

    Attributes:
        code: stable code of the class, `VIPMG-nnn`.
        retriable: whether the same request may succeed later without change.
        text: the message by language; `en` and `es` are always there.
        detail: machine-readable facts (limits, counts, positions).
    """

    code: ClassVar[str] = "VIPMG-000"
    retriable: ClassVar[bool] = False

    def __init__(self, en: str, es: str, **detail: object) -> None:
        super().__init__(en)
        self.text = {"en": en, "es": es}
        self.detail = detail


class QuerySyntaxError(VipmgError):
    """A query, path or header that does not conform to the API (HTTP 400)."""

    code = "VIPMG-100"


class QueryMisfitError(QuerySyntaxError):
    """A query that does not suit the structure it is asked of (HTTP 400; 403 on the 1.x paths).

    Only the structure tells it: a key with too many positions, a component that is not there.
    """

    code = "VIPMG-109"


class QuerySemanticError(VipmgError):
    """A query that is well formed and cannot be answered as asked (HTTP 422)."""

    code = "VIPMG-101"


class NotFoundError(VipmgError):
    """No such thing, or none that this caller may know of (HTTP 404)."""

    code = "VIPMG-102"


class DestroyedError(NotFoundError):
    """What was asked for was destroyed by a redaction (HTTP 410)."""

    code = "VIPMG-129"


class NotAcceptableError(VipmgError):
    """None of the asked representations is offered (HTTP 406)."""

    code = "VIPMG-103"


class UnsupportedMediaTypeError(VipmgError):
    """The body is in a format that is not read (HTTP 415)."""

    code = "VIPMG-104"


class TooLargeError(VipmgError):
    """Beyond a limit; `detail` names the limit and the size (HTTP 413)."""

    code = "VIPMG-105"


class NotAuthenticatedError(VipmgError):
    """No credential, or one that does not hold (HTTP 401)."""

    code = "VIPMG-110"


class NotAuthorisedError(VipmgError):
    """A good credential without the right to do this (HTTP 403)."""

    code = "VIPMG-111"


class ApprovalBySenderError(NotAuthorisedError):
    """The program that sent a submission cannot be the second one, which approves (HTTP 403)."""

    code = "VIPMG-112"


class ConflictError(VipmgError):
    """The request contradicts what is stored (HTTP 409)."""

    code = "VIPMG-120"


class StableArtefactChangedError(ConflictError):
    """A stable artefact was changed under the same version; `detail` shows the difference."""

    code = "VIPMG-121"


class NotUndoableError(ConflictError):
    """The submission is in a state that cannot be undone in this way (HTTP 409)."""

    code = "VIPMG-128"


class IdempotencyKeyReusedError(ConflictError):
    """The Idempotency-Key was used before with another body (HTTP 422)."""

    code = "VIPMG-122"


class RepeatedContentError(ConflictError):
    """The same file was published before, and others changed its figures since (HTTP 409)."""

    code = "VIPMG-127"


class ChecksumMismatchError(ConflictError):
    """The bytes of a part are not those of its checksum; none was kept (HTTP 460, as tus says)."""

    code = "VIPMG-124"
    retriable = True


class TooManyUploadsError(VipmgError):
    """The organisation has as much under way as it may have (HTTP 429)."""

    code = "VIPMG-125"
    retriable = True


class PreconditionFailedError(VipmgError):
    """What is stored is not what the caller has seen, by If-Match (HTTP 412)."""

    code = "VIPMG-123"


class MessageError(VipmgError):
    """A message that cannot be read at all (HTTP 422)."""

    code = "VIPMG-130"


class InvalidArtefactError(VipmgError):
    """A structural artefact that is not valid, or refers to what does not exist (HTTP 422)."""

    code = "VIPMG-131"


class InvalidLayoutError(VipmgError):
    """A layout of workbooks that is not valid; `detail` lists each problem (HTTP 422)."""

    code = "VIPMG-132"


class AgreedFigureError(VipmgError):
    """A figure that cannot be agreed on beside those of a mirror; `reason` says why (HTTP 422)."""

    code = "VIPMG-133"


class ConfigurationError(VipmgError):
    """Settings with which the service cannot or must not start."""

    code = "VIPMG-140"


class UnavailableError(VipmgError):
    """A part of the service is missing now (HTTP 503)."""

    code = "VIPMG-150"
    retriable = True


class BrokenSubmissionError(VipmgError):
    """A submission whose processing failed for a fault of ours, however often it was tried."""

    code = "VIPMG-152"
