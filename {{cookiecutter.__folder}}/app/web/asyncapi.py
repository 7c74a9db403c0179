"""The AsyncAPI document over HTTP, and a page that shows it, beside those of OpenAPI."""

from collections.abc import Callable
from functools import cache
from string import Template
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

# Pinned with what they must hash to: whoever serves them cannot change what runs in the page.
VERSION = "3.2.1"
SCRIPT_HASH = "sha384-wy5bSOazlkSKMGH7XMW6+pK8ho8+rCPr7mTqKdAb/dvfwXAPWCFivgr3C7wJMFAh"
STYLE_HASH = "sha384-oo9RoQcacP++XdMX6CjTucTvASEORHX3chFik0/V2kHcsHiVboGyWZztGeq/0bum"
PLACE = f"https://cdn.jsdelivr.net/npm/@asyncapi/react-component@{VERSION}"
# The document is found beside the page, whatever a proxy puts before both.
PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Messages</title>
<link rel="stylesheet" href="$place/styles/default.min.css"
  integrity="$style_hash" crossorigin="anonymous">
</head>
<body>
<div id="messages"></div>
<script src="$place/browser/standalone/index.js"
  integrity="$script_hash" crossorigin="anonymous"></script>
<script>
AsyncApiStandalone.render(
  {schema: {url: new URL("asyncapi.json", location.href).href} },
  document.getElementById("messages"),
);
</script>
</body>
</html>
""").substitute(place=PLACE, style_hash=STYLE_HASH, script_hash=SCRIPT_HASH)


def make_message_pages(describe: Callable[[], dict[str, Any]]) -> APIRouter:
    """Return the routes of the document, which is described when somebody asks for it first."""
    router = APIRouter(include_in_schema=False)

    @cache
    def make_document() -> dict[str, Any]:
        return describe()

    @router.get("/asyncapi.json")
    async def get_document() -> dict[str, Any]:
        return make_document()

    @router.get("/asyncapi", response_class=HTMLResponse)
    async def get_page() -> str:
        return PAGE

    return router
