"""Schemathesis against the served API: everything its OpenAPI document allows, and much that it does not, on both databases.

The book is the demo's, with answered questions and with entries in every state, so that ids and versions of real records can be asked
for; `api_hooks.py` puts them in place of invented ones.

Usage: api.py PATH_OF_kalends [--seed N] [--max-examples N] [--only sqlite|postgres]
Needs TEST_POSTGRES_URL for PostgreSQL.
"""

import argparse
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
DANA = "dana@northwind.example"
RESOURCES = ["entries", "exceptions", "catalog", "sources", "users"]
SCOPES = [f"{resource}:{verb}" for resource in RESOURCES for verb in ("read", "write")] + ["reports:read", "audit:read"]
# Values of the right shape may still mean nothing: no such project, an end before its start, a version that is not the last. A shape that
# is wrong may be noticed after something else that is.
CHECKS = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "403", "404", "409", "410", "412", "422"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "409", "410", "412", "415", "422", "428"]
missing_required_header.expected-statuses = ["401", "428"]
"""


class Feed(http.server.BaseHTTPRequestHandler):
    """A calendar without events."""

    def do_GET(self):
        text = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Served:
    """A daemon with the demo's book on one database."""

    def __init__(self, kalends, database, folder):
        self.kalends, self.folder = str(pathlib.Path(kalends).resolve()), pathlib.Path(folder)
        self.environment = dict(os.environ, KALENDS_ACTOR="ops@northwind.example")
        if database == "postgres":
            self.environment["KALENDS_DATABASE"] = os.environ["TEST_POSTGRES_URL"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.host = "127.0.0.1:%d" % free.getsockname()[1]
        self.run("demo", "--dir", str(self.folder / "book"), at=self.folder)
        with open(self.folder / "book" / "kalends.yaml", "a") as config:
            config.write(f"\nlisten: {self.host}\nrequests_a_minute: 1000000\nfour_eyes: false\n")
        self.run("users", "set", DANA, "--role", "staff", "--role", "reviewer", "--reviews", "everyone")
        # A grant to look at: a feed that says nothing new.
        self.feed = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feed)
        threading.Thread(target=self.feed.serve_forever, daemon=True).start()
        with open(self.folder / "book" / "kalends.yaml", "a") as config:
            config.write(f'feeds: {{allow: ["127.0.0.1:{self.feed.server_port}"]}}\n')
        self.run("keys", "generate")
        (self.folder / "feed").write_text(f"http://127.0.0.1:{self.feed.server_port}/private/abcdef.ics\n")
        self.run("calendar", "add", "ics", "--staff", DANA, "--url-file", str(self.folder / "feed"))
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        self.token = self.run("tokens", "add", "fuzz", "--staff", DANA, *scopes).splitlines()[0]
        self.daemon = subprocess.Popen(
            [self.kalends, "serve"], cwd=self.folder / "book", env=self.environment, stdout=subprocess.DEVNULL, stderr=open(self.folder / "log", "w")
        )
        for _ in range(400):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", int(self.host.split(":")[1]))) == 0:
                    return
            time.sleep(0.05)
        sys.exit("it does not listen")

    def run(self, *args, at=None):
        done = subprocess.run([self.kalends, *args], cwd=at or self.folder / "book", env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, (args, done.stderr)
        return done.stdout

    def call(self, path, body=None, version=None):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if version:
            headers["If-Match"] = f'"{version}"'
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.host}/api/v1{path}", data, headers, method="GET" if body is None else "POST")
        return json.load(urllib.request.urlopen(request))

    def records(self):
        """Ids of real records, some of them in every state."""
        drafts = self.call("/entries?limit=200&held=false")["items"]
        for place, entry in enumerate(drafts[:40]):
            acts = [[], ["submit"], ["approve"], ["submit", "reject"]][place % 4]
            for version, act in enumerate(acts, entry["version"]):
                self.call(f"/entries/{entry['id']}/{act}", {"reason": "no"} if act == "reject" else {}, version)
        questions = self.call("/exceptions?limit=200")["items"]
        answered = [self.call(f"/exceptions/{one['id']}/assign", {"to": DANA}, one["version"]) for one in questions[:3]]
        ids = lambda path: [one["id"] for one in self.call(path)["items"]]
        return {
            "entries": [one["id"] for one in drafts],
            "exceptions": [one["id"] for one in questions + answered],
            "users": ids("/users"),
            "calendars": ids("/calendars"),
            "connections": ids("/connections"),
            "explain": [one["id"] for one in drafts + questions],
            "clients": [one["key"] for one in self.call("/clients")["items"]],
            "projects": [one["code"] for one in self.call("/projects")["items"]],
            "staff": [one["email"] for one in self.call("/users")["items"]],
        }


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("kalends")
    asked.add_argument("--seed", default="1")
    asked.add_argument("--max-examples", default="100")
    asked.add_argument("--only", choices=["sqlite", "postgres"])
    asked.add_argument("--verbose", action="store_true")
    asked = asked.parse_args()
    failed = False
    for database in [asked.only] if asked.only else ["sqlite", "postgres"]:
        with tempfile.TemporaryDirectory() as folder:
            begun, served = time.monotonic(), Served(asked.kalends, database, folder)
            try:
                pools = pathlib.Path(folder, "pools.json")
                pools.write_text(json.dumps(served.records()))
                config = pathlib.Path(folder, "schemathesis.toml")
                config.write_text(CHECKS)
                command = [str(pathlib.Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run"]
                command += [f"http://{served.host}/api/v1/openapi.json", "--header", f"Authorization: Bearer {served.token}", "--no-color"]
                command += ["--checks", "all", "--seed", asked.seed, "--max-examples", asked.max_examples, "--continue-on-failure"]
                # One thread: in several CPython 3.11 loses count of its recursion (gh-106905).
                command += ["--workers", "1", "--warnings", "off", "--generation-database", "none"]
                environment = dict(os.environ, SCHEMATHESIS_HOOKS="api_hooks", PYTHONPATH=str(HERE.resolve()), API_POOLS=str(pools))
                environment |= {"API_HOST": f"http://{served.host}", "API_TOKEN": f"Bearer {served.token}"}
                done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
                counted = [line.strip() for line in done.stdout.splitlines() if " generated, " in line]
                answered = json.loads(pathlib.Path(f"{pools}.answered").read_text())
                done_once = [name for name, counts in answered.items() if any(status.startswith("2") for status in counts)]
                never = sorted(name for name in answered if name not in done_once and "409" not in answered[name])
                print(
                    f"schemathesis on {database}: {counted[0] if counted else 'nothing'}; {len(done_once)} of {len(answered)} operations did "
                    f"what they are for, {time.monotonic() - begun:.0f} s",
                    flush=True,
                )
                if asked.verbose:
                    print(json.dumps(answered, indent=1))
                if never:
                    failed = True
                    print("never done: " + ", ".join(never))
                broken = [line for line in pathlib.Path(folder, "log").read_text().splitlines() if "cannot answer" in line or "panicked" in line]
                if done.returncode != 0 or broken:
                    failed = True
                    print(done.stdout[-20000:], done.stderr[-2000:], *broken[:20], sep="\n", flush=True)
            finally:
                served.daemon.terminate()
                served.daemon.wait()
    sys.exit(failed)


main()
