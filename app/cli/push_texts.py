"""What `vipmg push` and `vipmg check` say, in English and Spanish."""

from __future__ import annotations

from typing import Final

from app.cli.database import terminal_language

_TEXTS: Final = {
    "en": {
        "push": "Send files, or the files of a folder, and show what became of each row. The "
        "credential is read from VIPMG_CLIENT_ID and VIPMG_CLIENT_SECRET. Ends with status 0 when "
        "all files were accepted, 1 when one was refused, 2 when one could not be sent. The same "
        "command again goes on where it was cut off, and sends nothing twice.",
        "paths": "Files, or folders: SDMX-CSV, SDMX-JSON, SDMX-ML, XLSX, ZIP, also with gzip.",
        "url": "Address of the service.",
        "report": "Write all findings to this file (.csv, .json, .html or .xlsx); with several "
        "files to REPORT-FILE.csv, one for each.",
        "again": "Send also what was sent before, as a new submission.",
        "json": "Print the answers as JSON.",
        "validate_only": "Only check at the service, and tell what would change; publish nothing.",
        "practice": "Send to the practice space, which nobody else sees.",
        "layout": "Saved layout by which a workbook of your own is read; name its --agreement too.",
        "agreement": "Provision agreement of a workbook that does not say it.",
        "dataflow": "Dataflow, AGENCY:ID(VERSION), of a table in your own words and columns.",
        "supersedes": "Submission, by its id, that the file replaces whole.",
        "check_option": "Check on this computer first, if the structures were fetched.",
        "watch": "Go on: send what is new or changed in the folder, until Ctrl-C.",
        "done": "Move accepted files to this folder.",
        "refused_folder": "Move refused files, with their reports, to this folder.",
        "every": "Seconds between two looks at the folder; a file is sent when its size has not "
        "changed from one to the next.",
        "check": "Check files on this computer, without network, on structures fetched before "
        "(vipmg structures fetch), else on those delivered. Ends with status 0 when the service "
        "would accept all, 1 when it would refuse one, 2 when one could not be checked.",
        "check_files": "Files: SDMX-CSV, SDMX-JSON, SDMX-ML, XLSX, ZIP, also with gzip.",
        "structures": "Folder of the structures; else those fetched last, else those delivered.",
        "provider": "Data provider that you are, such as CRI_DGME; else told by VIPMG_CLIENT_ID.",
        "send": "sending",
        "check_bar": "checking rows",
        "read_bar": "reading",
        "queued": "{ahead} before it",
        "accepted": "accepted: {rows}, {put}, {gone} deleted.",
        "waits": "accepted: {rows}; the last is released on {release}.",
        "approval": "checked and in order: {rows}; it waits for a second person to release it.",
        "expired": "checked and in order: {rows}; it waits, for the agreement has ended.",
        "partial": "accepted in part: {rows}, {left} left out for errors; {put}, {gone} deleted.",
        "validated": "in order: {rows}; nothing was published, as was wished.",
        "refused": "refused, nothing was stored: {found} in {rows}.",
        "broken": "the service could not process it; its operators are told. Nothing was stored.",
        "other": "is now: {state}.",
        "before": "was sent before, on {when}, and is not stored twice; then it was {verdict} "
        "--again sends it anew.",
        "overtaken": "not sent: it was published before, and others changed figures after it. To "
        "publish it again would bring back old figures; if that is meant, --again sends it anew.",
        "skipped": "{files} sent before and not changed since; --again sends them anew.",
        "refused_before": "was refused before and is not changed since; --again sends it anew.",
        "held": "not sent: the check on this computer found {found} in {rows}.",
        "would_accept": "in order: {rows}; the service would accept it.",
        "would_refuse": "the service would refuse it: {found} in {rows}.",
        "would_wait": "its agreement ended on {day}: the service would keep it waiting.",
        "would_ask": "by its agreement a second person releases it at the service.",
        "would_take_part": "its agreement allows a part: the service would publish the right rows.",
        "doubtful": "{found} of missing values may be none: what the service has stored can hold "
        "them.",
        "on_delivered": "Checked on the structures delivered with this program; fetch those of "
        "the service with: vipmg structures fetch --url URL",
        "on_fetched": "Checked on the structures of {url}, fetched on {when}.",
        "who": "say who you are with --provider: {providers}",
        "nobody": "there is no data provider {provider} in these structures.",
        "no_agreement": "there is no agreement {agreement} of yours in these structures.",
        "more": "{more} more. All of them: vipmg push --report FILE.csv, or {address}",
        "more_here": "{more} more. All of them: --report FILE.csv",
        "warned": "accepted all the same, with {found}:",
        "saved": "All findings are in {report}.",
        "untold": "the findings could not be fetched or saved: {why}",
        "overwrites": "{report} is a file to send; name another for the findings.",
        "report_kind": "a report is .csv, .json, .html or .xlsx.",
        "not_sent": "not sent: {why}",
        "not_checked": "not checked: {why}",
        "not_moved": "could not be moved: {why}",
        "no_credential": "Set VIPMG_CLIENT_ID and VIPMG_CLIENT_SECRET; the operator of the service "
        "gives them (vipmg clients add).",
        "nothing": "There are no files with data in {folder}.",
        "watching": "Watching {folder}; Ctrl-C ends.",
        "one_file": "--supersedes takes one file.",
        "one_folder": "--watch takes one folder, and nothing else.",
        "only_folder": "--done and --refused are for a folder.",
        "interrupted": "Interrupted. The same command goes on where it was cut off.",
        "columns": "Row|Kind|Column|Value|Message|Nearest",
        "error": "error",
        "warning": "warning",
        "rows": "{} row|{} rows",
        "found": "{} finding|{} findings",
        "files": "{} file was|{} files were",
        "put": "{} observation put|{} observations put",
        "gone": "{}|{}",
        "attributes": " Attributes of {} series change, and with them what its figures mean.|"
        " Attributes of {} series change, and with them what their figures mean.",
        "above": " What is said of the data changes in {} place.|"
        " What is said of the data changes in {} places.",
    },
    "es": {
        "push": "Enviar archivos, o los de una carpeta, y mostrar qué fue de cada fila. La "
        "credencial se lee de VIPMG_CLIENT_ID y VIPMG_CLIENT_SECRET. Termina con estado 0 si se "
        "aceptaron todos, 1 si se rechazó uno, 2 si uno no se pudo enviar. El mismo comando otra "
        "vez continúa donde se cortó y no envía nada dos veces.",
        "paths": "Archivos o carpetas: SDMX-CSV, SDMX-JSON, SDMX-ML, XLSX, ZIP, también con gzip.",
        "url": "Dirección del servicio.",
        "report": "Escribir todos los hallazgos en este archivo (.csv, .json, .html o .xlsx); con "
        "varios archivos en REPORT-ARCHIVO.csv, uno por cada uno.",
        "again": "Enviar también lo que ya se envió, como envío nuevo.",
        "json": "Mostrar las respuestas en JSON.",
        "validate_only": "Solo revisar en el servicio y decir qué cambiaría; no publicar nada.",
        "practice": "Enviar al espacio de práctica, que nadie más ve.",
        "layout": "Diseño guardado con el que se lee un libro propio; indique también --agreement.",
        "agreement": "Convenio de provisión de un libro que no lo dice.",
        "dataflow": "Flujo de datos, AGENCIA:ID(VERSIÓN), de una tabla en sus propias palabras.",
        "supersedes": "Envío, por su id, que el archivo reemplaza por completo.",
        "check_option": "Revisar antes en este equipo, si se trajeron las estructuras.",
        "watch": "Continuar: enviar lo nuevo o cambiado en la carpeta, hasta Ctrl-C.",
        "done": "Mover los archivos aceptados a esta carpeta.",
        "refused_folder": "Mover los rechazados, con sus informes, a esta carpeta.",
        "every": "Segundos entre dos miradas a la carpeta; un archivo se envía cuando su tamaño no "
        "ha cambiado entre una y otra.",
        "check": "Revisar archivos en este equipo, sin red, con estructuras traídas antes "
        "(vipmg structures fetch) o con las entregadas. Termina con estado 0 si el servicio los "
        "aceptaría todos, 1 si rechazaría uno, 2 si uno no se pudo revisar.",
        "check_files": "Archivos: SDMX-CSV, SDMX-JSON, SDMX-ML, XLSX, ZIP, también con gzip.",
        "structures": "Carpeta de las estructuras; si no, las últimas traídas o las entregadas.",
        "provider": "Proveedor de datos que usted es, p. ej. CRI_DGME; si no, según "
        "VIPMG_CLIENT_ID.",
        "send": "enviando",
        "check_bar": "revisando filas",
        "read_bar": "leyendo",
        "queued": "{ahead} antes",
        "accepted": "aceptado: {rows}, {put}, {gone}.",
        "waits": "aceptado: {rows}; la última se publica el {release}.",
        "approval": "revisado y en orden: {rows}; espera a que una segunda persona lo publique.",
        "expired": "revisado y en orden: {rows}; espera, porque el convenio venció.",
        "partial": "aceptado en parte: {rows}, {left} quedaron fuera por errores; {put}, {gone}.",
        "validated": "en orden: {rows}; no se publicó nada, como se pidió.",
        "refused": "rechazado, no se guardó nada: {found} en {rows}.",
        "broken": "el servicio no pudo procesarlo; sus operadores están avisados. No se guardó "
        "nada.",
        "other": "está ahora: {state}.",
        "before": "ya se envió, el {when}, y no se guarda dos veces; entonces: {verdict} "
        "--again lo envía de nuevo.",
        "overtaken": "no enviado: ya se publicó, y otros cambiaron cifras después. Publicarlo de "
        "nuevo traería cifras viejas; si es lo que quiere, --again lo envía de nuevo.",
        "skipped": "{files} antes y sin cambios desde entonces; --again envía de nuevo.",
        "refused_before": "ya fue rechazado y no ha cambiado; --again lo envía de nuevo.",
        "held": "no enviado: la revisión en este equipo encontró {found} en {rows}.",
        "would_accept": "en orden: {rows}; el servicio lo aceptaría.",
        "would_refuse": "el servicio lo rechazaría: {found} en {rows}.",
        "would_wait": "su convenio venció el {day}: el servicio lo dejaría en espera.",
        "would_ask": "por su convenio, una segunda persona lo publica en el servicio.",
        "would_take_part": "su convenio admite una parte: se publicarían las filas correctas.",
        "doubtful": "{found} de valores faltantes pueden no serlo: el servicio puede tenerlos "
        "guardados.",
        "on_delivered": "Revisado con las estructuras entregadas con este programa; traiga las del "
        "servicio con: vipmg structures fetch --url URL",
        "on_fetched": "Revisado con las estructuras de {url}, traídas el {when}.",
        "who": "diga quién es con --provider: {providers}",
        "nobody": "no hay un proveedor de datos {provider} en estas estructuras.",
        "no_agreement": "no hay un convenio suyo {agreement} en estas estructuras.",
        "more": "{more} más. Todos: vipmg push --report ARCHIVO.csv, o {address}",
        "more_here": "{more} más. Todos: --report ARCHIVO.csv",
        "warned": "aceptado de todos modos, con {found}:",
        "saved": "Todos los hallazgos están en {report}.",
        "untold": "no se pudieron obtener o guardar los hallazgos: {why}",
        "overwrites": "{report} es un archivo por enviar; elija otro para los hallazgos.",
        "report_kind": "un informe es .csv, .json, .html o .xlsx.",
        "not_sent": "no enviado: {why}",
        "not_checked": "no revisado: {why}",
        "not_moved": "no se pudo mover: {why}",
        "no_credential": "Defina VIPMG_CLIENT_ID y VIPMG_CLIENT_SECRET; los da el operador del "
        "servicio (vipmg clients add).",
        "nothing": "No hay archivos con datos en {folder}.",
        "watching": "Vigilando {folder}; Ctrl-C termina.",
        "one_file": "--supersedes acepta un solo archivo.",
        "one_folder": "--watch acepta una carpeta y nada más.",
        "only_folder": "--done y --refused son para una carpeta.",
        "interrupted": "Interrumpido. El mismo comando continúa donde se cortó.",
        "columns": "Fila|Clase|Columna|Valor|Mensaje|Más parecido",
        "error": "error",
        "warning": "aviso",
        "rows": "{} fila|{} filas",
        "found": "{} hallazgo|{} hallazgos",
        "files": "{} archivo enviado|{} archivos enviados",
        "put": "{} observación guardada|{} observaciones guardadas",
        "gone": "{} eliminada|{} eliminadas",
        "attributes": " Cambian atributos de {} serie, y con ellos lo que dicen sus cifras.|"
        " Cambian atributos de {} series, y con ellos lo que dicen sus cifras.",
        "above": " Cambia lo que se dice de los datos en {} lugar.|"
        " Cambia lo que se dice de los datos en {} lugares.",
    },
}


def text(name: str, **facts: object) -> str:
    """A text in the language of the terminal."""
    found = _TEXTS[terminal_language()][name]
    return found.format(**facts) if facts else found


def counted(name: str, number: int) -> str:
    """A number with its noun."""
    one, many = text(name).split("|")
    return (one if number == 1 else many).format(number)
