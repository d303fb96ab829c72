"""The wheel, installed in an empty environment outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_what_it_should(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {
        "recommender",
        "recommender_feeds",
        "recommender_models",
        "sawthis-0.1.0.dist-info",
        "sawthis-0.1.0.data",
    }
    for needed in (
        "recommender/demo/content/jokes.toml",
        "recommender/web/templates/today.html",
        "recommender/web/static/sawthis.css",
        "recommender_models/relevance.json",
        "recommender_models/word_rarity.json",
        "recommender_models/subjects.txt",
        "recommender/mail/templates/digest.html",
        "recommender/mail/templates/digest.txt",
        "recommender/py.typed",
    ):
        assert needed in names


@pytest.mark.parametrize("unit", ["sawthis.service", "sawthis-digest.service"])
def test_units_run_commands_that_there_are(wheel: Path, unit: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        text = archive.read(f"sawthis-0.1.0.data/data/share/systemd/user/{unit}").decode()
    assert "sawthis-0.1.0.data/data/share/systemd/user/sawthis-digest.timer" in names
    (line,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    program, *arguments = line.removeprefix("ExecStart=").split()
    assert program == "%h/.local/bin/sawthis"
    helped = subprocess.run(
        [sys.executable, "-m", "recommender", *arguments, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert helped.returncode == 0, helped.stderr
    assert arguments[-1] in helped.stdout


@pytest.mark.slow
def test_the_wheel_does_the_main_job(wheel: Path, model_cache: Path, tmp_path: Path) -> None:
    """An empty environment, the dependencies of this one beside it, none of our sources."""
    home = tmp_path / "an empty place"
    home.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "v"], cwd=home, check=True)
    python = home / "v" / "bin" / "python"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            str(wheel),
        ],
        check=True,
        cwd=home,
    )
    (packages,) = (home / "v" / "lib").glob("python*/site-packages")
    # Everything this environment has but for our own editable install.
    here = Path(sysconfig.get_paths()["purelib"])
    for entry in here.iterdir():
        if "sawthis" not in entry.name and not (packages / entry.name).exists():
            (packages / entry.name).symlink_to(entry)
    data_dir = home / "data"
    data_dir.mkdir()
    (data_dir / "models").symlink_to(model_cache)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SAWTHIS_", "PYTHON"))}
    env["SAWTHIS_DATA_DIR"] = str(data_dir)
    (home / "models").mkdir()  # a user's own folder must not be taken for ours
    (home / "models" / "__init__.py").write_text("raise RuntimeError")

    def run(name: str, *args: str) -> str:
        script = str(home / "v" / "bin" / name)
        done = subprocess.run(
            [script, *args], cwd=home, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "sawthis 0.1.0" in run("sawthis", "--version")
    run("sawthis", "demo")
    assert "Joe Ferraro" in run("suggest", "--contact", "joe")
    where = run("python", "-c", "import recommender; print(recommender.__file__)")
    assert str(ROOT) not in where
