"""Settings come from the environment; this table is all of them (docs/settings.md repeats it, and a test holds it)."""

from __future__ import annotations

import difflib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from limits import parse_many

from web.logs import FORMATS

PREFIX = "PUJIANG_"


class InvalidSetting(Exception):
    """A variable of the environment cannot be used: says which, what was expected and what is."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of the environment: `read` turns its text into the value, or raises ValueError."""

    name: str
    default: str
    meaning: str
    read: Callable[[str], Any] = str

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()


def _boolean(text: str) -> bool:
    try:
        return {
            "1": True,
            "yes": True,
            "true": True,
            "on": True,
            "0": False,
            "no": False,
            "false": False,
            "off": False,
            "": False,
        }[text.strip().lower()]
    except KeyError:
        raise ValueError("1 or 0") from None


_MOST = 1_000_000
"""Beyond any number that is meant, and days of it still lead to a date."""


def _count(text: str, least: int = 0) -> int:
    digits = text.strip()
    if not digits.isdecimal() or len(digits) > len(str(_MOST)) or not least <= int(digits) <= _MOST:
        raise ValueError(f"a whole number from {least} to {_MOST:,}")
    return int(digits)


def _log_format(text: str) -> str:
    if text not in FORMATS:
        raise ValueError(" or ".join(FORMATS))
    return text


def _at_least_one(text: str) -> int:
    return _count(text, 1)


def _port(text: str) -> int:
    number = _count(text)
    if number > 65535:
        raise ValueError("a port from 0 to 65535")
    return number


def _days(text: str) -> timedelta | None:
    return timedelta(days=_count(text)) if text.strip() else None


def _port_or_none(text: str) -> int | None:
    return _port(text) if text.strip() else None


def _folder(text: str) -> Path:
    """It need not be there; a file of that name is none."""
    if not text.strip() or (Path(text).exists() and not Path(text).is_dir()):
        raise ValueError("a folder")
    return Path(text)


SHORTEST_KEY = 32
"""Characters of a key that nobody guesses; whoever has it can sign in as anybody."""


def _key(text: str) -> str:
    if text and len(text) < SHORTEST_KEY:
        raise ValueError(f"{SHORTEST_KEY} random characters or more")
    return text


BROKERS = ("amqp", "amqps", "redis", "rediss", "sentinel")


def _broker(text: str) -> str:
    if text and text.partition("://")[0] not in BROKERS:
        raise ValueError("an address such as amqp://user:password@host// or redis://host/0")
    return text


