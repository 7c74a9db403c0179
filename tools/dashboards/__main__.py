"""Write the dashboards into the template."""

import json
from pathlib import Path

from tools.dashboards.pages import PAGES
from tools.dashboards.panels import INSTANCE, SERVICE, TRACE, write_page

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "{{cookiecutter.__folder}}" / "deploy/observability/grafana/dashboards"


def write_pages() -> dict[str, str]:
    """Return the text of each dashboard by the name of its file."""
    texts = {}
    for name, (title, panels) in PAGES.items():
        variables = (TRACE, SERVICE) if name == "trace" else (SERVICE, INSTANCE)
        page = write_page(name, title, panels, variables)
        texts[f"{name}.json"] = json.dumps(page, indent=2) + "\n"
    return texts


def main() -> None:
    """Write them all, and delete those that are no more."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    texts = write_pages()
    for path in FOLDER.glob("*.json"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
