"""The connections that the database allows, shared by all processes of the service."""

import pytest

from app.core.config import load_core_settings
from app.core.errors import SettingsError


def test_every_process_gets_its_share_of_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    # {% if cookiecutter.interface != "worker" %}
    monkeypatch.setenv("WORKERS", "1")
    # {% endif %}
    monkeypatch.setenv("REPLICAS", "3")
    assert load_core_settings().share_connections() == 6
# {% if cookiecutter.interface != "worker" %}


def test_the_processes_of_a_replica_share_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLICAS", "3")
    monkeypatch.setenv("WORKERS", "2")
    assert load_core_settings().share_connections() == 3
# {% endif %}


def test_more_processes_than_connections_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # {% if cookiecutter.interface != "worker" %}
    monkeypatch.setenv("WORKERS", "1")
    # {% endif %}
    monkeypatch.setenv("REPLICAS", "30")
    sentence = r"^DATABASE_CONNECTIONS: 20 cannot be shared by 30 processes \(REPLICAS"
    with pytest.raises(SettingsError, match=sentence):
        load_core_settings()
