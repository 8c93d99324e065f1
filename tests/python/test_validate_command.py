"""`aegis-db validate` on a real session."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from aegis_db.cli import main
from aegis_db.sample import sample_files


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_a_real_session_is_judged_and_a_code_is_shown(database: str) -> None:
    loaded = run("load", "--dsn", database, *map(str, sample_files()))
    assert loaded.exit_code == 0, loaded.output
    judged = run("validate", "--dsn", database, "--date", "2021-01-04", "--json")
    assert judged.exit_code == 0, judged.output
    said = json.loads(judged.stdout)
    assert said["run"]["rows_judged"] == 2388
    assert said["run"]["rules_asked"] > 20
    assert not [f for f in said["findings"] if f["rule_code"] in {"price_limit", "off_tick"}]
    again = json.loads(run("validate", "--dsn", database, "--date", "2021-01-04", "--json").stdout)
    assert again["run"]["findings"] == 0
    days = ("--from", "2021-01-04", "--to", "2021-01-04")
    shown = run("validate", "--dsn", database, "--code", "005930", *days)
    assert shown.exit_code == 0, shown.output
    assert "findings shown" in shown.stdout


def test_wrong_usage_is_said() -> None:
    assert run("validate").exit_code == 2
    assert run("validate", "--code", "005930").exit_code == 2
    assert run("validate", "--date", "2021-01-04", "--code", "005930").exit_code == 2
