"""Real ids, versions, people and projects in place of invented ones. What was made wrong on purpose stays as it is."""

import atexit
import datetime
import hashlib
import json
import os
import re
import urllib.error
import urllib.request
import uuid

import schemathesis

POOLS = json.load(open(os.environ["API_POOLS"]))


def pick(pool, value, of=8):
    """The same value leads to the same pick; one in `of` stays invented."""
    number = int.from_bytes(hashlib.sha256(repr(value).encode()).digest()[:8], "big")
    return value if number % of == 0 else pool[number // of % len(pool)]


def is_id(value):
    try:
        return isinstance(value, str) and len(value) == 36 and bool(uuid.UUID(value))
    except ValueError:
        return False


def is_name(value):
    return isinstance(value, str) and 1 <= len(value) <= 60 and "\0" not in value


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    resource = context.operation.path.split("/")[3]
    for name, value in (path_parameters or {}).items():
        if (is_id(value) if name == "id" else is_name(value)) and POOLS.get(resource):
            path_parameters[name] = pick(POOLS[resource], value)
    return path_parameters


@schemathesis.hook
def before_call(context, case, kwargs):
    """The version that stands, most of the time: no invented one ever would be."""
    version, record = (case.headers or {}).get("If-Match"), (case.path_parameters or {}).get("id")
    if not (isinstance(version, str) and re.fullmatch(r'"[0-9]{1,18}"', version) and is_id(record)) or pick([True], version) is not True:
        return
    path = "/".join(case.operation.path.split("/")[:4])
    request = urllib.request.Request(os.environ["API_HOST"] + f"{path}/{record}", headers={"Authorization": os.environ["API_TOKEN"]})
    try:
        case.headers["If-Match"] = urllib.request.urlopen(request).headers["ETag"]
    except urllib.error.HTTPError:
        pass


@schemathesis.hook
def map_query(context, query):
    if query and is_id(query.get("id")):
        query["id"] = pick(POOLS["explain"], query["id"])
    if query and is_name(query.get("staff")):
        query["staff"] = pick(POOLS["staff"], query["staff"], of=3)
    return query


def is_date(value):
    try:
        return isinstance(value, str) and len(value) == 10 and bool(datetime.date.fromisoformat(value))
    except ValueError:
        return False


def is_instant(value):
    shape = r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"
    return isinstance(value, str) and re.fullmatch(shape, value, re.ASCII) is not None and is_date(value[:10])


def real(body):
    names = {"staff": "staff", "to": "staff", "client": "clients", "project": "projects"}
    for name, value in body.items():
        if name in names and is_name(value):
            body[name] = pick(POOLS[names[name]], value)
        elif name == "timezone" and is_name(value):
            body[name] = pick(["Europe/Berlin", "America/New_York", "UTC"], value)
        elif name in ("id", "into") and is_id(value):
            body[name] = pick(POOLS["entries"], value)
        elif name in ("parts", "items") and isinstance(value, list):
            for one in value:
                if isinstance(one, dict):
                    real(one)
    # Times of one day, most of the time in their order.
    if all(is_instant(body.get(name)) for name in ("start", "end")) and ("date" not in body or is_date(body["date"])):
        days = [f"2026-{month:02}-{day:02}" for month in (10, 11) for day in range(1, 29)]
        day = pick(days, body["start"], of=50)
        if day in days:
            body["start"], body["end"] = f"{day}T{pick(['08', '09', '12'], body['start'], 90)[-2:]}:00:00Z", f"{day}T13:30:00Z"
            if "date" in body:
                body["date"] = day
    return body


@schemathesis.hook
def map_body(context, body):
    return real(body) if isinstance(body, dict) else body


ANSWERED = {}


@schemathesis.hook
def after_call(context, case, response):
    """How often each operation answered what: a run in which nothing was ever done has tested little."""
    if response.request.method != case.operation.method.upper():
        return
    counts = ANSWERED.setdefault(case.operation.label, {})
    counts[response.status_code] = counts.get(response.status_code, 0) + 1


@atexit.register
def tell():
    with open(os.environ["API_POOLS"] + ".answered", "w") as file:
        json.dump(ANSWERED, file)
