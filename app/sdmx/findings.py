"""Findings of a validation: what is wrong, where, and what would be right.

Every code is stable and has one text in each language; docs/errors.md lists them.
Codes `VIPMG-2nn` refuse a submission; codes `VIPMG-3nn` are warnings.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from app.errors import MessageError


class Finding(msgspec.Struct, frozen=True):
    """One finding.

    Attributes:
        code: stable code, a key of `TEXTS`.
        row: number of the row, the header being row 1 (the row of a spreadsheet).
        component: component id, or the name of the column.
        value: the value as it was sent.
        rule: id of the constraint, code list or representation that says so; of a file that
            cannot be read (VIPMG-201), the reason, a key of `UNREADABLE`; of a repeated key
            (VIPMG-231), the number of the row that has it first.
        allowed: what would be right, in short.
        nearest: the valid code that is nearest to the value.
        severity: `error` or `warning`; empty: as the code says.
        place: address of the cell, JSON pointer or XPath, where the row does not say it all.
        file: the member of an archive.
    """

    code: str
    row: int | None = None
    component: str | None = None
    value: str | None = None
    rule: str | None = None
    allowed: str | None = None
    nearest: str | None = None
    severity: str = ""
    place: str | None = None
    file: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether the finding refuses the submission."""
        if self.severity:
            return self.severity == "error"
        return self.code.startswith("VIPMG-2")


TEXTS: Mapping[str, Mapping[str, str]] = {
    "VIPMG-201": {
        "en": "The file cannot be read.",
        "es": "No se puede leer el archivo.",
    },
    "VIPMG-202": {
        "en": "The row has another number of cells than the header: {value}.",
        "es": "La fila tiene otra cantidad de celdas que el encabezado: {value}.",
    },
    "VIPMG-203": {
        "en": "The structure {value} does not exist here.",
        "es": "La estructura {value} no existe aquí.",
    },
    "VIPMG-204": {
        "en": "The column {component} is missing; the structure requires it.",
        "es": "Falta la columna {component}; la estructura la exige.",
    },
    "VIPMG-205": {
        "en": "The column {component} appears twice.",
        "es": "La columna {component} aparece dos veces.",
    },
    "VIPMG-206": {
        "en": "The action {value} is not known; use I, A, M, R or D.",
        "es": "La acción {value} no se conoce; use I, A, M, R o D.",
    },
    "VIPMG-210": {
        "en": "{value} is not a code of {rule} for {component}.",
        "es": "{value} no es un código de {rule} para {component}.",
    },
    "VIPMG-211": {
        "en": "{component} has no value; every row needs one.",
        "es": "{component} no tiene valor; cada fila debe tenerlo.",
    },
    "VIPMG-212": {
        "en": "{value} is not a valid {allowed} for {component}.",
        "es": "{value} no es un valor válido ({allowed}) para {component}.",
    },
    "VIPMG-213": {
        "en": "{value} is not a time period.",
        "es": "{value} no es un período de tiempo.",
    },
    "VIPMG-214": {
        "en": "The period {value} does not suit the frequency {allowed}.",
        "es": "El período {value} no corresponde a la frecuencia {allowed}.",
    },
    "VIPMG-215": {
        "en": "EMBARGO_TIME {value} needs a time zone, for example 2026-03-31T12:00:00-06:00.",
        "es": "EMBARGO_TIME {value} necesita una zona horaria, por ejemplo "
        "2026-03-31T12:00:00-06:00.",
    },
    "VIPMG-220": {
        "en": "{component} = {value} is not allowed here by the constraint {rule}.",
        "es": "{component} = {value} no se permite aquí según la restricción {rule}.",
    },
    "VIPMG-221": {
        "en": "The combination {component} = {value} is excluded by the constraint {rule}.",
        "es": "La combinación {component} = {value} está excluida por la restricción {rule}.",
    },
    "VIPMG-222": {
        "en": "The agreement does not cover {component} = {value}: rule {rule}.",
        "es": "El convenio no abarca {component} = {value}: regla {rule}.",
    },
    "VIPMG-223": {
        "en": "Your organisation has no agreement for {value}.",
        "es": "Su organización no tiene un convenio para {value}.",
    },
    "VIPMG-224": {
        "en": "{component} is fixed by the agreement as {allowed}; the file says {value}.",
        "es": "{component} está fijado por el convenio como {allowed}; el archivo dice {value}.",
    },
    "VIPMG-230": {
        "en": "The mandatory attribute {component} has no value.",
        "es": "El atributo obligatorio {component} no tiene valor.",
    },
    "VIPMG-231": {
        "en": "The key is repeated: row {rule} of this file has the same one ({value}).",
        "es": "La clave está repetida: la fila {rule} de este archivo tiene la misma ({value}).",
    },
    "VIPMG-232": {
        "en": "{component} has several values where there is one for all these rows: {value}.",
        "es": "{component} tiene varios valores donde hay uno para todas estas filas: {value}.",
    },
    "VIPMG-233": {
        "en": "The row has neither a measure nor an attribute.",
        "es": "La fila no tiene ni medida ni atributo.",
    },
    "VIPMG-234": {
        "en": "{component} takes one value only, the row gives several: {value}.",
        "es": "{component} admite un solo valor, la fila da varios: {value}.",
    },
    "VIPMG-301": {
        "en": "The column {component} is not in the structure and was left out.",
        "es": "La columna {component} no está en la estructura y no se tomó en cuenta.",
    },
}

