"""Give a user roles: the first admin has nobody else to ask. `./just roles ann admin`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from app.core.config import CoreSettings, load_core_settings
from app.core.errors import InvalidInputError, NotFoundError, StartupError
from app.database import Database, open_database
from app.domain.auth.roles import set_roles
from app.unit_of_work import UnitOfWorkFactory
from app.utils.container import Container


async def give(core: CoreSettings, username: str, roles: Sequence[str]) -> None:
    """Give a user these roles and no others."""
    opened = Container()
    opened.add(CoreSettings, core)
    async with open_database(core.database, connections=1) as database:
        opened.add(Database, database)
        async with UnitOfWorkFactory(opened)() as uow:
            await set_roles(uow, username, roles)


def main() -> None:
    """Do what the command line says; a sentence if it cannot be done."""
    parser = argparse.ArgumentParser(prog="./just roles", description=__doc__)
    parser.add_argument("username")
    parser.add_argument("roles", nargs="*", help="none takes all away")
    options = parser.parse_args()
    try:
        asyncio.run(give(load_core_settings(), options.username, options.roles))
    except (InvalidInputError, NotFoundError, StartupError) as error:
        sys.exit(f"{options.username}: {error}")
    print(f"{options.username} has these roles from the next login on: {options.roles}")


if __name__ == "__main__":
    main()
