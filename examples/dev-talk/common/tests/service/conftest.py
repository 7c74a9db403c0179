"""What tests of every service of Dev Talk begin with."""

from uuid import uuid4

import pytest


@pytest.fixture(autouse=True)
def own_surroundings(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Share the store with no other test, and hash passwords quickly, wherever that is done."""
    del clean_environment
    monkeypatch.setattr("app.shared.redis_store.PREFIX", f"test-{uuid4().hex}:")
    monkeypatch.setenv("PASSWORD_MEMORY_KIB", "8")
    monkeypatch.setenv("PASSWORD_ROUNDS", "1")
