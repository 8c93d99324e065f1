"""Anchors in S3 with Object Lock: against a server that speaks its protocol, over real sockets."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer
from test_seals import CORRECT, REBUILD, WRITE, run, seal, tamper

from aegis_db import object_store
from aegis_db.database import connect
from aegis_db.errors import AegisError


@pytest.fixture(scope="module")
def object_server() -> Iterator[str]:
    """An S3 server on a free port."""
    running = ThreadedMotoServer("127.0.0.1", 0)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(
    request: pytest.FixtureRequest, object_server: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A bucket with Object Lock of this test; the environment says where and by whom."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", object_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    name = f"b{abs(hash(request.node.name)):x}"
    boto3.client("s3").create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def chain(database: str) -> str:
    """A day of prices, sealed."""
    with connect(database, autocommit=True) as connection:
        connection.execute(WRITE.format(day="'2024-01-02'"))
    seal(database)
    return database


def keys(bucket: str) -> list[str]:
    answer = boto3.client("s3").list_object_versions(Bucket=bucket)
    return [each["Key"] for each in answer.get("Versions", [])]


def code(*arguments: str) -> str:
    done = run(*arguments)
    assert done.exit_code == 1, done.output
    return done.stderr.split(":")[0]


def test_an_anchor_is_locked_and_nobody_takes_it_back(chain: str, bucket: str) -> None:
    place = f"s3://{bucket}/daily/head.json"
    done = run("anchor", "export", place, "--retain-days", "30", "--dsn", chain)
    assert done.exit_code == 0, done.stderr
    store = boto3.client("s3")
    head = store.head_object(Bucket=bucket, Key="daily/head.json", ChecksumMode="ENABLED")
    assert head["ObjectLockMode"] == "COMPLIANCE"
    left = head["ObjectLockRetainUntilDate"] - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)
    assert head["ChecksumSHA256"]
    with pytest.raises(ClientError, match="AccessDenied"):
        store.delete_object(
            Bucket=bucket, Key="daily/head.json", VersionId=head["VersionId"],
            BypassGovernanceRetention=True,
        )  # fmt: skip
    assert code("anchor", "export", place, "--dsn", chain) == "AEP78"
    whole = run("anchor", "verify", place, "--dsn", chain)
    assert (whole.exit_code, whole.stdout) == (0, "")


def test_what_lies_over_an_anchor_does_not_count(chain: str, bucket: str) -> None:
    """An attacker who may write puts his own head over it, or marks it as deleted."""
    place = f"s3://{bucket}/head.json"
    run("anchor", "export", place, "--dsn", chain)
    store = boto3.client("s3")
    original = store.get_object(Bucket=bucket, Key="head.json")["Body"].read()
    tamper(chain, *REBUILD)
    forged = json.loads(original)
    with connect(chain) as connection:
        row = connection.execute(
            "SELECT encode(s.digest, 'hex') FROM aegis.seals AS s WHERE s.seal_number = %s",
            (forged["seal_number"],),
        ).fetchone()
    forged["digest"] = row[0] if row else None
    store.put_object(Bucket=bucket, Key="head.json", Body=json.dumps(forged))
    for superseded in (1, 2):
        caught = json.loads(run("anchor", "verify", place, "--json", "--dsn", chain).stdout)
        assert {each["finding"] for each in caught} == {"anchor_superseded", "anchor_differs"}
        assert f"{superseded} times" in caught[0]["particulars"]
        store.delete_object(Bucket=bucket, Key="head.json")


def test_every_anchor_below_a_folder_has_to_hold(chain: str, bucket: str) -> None:
    folder = f"s3://{bucket}/aegis/"
    assert run("anchor", "export", folder, "--dsn", chain).exit_code == 0
    with connect(chain, autocommit=True) as connection:
        connection.execute(CORRECT)
    seal(chain)
    assert run("anchor", "export", folder, "--dsn", chain).exit_code == 0
    names = sorted(keys(bucket))
    assert [name.split("/")[0] for name in names] == ["aegis", "aegis"]
    assert len({name.rsplit("/", 1)[0] for name in names}) == 1, "one cluster, one database"
    assert run("anchor", "verify", folder, "--dsn", chain).exit_code == 0

    # Who rebuilt the chain anchors it anew: the earlier one still names it.
    tamper(chain, *REBUILD)
    seal(chain)
    with connect(chain, autocommit=True) as connection:
        connection.execute(CORRECT)
    seal(chain)
    assert run("anchor", "export", folder, "--dsn", chain).exit_code == 0
    caught = json.loads(run("anchor", "verify", folder, "--json", "--dsn", chain).stdout)
    assert {each["finding"] for each in caught} == {"anchor_differs"}
    newest = f"s3://{bucket}/{max(keys(bucket))}"
    assert run("anchor", "verify", newest, "--dsn", chain).exit_code == 0, "alone it proves nothing"


def test_a_bucket_without_object_lock_is_refused(chain: str, bucket: str) -> None:
    boto3.client("s3").create_bucket(Bucket=f"{bucket}-plain")
    place = f"s3://{bucket}-plain/head.json"
    assert code("anchor", "export", place, "--dsn", chain) == "AEP79"
    assert code("anchor", "verify", place, "--dsn", chain) == "AEP79"
    assert keys(f"{bucket}-plain") == []


def test_an_anchor_that_is_not_locked_is_named(chain: str, bucket: str) -> None:
    """Somebody else wrote it, or its time is over: it may have been replaced."""
    place = f"s3://{bucket}/head.json"
    run("anchor", "export", place, "--dsn", chain)
    store = boto3.client("s3")
    body = store.get_object(Bucket=bucket, Key="head.json")["Body"].read()
    store.put_object(Bucket=bucket, Key="loose.json", Body=body)
    caught = run("anchor", "verify", f"s3://{bucket}/loose.json", "--json", "--dsn", chain)
    assert (caught.exit_code, [each["finding"] for each in json.loads(caught.stdout)]) == (
        3, ["anchor_unlocked"],
    )  # fmt: skip
    store.put_object(Bucket=bucket, Key="none.json", Body=b"{}")
    assert code("anchor", "verify", f"s3://{bucket}/none.json", "--dsn", chain) == "AEP77"
    assert code("anchor", "verify", f"s3://{bucket}/nowhere.json", "--dsn", chain) == "AEP77"


def test_what_the_store_says_is_told(
    chain: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert code("anchor", "export", "s3://no", "--dsn", chain) == "AEP80"
    assert code("anchor", "export", "s3://nowhere-at-all/x", "--dsn", chain) == "AEP80"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    assert code("anchor", "export", f"s3://{bucket}/x", "--dsn", chain) == "AEP80"


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(AegisError) as refusal:
        object_store.client()
    assert refusal.value.sqlstate == "AEP81"
