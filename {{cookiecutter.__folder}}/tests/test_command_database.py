"""Commands that use the database: one line for what goes wrong with it."""

from types import ModuleType

import pytest

# {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
from app.commands import jobs, outbox

COMMANDS = [jobs, outbox]
# {% endif %}
# {% if cookiecutter.broker != "none" and cookiecutter.interface == "api" %}
from app.commands import outbox

COMMANDS = [outbox]
# {% endif %}
# {% if cookiecutter.broker == "none" %}
from app.commands import jobs

COMMANDS = [jobs]
# {% endif %}


@pytest.mark.usefixtures("clean_environment")
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:////nowhere/service.db", "there is no folder /nowhere "),
        ("sqlite:///empty.db", ".*do its tables need `just migrate`"),
    ],
)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.__name__)
def test_a_database_that_is_not_there_or_empty_is_one_line(
    monkeypatch: pytest.MonkeyPatch, command: ModuleType, url: str, reason: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SystemExit, match=rf"^DATABASE_URL: {reason}") as caught:
        command.main([])
    assert len(str(caught.value).splitlines()) == 1
