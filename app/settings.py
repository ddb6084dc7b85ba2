"""Settings of the service: environment variables `VIPMG_*`, read once, frozen."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """All settings; each is the environment variable `VIPMG_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="VIPMG_", frozen=True, extra="forbid")

    data_dir: Path = Field(
        default=Path("vipmg-data"),
        description="Folder of the embedded database and of spool files.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 15+ to use instead of the embedded one: postgresql://...",
    )
    database_pool_size: int = Field(
        default=8, ge=2, description="Connections that each process keeps for reading."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on.")
    public_url: str | None = Field(
        default=None,
        description="Address under which clients reach the service; default http://HOST:PORT.",
    )
    codelists_dir: Path | None = Field(
        default=None,
        description="Folder of structures published at start; default the one delivered.",
    )
    oauth_issuer: str | None = Field(
        default=None,
        description="External OAuth 2.0 issuer; when set, only its tokens are accepted "
        "and the built-in token endpoint is off.",
    )
    oauth_jwks_url: str | None = Field(
        default=None, description="Key set of the external issuer; default from its metadata."
    )
    oauth_organisation_claim: str = Field(
        default="organisation",
        description="Claim of an external token that names the caller's organisation.",
    )
    token_seconds: int = Field(
        default=600, ge=60, le=600, description="Life of an access token, in seconds."
    )
    max_body_bytes: int = Field(
        default=1 << 30, description="Largest submission, as sent and as decompressed, in bytes."
    )
    upload_number: int = Field(
        default=20, ge=1, description="Most resumable uploads of one organisation under way."
    )
    upload_bytes: int = Field(
        default=4 << 30, description="Most bytes that they are to have together."
    )
    upload_hours: int = Field(
        default=24, ge=1, description="Hours until an upload that nobody goes on with is forgotten."
    )
    practice_days: int = Field(
        default=7, ge=1, description="Days that what was sent for practice is kept."
    )
    max_xlsx_rows: int = Field(
        default=200_000, ge=1, description="Rows of data that a workbook may have; more as CSV."
    )
    max_url_bytes: int = Field(default=8192, description="Longest URL that is read, in bytes.")
    spool_memory_bytes: int = Field(
        default=8 << 20, description="Bytes of one reply kept in memory before a file is used."
    )
    spool_disk_bytes: int = Field(
        default=8 << 30, description="Bytes of disk that spools of replies may use together."
    )
    cache_bytes: int = Field(
        default=256 << 20,
        description="Bytes of encoded replies kept by ETag, most of them on disk.",
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @property
    def base_url(self) -> str:
        """Address of the service as its clients know it, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
