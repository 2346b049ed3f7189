"""Settings are read whole, or refused with a line for each fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from service.settings import Settings, SettingsError, load_settings, settings_table, variable


def problems(environ: dict[str, str], **overrides: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ, **overrides)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_everything_has_a_default() -> None:
    settings = load_settings({})
    assert settings.database_url is None
    assert settings.listen == "127.0.0.1:50051"
    assert settings.workers == 1
    assert settings.data_dir.is_absolute()


def test_pictures_are_kept_in_a_folder_or_a_bucket() -> None:
    assert load_settings({"FONOTECA_DATA_DIR": "/data"}).artwork_store_place == "/data/artwork"
    for value, place in (("/art", "/art"), ("s3://bucket/art", "s3://bucket/art")):
        assert load_settings({"FONOTECA_ARTWORK_STORE": value}).artwork_store_place == place
    for value in ("ftp://host/art", "s3://"):
        with pytest.raises(SettingsError, match="must be a folder, s3://"):
            load_settings({"FONOTECA_ARTWORK_STORE": value})


def test_media_roots_are_a_list_of_folders() -> None:
    settings = load_settings({"FONOTECA_MEDIA_ROOTS": "/music::~/more"})
    assert settings.media_roots == (Path("/music"), Path("~/more").expanduser())
    assert (settings.reading_processes, load_settings({}).reading_processes) == (1, 0)
    assert settings.media_store_dir == settings.data_dir / "media"
    assert problems({"FONOTECA_INGEST_WORKERS": "2"}) == [
        "FONOTECA_INGEST_WORKERS needs FONOTECA_MEDIA_ROOTS: there is nothing to read"
    ]


def test_values_come_from_the_environment() -> None:
    settings = load_settings(
        {
            "DATABASE_URL": "host=db dbname=fonoteca",
            "FONOTECA_WORKERS": "4",
            "FONOTECA_DRAIN_DELAY": "0.5",
            "FONOTECA_REFLECTION": "false",
            "FONOTECA_DATA_DIR": "~/music",
            "PATH": "/bin",
        }
    )
    assert settings.database_url == "host=db dbname=fonoteca"
    assert settings.workers == 4
    assert settings.drain_delay == 0.5
    assert settings.reflection is False
    assert settings.data_dir == Path.home() / "music"


def test_options_win_and_none_is_no_option() -> None:
    environ = {"FONOTECA_WORKERS": "4", "FONOTECA_LISTEN": "0.0.0.0:1"}
    settings = load_settings(environ, workers=2, listen=None)
    assert settings.workers == 2
    assert settings.listen == "0.0.0.0:1"


def test_an_empty_variable_is_unset() -> None:
    assert load_settings({"FONOTECA_WORKERS": "", "DATABASE_URL": ""}) == load_settings({})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_settings({}).workers = 2


def test_an_unknown_variable_is_refused_with_a_guess() -> None:
    assert problems({"FONOTECA_WORKRS": "2"}) == [
        "FONOTECA_WORKRS is not a setting: did you mean FONOTECA_WORKERS?"
    ]
    assert problems({"FONOTECA_DATABASE_URL": "x"}) == [
        "FONOTECA_DATABASE_URL is not a setting: did you mean DATABASE_URL?"
    ]
    assert problems({"FONOTECA_": "2"}) == ["FONOTECA_ is not a setting: see `fonoteca settings`"]


def test_all_faults_are_reported_at_once() -> None:
    found = problems({"FONOTECA_WORKERS": "x", "FONOTECA_LOG_FORMAT": "xml", "FONOTECA_OTHER": "1"})
    assert len(found) == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("listen", "50051"),
        ("listen", ":50051"),
        ("listen", "::1:50051"),
        ("listen", "host:port"),
        ("listen", "host:65536"),
        ("listen", "unix:"),
        ("metrics_listen", "unix:/run/metrics.sock"),
        ("workers", "0"),
        ("workers", "1.5"),
        ("pool_timeout", "0"),
        ("pool_timeout", "nan"),
        ("drain_delay", "-1"),
        ("log_level", "LOUD"),
        ("reflection", "perhaps"),
        ("max_receive_bytes", "12"),
        ("tls_cert", "/nowhere/cert.pem"),
    ],
)
def test_a_bad_value_names_its_variable_and_itself(field: str, value: str) -> None:
    (problem,) = problems({variable(field): value})
    assert problem.startswith(f"{variable(field)}={value}: ")


@pytest.mark.parametrize("listen", ["h:0", "127.0.0.1:1", "[::1]:65535", "unix:/x", "unix:rel"])
def test_addresses(listen: str) -> None:
    assert load_settings({"FONOTECA_LISTEN": listen}).listen == listen


def test_a_bad_database_url_is_not_repeated() -> None:
    (problem,) = problems({"DATABASE_URL": "mysql://user:hush@host/db"})
    assert problem.startswith("DATABASE_URL: ")
    assert "hush" not in problem


def test_the_password_is_not_shown() -> None:
    assert "hush" not in repr(load_settings({"DATABASE_URL": "postgresql://u:hush@h/db"}))


@pytest.mark.parametrize(
    "environ",
    [
        {"FONOTECA_POOL_MIN_SIZE": "11"},
        {"FONOTECA_POOL_TIMEOUT": "61"},
        {"FONOTECA_LOCK_TIMEOUT": "91"},
        {"FONOTECA_STATEMENT_TIMEOUT": "3601"},
        {"FONOTECA_MAX_DEADLINE": "3601"},
        {"FONOTECA_WORKERS": "2", "FONOTECA_LISTEN": "unix:/run/f.sock"},
        {"FONOTECA_METRICS_LISTEN": "127.0.0.1:50051"},
        {"FONOTECA_TLS_CERT": __file__},
        {"FONOTECA_TLS_KEY": __file__},
    ],
)
def test_values_that_contradict_each_other_are_refused(environ: dict[str, str]) -> None:
    (problem,) = problems(environ)
    assert all(name in problem for name in environ)


def test_tls_needs_certificate_and_key() -> None:
    client_ca = {"FONOTECA_TLS_CLIENT_CA": __file__}
    assert "FONOTECA_TLS_CERT" in problems(client_ca)[0]
    pair = {"FONOTECA_TLS_CERT": __file__, "FONOTECA_TLS_KEY": __file__}
    assert load_settings(pair | client_ca).tls_client_ca == Path(__file__)


def test_the_session_is_left_to_the_role_behind_pgbouncer() -> None:
    options = load_settings({"FONOTECA_LOCK_TIMEOUT": "1.5"}).session_options
    assert "-c lock_timeout=1500" in options
    assert "-c jit=off" in options
    assert load_settings({"FONOTECA_PGBOUNCER": "1"}).session_options == ""


def test_root_keeps_its_data_out_of_its_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert load_settings({}).data_dir == Path("/var/lib/fonoteca")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/home/ada/.local/share")
    assert load_settings({}).data_dir.name == "fonoteca"


def test_every_setting_is_described_and_has_a_valid_default() -> None:
    assert [row.field for row in settings_table()] == list(Settings.model_fields)
    assert all(row.meaning.endswith((".", "`.")) and row.default for row in settings_table())
    defaults: dict[str, Any] = {
        name: value for name, value in load_settings({}).model_dump().items() if value is not None
    }
    assert Settings(**defaults) == load_settings({})
