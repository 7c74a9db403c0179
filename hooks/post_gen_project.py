"""Delete what was not chosen, and print the next steps that fit the answers."""

import json
import os
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

Answers = Mapping[str, object]


@dataclass(frozen=True)
class Feature:
    """A part of the service, when it is chosen, and the paths that it alone needs."""

    name: str
    chosen: Callable[[Answers], bool]
    paths: tuple[str, ...]


def http(answers: Answers) -> bool:
    """Tell whether the service is reached by HTTP."""
    return answers["interface"] != "worker"


def works(answers: Answers) -> bool:
    """Tell whether the service has units of work."""
    return answers["database"] != "none" or answers["broker"] != "none"


def shares(answers: Answers) -> bool:
    """Tell whether there is a place that replicas share."""
    return answers["database"] != "none" or answers["cache"] == "redis"


def consumes(answers: Answers) -> bool:
    """Tell whether the service has handlers for messages."""
    return answers["interface"] != "api" and answers["broker"] != "none"


def schedules(answers: Answers) -> bool:
    """Tell whether the service has jobs: replicas must be able to agree on who runs one."""
    return answers["interface"] != "api" and shares(answers)


def connects(answers: Answers) -> bool:
    """Tell whether the service connects to servers by URLs of their own."""
    chosen = (answers["database"], answers["broker"], answers["cache"])
    return any(choice not in {"none", "sqlite"} for choice in chosen)


def transacts(answers: Answers) -> bool:
    """Tell whether the service emits events in the transactions of a database."""
    return answers["database"] != "none" and answers["broker"] != "none"


