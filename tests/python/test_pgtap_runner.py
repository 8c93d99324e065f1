"""The pgTAP runner: each file of pgtap_runner/ gets the verdict written here, and pg_prove's."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aegis_db.cli.test import test as command
from aegis_db.cluster import Cluster, find_binaries
from aegis_db.errors import AegisError
from aegis_db.pgtap import find_files, find_psql, parse, provide_pgtap, run_file, run_files

FILES = Path(__file__).with_name("pgtap_runner")
ROOT = Path(__file__).resolve().parents[2]

PASS = {
    "carriage_return": "1 assertion",
    "command_line": "skipped: only for its stray row",
    "diagnostics": "2 assertions",
    "hash_escaped_todo": "1 assertion, 1 todo",
    "hashes": "4 assertions",
    "korean": "3 assertions, 1 todo",
    "korean_stray": "1 assertion",
    "line_separator": "1 assertion",
    "other_role": "2 assertions",
    "passes": "3 assertions",
    "plan_last": "2 assertions",
    "search_path": "1 assertion",
    "skip": "3 assertions, 2 skipped",
    "skip_all": "skipped: needs the moon",
    "skip_all_silent": "skipped: no reason given",
    "stray_row": "1 assertion",
    "subtests": "2 assertions",
    "todo_fails": "2 assertions, 1 todo",
    "todo_passes": "2 assertions, 1 todo, todo passed: 1",
    "todo_skip": "1 assertion, 1 todo, todo passed: 1",
    "unfinished": "1 assertion",
    "unnumbered": "2 assertions",
    "variables": "2 assertions",
}
FAIL = {
    "bail_out": "bailed out: the server is on fire",
    "bail_out_indented": "bailed out",
    "directive_by_chance": "1 of 2 assertions failed",
    "empty": "no plan",
    "error": "planned 2 but ran 1; psql ended with status 3",
    "error_at_the_end": "psql ended with status 3",
    "fails": "1 of 3 assertions failed",
    "hash_hides_todo": "1 of 1 assertion failed",
    "killed": "psql ended with status -9",
    "korean_fails": "1 of 1 assertion failed",
    "null_fails": "1 of 1 assertion failed",
    "out_of_sequence": "out of sequence: found 3, expected 2",
    "plan_in_the_middle": "the plan is neither at the beginning nor at the end",
    "plan_last_missing": "no plan",
    "plan_twice": "more than one plan",
    "plan_with_words": "no plan",
    "quits": "planned 2 but ran 1",
    "several_lines": "1 of 1 assertion failed",
    "skip_all_but_one": "1 of 1 assertion failed; planned 0 but ran 1",
    "skip_all_then_error": "psql ended with status 3",
    "stray_ok": "1 of 2 assertions failed; planned 1 but ran 2",
    "subtests_die": "no plan; psql ended with status 3",
    "subtests_fail": "1 of 2 assertions failed",
    "subtests_raise": "1 of 2 assertions failed",
    "syntax_error": "psql ended with status 3",
    "terminated": "planned 2 but ran 1; psql ended with status 2",
    "too_few": "planned 3 but ran 2",
    "too_many": "1 of 2 assertions failed; planned 1 but ran 2",
    "without_plan": "no plan; psql ended with status 3",
}
# Stricter than pg_prove on purpose.
COMMITTED = {
    "committed": "psql ended with status 1",
    "no_transaction": "psql ended with status 1",
}
ENDLESS = {"endless": "planned 1 but ran 0; no end after 0.5 s"}

# pg_prove's own parser and source handler, asked for more than its exit code.
REFERENCE = """
use JSON::PP; use TAP::Parser; use TAP::Parser::SourceHandler::pgTAP;
for my $file (@ARGV) {
    my $parser = TAP::Parser->new({source => $file, sources => {pgTAP => {suffix => '.sql'}}});
    my $bailed_out;
    while (my $line = $parser->next) { $bailed_out ||= $line->is_bailout }
    print encode_json([
        $file, $parser->has_problems || $bailed_out ? 0 : 1, $parser->tests_run,
        0 + $parser->failed, 0 + $parser->todo, 0 + $parser->todo_passed, 0 + $parser->skipped
    ]), "\\n";
}
"""


@pytest.fixture(scope="module")
def private(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    binaries = find_binaries(request.config.getoption("--server", None))
    with Cluster.temporary(binaries=binaries) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def dsn(private: Cluster) -> str:
    found = private.dsn()
    with psycopg.connect(found) as connection:
        provide_pgtap(connection)
    return found


@pytest.fixture
def bare(private: Cluster) -> Iterator[psycopg.Connection]:
    """A connection to a database without pgTAP."""
    with psycopg.connect(private.dsn(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare TEMPLATE template0")
        with psycopg.connect(private.dsn("bare")) as bare:
            yield bare
        connection.execute("DROP DATABASE bare")


@pytest.fixture(scope="module")
def prove_environment(dsn: str) -> dict[str, str]:
    """What pg_prove has to be told in the environment; skips without pg_prove."""
    if not shutil.which("pg_prove"):
        pytest.skip("pg_prove is absent: apt-get install libtap-parser-sourcehandler-pgtap-perl")
    target = conninfo_to_dict(dsn)
    return {
        **os.environ,
        "PGHOST": str(target["host"]),
        "PGPORT": str(target["port"]),
        "PGUSER": str(target["user"]),
        "PGDATABASE": str(target["dbname"]),
        "PGCLIENTENCODING": "UTF8",
        "PGOPTIONS": "-c client_min_messages=warning -c search_path=tap,pg_catalog",
    }


def cli(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_every_file_has_a_verdict() -> None:
    written = [*PASS, *FAIL, *COMMITTED, *ENDLESS]
    assert sorted(written) == sorted(path.stem for path in FILES.glob("*.sql"))


@pytest.mark.parametrize(("name", "verdict"), [*PASS.items(), *FAIL.items(), *COMMITTED.items()])
def test_verdict(dsn: str, name: str, verdict: str) -> None:
    result = run_file(FILES / f"{name}.sql", dsn)
    assert (result.verdict, result.passed) == (verdict, name in PASS), result


@pytest.mark.once(18)
def test_the_same_counts_as_tap_parser(dsn: str, prove_environment: dict[str, str]) -> None:
    files = [FILES / f"{name}.sql" for name in (*PASS, *FAIL)]
    said = subprocess.run(
        ["perl", "-e", REFERENCE, *files],
        env=prove_environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
    ).stdout  # fmt: skip
    expected = {Path(name).stem: rest for name, *rest in map(json.loads, said.splitlines())}
    found = {
        path.stem: [
            result.passed, len(result.assertions), len(result.failed),
            result.count("TODO"), len(result.surprises), result.count("SKIP"),
        ]
        for path in files for result in [run_file(path, dsn)]
    }  # fmt: skip
    assert found == expected


@pytest.mark.parametrize("names", [[*PASS], *([name] for name in FAIL)], ids=lambda names: names[0])
def test_the_same_verdict_as_pg_prove(prove_environment: dict[str, str], names: list[str]) -> None:
    prove = subprocess.run(
        ["pg_prove", *(FILES / f"{name}.sql" for name in names)],
        env=prove_environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (prove.returncode == 0) == (names == [*PASS]), prove.stdout + prove.stderr


@pytest.mark.parametrize("name", COMMITTED)
def test_a_file_that_commits_fails_and_says_so(dsn: str, name: str) -> None:
    result = run_file(FILES / f"{name}.sql", dsn)
    assert not result.failed
    assert result.explanation == [
        "ERROR:  the file committed what it did",
        "HINT:  Put it between BEGIN and ROLLBACK.",
    ]


def test_an_unfinished_transaction_leaves_nothing(dsn: str) -> None:
    assert run_file(FILES / "unfinished.sql", dsn).passed
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT to_regclass('public.pgtap_unfinished')").fetchone() == (
            None,
        )


def sleepers(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%'"
            " AND state <> 'idle' AND pid <> pg_backend_pid()"
        ).rowcount


def settled(dsn: str) -> bool:
    """Whether no query sleeps any more: a cancel request is answered before it acts."""
    deadline = time.monotonic() + 20
    while sleepers(dsn) and time.monotonic() < deadline:
        time.sleep(0.05)
    return sleepers(dsn) == 0


def test_an_endless_query_is_cancelled_on_the_server(dsn: str) -> None:
    started = time.monotonic()
    result = run_file(FILES / "endless.sql", dsn, timeout=0.5)
    assert result.verdict == ENDLESS["endless"]
    assert time.monotonic() - started < 60, "it would sleep for 600 s"
    assert settled(dsn)


def test_an_interrupted_run_cancels_its_query(dsn: str) -> None:
    run = [sys.executable, "-c", "from aegis_db.cli.test import test; test()"]
    with subprocess.Popen(
        [*run, FILES / "endless.sql", "--dsn", dsn], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not sleepers(dsn) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert sleepers(dsn) == 1
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert settled(dsn)


def test_diagnostics_belong_to_their_assertion(dsn: str) -> None:
    assert run_file(FILES / "korean_fails.sql", dsn).explanation == [
        "not ok 1 - 시장이 같다",
        '    # Failed test 1: "시장이 같다"',
        "    #         have: 코스피",
        "    #         want: 코스닥",
        "    # Looks like you failed 1 test of 1",
    ]
    failure = run_file(FILES / "subtests_fail.sql", dsn).explanation
    assert failure[0] == "not ok 1 - pgtap_subtests.test_sums"
    assert "        not ok 2 - two and two" in failure


def test_no_cut_of_a_good_stream_passes(dsn: str) -> None:
    """Wherever psql stops writing, the verdict is a failure: its plan comes first or is missing."""
    for name in ("passes", "plan_last", "subtests"):
        whole = run_file(FILES / f"{name}.sql", dsn).tap.rstrip("\n").split("\n")
        assert parse("\n".join(whole)).passed
        assert not any(parse("\n".join(whole[:end])).passed for end in range(len(whole)))


def test_no_server_is_a_failure(tmp_path: Path) -> None:
    result = run_file(FILES / "passes.sql", make_conninfo(host=str(tmp_path), port=55200))
    assert result.verdict == "no plan; psql ended with status 2"


def test_options_of_the_dsn_are_kept_and_the_password_is_hidden(dsn: str, tmp_path: Path) -> None:
    file = tmp_path / "setting.sql"
    file.write_text(
        "BEGIN; SELECT plan(1); SELECT is(current_setting('aegis.test'), '7', 'kept'); ROLLBACK;"
    )
    assert run_file(file, make_conninfo(dsn, options="-c aegis.test=7")).passed
    if Path("/proc/self/cmdline").exists():
        shown = run_file(FILES / "command_line.sql", make_conninfo(dsn, password="geheim")).tap
        assert "--dbname" in shown
        assert "geheim" not in shown


def test_files_are_found_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b/two.sql", "a/one.sql", "a/readme.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    one, two = tmp_path / "a" / "one.sql", tmp_path / "b" / "two.sql"
    assert find_files([tmp_path]) == [one, two]
    assert find_files([two, tmp_path, tmp_path]) == [two, one]


def test_a_bail_out_stops_the_run(dsn: str) -> None:
    files = [FILES / f"{name}.sql" for name in ("passes", "bail_out", "passes")]
    assert [result.passed for result in run_files(files, dsn)] == [True, False]


def test_psql_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    directory = find_binaries().directory
    monkeypatch.setenv("AEGIS_PG_BINDIR", str(directory))
    assert find_psql().parent == directory
    monkeypatch.setenv("AEGIS_PG_BINDIR", str(tmp_path))
    with pytest.raises(AegisError) as refused:
        find_psql()
    assert refused.value.sqlstate == "AEK32"
    with pytest.raises(AegisError) as refused:
        run_file(FILES / "passes.sql", psql=tmp_path / "psql")
    assert refused.value.sqlstate == "AEK32"


def test_pgtap_is_provided_once(bare: psycopg.Connection) -> None:
    origin = provide_pgtap(bare)
    assert origin.startswith("pgTAP: ")
    assert provide_pgtap(bare) == origin
    found = bare.execute("SELECT tap.pgtap_version() >= 1").fetchone()
    assert found == (True,)
    assert bare.execute("SHOW search_path").fetchone() == ('"$user", public',)


def offers_pgtap(connection: psycopg.Connection) -> bool:
    query = "SELECT FROM pg_available_extensions WHERE name = 'pgtap'"
    return connection.execute(query).fetchone() is not None


def test_pgtap_out_of_reach_is_refused(
    bare: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if offers_pgtap(bare):
        bare.execute("CREATE EXTENSION pgtap SCHEMA public")
        with pytest.raises(AegisError) as refused:
            provide_pgtap(bare)
        assert refused.value.sqlstate == "AEK31"
        bare.execute(sql.SQL(refused.value.hint.removeprefix("Move it: ")))
        provide_pgtap(bare)
    else:
        monkeypatch.setenv("AEGIS_PGTAP_SQL", str(tmp_path / "pgtap.sql"))
        with pytest.raises(AegisError) as refused:
            provide_pgtap(bare)
        assert refused.value.sqlstate == "AEK30"
        bare.rollback()
        assert bare.execute("SELECT to_regnamespace('tap')").fetchone() == (None,)


def test_command_reports_and_exits(dsn: str) -> None:
    good = cli(FILES / "passes.sql", FILES / "skip_all.sql", "--dsn", dsn)
    assert good.exit_code == 0
    assert re.sub(r" +\d+\.\d\d s", "", good.stdout).splitlines() == [
        f"{FILES}/passes.sql .... ok  3 assertions",
        f"{FILES}/skip_all.sql .. ok  skipped: needs the moon",
    ]
    assert "each rolled back" in good.stderr
    bad = cli(FILES / "fails.sql", FILES / "passes.sql", "--dsn", dsn)
    assert bad.exit_code == 1
    assert re.search(
        r"FAILED .* s  1 of 3 assertions failed\n    not ok 2 - one is two\n", bad.stdout
    )
    assert "1 of 2 failed, 6 assertions" in bad.stderr


def test_command_refuses_what_it_cannot_do(private: Cluster, dsn: str, tmp_path: Path) -> None:
    assert cli(tmp_path / "missing.sql", "--dsn", dsn).exit_code == 2
    assert cli(tmp_path, "--dsn", dsn).exit_code == 2
    assert cli(FILES / "passes.sql", "--junit", tmp_path / "no" / "a.xml").exit_code == 2
    without_aegis = cli("--dsn", private.dsn("template1"))
    assert without_aegis.exit_code == 1
    assert without_aegis.stderr.startswith("AEK34: AEGIS is not installed")
    with psycopg.connect(private.dsn("template1")) as connection:
        assert connection.execute("SELECT to_regnamespace('tap')").fetchone() == (None,)
    unreachable = cli(FILES, "--dsn", make_conninfo(host=str(tmp_path), port=55200))
    assert unreachable.exit_code == 1
    assert "Traceback" not in unreachable.output


def test_command_lists_without_a_server() -> None:
    listed = cli(FILES, "--list", "--dsn", "host=/nowhere")
    assert listed.exit_code == 0
    assert listed.stdout.splitlines() == [str(path) for path in find_files([FILES])]


def test_tap_of_all_files_is_tap(dsn: str) -> None:
    files = [FILES / f"{name}.sql" for name in ("passes", "subtests_fail", "error", "skip_all")]
    tap = cli(*files, "--tap", "--dsn", dsn)
    assert tap.exit_code == 1
    version, stream = tap.stdout.split("\n", 1)
    assert version == "TAP version 13"
    whole = parse(stream)
    assert whole.problems == []
    assert [one.ok for one in whole.assertions] == [True, False, False, True]
    assert whole.count("SKIP") == 1
    assert "    1..3\n    ok 1 - true is true\n" in stream
    stopped = cli(FILES / "bail_out.sql", FILES / "passes.sql", "--tap", "--dsn", dsn)
    assert parse(stopped.stdout).bailed_out == "the server is on fire"
    assert "1 not run" in stopped.stderr


def test_junit_is_well_formed_whatever_is_printed(dsn: str, tmp_path: Path) -> None:
    odd = tmp_path / "odd <&>.sql"
    odd.write_text(
        r"SELECT '1..2'; SELECT E'not ok 1 - <&> \x01\x1b\uffff \U0001f4c8'; SELECT E'ok 2 \x08';"
    )
    junit = tmp_path / "junit.xml"
    names = ("todo_fails", "skip", "skip_all", "korean_fails", "error", "passes")
    ran = cli(*(FILES / f"{name}.sql" for name in names), odd, "--junit", junit, "--dsn", dsn)
    assert ran.exit_code == 1
    suites = ElementTree.parse(junit).getroot().findall("testsuite")
    keys = ("tests", "failures", "errors", "skipped")
    counts = {
        Path(suite.get("name", "")).stem: [int(suite.get(key, "")) for key in keys]
        for suite in suites
    }
    assert counts == {
        "todo_fails": [2, 0, 0, 1],
        "skip": [3, 0, 0, 2],
        "skip_all": [1, 0, 0, 1],
        "korean_fails": [1, 1, 0, 0],
        "error": [2, 0, 1, 0],
        "passes": [3, 0, 0, 0],
        "odd <&>": [2, 1, 0, 0],
    }
    failure = suites[3].find("testcase/failure")
    assert failure is not None
    assert "want: 코스닥" in str(failure.text)
    assert cli(FILES / "passes.sql", "--junit", "-", "--dsn", dsn).stdout.count("<testcase") == 3


def test_the_runner_does_not_need_pytest() -> None:
    code = "import sys; sys.modules['pytest'] = None; import aegis_db.pgtap, aegis_db.cli.test"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_pytest_collects_each_file_as_a_test(dsn: str, tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "pgtap" / "pillar"
    folder.mkdir(parents=True)
    for name in ("passes", "fails", "todo_passes", "skip_all", "committed", "error"):
        shutil.copy(FILES / f"{name}.sql", folder)
    (tmp_path / "tests" / "other.sql").write_text("SELECT 'not a test';")
    (tmp_path / "tests" / "conftest.py").write_text(
        "import pytest\n"
        'pytest_plugins = ["aegis_db.pgtap"]\n'
        f'@pytest.fixture(scope="session")\ndef pgtap_dsn():\n    return {dsn!r}\n'
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "--rootdir=.", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = ran.stdout
    assert ran.returncode == 1, said + ran.stderr
    assert "3 failed, 2 passed, 1 skipped" in said
    assert "pgTAP: 10 assertions in 6 files" in said
    assert "tests/pgtap/pillar/todo_passes.sql: 2 assertions, 1 todo, todo passed: 1" in said
    assert "_ pgtap/pillar/fails.sql _" in said
    assert "not ok 2 - one is two" in said
    assert "needs the moon" in said
    assert "Traceback" not in said
