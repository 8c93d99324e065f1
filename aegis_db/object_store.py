"""Files that nobody can take back: S3 with Object Lock, or whatever else speaks its protocol.

An object is written once, with a SHA-256 that the store checks, and locked in COMPLIANCE mode:
until its time is over not even the account that owns the bucket can remove it or shorten that time.
Only its first version is ever believed. Credentials, region, endpoint and certificates come from
boto3's own chain (environment, profile, instance role); AEGIS has no option for them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from aegis_db.errors import AegisError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_URL = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/?(?P<key>.*)", re.DOTALL)
MODE: Literal["COMPLIANCE"] = "COMPLIANCE"


@dataclass(frozen=True)
class Place:
    """An object, or with a ``key`` that is empty or ends in a slash everything below it."""

    bucket: str
    key: str

    def __str__(self) -> str:
        """Return the URL."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def is_folder(self) -> bool:
        """Whether this names no object but what lies below."""
        return not self.key or self.key.endswith("/")


@dataclass(frozen=True)
class Stored:
    """What was first written at ``place``, and what has happened to it since."""

    place: Place
    body: bytes
    locked_until: datetime | None  # None unless in COMPLIANCE mode
    later_versions: int  # written, or marked as deleted, over it


def place_of(url: str) -> Place:
    """Return the place that ``url`` names; AEP80 when it is no s3:// URL."""
    found = _URL.fullmatch(url)
    if found is None:
        raise AegisError(
            "AEP80",
            f"{url} names no bucket",
            hint="Write it as s3://bucket/key or s3://bucket/folder/.",
        )
    return Place(found["bucket"], found["key"])


def client() -> S3Client:
    """Return a client by boto3's own chain of credentials; AEP81 without boto3."""
    try:
        import boto3  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as missing:
        raise AegisError(
            "AEP81",
            "boto3 is not installed",
            hint="Install the extra: pip install 'aegis-db[s3]'.",
        ) from missing
    with reported_by_store("s3"):
        made: S3Client = boto3.client("s3")
    return made


@contextmanager
def reported_by_store(what: str) -> Iterator[None]:
    """Turn what boto3 says into AEP80."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra

    try:
        yield
    except (BotoCoreError, ClientError) as failure:
        raise AegisError(
            "AEP80",
            f"the object store refused {what}",
            detail=" ".join(str(failure).split()),
            hint="Credentials, region and endpoint are boto3's: AWS_PROFILE, AWS_ENDPOINT_URL_S3 "
            "and so on.",
        ) from failure


def _code(failure: Any) -> str:
    return str(failure.response.get("Error", {}).get("Code", ""))


def check_lock(store: S3Client, bucket: str) -> None:
    """Refuse (AEP79) a bucket that cannot lock what is written to it."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - an extra

    with reported_by_store(f"to say whether bucket {bucket} locks objects"):
        try:
            answer = store.get_object_lock_configuration(Bucket=bucket)
            state = answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled")
        except ClientError as failure:
            if _code(failure) != "ObjectLockConfigurationNotFoundError":
                raise
            state = None
    if state != "Enabled":
        raise AegisError(
            "AEP79",
            f"bucket {bucket} has no Object Lock",
            detail="Whoever may write to it could replace or remove what is kept there.",
            hint="Make a bucket with Object Lock: aws s3api create-bucket "
            "--object-lock-enabled-for-bucket --bucket NAME",
        )


def write_once(store: S3Client, place: Place, body: bytes, days: int) -> datetime:
    """Write ``body`` where nothing is yet, locked for ``days``; return until when.

    Raises AEP78 where something is, AEP79 where the bucket does not lock it, AEP80.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415 - an extra

    check_lock(store, place.bucket)
    until = (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)
    # Asked before, for stores that know no condition; asked after, since an answer may be lost, and
    # boto3 then finds what it has written itself.
    there = read_first(store, place)
    if there is None:
        with reported_by_store(f"to write {place}"):
            try:
                store.put_object(
                    Bucket=place.bucket,
                    Key=place.key,
                    Body=body,
                    ContentType="application/json",
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=base64.b64encode(hashlib.sha256(body).digest()).decode(),
                    ObjectLockMode=MODE,
                    ObjectLockRetainUntilDate=until,
                    IfNoneMatch="*",
                )
            except ClientError as failure:
                if _code(failure) not in {"PreconditionFailed", "ConditionalRequestConflict"}:
                    raise
        there = read_first(store, place)
    if there is None or there.body != body:
        raise AegisError(
            "AEP78", f"{place} exists", hint="An anchor is never overwritten: name another key."
        )
    if there.locked_until is None or there.locked_until < until:
        raise AegisError(
            "AEP79",
            f"the store took {place} and did not lock it",
            detail=f"It is locked until {there.locked_until}." if there.locked_until else "",
            hint="Use a store that implements Object Lock in COMPLIANCE mode.",
        )
    return there.locked_until


def read_first(store: S3Client, place: Place) -> Stored | None:
    """Return the first version of an object, whatever was put over it; None when there is none."""
    with reported_by_store(f"to list the versions of {place}"):
        pages = store.get_paginator("list_object_versions").paginate(
            Bucket=place.bucket, Prefix=place.key
        )
        listed = [
            (each["LastModified"], "Size" in each, each["VersionId"])
            for page in pages
            for each in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
            if each["Key"] == place.key
        ]
    # The store lists the newest first: of one second, the last listed is the oldest.
    written = [version for version in reversed(listed) if version[1]]
    if not written:
        return None
    first = min(written, key=lambda version: version[0])
    with reported_by_store(f"to read {place}"):
        answer = store.get_object(
            Bucket=place.bucket, Key=place.key, VersionId=first[2], ChecksumMode="ENABLED"
        )
        body = answer["Body"].read()
    return Stored(
        place,
        body,
        answer.get("ObjectLockRetainUntilDate") if answer.get("ObjectLockMode") == MODE else None,
        len(listed) - 1,
    )


def read_all(store: S3Client, place: Place) -> list[Stored]:
    """Return the first version of the object, or of everything below the folder, by key."""
    if not place.is_folder:
        found = read_first(store, place)
        return [found] if found else []
    with reported_by_store(f"to list {place}"):
        pages = store.get_paginator("list_object_versions").paginate(
            Bucket=place.bucket, Prefix=place.key
        )
        keys = sorted({each["Key"] for page in pages for each in page.get("Versions", [])})
    stored = (read_first(store, Place(place.bucket, key)) for key in keys)
    return [each for each in stored if each]
