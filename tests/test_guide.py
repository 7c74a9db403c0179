"""The guide can be followed, block by block, as it stands."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.documents import Block, read_blocks
from tests.programs import clean_environment, find_program
from tests.small_template import ROOT

GUIDE = ROOT / "docs" / "guide.md"
PATIENCE_SECONDS = 60.0


def find_reader(**variables: str) -> dict[str, str]:
    """Return the environment of somebody who has just, uv and a name in git."""
    folders = [str(Path(find_program(name)).parent) for name in ("just", "uv")]
    for who in ("AUTHOR", "COMMITTER"):
        variables |= {f"GIT_{who}_NAME": "Reader", f"GIT_{who}_EMAIL": "reader@example.com"}
    path = os.pathsep.join([*folders, os.environ["PATH"]])
    return clean_environment(PATH=path, **variables)


def run(command: str, folder: Path) -> None:
    """Run a block of shell commands, which must all succeed."""
    done = subprocess.run(
        ["sh", "-eu", "-c", command],
        cwd=folder,
        env=find_reader(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def render(command: str, folder: Path) -> Path:
    """Render what a `./just new` command says, but below a folder of the test."""
    arguments = shlex.split(command)[2:]
    place = arguments.index("--output-dir")
    arguments[place + 1] = str(folder)
    subprocess.run([sys.executable, "-m", "tools.new", *arguments], cwd=ROOT, check=True)
    return next(folder.iterdir())


def add(block: Block, folder: Path) -> None:
    """Add the imports of a block at the top of its file, and the rest at the end."""
    path = folder / (block.target or "")
    if block.text.startswith('"""'):
        path.write_text(block.text, encoding="utf-8")
        return
    if block.language == "text":
        path.write_text(path.read_text(encoding="utf-8") + block.text, encoding="utf-8")
        return
    imports = re.match(r"((from|import) .*\n|\n)*", block.text)
    taken = imports.group() if imports else ""
    docstring, _, rest = path.read_text(encoding="utf-8").partition("\n\n")
    code = block.text[len(taken) :]
    gap = "" if code.startswith(" ") else "\n\n"
    path.write_text(f"{docstring}\n\n{taken}{rest}{gap}{code}", encoding="utf-8")


def ask(url: str, body: dict[str, Any] | None = None) -> Any:
    """Return what the service answers, or None while it does not."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.load(response)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def ask_until_answered(url: str) -> Any:
    """Return what the service answers as soon as it does."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if answer := ask(url):
            return answer
        time.sleep(0.2)
    raise AssertionError(f"{url}: no answer within {PATIENCE_SECONDS:g} seconds")


def find_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def run_and_review(command: str, folder: Path) -> None:
    """Run the service of the guide and post a review, which must come out as a rating."""
    address = f"http://127.0.0.1:{(port := find_port())}"
    service = subprocess.Popen(
        shlex.split(command),
        cwd=folder,
        env=find_reader(PORT=str(port)),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        paths = ask_until_answered(f"{address}/openapi.json")["paths"]
        assert "/v1/products/{product}/reviews" in paths
        lamp = f"{address}/v1/products/lamp"
        review = ask(f"{lamp}/reviews", {"stars": 5, "text": "It **shines**."})
        assert review["html"] == "<p>It <strong>shines</strong>.</p>\n"
        assert ask_until_answered(f"{lamp}/rating") == {"count": 1, "average": 5.0}
    finally:
        os.killpg(service.pid, signal.SIGTERM)
        service.wait(PATIENCE_SECONDS)


@pytest.mark.waits
@pytest.mark.slow
def test_the_guide_can_be_followed(tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    for block in read_blocks(GUIDE):
        command = block.text.strip()
        if command.startswith("./just new "):
            folder = render(command, tmp_path)
        elif command == "./just run":
            run_and_review(command, folder)
        elif block.language == "sh":
            run(re.sub(r"^cd \S+\n", "", command), folder)
        else:
            assert block.target, f"no file is named above:\n{block.text}"
            add(block, folder)