UNREADABLE: Mapping[str, Mapping[str, str]] = {
    "empty": {
        "en": "The file is empty.",
        "es": "El archivo está vacío.",
    },
    "no-rows": {
        "en": "The file has no rows.",
        "es": "El archivo no tiene filas.",
    },
    "first-column": {
        "en": "The first column must be STRUCTURE (SDMX-CSV 2) or DATAFLOW (SDMX-CSV 1); "
        "the file begins with {value!r}.",
        "es": "La primera columna debe ser STRUCTURE (SDMX-CSV 2) o DATAFLOW (SDMX-CSV 1); "
        "el archivo comienza con {value!r}.",
    },
    "one-column": {
        "en": "The header has one column only: a file with one column holds no data.",
        "es": "El encabezado tiene una sola columna: un archivo así no contiene datos.",
    },
    "long-header": {
        "en": "The header has {allowed} characters or more.",
        "es": "El encabezado tiene {allowed} caracteres o más.",
    },
    "second-column": {
        "en": "The second column must be {allowed}, not {value!r}.",
        "es": "La segunda columna debe ser {allowed}, no {value!r}.",
    },
    "separator": {
        "en": "The sign after the first column separates the columns, and here it is {value!r}; "
        "the rest of the header is separated by {allowed!r}. Use one sign throughout.",
        "es": "El signo que sigue a la primera columna separa las columnas, y aquí es {value!r}; "
        "el resto del encabezado se separa con {allowed!r}. Use un solo signo en todo el archivo.",
    },
    "sub-separator": {
        "en": "{value!r} stands in the header both between columns and, in STRUCTURE[{value}], "
        "between the values of a cell: use two different signs.",
        "es": "{value!r} está en el encabezado entre columnas y también, en STRUCTURE[{value}], "
        "entre los valores de una celda: use dos signos distintos.",
    },
    "encoding": {
        "en": "The file is not UTF-8 text after row {row}: save it as UTF-8.",
        "es": "El archivo no es texto UTF-8 después de la fila {row}: guárdelo como UTF-8.",
    },
    "csv": {
        "en": "The file is not well-formed CSV after row {row}: {value}.",
        "es": "El archivo no es CSV bien formado después de la fila {row}: {value}.",
    },
    "gzip": {
        "en": "The file is said to be gzip, and is not, or is cut off: send the whole file.",
        "es": "El archivo dice ser gzip y no lo es, o está cortado: envíe el archivo completo.",
    },
    "size": {
        "en": "The decompressed file has more than {allowed} bytes, or grows too much.",
        "es": "El archivo descomprimido tiene más de {allowed} bytes, o crece demasiado.",
    },
}
"""Why a file cannot be read (VIPMG-201), by the `rule` of the finding."""


class UnreadableError(MessageError):
    """A message that cannot be read, for a reason of `UNREADABLE`.

    Attributes:
        finding: the same as a finding of the submission.
    """

    def __init__(
        self,
        reason: str,
        *,
        row: int | None = None,
        value: str | None = None,
        allowed: str | None = None,
    ) -> None:
        self.finding = Finding("VIPMG-201", row, value=value, rule=reason, allowed=allowed)
        super().__init__(message(self.finding, "en"), message(self.finding, "es"))


def message(finding: Finding, language: str) -> str:
    """The text of a finding in a language (`en` or `es`)."""
    texts = TEXTS[finding.code]
    if finding.code == "VIPMG-201":
        texts = UNREADABLE.get(finding.rule or "", texts)
    template = texts.get(language, texts["en"])
    facts = msgspec.structs.asdict(finding)
    text = template.format(**{name: "" if v is None else v for name, v in facts.items()})
    if finding.nearest:
        text += {"es": f" ¿Quiso decir {finding.nearest}?"}.get(
            language, f" Did you mean {finding.nearest}?"
        )
    return text


@lru_cache(maxsize=4096)
def _nearest(value: str, codes: frozenset[str]) -> str | None:
    folded = {code.casefold(): code for code in sorted(codes)}
    wanted = value.casefold()
    if wanted in folded:
        return folded[wanted]
    close = difflib.get_close_matches(wanted, folded, n=8, cutoff=0.5)
    # Letters that changed places are the commonest slip: VNE is rather VEN than VNM.
    close.sort(key=lambda code: sorted(code) != sorted(wanted))
    return folded[close[0]] if close else None


def nearest(value: str, codes: Iterable[str]) -> str | None:
    """The code that is nearest to a value, or nothing when none is near."""
    return _nearest(value[:64], frozenset(codes))
