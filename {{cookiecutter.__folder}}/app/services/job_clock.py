"""The clock that leases of jobs go by: the database's, as those of hosts differ."""

from datetime import datetime

# {% if cookiecutter.database != "sqlite" %}
from sqlalchemy import literal_column, select
# {% endif %}
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

# {% if cookiecutter.database != "sqlite" %}
from app.database import UtcDateTime
# {% endif %}
from app.utils.clock import now
# {% if cookiecutter.database == "postgresql" %}

CLOCK = literal_column("clock_timestamp()", UtcDateTime())
# {% endif %}
# {% if cookiecutter.database == "mysql" %}

CLOCK = literal_column("utc_timestamp(6)", UtcDateTime())
# {% endif %}


async def read_clock(connection: AsyncSession | AsyncConnection) -> datetime:
    """Return the present moment for all processes that share the database."""
    # {% if cookiecutter.database != "sqlite" %}
    if isinstance(connection, AsyncSession):
        connection = await connection.connection()
    if connection.dialect.name != "sqlite":
        return (await connection.execute(select(CLOCK))).scalar_one()
    # {% endif %}
    # {% if cookiecutter.database == "sqlite" %}
    del connection  # A file is on one host.
    # {% endif %}
    return now()