def _queues(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if any(not (topic.strip() and queue.strip()) for topic, _, queue in pairs):
        raise ValueError("pairs of topic and queue such as 'send-*=letters, archive=slow'")
    return tuple((topic.strip(), queue.strip()) for topic, _, queue in pairs)


def _rates(text: str) -> str:
    try:
        parse_many(text)
    except ValueError:
        raise ValueError("a rate such as '10 per minute'") from None
    return text


STORAGES = ("memory", "redis", "rediss", "redis+unix", "redis+sentinel", "redis+cluster")


def _storage(text: str) -> str:
    scheme, separator, _ = text.partition("://")
    if not separator or scheme not in STORAGES:
        raise ValueError("memory:// or an address such as redis://host:6379")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


SETTINGS: tuple[Setting, ...] = (
    Setting("data_dir", "var", "Folder of the database and of the secret key, made when it is missing", _folder),
    Setting("database_url", "", "postgresql://… or sqlite:///…; empty: SQLite, pujiang.db in the data folder"),
    Setting(
        "pool_size", "16", "Connections of one process to PostgreSQL: its threads, and a few to spare", _at_least_one
    ),
    Setting(
        "secret_key", "", "Signs sessions, 32 characters or more; empty: one is made and kept in the data folder", _key
    ),
    Setting("host", "127.0.0.1", "Address the server listens on"),
    Setting("port", "8000", "Port the server listens on", _port),
    Setting("threads", "8", "Requests served at the same time", _at_least_one),
    Setting("job_threads", "4", "Jobs that one process runs at the same time", _at_least_one),
    Setting(
        "job_minutes", "15", "Minutes that an attempt of a handler may take where no timeLimit says so", _at_least_one
    ),
    Setting("external_topics", "", "Topics that are left to external workers, such as scan, print", _names),
    Setting("stop_seconds", "20", "Seconds that a process which is told to stop gives what it is at", _count),
    Setting(
        "broker_url", "", "Address of RabbitMQ or Redis, for Celery's workers to run jobs; empty: no broker", _broker
    ),
    Setting(
        "broker_queues",
        "",
        "Queues of the broker by topic, such as send-*=letters, archive=slow; the first that fits, else pujiang",
        _queues,
    ),
    Setting("proxies", "0", "Trusted proxies in front, for the visitor's address and https", _count),
    Setting("monitor_host", "127.0.0.1", "Address at which a process answers /healthz, /readyz and /metrics"),
    Setting("monitor_port", "", "Its port; empty: none", _port_or_none),
    Setting("monitor_token", "", "Asked for before /metrics is shown, as a bearer token; empty: nothing is asked for"),
    Setting("log_format", "text", "How the log is written: text for people, json for programs", _log_format),
    Setting("demo", "0", "1: a demonstration's sign-ins on the sign-in page, and a page to move its clock", _boolean),
    Setting("history_days", "", "Days that a history is kept after its end; empty: for good", _days),
    Setting(
        "office_name",
        "Pujiang County Petition Office",
        "Name of the office, on the first page and at the foot of every page",
    ),
    Setting("session_hours", "10", "Hours without a request after which a person is signed out", _count),
    Setting("cookie_secure", "0", "1: cookies go over https only (set it wherever https is in front)", _boolean),
    Setting("sign_in_limit", "10 per minute", "Wrong sign-ins from one address", _rates),
    Setting("look_up_limit", "20 per minute", "Wrong look-ups by number and query code from one address", _rates),
    Setting("hand_in_limit", "30 per hour", "Petitions handed in from one address", _rates),
    Setting(
        "limits_storage",
        "memory://",
        "Where the limits count: memory:// for one server, redis://… for many",
        _storage,
    ),
    Setting("max_request_kib", "2048", "Largest request taken, in KiB (uploads of diagrams included)", _count),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force; see `SETTINGS` for what each means."""

    data_dir: Path
    database_url: str
    pool_size: int
    secret_key: str
    host: str
    port: int
    threads: int
    job_threads: int
    job_minutes: int
    external_topics: tuple[str, ...]
    stop_seconds: int
    broker_url: str
    broker_queues: tuple[tuple[str, str], ...]
    proxies: int
    monitor_host: str
    monitor_port: int | None
    monitor_token: str
    log_format: str
    demo: bool
    history_days: timedelta | None
    office_name: str
    session_hours: int
    cookie_secure: bool
    sign_in_limit: str
    look_up_limit: str
    hand_in_limit: str
    limits_storage: str
    max_request_kib: int


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this environment, the database's address filled in.

    Raises:
        InvalidSetting: a value cannot be read, or a variable with our prefix is none of ours (a slip of the pen would
            otherwise pass unnoticed).
    """
    known = sorted(setting.variable for setting in SETTINGS)
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise InvalidSetting("\n".join(_misspelt(variable, known) for variable in unknown))
    values = {setting.name: _read(setting, environ) for setting in SETTINGS}
    if not values["database_url"]:
        values["database_url"] = f"sqlite:///{(values['data_dir'] / 'pujiang.db').absolute()}"
    return Settings(**{field.name: values[field.name] for field in fields(Settings)})


def secret_key(settings: Settings) -> str:
    """The key that signs sessions: the one that is set, else the one kept in the data folder, made when missing."""
    if settings.secret_key:
        return settings.secret_key
    path = key_file(settings)
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _keep_new_key(path)
    return path.read_text("ascii")


def key_file(settings: Settings) -> Path:
    """Where the key is kept that was made because none was set."""
    return settings.data_dir / "secret-key"


def _keep_new_key(path: Path) -> None:
    """Written beside and linked into place, so that two servers that start together end up with one whole key."""
    own = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(own, path)
    except FileExistsError:
        pass
    finally:
        own.unlink()


def _misspelt(variable: str, known: Sequence[str]) -> str:
    names = {each.removeprefix(PREFIX): each for each in known}
    meant = difflib.get_close_matches(variable.removeprefix(PREFIX), names, n=1)
    right = f"is {names[meant[0]]} meant?" if meant else f"there are {', '.join(known)}."
    return f"Expected a setting, but {variable} is none: {right}"


def _read(setting: Setting, environ: Mapping[str, str]) -> Any:
    text = environ.get(setting.variable, setting.default)
    try:
        return setting.read(text)
    except ValueError as error:
        found = f"it has {len(text)}" if setting.name == "secret_key" else f"it is '{text}'"
        raise InvalidSetting(f"Expected {setting.variable} to be {error}, but {found}.") from None
