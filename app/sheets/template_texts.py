"""What a template says to the person who fills it in, in the languages of the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from app.sdmx.flow import Names

LANGUAGES: Final = ("es", "en", "fr", "nl")
BOTH: Final = ("es", "en")
"""Languages that the instructions always have."""

DATA: Final = {"es": "Datos", "en": "Data", "fr": "Données", "nl": "Gegevens"}
GENERAL: Final = {"es": "Datos generales", "en": "General", "fr": "Général", "nl": "Algemeen"}
CODES: Final = {"es": "Códigos", "en": "Codes", "fr": "Codes", "nl": "Codes"}
LISTS: Final = {"es": "Listas", "en": "Lists", "fr": "Listes", "nl": "Lijsten"}
INSTRUCTIONS: Final = {
    "es": "Instrucciones",
    "en": "Instructions",
    "fr": "Instructions",
    "nl": "Instructies",
}
GENERAL_HEADER: Final = {
    "es": ("id", "Componente", "Valor para todas las filas"),
    "en": ("id", "Component", "Value for all rows"),
    "fr": ("id", "Composant", "Valeur pour toutes les lignes"),
    "nl": ("id", "Onderdeel", "Waarde voor alle rijen"),
}
CODES_HEADER: Final = {
    "es": ("Componente", "Código", "Nombre (es)", "Nombre (en)"),
    "en": ("Component", "Code", "Name (es)", "Name (en)"),
    "fr": ("Composant", "Code", "Nom (es)", "Nom (en)"),
    "nl": ("Onderdeel", "Code", "Naam (es)", "Naam (en)"),
}
MANDATORY: Final = {"es": "obligatorio", "en": "mandatory", "fr": "obligatoire", "nl": "verplicht"}
CHOOSE: Final = {
    "es": "Elija de la lista, o escriba el código.",
    "en": "Choose from the list, or type the code.",
    "fr": "Choisissez dans la liste, ou saisissez le code.",
    "nl": "Kies uit de lijst, of typ de code.",
}
NOT_LISTED: Final = {
    "es": "No está en la lista del convenio. El código solo (sin nombre) también vale.",
    "en": "It is not in the list of the agreement. The code alone (without name) is fine too.",
    "fr": "Ce n'est pas dans la liste de l'accord. Le code seul (sans nom) convient aussi.",
    "nl": "Het staat niet in de lijst van de overeenkomst. Alleen de code (zonder naam) mag ook.",
}
PERIOD: Final = {
    "es": "Escriba el período como {example}.",
    "en": "Write the period as {example}.",
    "fr": "Écrivez la période comme {example}.",
    "nl": "Schrijf de periode als {example}.",
}
NUMBER: Final = {
    "es": "Escriba un número. Deje la celda vacía si no hay dato.",
    "en": "Write a number. Leave the cell empty if there is no figure.",
    "fr": "Écrivez un nombre. Laissez la cellule vide s'il n'y a pas de donnée.",
    "nl": "Schrijf een getal. Laat de cel leeg als er geen cijfer is.",
}
OPTIONAL_COLUMNS: Final = {
    "es": "opcional",
    "en": "optional",
    "fr": "facultatif",
    "nl": "facultatief",
}

_STEPS_ROWS: Final = {
    "es": "Escriba una observación por fila en la hoja «{data}», desde la fila {row}. "
    "Elija los códigos de las listas.",
    "en": "Write one observation a row in the sheet “{data}”, from row {row} on. Choose the codes "
    "from the lists.",
    "fr": "Écrivez une observation par ligne dans la feuille « {data} », à partir de la ligne "
    "{row}. Choisissez les codes dans les listes.",
    "nl": "Schrijf een waarneming per rij in het werkblad “{data}”, vanaf rij {row}. Kies de codes "
    "uit de lijsten.",
}
_STEPS_CROSS: Final = {
    "es": "Escriba en la hoja «{data}», desde la fila {row}, una fila por combinación de códigos y "
    "los valores bajo {across}. Las celdas vacías no se envían. El estado y los demás atributos "
    "de una fila valen para todos sus valores.",
    "en": "In the sheet “{data}”, from row {row} on, write one row for each combination of codes "
    "and the values under {across}. Empty cells are not sent. The status and the other attributes "
    "of a row hold for all its values.",
    "fr": "Dans la feuille « {data} », à partir de la ligne {row}, écrivez une ligne par "
    "combinaison de codes et les valeurs sous {across}. Les cellules vides ne sont pas envoyées. "
    "Le statut et les autres attributs d'une ligne valent pour toutes ses valeurs.",
    "nl": "Schrijf in het werkblad “{data}”, vanaf rij {row}, een rij per combinatie van codes en "
    "de waarden onder {across}. Lege cellen worden niet verstuurd. De status en de andere "
    "attributen van een rij gelden voor al haar waarden.",
}
_STEPS: Final[Mapping[str, Sequence[str]]] = {
    "es": (
        "Las columnas grises ya están llenas: son valores fijos del convenio o los usuales. "
        "En filas nuevas pueden quedar vacías.",
        "Las columnas opcionales están plegadas: ábralas con el signo + de arriba.",
        "Lo que vale para todas las filas va una sola vez en la hoja «{general}».",
        "No cambie las dos primeras filas ni los nombres de las hojas. Puede mover u ocultar "
        "columnas y agregar filas; los textos de mes como «Enero 2024» también se entienden.",
        "Guarde el archivo como Libro de Excel (.xlsx) y envíelo: vipmg push ARCHIVO, o "
        "POST {address} con Content-Type {media_type}.",
        "Recibirá un informe con cada celda por corregir; GET {address}/ID/report.xlsx devuelve "
        "este mismo libro con las celdas marcadas.",
    ),
    "en": (
        "Grey columns are filled in already: they are fixed by the agreement, or the usual values. "
        "In new rows they may stay empty.",
        "Optional columns are folded: open them with the sign + above.",
        "What holds for all rows is written once, in the sheet “{general}”.",
        "Do not change the first two rows or the names of the sheets. You may move or hide columns "
        "and add rows; months as text, like “January 2024”, are understood too.",
        "Save the file as Excel workbook (.xlsx) and send it: vipmg push FILE, or "
        "POST {address} with Content-Type {media_type}.",
        "You get a report with each cell to mend; GET {address}/ID/report.xlsx gives this very "
        "workbook back with its cells marked.",
    ),
    "fr": (
        "Les colonnes grises sont déjà remplies : ce sont des valeurs fixées par l'accord, ou les "
        "valeurs usuelles. Dans de nouvelles lignes elles peuvent rester vides.",
        "Les colonnes facultatives sont repliées : ouvrez-les avec le signe + au-dessus.",
        "Ce qui vaut pour toutes les lignes s'écrit une fois, dans la feuille « {general} ».",
        "Ne changez ni les deux premières lignes ni les noms des feuilles. Vous pouvez déplacer ou "
        "masquer des colonnes et ajouter des lignes.",
        "Enregistrez le fichier comme Classeur Excel (.xlsx), envoyez-le : vipmg push FICHIER, ou "
        "POST {address} avec Content-Type {media_type}.",
        "Vous recevrez un rapport avec chaque cellule à corriger ; GET {address}/ID/report.xlsx "
        "rend ce même classeur avec ses cellules marquées.",
    ),
    "nl": (
        "Grijze kolommen zijn al ingevuld: ze liggen vast in de overeenkomst, of het zijn de "
        "gewone waarden. In nieuwe rijen mogen ze leeg blijven.",
        "Facultatieve kolommen zijn ingeklapt: open ze met het teken + erboven.",
        "Wat voor alle rijen geldt, staat een keer in het werkblad “{general}”.",
        "Verander de eerste twee rijen en de namen van de werkbladen niet. U mag kolommen "
        "verplaatsen of verbergen en rijen toevoegen.",
        "Sla het bestand op als Excel-werkmap (.xlsx) en stuur het: vipmg push BESTAND, of "
        "POST {address} met Content-Type {media_type}.",
        "U krijgt een verslag met elke cel die moet worden hersteld; GET {address}/ID/report.xlsx "
        "geeft deze werkmap terug met gemerkte cellen.",
    ),
}
_FACTS: Final = {
    "es": ("Convenio", "Flujo de datos", "Proveedor", "Frecuencia", "Idioma"),
    "en": ("Agreement", "Dataflow", "Provider", "Frequency", "Language"),
    "fr": ("Accord", "Flux de données", "Fournisseur", "Fréquence", "Langue"),
    "nl": ("Overeenkomst", "Gegevensstroom", "Leverancier", "Frequentie", "Taal"),
}


def name_in(names: Names, language: str) -> str:
    """A name in a language; in English or Spanish, or any other, where it has none in that."""
    for each in (language, "en", "es"):
        if each in names:
            return names[each]
    return next(iter(names.values()), "")


def instruction_steps(language: str, facts: Mapping[str, str], *, crossed: bool) -> list[str]:
    """What to do, step by step."""
    first = _STEPS_CROSS if crossed else _STEPS_ROWS
    return [step.format(**facts) for step in (first[language], *_STEPS[language])]


def fact_names(language: str) -> tuple[str, ...]:
    """Names of the facts of a template: agreement, dataflow, provider, frequency, language."""
    return _FACTS[language]
