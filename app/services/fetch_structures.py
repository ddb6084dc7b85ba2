"""Fetch structures from another SDMX service, found and called through sdmx1.

sdmx1 knows the public services by name and how each wants to be asked. The bytes of the answer
are read by the readers of this service, so that nothing is lost on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from app.errors import (
    ConfigurationError,
    InvalidArtefactError,
    MessageError,
    NotFoundError,
    QuerySyntaxError,
    TooLargeError,
    UnavailableError,
)
from app.sdmx.artefact_classes import ARTEFACT_TYPES
from app.sdmx.artefacts import Artefact
from app.sdmx.maintenance_body import read_artefacts
from app.sdmx.urn import AGENCY_ID, RESOURCE_ID

Api: TypeAlias = Literal["1", "2"]
"""The generation of SDMX-REST that a service speaks."""

MAX_BYTES: Final = 256 << 20
"""Largest answer that is read: it is held in memory as a whole."""

_TIMEOUT_SECONDS: Final = (30, 300)
_PART_BYTES: Final = 1 << 16
_SHELLS: Final = 200
_REFERENCE: Final = re.compile(
    rf"({AGENCY_ID.pattern}):({RESOURCE_ID.pattern})(?:\(([^()\s]{{1,80}})\))?"
)
_SECOND_GENERATION: Final = re.compile(r"/v2(?:\.[0-9]+)*(?:/|$)|/3\.[0-9](?:/|$)")
_VENDOR: Final = "application/vnd.sdmx.structure"
_ACCEPT: Final = {
    "2": f"{_VENDOR}+json;version=2.1.0, {_VENDOR}+xml;version=3.1.0;q=0.9, "
    f"{_VENDOR}+json;version=2.0.0;q=0.8, {_VENDOR}+xml;version=3.0.0;q=0.7, */*;q=0.1",
    "1": f"{_VENDOR}+xml;version=2.1, {_VENDOR}+json;version=1.0.0;q=0.5, */*;q=0.1",
}
_NOT_UNDERSTOOD: Final = frozenset({400, 406, 422, 501})
_NOTHING: Final = frozenset({204, 404})
_PAGE: Final = re.compile(rb"\s*<(?:!doctype\s+)?html", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WantedStructure:
    """An artefact to fetch; without a version the latest one."""

    artefact_type: str
    agency: str
    id: str
    version: str | None = None

    @classmethod
    def parse(cls, artefact_type: str, text: str) -> WantedStructure:
        """Read `AGENCY:ID(VERSION)` or `AGENCY:ID`.

        Raises:
            QuerySyntaxError: it has another form, or there is no such type.
        """
        found = _REFERENCE.fullmatch(text)
        if found is None or artefact_type not in ARTEFACT_TYPES:
            raise QuerySyntaxError(
                f"{artefact_type} {text[:80]!r} names no artefact; it is AGENCY:ID(VERSION), of "
                f"the types {', '.join(ARTEFACT_TYPES)}.",
                f"{artefact_type} {text[:80]!r} no nombra un artefacto; es AGENCIA:ID(VERSIÓN), "
                f"de los tipos {', '.join(ARTEFACT_TYPES)}.",
            )
        return cls(artefact_type, found[1], found[2], found[3])

    def __str__(self) -> str:
        version = f"({self.version})" if self.version else ""
        return f"{self.artefact_type} {self.agency}:{self.id}{version}"


Progress: TypeAlias = Callable[[str, int], None]
"""Told the address that is read and how many bytes of its answer have come."""


def fetch_structures(
    source: str,
    wanted: Sequence[WantedStructure],
    references: str,
    *,
    api: Api | None = None,
    on_progress: Progress = lambda address, size: None,
) -> list[Artefact]:
    """Fetch artefacts with what they refer to, and the whole of those that came as shells.

    Args:
        source: address of a service, where its `structure` or `dataflow` paths begin, or the id
            under which sdmx1 knows one (`ESTAT`, `SGR3`).
        wanted: the artefacts.
        references: the value of `references` (`none`, `children`, `descendants`, `all` ...).
        api: the generation of its interface; told by the address if not said.
        on_progress: told what comes in.

    Raises:
        ConfigurationError: there is no such source.
        NotFoundError: it does not have an artefact.
        UnavailableError: it cannot be reached, or refuses, or there is no such service.
        MessageError: what it sent cannot be read.
    """
    remote = _Remote(_client(source, api), on_progress)
    found: dict[str, Artefact] = {}
    for one in wanted:
        for artefact in remote.read(one, references):
            known = found.get(artefact.urn)
            if known is None or known.is_external:
                found[artefact.urn] = artefact
    shells = [artefact for artefact in found.values() if artefact.is_external]
    for shell in shells[:_SHELLS]:
        found |= {one.urn: one for one in remote.read_whole(shell)}
    return list(found.values())


class _Remote:
    """A service at the other end."""

    def __init__(self, client: Any, on_progress: Progress) -> None:  # noqa: ANN401 - untyped
        self._client = client
        self._on_progress = on_progress
        self._address = str(client.source.url)
        is_second = {str(version.name) for version in client.source.versions} == {"3.0.0"}
        self._api: Api = "2" if is_second else "1"
        # Without this a codelist would come with the codes of those that it extends.
        self._detail: str | None = "raw" if is_second else None

    def read(self, wanted: WantedStructure, references: str) -> list[Artefact]:
        """Fetch an artefact and read all artefacts of the answer."""
        status, body, address = self._get(wanted, references)
        if status in _NOT_UNDERSTOOD and self._detail is not None:
            self._detail = None
            status, body, address = self._get(wanted, references)
        if status in _NOTHING:
            if status == 404 and not self._answers():
                raise _no_service(self._address, f"{address}: 404")
            raise NotFoundError(
                f"{address} has no {wanted}.", f"{address} no tiene {wanted}.", address=address
            )
        if status != 200:
            raise _refused(address, status, body)
        if _PAGE.match(body):
            raise _no_service(self._address, f"{address}: HTML")
        try:
            return read_artefacts(body)
        except (MessageError, InvalidArtefactError) as error:
            raise type(error)(
                f"{address}: {error.text['en']}", f"{address}: {error.text['es']}", **error.detail
            ) from None

    def read_whole(self, shell: Artefact) -> Iterator[Artefact]:
        """The whole of a shell, if this service has it."""
        kind = shell.artefact_class.artefact_type
        wanted = WantedStructure(kind, shell.agency, shell.id, shell.version.text)
        try:
            read = self.read(wanted, "none")
        except (NotFoundError, UnavailableError):
            return
        yield from (one for one in read if one.urn == shell.urn and not one.is_external)

    def _answers(self) -> bool:
        """Whether there is a service at all: one that has dataflows, whichever they are.

        SDMX-REST 1.x says 404 of what is not there, as everybody does of a wrong address.
        """
        path = "structure/dataflow/*/*/~" if self._api == "2" else "dataflow/all/all/latest"
        address = f"{self._address}/{path}?detail=allstubs"
        headers = {"Accept": _ACCEPT[self._api]}
        try:
            with self._client.session.get(
                address, headers=headers, stream=True, timeout=_TIMEOUT_SECONDS
            ) as reply:
                return bool(reply.status_code != 404)
        except OSError:
            return True

    def _get(self, wanted: WantedStructure, references: str) -> tuple[int, bytes, str]:
        prepared = self._prepare(wanted, references)
        address = str(prepared.url)
        try:
            reply = self._client.session.send(prepared, stream=True, timeout=_TIMEOUT_SECONDS)
            with reply:
                return reply.status_code, self._content(reply, address), address
        except OSError as error:  # what the library raises for every trouble of the line
            raise UnavailableError(
                f"{address} cannot be reached: {error}", f"No se puede acceder a {address}: {error}"
            ) from None

    def _prepare(self, wanted: WantedStructure, references: str) -> Any:  # noqa: ANN401 - untyped
        detail = {} if self._detail is None else {"detail": self._detail}
        headers = {"Accept": _ACCEPT[self._api]}
        if self._api == "2":
            headers["Accept-Language"] = "*"  # texts in all languages
        try:
            return self._client.get(
                wanted.artefact_type,
                resource_id=wanted.id,
                agency_id=wanted.agency,
                version=wanted.version or ("~" if self._api == "2" else "latest"),
                params={"references": references} | detail,
                headers=headers,
                force=True,
                dry_run=True,
            )
        except (KeyError, ValueError, NotImplementedError) as error:
            raise QuerySyntaxError(
                f"{self._client.source.url} cannot be asked for {wanted}: {error}",
                f"A {self._client.source.url} no se le puede pedir {wanted}: {error}",
            ) from None

    def _content(self, reply: Any, address: str) -> bytes:  # noqa: ANN401 - untyped
        body = bytearray()
        for part in reply.iter_content(_PART_BYTES):
            body += part
            self._on_progress(address, len(body))
            if len(body) > MAX_BYTES:
                raise TooLargeError(
                    f"{address} sent more than {MAX_BYTES} bytes.",
                    f"{address} envió más de {MAX_BYTES} bytes.",
                    limit=MAX_BYTES,
                )
        return bytes(body)


def _client(source: str, api: Api | None) -> Any:  # noqa: ANN401 - untyped
    """The client of a service; sdmx1 takes a second to load, so only those who need it wait."""
    import sdmx
    from sdmx.format import Version
    from sdmx.source import Source

    if not source.startswith(("http://", "https://")):
        try:
            return sdmx.Client(source)
        except ValueError:
            known = ", ".join(sdmx.list_sources())
            raise ConfigurationError(
                f"{source[:200]} is no file, no address and no service that is known. "
                f"Known services: {known}.",
                f"{source[:200]} no es un archivo, una dirección ni un servicio conocido. "
                f"Servicios conocidos: {known}.",
            ) from None
    spoken = api or ("2" if _SECOND_GENERATION.search(source) else "1")
    client = sdmx.Client()
    client.source = Source(
        id="REMOTE",
        url=source.rstrip("/"),
        name=source,
        versions={Version["3.0.0" if spoken == "2" else "2.1"]},
    )
    return client


def _no_service(source: str, answer: str) -> UnavailableError:
    return UnavailableError(
        f"There is no SDMX service at {source} ({answer}). The address is the one where the "
        "paths `dataflow` or `structure` begin.",
        f"No hay un servicio SDMX en {source} ({answer}). La dirección es aquella donde empiezan "
        "las rutas `dataflow` o `structure`.",
    )


def _refused(address: str, status: int, body: bytes) -> UnavailableError:
    said = " ".join(body[:300].decode("utf-8", "replace").split())
    return UnavailableError(
        f"{address} answered {status}: {said}", f"{address} respondió {status}: {said}"
    )
