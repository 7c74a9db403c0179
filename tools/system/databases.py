"""A database and a user for each service that has one, made when they are not there yet."""

from dataclasses import dataclass
from typing import Any

from tools.system.file import Service, System

FOLDER = "databases"
HEADING = """\
#!/bin/sh
# Made by `./just system`. Makes the databases and users that are not there yet, so that it can run
# before every start; a password that changed in .env changes here. Which server, and who rules it,
# stands in the variables that its client reads.
set -eu

"""
POSTGRES = """\
create() {
    psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --set=name="$1" --set=password="$2" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', :'name')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \\gexec
ALTER ROLE :"name" PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

"""
# In GRANT an underscore stands for any character, unless a backslash says otherwise.
MYSQL = """\
create() {
    pattern=$(echo "$1" | sed 's/_/\\\\_/g')
    mysql --host="$MYSQL_HOST" --user="$MYSQL_USER" <<SQL
CREATE DATABASE IF NOT EXISTS \\`$1\\`;
CREATE USER IF NOT EXISTS '$1'@'%';
ALTER USER '$1'@'%' IDENTIFIED BY '$2';
GRANT ALL ON \\`$pattern\\`.* TO '$1'@'%';
SQL
}

"""


def name_password(service: Service) -> str:
    """Name the variable that holds the password of a service's database."""
    return f"{service.variable}_DATABASE_PASSWORD"


def refer(variable: str) -> str:
    """Return what compose replaces by a variable of .env, without which it does not start."""
    return f"${{{variable}:?}}"


@dataclass(frozen=True, kw_only=True)
class Creator:
    """How databases are made on one kind of server."""

    answer: str
    """What a service that uses the server answers."""
    scheme: str
    host: str
    port: int
    script: str
    environment: list[str]
    """Who rules the server."""
    login: list[str]
    """How a client becomes that."""

    def write_url(self, service: Service) -> str:
        """Return the URL of a service's database."""
        user = f"{service.database}:{refer(name_password(service))}"
        return f"{self.scheme}://{user}@{self.host}:{self.port}/{service.database}"

    def list_services(self, system: System) -> list[Service]:
        """List the services that have a database on the server."""
        return [each for each in system.services if each.answers["database"] == self.answer]

    def write_script(self, system: System) -> str:
        """Return the program that makes the databases."""
        calls = (
            f'create {each.database} "${name_password(each)}"\n'
            for each in self.list_services(system)
        )
        return HEADING + self.script + "".join(calls)


CREATORS = {
    "postgres": Creator(
        answer="postgresql",
        scheme="postgresql",
        host="postgres",
        port=5432,
        script=POSTGRES,
        environment=[
            "POSTGRES_DB=service",
            "POSTGRES_USER=service",
            f"POSTGRES_PASSWORD={refer('POSTGRES_PASSWORD')}",
        ],
        login=[
            "PGHOST=postgres",
            "PGUSER=service",
            "PGDATABASE=service",
            f"PGPASSWORD={refer('POSTGRES_PASSWORD')}",
        ],
    ),
    "mysql": Creator(
        answer="mysql",
        scheme="mysql",
        host="mysql",
        port=3306,
        script=MYSQL,
        environment=[f"MYSQL_ROOT_PASSWORD={refer('MYSQL_ROOT_PASSWORD')}"],
        login=[
            "MYSQL_HOST=mysql",
            "MYSQL_USER=root",
            f"MYSQL_PWD={refer('MYSQL_ROOT_PASSWORD')}",
        ],
    ),
}


def make_creator(server: str, image: str, system: System) -> dict[str, Any]:
    """Return the container that makes the databases and ends."""
    creator = CREATORS[server]
    passwords = [
        f"{name}={refer(name)}" for name in map(name_password, creator.list_services(system))
    ]
    return {
        "image": image,
        "command": ["sh", "/databases.sh"],
        "environment": [*creator.login, *passwords],
        "volumes": [f"./{FOLDER}/{server}.sh:/databases.sh:ro"],
        "depends_on": {server: {"condition": "service_healthy"}},
        "security_opt": ["no-new-privileges:true"],
    }
