"""The settings themselves."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from service.errors import SettingsError
from service.settings.sources import Given, gather
from service.settings.words import FORMATS, Setting

__all__ = ["SETTINGS", "Effective", "Settings", "shipped_artifacts", "usable_cores"]


def usable_cores() -> int:
    """Count the processor cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)  # macOS has none
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def shipped_artifacts() -> Path:
    """Return the folder of artifacts that comes with the package: in it when installed, else beside it."""
    package = Path(__file__).parents[1]
    installed = package / "model_artifacts"
    return installed if installed.is_dir() else package.parent / "model_artifacts"


def _known_formats(listed: str) -> str:
    """Refuse a list that names a format which cannot be read."""
    names = [name.strip() for name in listed.split(",")]
    if not set(names) <= set(FORMATS):
        raise ValueError(listed)
    return ",".join(names)


class Effective(NamedTuple):
    """One setting as it took effect.

    Attributes:
        name: as in Settings.
        value: a number, a string, true, false or None; asterisks for a secret.
        source: "default", or the flag, the environment variable or the file that it came from.
    """

    name: str
    value: float | str | bool | None
    source: str


class _Origin(NamedTuple):
    """Where settings came from.

    Attributes:
        sources: of each value, by the setting's name.
        gather_again: gathers the same settings anew.
    """

    sources: dict[str, str]
    gather_again: "Callable[[], Settings]"


class Settings(BaseModel):
    """What one may choose about a running service."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="Listen on this address.")
    port: int = Field(8000, ge=0, le=65_535, description="Listen on this port; 0 takes a free one.")
    workers: int = Field(
        default_factory=usable_cores,
        ge=1,
        description="Serve with so many processes.",
        json_schema_extra={"default": "the cores one may use"},
    )
    threads: int = Field(4, ge=1, le=64, description="Answer so many requests at once in each process.")
    max_waiting: int = Field(
        256,
        ge=1,
        le=100_000,
        description="Let so many requests wait for a thread in each process; turn others away at once.",
    )
    max_waiting_seconds: float = Field(
        5, ge=0.01, le=600, description="Turn a request away that has waited so long for a thread."
    )
    models: Path = Field(
        default_factory=shipped_artifacts,
        description="Find the artifacts in this folder, <name>/<version>.npz.",
        json_schema_extra={"default": "the shipped artifacts"},
    )
    watch_seconds: float = Field(
        2,
        ge=0,
        le=3600,
        description="Look so often whether artifacts have changed, and serve them; 0 leaves that to SIGHUP.",
    )
    model: str = Field(
        "wide", description='Classify with this model, "name" or "name@version", where none is named.'
    )
    reject_below: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Reject where no activation reaches this; 0 is off, none takes the artifact's.",
    )
    max_body_bytes: int = Field(
        16 * 1024 * 1024, ge=1, description="Read request bodies of at most so many bytes."
    )
    max_side_pixels: int = Field(4096, ge=1, description="Read pictures of at most so many pixels a side.")
    max_pixels: int = Field(4096 * 4096, ge=1, description="Read pictures of at most so many pixels in all.")
    max_pixels_at_once: int = Field(
        2 * 4096 * 4096,
        ge=1,
        description="Decode large pictures of at most so many pixels together in each process; others wait.",
    )
    formats: Annotated[str, AfterValidator(_known_formats)] = Field(
        "png",
        description="Read pictures of these formats.",
        json_schema_extra={"format": "formats"},
    )
    drain_seconds: float = Field(
        3, ge=0, le=600, description="Keep answering for so long after SIGTERM, while readiness says 503."
    )
    timeout_seconds: int = Field(
        30,
        ge=1,
        le=3600,
        description="Cut a request that has not arrived, and end a process that hangs, after so long.",
    )
    graceful_seconds: int = Field(
        30, ge=1, le=3600, description="Let requests finish for so long at the end."
    )
    keepalive_seconds: int = Field(5, ge=1, le=3600, description="Keep an idle connection open for so long.")
    api_keys: SecretStr | None = Field(
        None, description="Answer only to these keys, one a line: the key, or a name, a space and the key."
    )
    lock_metrics: bool = Field(default=False, description="Ask for a key at /metrics too.")
    allow_open: bool = Field(default=False, description="Serve beyond this machine without keys.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Log what is at least this important."
    )
    metrics_folder: Path | None = Field(
        None, description="Let the processes share their counters here; none makes a fresh folder in memory."
    )

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)
    _gather_again: Callable[[], "Settings"] | None = PrivateAttr(None)

    @field_validator("*", mode="before")
    @classmethod
    def _take_booleans_for_switches_alone(cls, value: object, info: ValidationInfo) -> object:
        """Refuse true where a number is meant, which pydantic takes for 1."""
        if isinstance(value, bool) and not SETTINGS[str(info.field_name)].switch:
            raise ValueError(value)
        return value

    @classmethod
    def load(
        cls,
        flags: Mapping[str, object] = MappingProxyType({}),
        environ: Mapping[str, str] = os.environ,
        file: Path | None = None,
    ) -> Self:
        """Gather and check every setting; a flag wins over the environment, that over the file.

        Args:
            flags: by the setting's name; None is not given.
            environ: what does not begin with DIGITS_ is ignored.
            file: TOML, one member a setting; without one, the file that DIGITS_CONFIG names.

        Raises:
            SettingsError: a setting that is unknown, out of bounds or given twice, or a file that cannot be
                read.
        """
        given = gather(SETTINGS, flags, environ, file)
        sources = {name: value.source for name, value in given.items()}
        origin = _Origin(sources, partial(cls.load, flags, environ, file))
        try:
            return cls.model_validate({name: value.value for name, value in given.items()}, context=origin)
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0])
            raise _refusal(SETTINGS[name], given[name]) from error

    def reread(self) -> "Settings":
        """Gather the same settings anew: flags and environment are as they were, files may have changed.

        Raises:
            SettingsError: as load does.
        """
        return self if self._gather_again is None else self._gather_again()

    def model_post_init(self, context: "_Origin | None", /) -> None:
        """Remember where each value came from."""
        if context is None:
            self._sources = dict.fromkeys(self.model_fields_set, "argument")
        else:
            self._sources, self._gather_again = context

    def effective(self) -> tuple[Effective, ...]:
        """List every setting with its value and where that came from, secrets masked."""
        values = self.model_dump(mode="json").items()
        return tuple(Effective(name, value, self._sources.get(name, "default")) for name, value in values)

    def refuse_strangers(self) -> None:
        """Stop a service that other machines could reach and that asks nobody for a key.

        Raises:
            SettingsError: it would, and allow_open does not permit it.
        """
        if not (self.allow_open or self.api_keys or _is_loopback(self.host)):
            raise SettingsError(
                f"host {self.host} can be reached from other machines and there are no keys; give "
                f"{SETTINGS['api_keys'].flag}, or {SETTINGS['allow_open'].flag} to serve everybody"
            )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {name: Setting.of(name, schema) for name, schema in Settings.model_json_schema()["properties"].items()}
)
"""The list of settings in words, by name: what documents, flags and messages are made from."""


def _refusal(setting: Setting, given: Given) -> SettingsError:
    shown = "" if setting.secret else f"{given.value!r} "
    return SettingsError(f"{setting.name} {shown}({given.source}) is not allowed; give {setting.allowed}")
