"""Check what the broker holds against what the service declares, or create what is missing."""

import argparse
import asyncio
import sys

# {% if cookiecutter.interface == "api" %}
import app.domain.events  # noqa: F401 - declares the topics
# {% endif %}
from app.core.config import load_core_settings
from app.core.errors import StartupError
from app.core.logger_config import quieten_libraries
from app.lifespan import open_broker
from app.services.topics import list_topics
# {% if cookiecutter.interface != "api" %}
from app.tasks.consumer import consumer
# {% endif %}
from app.utils.broker_errors import BrokerError, BrokerUnavailableError
# {% if cookiecutter.interface == "api" %}
from app.utils.topology import Group
# {% endif %}


async def run(action: str) -> None:
    """Print what is declared; raises StartupError, a sentence for each thing that is missing."""
    core = load_core_settings()
    topics = list_topics(core.service.name)
    # {% if cookiecutter.interface != "api" %}
    groups = consumer.list_groups(core.service.name)
    # {% endif %}
    # {% if cookiecutter.interface == "api" %}
    groups: list[Group] = []
    # {% endif %}
    async with open_broker(core) as broker:
        if action == "apply":
            await broker.apply(topics, groups)
        lacks, unknown = await broker.check(topics, groups), []
        try:
            lacks += await broker.check_bindings(groups)
        except BrokerUnavailableError as error:
            unknown = [f"bindings were not compared: no management API answers ({error})"]
        if lacks:
            missing = "run `just topology apply` to create what is missing"
            raise StartupError("\n".join([*lacks, *unknown, missing]))
    print(f"as declared: {len(topics)} topics, {len(groups)} groups", *unknown, sep="\n")


def main() -> None:
    """Do what was asked for; exit with what is missing."""
    parser = argparse.ArgumentParser(prog="just topology", description=__doc__)
    parser.add_argument("action", choices=["check", "apply"])
    quieten_libraries()
    try:
        asyncio.run(run(parser.parse_args().action))
    except (StartupError, BrokerError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