CHOSEN: Mapping[str, Callable[[Answers], bool]] = {
    "http": http,
    "worker": lambda answers: answers["interface"] != "api",
    "injection": lambda answers: consumes(answers) or schedules(answers),
    "messages": lambda answers: answers["broker"] != "none",
    "handlers": consumes,
    "jobs": schedules,
    "job-leases": lambda answers: schedules(answers) and answers["database"] != "none",
    "rabbitmq": lambda answers: answers["broker"] in {"both", "rabbitmq"},
    "kafka": lambda answers: answers["broker"] in {"both", "kafka"},
    "servers": connects,
    "database-server": lambda answers: answers["database"] in {"postgresql", "mysql"},
    "postgresql": lambda answers: answers["database"] == "postgresql",
    "database": lambda answers: answers["database"] != "none",
    "database-commands": lambda answers: transacts(answers) or CHOSEN["job-leases"](answers),
    "outbox": transacts,
    "inbox": lambda answers: transacts(answers) and consumes(answers),
    "identities": lambda answers: (
        answers["database"] != "none" or (http(answers) and shares(answers))
    ),
    "transactions": works,
    "units": lambda answers: http(answers) and works(answers),
    "routes": lambda answers: http(answers) and (works(answers) or shares(answers)),
    "keys": lambda answers: http(answers) and shares(answers),
    "lists": lambda answers: http(answers) and answers["database"] != "none",
    "kept": lambda answers: answers["database"] != "none" and (http(answers) or consumes(answers)),
    "limits": lambda answers: http(answers) and answers["cache"] == "redis",
    "cache": lambda answers: answers["cache"] == "redis",
    "github": lambda answers: answers["ci"] == "github",
    "gitlab": lambda answers: answers["ci"] == "gitlab",
    "kubernetes": lambda answers: answers["kubernetes"] is True,
}
# Which paths each of them alone needs; a path of several goes with the first that is not chosen.
TABLE = """
http: **/*request_spans.py app/api app/commands/openapi.py app/core/cpu_quota.py
    app/core/draining_server.py app/core/endpoints.py app/core/gunicorn_config.py
    app/core/http_*.py app/core/management_port.py app/core/middleware.py
    app/core/process_metrics.py app/core/shared_metrics.py app/main.py
    app/services/issuer_keys.py app/services/tokens.py app/web deploy/**/http.json
    deploy/kubernetes/base/api.yaml tests/kit/http.py tests/kit/tokens.py tests/properties
    tests/service/test_items.py tests/test_bearer.py tests/test_body_limit.py
    tests/test_concurrency.py tests/test_cpu_quota.py tests/test_deadline.py tests/test_document.py
    tests/test_draining_server.py tests/test_endpoints.py tests/test_errors.py
    tests/stream_client.py tests/test_failures.py tests/test_head_requests.py tests/test_http_*.py
    tests/test_ids.py tests/test_input_errors.py tests/*issuer*.py
    tests/test_management.py tests/test_middleware.py tests/test_odd_tokens.py
    tests/test_path_parameters.py tests/test_process_metrics.py tests/test_streams.py
    tests/test_handshakes.py tests/test_websockets.py
worker: **/*health_server.py app/tasks app/worker_main.py deploy/kubernetes/base/worker.yaml
injection: app/utils/injection.py tests/test_injection.py
messages: app/*/asyncapi*.py app/*/requests.py app/*/topology.py app/core/message_*.py
    app/domain/events.py app/messages.py app/services/compatibility.py app/services/connection.py
    app/services/memory_broker.py app/services/topics.py app/utils/broker_errors.py
    app/utils/envelope.py app/utils/message_broker.py app/utils/schema_fit.py app/utils/turns.py
    deploy/**/messages.json tests/*broker_*.py tests/asyncapi_*.py tests/holding_handler.py
    tests/kit/events.py tests/kit/requests.py tests/place_contract.py tests/request_contract.py
    tests/rung_contract.py tests/test_asyncapi*.py tests/test_connection.py tests/test_envelope.py
    tests/test_memory_broker.py tests/test_messages.py tests/test_publish_metrics.py
    tests/test_topics.py tests/test_turns.py
handlers: app/*/dead_letter*.py app/services/answering.py app/services/consumption.py
    app/services/decoding.py app/services/delivery.py app/services/handling.py app/services/lag.py
    app/services/outage.py app/tasks/consumer.py app/utils/consumer.py app/utils/sampler.py
    deploy/**/handlers.json deploy/kubernetes/components tests/*delivery*.py
    tests/dead_letter_contract.py tests/test_*_dead_letters.py tests/service/test_consumer.py
    tests/test_consumption.py tests/test_dead_letter*.py tests/outage_kit.py tests/test_lag.py
    tests/test_message_spans.py tests/test_outage*.py tests/*suspect_ends.py
    tests/*suspect_kit.py tests/request_kit.py tests/test_answering.py tests/test_kafka_records.py
    tests/test_requests.py tests/test_sampler.py tests/test_subscription_metrics.py
jobs: app/services/job_scheduler.py app/services/jobs.py app/tasks/worker.py app/utils/jobs.py
    app/utils/schedules.py deploy/**/jobs.json tests/service/test_worker.py tests/test_jobs.py
    tests/test_schedule*.py
job-leases: app/commands/jobs.py app/services/job_clock.py app/services/job_figures.py
    app/services/job_keeper.py app/services/job_leases.py app/services/job_planning.py
    app/services/job_runner.py tests/job_kit.py tests/job_process.py tests/test_job_*.py
    tests/test_jobs_command.py
servers: app/core/server_url.py app/core/tls.py tests/test_server_url.py
database-server: **/*database_url.py app/core/database_tls.py tests/test_database_outages.py
    tests/test_delivery_outages.py tests/ddl_kit.py tests/test_production_ddl.py
    tests/test_server_locks.py tests/wire.py
postgresql: **/*postgresql_hosts.py
rabbitmq: **/*rabbitmq_url.py app/services/rabbitmq app/services/rabbitmq_service.py
    deploy/kubernetes/components/keda/rabbitmq.yaml tests/rabbitmq_*kit.py tests/test_rabbitmq*.py
kafka: **/*kafka_url.py app/services/kafka app/services/kafka_service.py
    deploy/kubernetes/components/keda/kafka.yaml tests/kafka_*.py tests/test_kafka*.py
database: **/*statement_spans.py alembic.ini app/commands/migration.py app/commands/schema.py
    app/core/attempts.py app/database*.py app/domain/models.py app/engine.py app/pagination.py
    app/services/migrations.py app/tables.py deploy/**/database.json
    deploy/kubernetes/base/migration.yaml migrations tests/*unit_of_work*.py tests/kit/database.py
    tests/test_connection_shares.py tests/test_database*.py tests/test_engine.py
    tests/*migration*.py tests/test_attempts.py tests/test_pagination.py tests/test_schema.py
database-commands: app/commands/database.py tests/test_command_database.py
lists: app/database_locks.py app/web/conditions.py tests/*routing*.py tests/test_conditions.py
    tests/test_database_locks.py tests/test_server_locks.py
kept: app/services/retention.py tests/test_retention.py
outbox: app/commands/outbox.py app/services/outbox deploy/**/outbox.json tests/*outbox*.py
inbox: app/services/inbox.py tests/test_handler_units.py tests/test_inbox*.py
identities: app/utils/identity.py tests/test_identity.py
transactions: app/unit_of_work.py
units: app/web/units.py
routes: app/web/routing.py
keys: app/web/idempotency.py app/web/kept_answers.py tests/*idempotency*.py
limits: app/web/rate_limits.py tests/test_rate_limits.py
cache: **/*redis_url.py **/*single_flight.py app/services/memory_cache.py
    app/services/rate_limiter.py app/services/redis*.py app/utils/cache*.py deploy/**/cache.json
    tests/*cache*.py tests/*redis*.py tests/computation.py tests/fetch_contract.py
    tests/*rate_limiter*.py
github: .github
gitlab: .gitlab-ci.yml renovate.json
kubernetes: deploy/kubernetes
"""


def read_table(table: str) -> tuple[Feature, ...]:
    """Return the features of a table of paths, whose rows begin with `name:`."""
    rows = (row.partition(":") for row in re.split(r"\n(?=\w)", table.strip()))
    return tuple(Feature(name, CHOSEN[name], tuple(paths.split())) for name, _, paths in rows)


