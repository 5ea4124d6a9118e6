"""Settings come from the environment, and a slip of the pen is told."""

import re
from pathlib import Path

import pytest

from web import settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"


def test_without_any_variable_everything_has_a_value(tmp_path):
    loaded = settings.load({"PUJIANG_DATA_DIR": str(tmp_path)})
    assert loaded.port == 8000
    assert loaded.database_url == f"sqlite:///{tmp_path / 'pujiang.db'}"


def test_a_database_that_is_named_is_taken_as_it_is():
    assert settings.load({"PUJIANG_DATABASE_URL": "sqlite:///other.db"}).database_url == "sqlite:///other.db"


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PUJIANG_PORT", "eighty", "a whole number from 0 to 1,000,000"),
        ("PUJIANG_PORT", "²", "a whole number from 0 to 1,000,000"),
        ("PUJIANG_THREADS", "-1", "a whole number from 1 to 1,000,000"),
        ("PUJIANG_HISTORY_DAYS", "99999999999", "a whole number from 0 to 1,000,000"),
        ("PUJIANG_PORT", "70000", "a port from 0 to 65535"),
        ("PUJIANG_DATA_DIR", __file__, "a folder"),
        ("PUJIANG_DATA_DIR", " ", "a folder"),
        ("PUJIANG_DEMO", "perhaps", "1 or 0"),
        ("PUJIANG_BROKER_URL", "http://broker", "an address such as amqp://user:password@host// or redis://host/0"),
        ("PUJIANG_BROKER_QUEUES", "letters", "pairs of topic and queue such as 'send-*=letters, archive=slow'"),
        ("PUJIANG_SIGN_IN_LIMIT", "ten a day", "a rate such as '10 per minute'"),
        ("PUJIANG_LIMITS_STORAGE", "redsi://cache", "memory:// or an address such as redis://host:6379"),
        ("PUJIANG_LIMITS_STORAGE", "cache:6379", "memory:// or an address such as redis://host:6379"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_by_name(variable, text, expected):
    with pytest.raises(
        settings.InvalidSetting, match=re.escape(f"Expected {variable} to be {expected}, but it is '{text}'")
    ):
        settings.load({variable: text})


def test_a_key_that_could_be_guessed_is_refused_and_not_shown():
    with pytest.raises(settings.InvalidSetting) as refused:
        settings.load({"PUJIANG_SECRET_KEY": "county"})
    assert str(refused.value) == "Expected PUJIANG_SECRET_KEY to be 32 random characters or more, but it has 6."


def test_a_variable_that_does_not_exist_is_refused():
    given = {"PUJIANG_DATABASE_ULR": "sqlite:///x.db", "PUJIANG_COLOUR": "red"}
    with pytest.raises(settings.InvalidSetting) as refused:
        settings.load(given)
    colour, database = str(refused.value).splitlines()
    assert database == "Expected a setting, but PUJIANG_DATABASE_ULR is none: is PUJIANG_DATABASE_URL meant?"
    assert colour.startswith("Expected a setting, but PUJIANG_COLOUR is none: there are PUJIANG_BROKER_QUEUES, ")


def test_a_wheel_brings_the_client_of_whatever_storage_limits_may_count_in():
    text = (Path(__file__).parents[2] / "setup.cfg").read_text("utf-8")
    always = text[text.index("install_requires =") : text.index("[options.packages.find]")]
    assert re.search(r"^    limits\[redis\] ", always, flags=re.MULTILINE)


def test_the_secret_key_is_made_once_and_kept_from_others(tmp_path):
    loaded = settings.load({"PUJIANG_DATA_DIR": str(tmp_path / "new")})
    key = settings.secret_key(loaded)
    assert len(key) > 40
    assert settings.secret_key(loaded) == key
    assert (tmp_path / "new" / "secret-key").stat().st_mode & 0o077 == 0


def test_every_setting_is_documented():
    text = DOCUMENT.read_text("utf-8")
    for setting in settings.SETTINGS:
        default = f"`{setting.default}`" if setting.default else ""
        assert f"| `{setting.variable}` | {default} | {setting.meaning} |" in text


def test_every_setting_has_its_field():
    assert [setting.name for setting in settings.SETTINGS] == list(settings.Settings.__dataclass_fields__)
