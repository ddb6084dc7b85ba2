"""Files of the national dataflow of `tests.national`, as its directorate would send them."""

from __future__ import annotations

from tests.national import NATIONAL

HEADER = "fecha,grupo,pais,personas"


def national_file(*rows: str, header: str = HEADER, action: str = "M") -> str:
    """SDMX-CSV in the country's own words."""
    lines = [f"STRUCTURE,STRUCTURE_ID,ACTION,{header}"]
    lines += [f"dataflow,{NATIONAL},{action},{row}" for row in rows]
    return "\n".join(lines) + "\n"
