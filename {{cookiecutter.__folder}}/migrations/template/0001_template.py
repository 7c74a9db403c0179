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
        sa.Column("available_at", UtcDateTime, nullable=False, index=True),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    # {% endif %}
    # {% if cookiecutter.broker != "none" and cookiecutter.interface != "api" %}
    op.create_table(
        "inbox",
        sa.Column("subscription", sa.String(128), primary_key=True),
        sa.Column("message_id", sa.String(255), primary_key=True),
        sa.Column("received_at", UtcDateTime, nullable=False, index=True),
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
    op.drop_table("outbox")
    # {% endif %}
