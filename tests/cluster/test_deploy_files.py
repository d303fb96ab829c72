"""The files of scripts/deploy: what reads them understands them, and they name what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]  # it publishes no types

from recommender.settings import PREFIX, Settings, load_settings
from tests.cluster.deployed import FILES, block, command_of
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres import Server

UNITS = ("sawthis-api@.service", "sawthis-worker@.service")
INSTANCES = {"sawthis-api@.service": "8765", "sawthis-worker@.service": "1"}
NOT_OURS = {"FORWARDED_ALLOW_IPS", "OPENBLAS_NUM_THREADS", "SAWTHIS_CONFIG", "QUEUES", "JOBS"}


def _lines(unit: str, name: str) -> list[str]:
    text = (FILES / unit).read_text("utf-8")
    return re.findall(rf"^{name}=(.+)$", text, re.MULTILINE)


def _assert_is_known(arguments: list[str]) -> None:
    """A command of ours with these arguments exists, every option of it too."""
    words = [one for one in arguments if not one.startswith("-")]
    helped = subprocess.run(
        [sys.executable, "-m", "recommender", words[0], "--help"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )
    assert helped.returncode == 0, helped.stderr
    for one in arguments:
        if one.startswith("-"):
            assert re.search(rf"(^|[\s,]){re.escape(one)}\b", helped.stdout, re.MULTILINE), one


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_the_unit(unit: str, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed here")
    text = (FILES / unit).read_text("utf-8")
    # The one thing it misses on another machine is the program itself.
    (tmp_path / unit).write_text(text.replace("/opt/sawthis/bin/sawthis", "/bin/true"))
    instance = unit.replace("@.", f"@{INSTANCES[unit]}.")
    done = subprocess.run(
        [program, "verify", "--man=no", str(tmp_path / instance)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "sawthis" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_units_run_commands_that_there_are(unit: str) -> None:
    _assert_is_known(command_of(unit, INSTANCES[unit])[3:])
    for line in _lines(unit, "Environment"):
        for name in re.findall(r"(\w+)=", line):
            assert name in NOT_OURS or _is_setting(name), name
    assert _lines(unit, "User") == ["sawthis"]


def _is_setting(name: str) -> bool:
    known = Settings.__dataclass_fields__
    return name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() in known


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FILES / "compose.yaml").read_text("utf-8"))
    return found


def _ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in compose["services"].items() if one["image"] == "sawthis"}


def test_compose_has_what_the_page_describes(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"db", "api1", "api2", "worker", "cli", "nginx"}
    assert services["worker"]["deploy"]["replicas"] == 3
    assert services["cli"]["profiles"] == ["cli"]
    # Nothing but nginx is reached from outside.
    assert [name for name, one in services.items() if "ports" in one] == ["nginx"]


def test_compose_sets_what_there_is_to_set(compose: dict[str, Any]) -> None:
    for name, service in _ours(compose).items():
        environment = service["environment"]
        for variable in environment:
            assert variable in NOT_OURS or _is_setting(variable), f"{name}: {variable}"
        # What Compose would put in is a text that fits, or none.
        plain = {k: re.sub(r"\$\{[^}]*\}", "", v) for k, v in environment.items()}
        settings = load_settings({**plain, "SAWTHIS_DATA_DIR": "/nowhere"})
        assert settings.is_cluster
        assert settings.database.endswith("@db/sawthis")
    trusted = {one["environment"].get("FORWARDED_ALLOW_IPS") for one in _ours(compose).values()}
    nginx = compose["services"]["nginx"]["networks"]["inside"]["ipv4_address"]
    assert trusted == {None, nginx}


def test_compose_runs_commands_that_there_are(compose: dict[str, Any]) -> None:
    for service in _ours(compose).values():
        _assert_is_known(service["command"])
        assert service["build"]["dockerfile"] == "scripts/deploy/Dockerfile"
        assert (FILES / service["build"]["context"]).resolve() == ROOT


def test_the_entry_point_hands_over_password_and_arguments(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    program = tmp_path / "sawthis"
    program.write_text('#!/bin/sh\necho "$PGPASSWORD|$*"\n')
    program.chmod(0o755)
    (tmp_path / "password").write_text("two words\n")
    entry = [
        one.replace("$$", "$").replace("/run/secrets/database_password", f"{tmp_path}/password")
        for one in _ours(compose)["worker"]["entrypoint"]
    ]
    done = subprocess.run(
        [*entry, "worker", "-c", "2"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "two words|worker -c 2\n"


def test_compose_gives_nothing_away_and_mounts_what_there_is(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or value.startswith(("/run/secrets/", "${")), name
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
    for secret in compose["secrets"].values():
        assert secret["file"].startswith("/etc/sawthis/")
    mounted = dict(one.split(":")[:2] for one in services["nginx"]["volumes"])
    assert (FILES / "nginx.conf").samefile(FILES / next(iter(mounted)))
    site = (FILES / "nginx.conf").read_text("utf-8")
    for target in list(mounted.values())[1:]:
        assert target in site
    for host in ("api1", "api2"):
        assert f"server {host}:8765;" in site


def test_compose_makes_a_role_that_is_no_superuser(
    compose: dict[str, Any], postgres_server: Server, tmp_path: Path
) -> None:
    """The statements, by the psql of the image's kind, on a real server."""
    statements = compose["configs"]["make_database"]["content"]
    assert "$" not in statements  # Compose would put something in
    secret = tmp_path / "password"
    secret.write_text("it's secret\n")
    renamed = statements.replace("/run/secrets/database_password", str(secret))
    renamed = renamed.replace("sawthis", "composed")
    done = subprocess.run(
        [postgres_server.programs / "psql", "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1",
         "--host", postgres_server.folder, "--port", str(postgres_server.port),
         "--username", "postgres"],
        input=renamed,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    try:
        with postgres_server.superuser() as connection:
            row = connection.execute(
                "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcanlogin FROM pg_roles"
                " WHERE rolname = 'composed'"
            ).fetchone()
            owner = connection.execute(
                "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'composed'"
            ).fetchone()
        assert row == (False, False, False, True)
        assert owner == ("composed",)
    finally:
        postgres_server.drop("composed")
        postgres_server.run_as_superuser("DROP ROLE IF EXISTS composed")


def test_the_image_is_made_of_what_there_is(compose: dict[str, Any]) -> None:
    text = (FILES / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    copied = re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
    for line in copied:
        *sources, target = line.split()
        assert sources, target
        for source in sources:
            assert (ROOT / source).exists(), source
    wanted = set(re.findall(r"-r (requirements/\S+)", text))
    assert wanted == {f"requirements/{name}.txt" for name in ("runtime", "cluster", "torch")}
    assert 'ENTRYPOINT ["sawthis"]' in text
    assert re.findall(r"^USER (\w+)$", text, re.MULTILINE) == ["sawthis"]
    settings = re.findall(r"(SAWTHIS_\w+)=", text)
    assert settings
    assert all(map(_is_setting, settings))
    for service in ("api1", "api2"):
        assert f"EXPOSE {Settings().port}" in text
        assert "8765" in str(compose["services"][service]["healthcheck"])


def test_the_lists_hold_all_that_the_extra_names() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    locked = (ROOT / "requirements" / "cluster.txt").read_text("utf-8")
    for requirement in project["optional-dependencies"]["cluster"]:
        name = re.split(r"[<>=\[]", requirement)[0]
        assert re.search(rf"^{name}==", locked, re.MULTILINE), name
    # What is tested is what is installed.
    tested = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    for pin in re.findall(r"^[\w.-]+==[\w.]+", locked, re.MULTILINE):
        assert re.search(rf"^{re.escape(pin)}\b", tested, re.MULTILINE), pin


def test_the_settings_of_the_page_are_read(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(block("data_dir = "))
    settings = load_settings({"SAWTHIS_CONFIG": str(file)})
    assert settings.is_cluster
    assert settings.metrics
    assert settings.time_zone == "Europe/Berlin"
