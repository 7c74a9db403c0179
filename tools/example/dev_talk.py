"""The sample system Dev Talk: users, articles, comments and a gateway, or all of them in one."""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from tools.servers import ensure
from tools.showing import Service, find_port, run, say
from tools.system import build, read
from tools.system.environments import prepare

ROOT = Path(__file__).parents[2]
FILES = ROOT / "examples" / "dev-talk"
API = ("-m", "gunicorn", "-c", "app/core/gunicorn_config.py", "app.main:app")
WORKER = ("-m", "app.worker_main")
MIGRATE = ("-m", "alembic", "upgrade", "heads")
OWNERS = ("auth", "articles", "comments")
# The gateway is told by these where they are.
PLACES = {"auth": "USERS_URL", "articles": "ARTICLES_URL", "comments": "COMMENTS_URL"}
CREATE = """
import asyncio, sys
import asyncmy
from urllib.parse import unquote, urlsplit

async def main(place, name):
    url = urlsplit(place)
    server = {"host": url.hostname, "port": url.port or 3306}
    login = {"user": unquote(url.username or ""), "password": unquote(url.password or "")}
    async with asyncmy.connect(**server, **login) as connection, connection.cursor() as cursor:
        await cursor.execute("SHOW DATABASES LIKE %s", (name.replace("_", "\\_"),))
        if not await cursor.fetchone():
            await cursor.execute(f"CREATE DATABASE {name}")

asyncio.run(main(*sys.argv[1:]))
"""


def show(*, broker: str = "kafka", once: bool, single: bool = False) -> None:
    """Make the system, start it, and show somebody who publishes and somebody who comments."""
    file = FILES / ("single.yml" if single else "system.yml")
    folder = build(file, say=say)
    with ExitStack() as stack:
        starting = start_single(folder) if single else start_four(folder, broker)
        services = []
        for service in starting:
            stack.callback(service.stop)
            services.append(service)
        show_articles(services[-1])
        if not once:
            stay(services)
    say("\nDone: all have stopped cleanly." if once else "\nStopped.")


def start_single(folder: Path) -> Iterator[Service]:
    """Start the one process, which needs no server."""
    say("Starting users, articles and comments in one process ...")
    service = folder / "dev-talk"
    yield Service(service, [prepare(service), *API], port=find_port(8000), WORKERS="1")


def start_four(folder: Path, broker: str) -> Iterator[Service]:
    """Start the services on their servers, and the gateway at last."""
    servers = read(FILES / "system.yml").list_servers(broker)
    say(f"Finding or starting {', '.join(servers[:-1])} and {servers[-1]} ...")
    urls = ensure(servers, report=say)
    common = {"BROKER_URL": urls[broker], "REDIS_URL": urls["redis"], "WORKERS": "1"}
    ports = {name: find_port(8001 + number) for number, name in enumerate(OWNERS)}
    keys = f"http://127.0.0.1:{ports['auth']}/.well-known/jwks.json"
    common |= {"AUTH_JWKS_URL": keys, "AUTH_ISSUER": "dev-talk", "AUTH_AUDIENCE": "dev-talk"}
    say("Creating their databases and tables, and starting them ...")
    for name in OWNERS:
        variables = {**common, "DATABASE_URL": create_database(folder / name, urls["mariadb"])}
        python = prepare(folder / name)
        run([python, *MIGRATE], folder / name, **variables)
        variables["WORKER_HEALTH_PORT"] = str(find_port(0))
        # The worker listens there on nothing, but has to be told the same.
        yield Service(folder / name, [python, *WORKER], port=ports[name], **variables)
        yield Service(folder / name, [python, *API], port=ports[name], **variables)
    gateway = folder / "gateway"
    places = {PLACES[name]: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    yield Service(gateway, [prepare(gateway), *API], port=find_port(8000), **common, **places)


def create_database(service: Path, server: str) -> str:
    """Return the URL of a service's database, made if it is not there."""
    name = f"dev_talk_{service.name}"
    run([prepare(service), "-c", CREATE, server, name], service)
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def show_articles(entrance: Service) -> None:
    """Let one user publish, and another one follow, read and comment."""
    entrance.wait_for("all services", lambda: entrance.ask("/health/ready"))
    for path in ("/api/tags", "/api/articles/nothing/comments"):
        entrance.wait_for(path, partial(answers, entrance, path))
    ann, ben = (register(entrance, name) for name in ("ann", "ben"))
    article = {
        "title": f"How to talk {secrets.token_hex(3)}",
        "description": "In short",
        "body": "Listen first.",
        "tagList": ["talk"],
    }
    slug = tell(entrance, "POST", "/api/articles", ann, {"article": article})["article"]["slug"]
    tell(entrance, "POST", f"/api/profiles/{ann['username']}/follow", ben)
    feed = tell(entrance, "GET", "/api/articles/feed", ben)
    say(f"    {feed['articlesCount']} article: {feed['articles'][0]['title']}")
    comment = {"comment": {"body": "Well said."}}
    tell(entrance, "POST", f"/api/articles/{slug}/comments", ben, comment)
    tell(entrance, "POST", f"/api/articles/{slug}/favorite", ben)
    comments = tell(entrance, "GET", f"/api/articles/{slug}/comments", ann)
    for each in comments["comments"]:
        say(f"    {each['author']['username']}: {each['body']}")


def answers(entrance: Service, path: str) -> bool:
    """Tell whether somebody answers, if only that there is no such thing."""
    try:
        entrance.ask(path)
    except HTTPError as error:
        return error.code == HTTPStatus.NOT_FOUND
    return True


def register(entrance: Service, name: str) -> dict[str, Any]:
    """Register somebody under a name that nobody has."""
    username = f"{name}-{secrets.token_hex(3)}"
    user = {"username": username, "email": f"{username}@example.com", "password": "correct horse"}
    return dict(tell(entrance, "POST", "/api/users", None, {"user": user})["user"])


def tell(
    entrance: Service,
    method: str,
    path: str,
    user: Mapping[str, Any] | None,
    body: dict[str, Any] | None = None,
) -> Any:
    """Send a request, and show it."""
    who = f"{user['username']}: " if user else ""
    say(f"\n  {who}{method} {path} {json.dumps(body) if body else ''}".rstrip())
    return entrance.ask(path, body, method=method, token=user["token"] if user else None)


def stay(services: list[Service]) -> None:
    """Show what is logged, until Ctrl-C."""
    entrance = services[-1]
    page = "/docs" if len(services) == 1 else "/api/docs"
    say(f"\n  Try it: {entrance.address}{page}    Stop it: Ctrl-C\n")
    for service in services:
        service.shows_lines = True
    with suppress(KeyboardInterrupt):
        entrance.stay()