REMOVALS = read_table(TABLE)

# A service without a database is another service: some files have a second version for it.
VARIANT = ".no_database"

SERVERS = {"rabbitmq": "RabbitMQ", "kafka": "Kafka", "postgresql": "PostgreSQL", "mysql": "MySQL"}
SERVERS |= {"both": "RabbitMQ and Kafka", "redis": "Redis"}
# A library of the lock: its name, its version and hashes, and what needs it.
LOCKED = re.compile(r"^([a-z0-9-]+)(==(?:.*\\\n)+.*\n)((?:    #.*\n)*)", re.MULTILINE)
NEEDS = re.compile(r"# +(?:via )?([a-z0-9-]+)$", re.MULTILINE)


def unwanted(answers: Answers) -> list[str]:
    """List the paths that these answers leave out, each once."""
    paths = (path for feature in REMOVALS if not feature.chosen(answers) for path in feature.paths)
    return list(dict.fromkeys(paths))


def remove(root: Path, paths: Iterable[str]) -> None:
    """Delete paths below root, of which some are patterns, and the folders that this empties."""
    for path in (found for name in paths for found in list(root.glob(name))):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        remove_empty_folders(root, path.parent)


def choose_variants(root: Path, answers: Answers) -> None:
    """Keep one version of every file that has two."""
    for other in list(root.rglob(f"*{VARIANT}.py")):
        if answers["database"] == "none":
            other.replace(other.with_name(other.name.replace(VARIANT, "")))
        other.unlink(missing_ok=True)


def select_locked(root: Path) -> None:
    """Leave in the lock, which has the libraries of all choices, what this service needs."""
    path, tool = root / "requirements-runtime.lock", root / "tools" / "lock.py"
    if not (path.is_file() and tool.is_file()):
        return
    direct = (root / "requirements-runtime.txt").read_text(encoding="utf-8")
    kept = set(re.findall(r"^[a-z0-9-]+", direct, re.MULTILINE))
    found = LOCKED.findall(path.read_text(encoding="utf-8"))
    needed_by = {name: set(NEEDS.findall(comments)) for name, _, comments in found}
    while new := {name for name, names in needed_by.items() if names & kept} - kept:
        kept |= new
    heading = runpy.run_path(str(tool))["write_heading"](root)
    pins = (name + pin for name, pin, _ in found if name in kept)
    path.write_text(heading + "".join(pins), encoding="utf-8")


def remove_empty_folders(root: Path, folder: Path) -> None:
    """Delete an empty folder and then its parents, up to root."""
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def make_executable(root: Path) -> None:
    """Let `just` be started by its name: zip archives forget that it is a program."""
    path = root / "just"
    if path.is_file():
        path.chmod(path.stat().st_mode | 0o111)


def list_servers(answers: Answers) -> str:
    """Name the servers that the service can be started with, in one phrase."""
    chosen = (answers["database"], answers["broker"], answers["cache"])
    names = [SERVERS[str(choice)] for choice in chosen if choice in SERVERS]
    names = [name for phrase in names for name in phrase.split(" and ")]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def list_code(answers: Answers) -> str:
    """Name the places where the team's code goes."""
    places = ["app/domain (what it does)"]
    if answers["interface"] != "worker":
        places.append("app/api (routes)")
    if answers["interface"] != "api":
        handlers = "jobs" if answers["broker"] == "none" else "handlers and jobs"
        places.append(f"app/tasks ({handlers})")
    return ", ".join(places)


def name_folder(answers: Answers, root: Path) -> str:
    """Name the folder as the shell that started cookiecutter reaches it."""
    near = answers.get("_output_dir") in {None, os.environ.get("PWD")}
    return shlex.quote(root.name if near else str(root))


def list_steps(answers: Answers, folder: str) -> list[str]:
    """List what to do next, in order, for these answers."""
    steps = [f"cd {folder}", "./just install    # its own environment, pinned"]
    if answers["interface"] == "worker":
        steps.append("./just worker     # needs no server")
    else:
        steps.append("./just run        # needs no server; documentation at /docs")
    steps.append("./just test")
    if servers := list_servers(answers):
        steps.append(f"./just up         # the same on {servers}, in Docker")
    steps.append(f"Write your code in {list_code(answers)}.")
    return steps


def main() -> int:
    """Tidy the folder that cookiecutter has just rendered, which is the current one."""
    answers: Answers = json.loads(r"""{{ cookiecutter | jsonify }}""")
    root = Path.cwd()
    choose_variants(root, answers)
    remove(root, unwanted(answers))
    make_executable(root)
    select_locked(root)
    steps = list_steps(answers, name_folder(answers, root))
    lines = (f"  {number}. {step}\n" for number, step in enumerate(steps, start=1))
    sys.stdout.write(f"\n{root.name} is ready. Next:\n\n{''.join(lines)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
