"""Create the template's tables."""

import sqlalchemy as sa
from alembic import op

# {% if cookiecutter.broker != "none" %}
from app.database import BigId, LongBinary, UtcDateTime
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface != "worker" %}
from app.database import LongBinary, UtcDateTime
# {% endif %}
# {% if cookiecutter.broker == "none" and cookiecutter.interface == "worker" %}
from app.database import UtcDateTime
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
        sa.Column("topic", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255)),
        sa.Column("body", LongBinary, nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("traceparent", sa.String(55)),
        sa.Column("shard", sa.Integer, nullable=False),
        sa.Column("state", sa.String(7), nullable=False),
        sa.Column("error", sa.String(500)),
    )
    op.create_index("ix_outbox_state_shard_id", "outbox", ["state", "shard", "id"])
    shards = op.create_table(
        "outbox_shards",
        sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("silent_topics", sa.JSON, nullable=False),
        sa.Column("retry_at", UtcDateTime),
    )
    op.bulk_insert(shards, [{"shard": number, "silent_topics": []} for number in range(16)])
    # {% endif %}
    # {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
    op.create_table(
        "inbox",
        sa.Column("subscription", sa.String(128), primary_key=True),
        sa.Column("message_id", sa.String(255), primary_key=True),
        sa.Column("received_at", UtcDateTime, nullable=False, index=True),
        sa.Column("reply", LongBinary),
    )
    # {% endif %}
    # {% if cookiecutter.interface != "api" %}
    op.create_table(
        "job_schedule",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("next_run_at", UtcDateTime, nullable=False),
    )
    # {% endif %}
    # {% if cookiecutter.interface != "worker" %}
    op.create_table(
        "kept_answers",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.JSON),
        sa.Column("body", LongBinary),
        sa.Column("created_at", UtcDateTime, nullable=False, index=True),
    )
    # {% endif %}


def downgrade() -> None:
    """Drop them."""
    # {% if cookiecutter.interface != "worker" %}
    op.drop_table("kept_answers")
    # {% endif %}
    # {% if cookiecutter.interface != "api" %}
    op.drop_table("job_schedule")
    # {% endif %}
    # {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
    op.drop_table("inbox")
    # {% endif %}
    # {% if cookiecutter.broker != "none" %}
    op.drop_table("outbox_shards")
    op.drop_table("outbox")
    # {% endif %}
