"""The documentation against the code: nothing unsaid, nothing stale, no dead link."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import recommender_feeds.errors
import recommender_models.errors

from recommender import errors
from recommender.api import problems
from recommender.api.app import create_app
from recommender.settings import Settings
from recommender.wiring import House
from tests.conftest import ROOT

DOCS = ROOT / "docs"


def test_the_generated_references_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reference", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", [errors, recommender_feeds.errors, recommender_models.errors])
def test_every_error_is_explained(module: object) -> None:
    page = (DOCS / "reference" / "errors.md").read_text("utf-8")
    for name, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Exception):
            assert f"`{name}`" in page, name


def test_every_route_is_listed() -> None:
    page = (DOCS / "reference" / "api.md").read_text("utf-8")
    document = create_app(House(Settings())).openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"`{method.upper()} {path}`" in page
            assert f"`{operation['operationId']}`" in page


def test_every_problem_type_is_explained() -> None:
    page = (DOCS / "reference" / "api.md").read_text("utf-8")
    source = Path(problems.__file__).read_text("utf-8")
    source += (ROOT / "recommender" / "api" / "guard.py").read_text("utf-8")
    kinds = set(re.findall(r'\d{3}[,:] "([a-z-]+)"', source)) | {"unauthorized"}
    assert len(kinds) >= 12
    for kind in kinds:
        assert f"urn:sawthis:problem:{kind}`" in page, kind


def test_every_setting_is_used() -> None:
    code = "\n".join(p.read_text("utf-8") for p in (ROOT / "recommender").rglob("*.py"))
    for name in Settings.__dataclass_fields__:
        assert len(re.findall(rf"settings\.{name}\b|self\.{name}\b", code)) >= 1, name


def test_no_link_is_dead() -> None:
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_picture_is_shown_and_described() -> None:
    shown = set()
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        text = page.read_text("utf-8")
        found = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text)
        found += [
            (alt, src) for src, alt in re.findall(r'<img src="([^"]+)"[^>]* alt="([^"]*)"', text)
        ]
        for words, source in found:
            assert len(words) > 10, f"{page.name}: {source}"
            assert (page.parent / source).is_file(), f"{page.name}: {source}"
            shown.add((page.parent / source).resolve())
    assert {path.resolve() for path in (DOCS / "images").iterdir()} <= shown


def test_every_runtime_dependency_has_its_line() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    page = (DOCS / "architecture.md").read_text("utf-8")
    for requirement in project["dependencies"]:
        name = re.split(r"[<>=\[]", requirement)[0]
        assert re.search(rf"\b{re.escape(name)}\b", page), name


def test_commands_named_in_the_docs_exist() -> None:
    reference = (DOCS / "reference" / "cli.md").read_text("utf-8")
    known = set(re.findall(r"^## `(sawthis[a-z ]*)`", reference, re.MULTILINE))
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for words in re.findall(r"`sawthis ([a-z]+)", page.read_text("utf-8")):
            assert f"sawthis {words}" in known, f"{page.name}: sawthis {words}"


def test_scripts_explain_themselves() -> None:
    for script in (path for path in (ROOT / "scripts").iterdir() if path.is_file()):
        first, second = script.read_text("utf-8").splitlines()[:2]
        head = second if first.startswith("#!") else first
        assert head.startswith(("#", '"""')), script.name
