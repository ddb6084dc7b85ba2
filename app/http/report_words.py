"""The words of the page of a report, in the languages of its findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "replace by": "Replace by",
        "send corrections": "Send the corrections",
        "correct here": "Write beside each wrong value what "
        "belongs there: it is put wherever the "
        "column has that value. Look at what is proposed; a field that you leave empty "
        "changes nothing. The file is read again with your corrections and gets a "
        "report of its own.",
        "language": "English",
        "title": "Report on {file}",
        "no name": "a file without a name",
        "languages": "Languages",
        "refused": "Refused: {errors} errors of {groups} kinds. Nothing of the file was stored.",
        "in part": "Accepted in part: {errors} errors of {groups} kinds. Their rows were "
        "left out, as the agreement allows; the others were taken.",
        "accepted": "Accepted. Nothing has to be mended.",
        "warned": "Accepted, with {warnings} warnings to look at.",
        "undecided": "Not decided yet. Open the report again later.",
        "facts": "The file",
        "file": "File",
        "received": "Received",
        "rows of file": "Rows",
        "agreements": "Agreements",
        "submission": "Submission",
        "content": "the file as it came",
        "contents": "What to mend",
        "error": "Error",
        "warning": "Warning",
        "column": "Column",
        "rule": "Rule",
        "allowed": "Allowed",
        "pattern": "Kind of value",
        "member": "File in the archive",
        "rows": "Rows",
        "cells": "Cells",
        "place": "First place",
        "mend": "How to mend it",
        "values": "Values that are wrong",
        "value": "Value",
        "count": "Times",
        "nearest": "Nearest valid code",
        "empty": "(empty)",
        "more values": "{count} more rows have other values; all are in the table as CSV.",
        "more rows": "… and more; all are in the table as CSV",
        "examples": "The first of them",
        "message": "Finding",
        "code": "Code",
        "all": "All findings as a table (CSV)",
        "json": "This report as JSON",
        "correct": "Correct without sending the file again",
        "correct how": "Look at each of these corrections first: the service proposes, and you "
        "know. A correction puts a value into one cell (row, column, value), or a replacement "
        "wherever a column has a value; the rest of the file stays as it was sent.",
    },
    "es": {
        "replace by": "Reemplazar por",
        "send corrections": "Enviar las correcciones",
        "correct here": "Escriba junto a cada valor incorrecto "
        "lo que corresponde: se pone donde la "
        "columna tenga ese valor. Revise lo que se propone; un campo vacío no cambia "
        "nada. El archivo se lee de nuevo con sus correcciones y recibe su propio "
        "informe.",
        "language": "Español",
        "title": "Informe sobre {file}",
        "no name": "un archivo sin nombre",
        "languages": "Idiomas",
        "refused": "Rechazado: {errors} errores de {groups} tipos. No se guardó nada del archivo.",
        "in part": "Aceptado en parte: {errors} errores de {groups} tipos. Sus filas "
        "quedaron fuera, como permite el convenio; las demás se aceptaron.",
        "accepted": "Aceptado. No hay nada que corregir.",
        "warned": "Aceptado, con {warnings} advertencias por revisar.",
        "undecided": "Aún no está decidido. Abra el informe más tarde.",
        "facts": "El archivo",
        "file": "Archivo",
        "received": "Recibido",
        "rows of file": "Filas",
        "agreements": "Convenios",
        "submission": "Envío",
        "content": "el archivo como llegó",
        "contents": "Qué corregir",
        "error": "Error",
        "warning": "Advertencia",
        "column": "Columna",
        "rule": "Regla",
        "allowed": "Permitido",
        "pattern": "Tipo de valor",
        "member": "Archivo dentro del paquete",
        "rows": "Filas",
        "cells": "Celdas",
        "place": "Primer lugar",
        "mend": "Cómo corregirlo",
        "values": "Valores incorrectos",
        "value": "Valor",
        "count": "Veces",
        "nearest": "Código válido más parecido",
        "empty": "(vacía)",
        "more values": "Otras {count} filas tienen otros valores; todas están en la tabla CSV.",
        "more rows": "… y más; todas están en la tabla CSV",
        "examples": "Los primeros",
        "message": "Hallazgo",
        "code": "Código",
        "all": "Todos los hallazgos en una tabla (CSV)",
        "json": "Este informe en JSON",
        "correct": "Corregir sin enviar el archivo de nuevo",
        "correct how": "Revise antes cada una de estas correcciones: el servicio propone y usted "
        "sabe. Una corrección pone un valor en una celda (row, column, value), o un reemplazo "
        "donde una columna tenga un valor; el resto del archivo queda como se envió.",
    },
    "fr": {
        "replace by": "Remplacer par",
        "send corrections": "Envoyer les corrections",
        "correct here": "Écrivez à côté de chaque valeur fausse "
        "ce qui convient : cela est mis partout "
        "où la colonne a cette valeur. Vérifiez ce qui est proposé ; un champ vide ne "
        "change rien. Le fichier est relu avec vos corrections et reçoit son propre "
        "rapport.",
        "language": "Français",
        "title": "Rapport sur {file}",
        "no name": "un fichier sans nom",
        "languages": "Langues",
        "refused": "Refusé : {errors} erreurs de {groups} sortes. Rien du fichier n'a été "
        "enregistré.",
        "in part": "Accepté en partie : {errors} erreurs de {groups} sortes. Leurs lignes "
        "ont été laissées de côté, comme l'accord le permet ; les autres ont été "
        "prises.",
        "accepted": "Accepté. Il n'y a rien à corriger.",
        "warned": "Accepté, avec {warnings} avertissements à examiner.",
        "undecided": "Pas encore décidé. Ouvrez le rapport plus tard.",
        "facts": "Le fichier",
        "file": "Fichier",
        "received": "Reçu",
        "rows of file": "Lignes",
        "agreements": "Accords",
        "submission": "Envoi",
        "content": "le fichier tel qu'il est arrivé",
        "contents": "Ce qu'il faut corriger",
        "error": "Erreur",
        "warning": "Avertissement",
        "column": "Colonne",
        "rule": "Règle",
        "allowed": "Admis",
        "pattern": "Sorte de valeur",
        "member": "Fichier dans l'archive",
        "rows": "Lignes",
        "cells": "Cellules",
        "place": "Premier endroit",
        "mend": "Comment corriger",
        "values": "Valeurs incorrectes",
        "value": "Valeur",
        "count": "Fois",
        "nearest": "Code valide le plus proche",
        "empty": "(vide)",
        "more values": "{count} autres lignes ont d'autres valeurs ; toutes sont dans le tableau "
        "CSV.",
        "more rows": "… et d'autres ; toutes sont dans le tableau CSV",
        "examples": "Les premiers",
        "message": "Constat",
        "code": "Code",
        "all": "Tous les constats en tableau (CSV)",
        "json": "Ce rapport en JSON",
        "correct": "Corriger sans renvoyer le fichier",
        "correct how": "Regardez d'abord chacune de ces corrections : le service propose, et vous "
        "savez. Une correction met une valeur dans une cellule (row, column, value), ou un "
        "remplacement partout où une colonne a une valeur ; le reste du fichier demeure tel "
        "qu'envoyé.",
    },
    "nl": {
        "replace by": "Vervangen door",
        "send corrections": "De correcties sturen",
        "correct here": "Schrijf naast elke foute waarde wat er "
        "hoort: het komt overal waar de kolom "
        "die waarde heeft. Bekijk wat wordt voorgesteld; een leeg veld verandert niets."
        " Het bestand wordt met uw correcties opnieuw gelezen en krijgt een eigen "
        "verslag.",
        "language": "Nederlands",
        "title": "Verslag over {file}",
        "no name": "een bestand zonder naam",
        "languages": "Talen",
        "refused": "Geweigerd: {errors} fouten van {groups} soorten. Er is niets van het bestand "
        "opgeslagen.",
        "in part": "Gedeeltelijk aanvaard: {errors} fouten van {groups} soorten. Die rijen "
        "zijn weggelaten, zoals de overeenkomst toestaat; de andere zijn "
        "overgenomen.",
        "accepted": "Aanvaard. Er hoeft niets te worden verbeterd.",
        "warned": "Aanvaard, met {warnings} waarschuwingen om te bekijken.",
        "undecided": "Nog niet beslist. Open het verslag later opnieuw.",
        "facts": "Het bestand",
        "file": "Bestand",
        "received": "Ontvangen",
        "rows of file": "Rijen",
        "agreements": "Overeenkomsten",
        "submission": "Inzending",
        "content": "het bestand zoals het kwam",
        "contents": "Wat te verbeteren",
        "error": "Fout",
        "warning": "Waarschuwing",
        "column": "Kolom",
        "rule": "Regel",
        "allowed": "Toegestaan",
        "pattern": "Soort waarde",
        "member": "Bestand in het archief",
        "rows": "Rijen",
        "cells": "Cellen",
        "place": "Eerste plaats",
        "mend": "Hoe te verbeteren",
        "values": "Onjuiste waarden",
        "value": "Waarde",
        "count": "Keren",
        "nearest": "Meest gelijkende geldige code",
        "empty": "(leeg)",
        "more values": "Nog {count} rijen hebben andere waarden; alle staan in de CSV-tabel.",
        "more rows": "… en meer; alle staan in de CSV-tabel",
        "examples": "De eerste",
        "message": "Bevinding",
        "code": "Code",
        "all": "Alle bevindingen als tabel (CSV)",
        "json": "Dit verslag als JSON",
        "correct": "Verbeteren zonder het bestand opnieuw te sturen",
        "correct how": "Bekijk eerst elk van deze verbeteringen: de dienst stelt voor, en u weet. "
        "Een verbetering zet een waarde in een cel (row, column, value), of een vervanging overal "
        "waar een kolom een waarde heeft; de rest van het bestand blijft zoals het is gestuurd.",
    },
}
