"""The document of the service's own messages: complete, without those of tests, and served."""

# {% if cookiecutter.interface != "worker" %}
from httpx import AsyncClient

# {% endif %}
from app.core.config import CoreSettings
from app.messages import describe_messages
# {% if cookiecutter.interface != "api" %}
from app.tasks.consumer import consumer
# {% endif %}
from tests.asyncapi_kit import OrderPaid


# {% if cookiecutter.interface != "api" %}
def test_every_subscription_is_there(core: CoreSettings) -> None:
    operations = describe_messages(core)["operations"]
    received = {name for name in operations if name.startswith("receive.")}
    assert received == {f"receive.{each.name}" for each in consumer.subscriptions}


# {% endif %}
def test_events_of_tests_are_not_there(core: CoreSettings) -> None:
    assert OrderPaid.topic not in describe_messages(core)["channels"]
# {% if cookiecutter.interface != "worker" %}


async def test_the_document_is_served_beside_a_page_that_shows_it(
    client: AsyncClient, core: CoreSettings
) -> None:
    assert (await client.get("/asyncapi.json")).json() == describe_messages(core)
    page = await client.get("/asyncapi")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '"asyncapi.json"' in page.text
    assert page.text.count('integrity="sha384-') == 2
# {% endif %}
