"""The test kit, for every test."""

pytest_plugins = [
    "tests.kit.clock",
    "tests.kit.container",
    "tests.kit.spans",
    # {% if cookiecutter.database != "none" %}
    "tests.kit.database",
    # {% endif %}
    # {% if cookiecutter.interface != "worker" %}
    "tests.kit.http",
    "tests.kit.tokens",
    # {% endif %}
    # {% if cookiecutter.broker != "none" %}
    "tests.kit.events",
    "tests.kit.requests",
    # {% endif %}
]
