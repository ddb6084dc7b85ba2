"""What the clients send and expect: rings of series that each file fills with one value.

A file writes its own value into all cells of one ring. So a reply that mixes two values, or has
another number of cells, shows a file that is half visible; and a value says which file it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import httpx

FLOW: Final = "VIPMG:DF_ENTRY_EXIT(1.0.0)"
PATH: Final = "/sdmx/v2/data/dataflow/VIPMG/DF_ENTRY_EXIT/1.0.0"
ORGANISATIONS: Final = ("CRI_DGME", "GTM_IGM", "HND_INM", "PAN_SNM")
CSV: Final = "application/vnd.sdmx.data+csv;version=2.0.0"
JSON: Final = "application/vnd.sdmx.data+json;version=2.0.0"
RINGS: Final = {"AIR": (1, 1), "LAN": (2, 6), "SEA": (8, 12), "RIV": (40, 5), "CRU": (40, 20)}
"""Mode of transport to the series and the periods of its ring: 1 to 800 cells."""

BULK_ORGANISATION: Final = "MEX_UPMRIP"
BULK_MODE: Final = "_T"
BULK: Final = (60, 300)
CITIZENSHIPS: Final = """
ABW AFG AGO AIA ALB AND ARE ARG ARM AUS AUT AZE BDI BEL BEN BFA BGD BGR BHR BHS BIH BLR BLZ
BMU BOL BRA BRB BRN BTN BWA CAF CAN CHE CHL CHN CIV CMR COD COG COL COM CPV CRI CUB CUW CYM
CYP CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESP EST ETH
""".split()  # noqa: SIM905 - reads better
HEADER: Final = (
    "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,MOVEMENT,REGULARITY,CITIZENSHIP,"
    "COUNTERPART_AREA,TRANSPORT_MODE,BORDER_TYPE,BORDER_POINT,ENTRY_REASON,SEX,AGE,UNIT_MEASURE,"
    "TIME_PERIOD,OBS_VALUE,UNIT_MULT,DECIMALS,OBS_STATUS,CONF_STATUS"
)

Cells = dict[tuple[str, str, str, str], str]
"""Area, mode, citizenship and period to value."""


@dataclass(frozen=True)
class Ring:
    """Series of one organisation that are always written together."""

    organisation: str
    mode: str

    @property
    def area(self) -> str:
        """The reporting area, as the agreement of the organisation has it."""
        return self.organisation[:3]

    @property
    def shape(self) -> tuple[int, int]:
        """Series and periods."""
        return BULK if self.mode == BULK_MODE else RINGS[self.mode]

    @property
    def size(self) -> int:
        """Number of cells."""
        series, periods = self.shape
        return series * periods

    @property
    def key(self) -> str:
        """The key of a query for all of it."""
        return f"M.{self.area}.ENT.REG.*.*.{self.mode}.*.*.*.*.*.*"

    def body(self, value: int, action: str) -> bytes:
        """A file that writes one value into all cells."""
        series, periods = self.shape
        head = f"dataflow,{FLOW},{action},M,{self.area},ENT,REG"
        rows = [
            f"{head},{citizenship},_T,{self.mode},_T,_T,_T,_T,_T,EVT,"
            f"{2000 + month // 12}-{month % 12 + 1:02},{value},0,0,A,F"
            for citizenship in CITIZENSHIPS[:series]
            for month in range(periods)
        ]
        return "\n".join([HEADER, *rows, ""]).encode()


@dataclass(slots=True)
class File:
    """A file and what its sender knows of it."""

    ring: Ring
    value: int
    key: str
    action: str
    begun: float
    submission: str | None = None
    acknowledged_at: float | None = None
    was_unknown: bool = False
    published_at: float | None = None
    sequence: int | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether the service has said that it holds the file."""
        return self.acknowledged_at is not None

    @property
    def body(self) -> bytes:
        """The bytes, the same at each try."""
        return self.ring.body(self.value, self.action)


class ProtocolError(Exception):
    """A reply that no state of the service justifies."""


@dataclass
class Client:
    """A program of an organisation, with its credential; it asks for a new token when told to."""

    http: httpx.AsyncClient
    credential: tuple[str, str]
    _token: str | None = field(default=None, repr=False)

    async def request(self, method: str, address: str, **parts: Any) -> httpx.Response:
        """Send a request once; a token refused for its age is replaced.

        Raises:
            httpx.TransportError: the outcome is unknown.
        """
        for last in (False, True):
            if self._token is None:
                reply = await self.http.post(
                    "/oauth/token",
                    data={"grant_type": "client_credentials"},
                    auth=self.credential,
                )
                if reply.status_code != 200:
                    return reply
                self._token = reply.json()["access_token"]
            headers = {"Authorization": f"Bearer {self._token}", **parts.pop("headers", {})}
            reply = await self.http.request(method, address, headers=headers, **parts)
            if reply.status_code != 401 or last:
                return reply
            self._token = None
        raise AssertionError

    async def post(self, file: File, wait: int | None) -> httpx.Response:
        """Send a file under its Idempotency-Key."""
        headers = {"Content-Type": CSV, "Idempotency-Key": file.key}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        return await self.request("POST", "/api/submissions", content=file.body, headers=headers)


def cells_of_csv(text: str) -> Cells:
    """The cells of a reply in SDMX-CSV.

    Raises:
        ProtocolError: a row is not whole, or a cell stands twice.
    """
    lines = text.split("\n")
    if lines[-1] != "":
        raise ProtocolError("the last row is cut off")
    header = lines[0].rstrip("\r").split(",")
    names = ("REF_AREA", "TRANSPORT_MODE", "CITIZENSHIP", "TIME_PERIOD", "OBS_VALUE")
    places = [header.index(name) for name in names]
    cells: Cells = {}
    for line in lines[1:-1]:
        row = line.rstrip("\r").split(",", max(places) + 1)
        if len(row) <= max(places):
            raise ProtocolError("a row is cut off")
        area, mode, citizenship, period, value = (row[place] for place in places)
        cells[area, mode, citizenship, period] = value
    if len(cells) != len(lines) - 2:
        raise ProtocolError("a cell stands twice")
    return cells


def cells_of_json(message: dict[str, Any]) -> tuple[Cells, Cells]:
    """The cells that a SDMX-JSON message puts, and those that it deletes."""
    put: Cells = {}
    gone: Cells = {}
    data = message["data"]
    for dataset in data["dataSets"]:
        structure = data["structures"][dataset.get("structure", 0)]["dimensions"]
        codes = {each["id"]: [v["id"] for v in each["values"]] for each in structure["series"]}
        places = {each["id"]: place for place, each in enumerate(structure["series"])}
        times = [v.get("value", v.get("id")) for v in structure["observation"][0]["values"]]
        target = gone if dataset.get("action") == "Delete" else put
        for key, series in dataset.get("series", {}).items():
            numbers = [int(number) for number in key.split(":")]
            area, mode, citizenship = (
                codes[name][numbers[places[name]]]
                for name in ("REF_AREA", "TRANSPORT_MODE", "CITIZENSHIP")
            )
            for number, values in series["observations"].items():
                target[area, mode, citizenship, times[int(number)]] = str(values[0])
    return put, gone
