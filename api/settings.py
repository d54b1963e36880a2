"""Settings of the API process: environment variables with the prefix ``PLUMEWATCH_``, and nothing else."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.contract.evidence.tarball import most_tar_bytes
from api.contract.wire.moment import zone_name


class Settings(BaseSettings):
    """
    Settings of the API.

    Addresses may carry credentials, so they are secret strings: never shown in a log or a traceback. No password or
    key has a default.
    """

    model_config = SettingsConfigDict(env_prefix="PLUMEWATCH_", extra="forbid", frozen=True)

    data_dir: Path = Field(
        Path("plumewatch-data"),
        description="Folder of the embedded database, the evidence vault and uploads in progress; mode 0700.",
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        description="Database address, e.g. postgresql://user:password@host/name; empty: SQLite in data_dir.",
    )
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="Address of Redis or Valkey: redis://, rediss:// or unix://.",
    )
    vault_url: SecretStr = Field(
        SecretStr(""),
        description="Where evidence is kept: any object store address, e.g. s3://bucket/prefix; empty: a folder in "
        "data_dir. Credentials of the store come from its own environment variables.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on; keep it on loopback behind a TLS proxy.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    max_upload_bytes: int = Field(
        most_tar_bytes(),
        ge=1024,
        description="Largest evidence package accepted; a bigger one is answered 413, and its lead put aside on the "
        "worker. By default the largest that a worker makes: 1 GiB of files and what its tar adds.",
    )
    max_body_bytes: int = Field(
        1024 * 1024, ge=1024, description="Largest body of any other call; a bigger one is answered 413."
    )
    attachment_max_bytes: int = Field(
        64 * 1024 * 1024,
        ge=1024,
        le=4 * 1024**3,
        description="Largest attachment of a lead; a bigger one is answered 413.",
    )
    session_lifetime_s: int = Field(
        12 * 3600, ge=60, description="Seconds an operator stays logged in; one shift by default."
    )
    login_attempts: int = Field(
        5, ge=1, description="Failed logins of one name from one address before further ones are answered 429."
    )
    login_window_s: int = Field(300, ge=1, description="Seconds until failed logins are forgotten.")
    allowed_origins: list[str] = Field(
        default_factory=list,
        description="Further origins (scheme://host:port) whose pages may act for a logged-in operator, as a JSON "
        "list; the API's own origin always may.",
    )

    review_answers: Literal["asked", "required"] = Field(
        "asked",
        description="The four answers on the record (true, clear, complete, accurate) before a lead leaves "
        "PENDING_VERIFY: asked, as the wall always does, or required of every caller.",
    )
    dry_run_max_bytes: int = Field(
        256 * 1024 * 1024, ge=1024, description="Largest clip that zones can be tried on; a bigger one is answered 413."
    )
    dry_run_max_s: float = Field(
        600.0,
        gt=0,
        le=3600,
        description="Seconds of a clip that are looked at; the report says where it goes on. Longer: one dry run "
        "takes the worker's spare time for longer.",
    )
    dry_run_timeout_s: float = Field(
        900.0,
        gt=0,
        le=7200,
        description="Seconds that a dry run may take; it runs at the lowest priority, so a busy worker needs more.",
    )
    redaction_max_s: float = Field(
        180.0, gt=0, le=3600, description="Seconds that a clip may have to be covered; a longer one is refused."
    )
    redaction_max_bytes: int = Field(
        64 * 1024 * 1024,
        ge=100_000,
        le=512 * 1024 * 1024,
        description="Bytes that a covered copy of a clip may have; it is encoded to fit, and is kept in the database.",
    )
    redaction_timeout_s: float = Field(
        900.0,
        gt=0,
        le=7200,
        description="Seconds that covering a clip may take; it runs at the lowest priority: a busy worker needs more.",
    )

    retention_case_days: int = Field(
        1827, ge=1, description="Days that packages stay: five years, the longest limitation period, by default."
    )
    retention_rejected_days: int = Field(
        90,
        ge=1,
        description="Days that packages of leads stay that were found to be false, from filing and "
        "from the newest decision.",
    )
    retention_deletes: bool = Field(
        default=False,
        description="Delete packages whose days are over, unless a legal hold keeps them; else they are only listed.",
    )
    vault_capacity_bytes: int | None = Field(
        None, ge=1, description="Bytes that the vault may take; empty: as much as its file system has."
    )
    vault_warn_days: float = Field(
        30.0,
        gt=0,
        description="Warn when the vault will be full in fewer days at the present rate; a tenth: critical.",
    )
    vault_warn_share: float = Field(
        0.1, ge=0, le=1, description="Warn when a smaller share of the vault's room is free; a fifth of it: critical."
    )
    access_log_period_s: int = Field(
        3600,
        ge=1,
        description="Seconds until who viewed, played, exported or verified evidence is in the append-only log: one "
        "leaf for all of it.",
    )
    authority_dir: Path | None = Field(
        None,
        description="Folder of the site's own keys: its root, time-stamps, log; mode 0700. Every API process of a site "
        "needs the same. Empty: the folder authority in data_dir.",
    )
    tsa_url: str = Field(
        "",
        pattern=r"^(https?://[^\s]+)?$",
        description="Address of an outside time-stamp authority (RFC 3161 over HTTP). Empty: the site's own, which "
        "every report calls so: it proves nothing to those who distrust the site.",
    )
    tsa_roots: Path | None = Field(
        None, description="PEM file with the outside authority's root certificates; needed with tsa_url."
    )
    tsa_policies: list[str] = Field(
        default_factory=list,
        description="Policies (dotted) under which its time-stamps are accepted, as a JSON list; empty: any.",
    )
    tsa_timeout_s: float = Field(
        10.0,
        gt=0,
        le=120,
        description="Seconds that the outside authority has to connect, and for each piece it sends.",
    )
    checkpoint_interval_s: int = Field(
        3600, ge=10, description="Seconds between two checkpoints of the append-only log, if it grew."
    )
    site_name: str = Field(
        "", max_length=40, description="Whose site it is, as the head of printed reports names it, e.g. the bureau."
    )
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s#?]+)?$",
        description="Address under which people open the wall; goes into the QR code of printed reports and the links "
        "of notifications. Empty: the address that the browser called, and no links.",
    )
    site_timezone: Annotated[str, AfterValidator(zone_name)] = Field(
        "Asia/Shanghai",
        description="IANA name of the site's time zone, by which schedules and quiet hours of notification are meant.",
    )
    notification_timeout_s: float = Field(
        10.0,
        gt=0,
        le=60,
        description="Seconds that the other side of a notification has to connect, and for each piece of its answer.",
    )
    notification_days: int = Field(
        90, ge=1, le=3660, description="Days that the delivery log keeps messages that were sent or given up."
    )
    report_font: Path | None = Field(
        None,
        description="OpenType or TrueType font for printed reports, for names with characters beyond GB 2312; empty: "
        "the one that is shipped, a subset of Noto Sans CJK SC.",
    )

    def sqlite_path(self) -> Path:
        """Return where the embedded database is."""
        return self.data_dir.resolve() / "plumewatch.db"

    def keys_folder(self) -> Path:
        """Return where the site's own keys are."""
        return self.authority_dir or self.data_dir.resolve() / "authority"

    def sqlalchemy_url(self) -> str:
        """Return the database address in SQLAlchemy's form, with the driver named."""
        url = self.database_url.get_secret_value()
        if not url:
            return f"sqlite:///{self.sqlite_path()}"
        for prefix in ("postgresql://", "postgres://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        return url
