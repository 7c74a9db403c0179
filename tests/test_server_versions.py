"""Servers of other versions than the machine's: which ones are meant, and where they come from."""

from pathlib import Path

import pytest

from tests.outages import private_server
from tools.servers import ServerError, ensure, find, releases
from tools.servers.container import Image
from tools.servers.kafka import Kafka
from tools.servers.releases import Release, choose_release, read_version
from tools.servers.versions import (
    NAMES,
    choose_home,
    find_kind,
    find_version,
    read_versions,
)

FOUND = [
    Release("rabbitmq-server", "3.10.8", "bookworm"),
    Release("rabbitmq-server", "4.0.5", "trixie"),
    Release("rabbitmq-server", "4.3.6", "testing"),
    Release("rabbitmq-server", "4.3.6", "unstable"),
]


@pytest.mark.parametrize(
    ("words", "versions"),
    [
        ([], {}),
        (["newest"], dict.fromkeys(NAMES, "newest")),
        (["oldest", "kafka=4.4.0"], dict.fromkeys(NAMES, "oldest") | {"kafka": "4.4.0"}),
        (["redis=valkey", "mariadb=mysql-9.7"], {"redis": "valkey", "mariadb": "mysql-9.7"}),
        (["rabbitmq=3.10", "rabbitmq=4.3"], {"rabbitmq": "4.3"}),
        (["postgresql="], {"postgresql": "newest"}),
    ],
)
def test_words_say_which_versions_are_meant(words: list[str], versions: dict[str, str]) -> None:
    assert read_versions(words) == versions


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("oracle=23", "oracle: no such server; choose from rabbitmq, kafka, "),
        ("NEWEST", "NEWEST: no such server; choose from "),
        ("redis=mysql", "redis=mysql: mysql does not stand for redis"),
        ("postgresql=valkey-9", "postgresql=valkey-9: valkey does not stand for postgresql"),
    ],
)
def test_a_word_that_means_no_server_is_one_sentence(word: str, sentence: str) -> None:
    with pytest.raises(ServerError) as raised:
        read_versions([word])
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("wanted", "number", "suite"),
    [
        ("oldest", "3.10.8", "bookworm"),
        # Nearest to what is stable, where two releases have the same.
        ("newest", "4.3.6", "testing"),
        ("4", "4.3.6", "testing"),
        ("4.0", "4.0.5", "trixie"),
        ("3.10.8", "3.10.8", "bookworm"),
    ],
)
def test_a_series_is_its_newest_version(
    monkeypatch: pytest.MonkeyPatch, wanted: str, number: str, suite: str
) -> None:
    monkeypatch.setattr(releases, "list_releases", lambda _package, _folder: FOUND)
    assert choose_release("rabbitmq-server", wanted, Path()) == Release(
        "rabbitmq-server", number, suite
    )


@pytest.mark.parametrize("wanted", ["5", "3.1", "4.30", "latest", "4.3.6.1"])
def test_a_version_that_nobody_has_is_told_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setattr(releases, "list_releases", lambda _package, _folder: FOUND)
    with pytest.raises(ServerError, match=f"has no {wanted}, only 3.10.8, 4.0.5, 4.3.6$"):
        choose_release("rabbitmq-server", wanted, Path())


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("5:7.0.15-1~deb12u7", "7.0.15"),
        ("1:11.8.9+ds-0+deb13u1", "11.8.9"),
        ("18+293", "18"),
        ("9.7.4-2", "9.7.4"),
        ("8.1.1+dfsg1-3+deb13u3", "8.1.1"),
    ],
)
def test_the_version_of_a_package_is_that_of_its_program(package: str, version: str) -> None:
    assert read_version(package) == version


def test_another_product_stands_for_the_one_that_services_know() -> None:
    assert find_kind("redis", "valkey-8.1").__name__ == "Valkey"
    assert find_kind("redis", "8").__name__ == "Redis"
    assert find_version("valkey-8.1") == "8.1"
    assert find_version("mysql") == "newest"
    assert find_version("8.0") == "8.0"


@pytest.mark.parametrize(
    ("name", "version", "image"),
    [
        ("rabbitmq:4-management", "4.3", "rabbitmq:4.3-management"),
        ("rabbitmq:4-management", "newest", "rabbitmq:management"),
        ("mariadb:11", "10.11", "mariadb:10.11"),
        ("mariadb:11", "newest", "mariadb:latest"),
        ("apache/kafka:4.3.1", "3.9.1", "apache/kafka:3.9.1"),
    ],
)
def test_an_image_of_a_version_keeps_its_flavour(name: str, version: str, image: str) -> None:
    assert Image(name, 1).at(version).name == image


@pytest.mark.parametrize("wanted", ["4.4", "4", "latest", "4.4.0-rc1"])
def test_kafka_is_named_by_three_numbers(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(ServerError, match="three numbers"):
        Kafka(tmp_path).take_version(wanted, tmp_path)


def test_each_choice_of_versions_has_a_place_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERVERS_HOME", raising=False)
    homes = [choose_home(words) for words in ([], ["newest"], ["rabbitmq=4.3", "redis=valkey"])]
    assert [home.name for home in homes] == [
        "servers",
        "servers-newest",
        "servers-rabbitmq-4.3-redis-valkey",
    ]


@pytest.mark.slow
@pytest.mark.weekly
def test_a_server_of_another_version_is_killed_started_and_found_as_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_REDIS_URL", raising=False)
    with private_server("redis", tmp_path, "valkey") as server:
        assert type(server).__name__ == "Valkey"
        assert find(["redis"], home=tmp_path) == {"redis": server.url}
        server.kill()
        assert not server.ready()
        server.start()
        assert server.ready()
        with pytest.raises(ServerError, match=r"^redis: .* runs here, not 8: stop it with "):
            ensure(["redis"], versions={"redis": "8"}, home=tmp_path)
