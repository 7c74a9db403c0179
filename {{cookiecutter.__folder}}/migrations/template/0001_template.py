"""Create the template's tables."""

import sqlalchemy as sa
from alembic import op

# {% if cookiecutter.broker != "none" %}
from app.database import BigId, Digest, ExactString, LongBinary, UtcDateTime
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "api" %}
from app.database import Digest, LongBinary, UtcDateTime
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "api-and-worker" %}
from app.database import Digest, ExactString, LongBinary, UtcDateTime
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "worker" %}
from app.database import ExactString, UtcDateTime
# {% endif %}

revision = "template_0001"
down_revision = None
branch_labels = ("template",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    # {% if cookiecutter.broker != "none" %}
    op.create_table(
        "outbox",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("topic", ExactString(255), nullable=False),
        sa.Column("key", ExactString(255)),
        sa.Column("body", LongBinary, nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("traceparent", sa.String(55)),
        sa.Column("tracestate", sa.String(512)),
        sa.Column("shard", sa.Integer, nullable=False),
        sa.Column("state", sa.String(7), nullable=False),
        sa.Column("error", sa.String(500)),
    )
    op.create_index("ix_outbox_state_shard_id", "outbox", ["state", "shard", "id"])
    shards = op.create_table(
        "outbox_shards",
        sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("deferred", sa.JSON, nullable=False),
    )
    op.bulk_insert(shards, [{"shard": number, "deferred": {}} for number in range(16)])
    # {% endif %}
    # {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
    op.create_table(
        "inbox",
        sa.Column("subscription", ExactString(128), primary_key=True),
        sa.Column("message", Digest, primary_key=True),
        sa.Column("received_at", UtcDateTime, nullable=False, index=True),
        sa.Column("reply", LongBinary),
    )
    # {% endif %}
    # {% if cookiecutter.interface != "api" %}
    op.create_table(
        "job_schedule",
        sa.Column("name", ExactString(128), primary_key=True),
        sa.Column("schedule", sa.String(255), nullable=False),
        sa.Column("next_run_at", UtcDateTime, nullable=False),
        sa.Column("retry_at", UtcDateTime),
        sa.Column("requested_at", UtcDateTime),
        sa.Column("paused_at", UtcDateTime),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("lease_until", UtcDateTime),
    )
    op.create_table(
        "job_runs",
        sa.Column("name", ExactString(128), primary_key=True),
        sa.Column("token", sa.BigInteger, primary_key=True),
        sa.Column("planned_at", UtcDateTime, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("outcome", sa.String(11), nullable=False),
        sa.Column("holder", sa.String(255), nullable=False),
        sa.Column("error", sa.String(500)),
    )
    # {% endif %}
    # {% if cookiecutter.interface != "worker" %}
    op.create_table(
        "kept_answers",
        sa.Column("key", Digest, primary_key=True),
        sa.Column("request", Digest, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("body", LongBinary, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False, index=True),
    )
    # {% endif %}


def downgrade() -> None:
    """Drop them."""
    # {% if cookiecutter.interface != "worker" %}
    op.drop_table("kept_answers")
    # {% endif %}
    # {% if cookiecutter.interface != "api" %}
    op.drop_table("job_runs")
    op.drop_table("job_schedule")
    # {% endif %}
    # {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
    op.drop_table("inbox")
    # {% endif %}
    # {% if cookiecutter.broker != "none" %}
    op.drop_table("outbox_shards")
    op.drop_table("outbox")
    # {% endif %}
