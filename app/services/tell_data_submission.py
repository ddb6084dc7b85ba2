"""What became of a message of data, as `SubmitDataResponse` tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from app.auth.subject import Subject
from app.sdmx.datasets import Dataset
from app.sdmx.finding_texts import LANGUAGES
from app.sdmx.findings import cause
from app.sdmx.messages.submit_data_response import (
    DataSubmissionResult,
    Status,
    SubmittedDataset,
    Texts,
)
from app.sdmx.report import Group, Report
from app.sdmx.urn import PREFIX
from app.services.get_submission import PRACTICE_PATH, SUBMISSIONS_PATH, find_submission
from app.services.group_findings import group_findings
from app.store.datasets import read_datasets
from app.store.pools import Pools, with_retry
from app.store.submissions import LEFT_OUT, StoredSubmission

SHOWN: Final = 50
"""Groups of findings that an answer tells; the report has all."""

SHOWN_ROWS: Final = 200
"""Characters of the rows of a group that an answer tells."""

_NO_STRUCTURE: Final = "VIPMG-203"
_NO_AGREEMENT: Final = "VIPMG-223"
_CLASSES: Final[Mapping[str, str]] = {
    "dataflow": "datastructure.Dataflow",
    "datastructure": "datastructure.DataStructure",
    "dataprovision": "registry.ProvisionAgreement",
}
_WAITING: Final = (
    "The message is kept and waits for its turn, behind others; its address tells when it is "
    "decided.",
    "El mensaje está guardado y espera su turno, detrás de otros; su dirección dice cuándo se "
    "decide.",
    "Le message est gardé et attend son tour, derrière d'autres ; son adresse dit quand il est "
    "décidé.",
    "Het bericht is bewaard en wacht op zijn beurt, achter andere; het adres zegt wanneer het is "
    "beslist.",
)
TOLD: Final[Mapping[str, tuple[int, Status, tuple[str, str, str, str]]]] = {
    "published": (
        200,
        "Success",
        (
            "The message was stored whole.",
            "El mensaje se guardó completo.",
            "Le message a été enregistré en entier.",
            "Het bericht is in zijn geheel opgeslagen.",
        ),
    ),
    "awaiting release": (
        200,
        "Success",
        (
            "The message was stored whole; what is embargoed waits for its release.",
            "El mensaje se guardó completo; lo embargado espera su liberación.",
            "Le message a été enregistré en entier ; ce qui est sous embargo attend sa diffusion.",
            "Het bericht is in zijn geheel opgeslagen; wat onder embargo staat wacht op vrijgave.",
        ),
    ),
    "accepted": (
        202,
        "Warning",
        (
            "The message is right, and waits: for a second person, or for its agreement to be "
            "extended.",
            "El mensaje es correcto y espera: a una segunda persona, o a que se prorrogue su "
            "convenio.",
            "Le message est juste, et attend : une deuxième personne, ou la prolongation de son "
            "accord.",
            "Het bericht is goed, en wacht: op een tweede persoon, of op verlenging van zijn "
            "overeenkomst.",
        ),
    ),
    "validated": (
        200,
        "Success",
        (
            "The message is right. It was sent to be checked only: nothing was stored.",
            "El mensaje es correcto. Se envió solo para revisarlo: no se guardó nada.",
            "Le message est juste. Il a été envoyé pour contrôle seulement : rien n'a été "
            "enregistré.",
            "Het bericht is goed. Het is alleen ter controle gestuurd: er is niets opgeslagen.",
        ),
    ),
    "superseded": (
        200,
        "Success",
        (
            "The message was stored whole; another that was sent later replaces it.",
            "El mensaje se guardó completo; otro enviado después lo reemplaza.",
            "Le message a été enregistré en entier ; un autre, envoyé plus tard, le remplace.",
            "Het bericht is in zijn geheel opgeslagen; een later bericht vervangt het.",
        ),
    ),
    "withdrawn": (
        200,
        "Success",
        (
            "The message was stored whole, and withdrawn by its sender since.",
            "El mensaje se guardó completo; su remitente lo retiró después.",
            "Le message a été enregistré en entier, puis retiré par son expéditeur.",
            "Het bericht is in zijn geheel opgeslagen en daarna door de afzender ingetrokken.",
        ),
    ),
    "rolled back": (
        200,
        "Success",
        (
            "The message was stored whole, and undone since: all is as it was before it.",
            "El mensaje se guardó completo y después se revirtió: todo está como antes de él.",
            "Le message a été enregistré en entier, puis annulé : tout est comme avant lui.",
            "Het bericht is in zijn geheel opgeslagen en daarna teruggedraaid: alles is als "
            "ervoor.",
        ),
    ),
    "cancelled": (
        409,
        "Failure",
        (
            "The message was cancelled before it was stored; nothing of it was stored.",
            "El mensaje se canceló antes de guardarse; no se guardó nada de él.",
            "Le message a été annulé avant d'être enregistré ; rien n'en a été enregistré.",
            "Het bericht is geannuleerd voordat het werd opgeslagen; er is niets opgeslagen.",
        ),
    ),
    "rejected": (
        422,
        "Failure",
        (
            "Nothing of the message was stored.",
            "No se guardó nada del mensaje.",
            "Rien du message n'a été enregistré.",
            "Er is niets van het bericht opgeslagen.",
        ),
    ),
    "broken": (
        500,
        "Failure",
        (
            "The message could not be processed, by a fault of the service; nothing was stored.",
            "No se pudo procesar el mensaje, por una falla del servicio; no se guardó nada.",
            "Le message n'a pas pu être traité, par une panne du service ; rien n'a été "
            "enregistré.",
            "Het bericht kon niet worden verwerkt, door een storing van de dienst; er is niets "
            "opgeslagen.",
        ),
    ),
}
"""Status, how it went, and the texts of each state that is decided."""


_IN_PART: Final = (
    "The right rows of the message were taken; those with errors were left out, as the agreement "
    "allows.",
    "Se aceptaron las filas correctas del mensaje; las que tienen errores quedaron fuera, como "
    "permite el convenio.",
    "Les lignes justes du message ont été prises ; celles qui ont des erreurs ont été laissées de "
    "côté, comme l'accord le permet.",
    "De goede rijen van het bericht zijn overgenomen; die met fouten zijn weggelaten, zoals de "
    "overeenkomst toestaat.",
)


async def tell_data_submission(
    pools: Pools, subject: Subject, submission: str, base_url: str
) -> DataSubmissionResult:
    """What became of a submission of the caller's organisation.

    Raises:
        NotFoundError: there is none of this id, or it is another organisation's.
    """
    stored = await find_submission(pools, subject, submission)
    return await with_retry(lambda: _tell(pools, stored, base_url))


async def _tell(pools: Pools, stored: StoredSubmission, base_url: str) -> DataSubmissionResult:
    async with pools.writer.acquire() as connection:
        datasets = await read_datasets(connection, stored.id)
    report = await group_findings(pools, stored.id) if stored.is_decided else Report()
    code, status, texts = TOLD[stored.state] if stored.is_decided else (202, "Warning", _WAITING)
    groups = report.groups()
    if (stored.changes or {}).get(LEFT_OUT):
        texts = _IN_PART
    if stored.state == "rejected":
        code = _refusal(groups)
    elif status == "Success" and groups:
        status = "Warning"
    said = dict(zip(LANGUAGES, texts, strict=True))
    path = PRACTICE_PATH if pools.is_practice else SUBMISSIONS_PATH
    address = f"{base_url}{path}/{stored.id}"
    return DataSubmissionResult(
        code=code,
        status=status,
        texts=said,
        datasets=[_dataset(dataset, status, said) for dataset in datasets],
        details=[(group.code, _detail(group)) for group in groups[:SHOWN]],
        links={"submission": address, "report": f"{address}/report"},
    )


def _refusal(groups: Sequence[Group]) -> int:
    """The status of a message that was refused: 404 unknown, 403 not the sender's, else 422."""
    codes = {group.code for group in groups if group.is_error}
    if _NO_STRUCTURE in codes:
        return 404
    return 403 if codes == {_NO_AGREEMENT} else 422


def _dataset(dataset: Dataset, status: Status, texts: Texts) -> SubmittedDataset:
    urn = f"{PREFIX}{_CLASSES[dataset.kind]}={dataset.structure}"
    return SubmittedDataset(urn, dataset.action, status, texts)


def _detail(group: Group) -> dict[str, str]:
    """What a group says, with its column, values and rows."""
    values = ", ".join(value for value in list(group.values)[:3] if value)
    rows = str(group.rows)
    if len(rows) > SHOWN_ROWS:
        rows = rows[:SHOWN_ROWS].rpartition(",")[0] + ", ..."
    facts = " ".join(
        fact for fact in (group.component and f"{group.component}:", values, f"[{rows}]") if fact
    )
    return {
        language: f"{cause(group.first[0], language)} {facts}".strip() for language in LANGUAGES
    }
