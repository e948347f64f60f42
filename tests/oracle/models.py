"""The fake providers, held against what the vendors publish themselves.

Every body is checked against Google's discovery document and Microsoft's own model classes, both from the vendors' packages; a field they do
not know is a failure. The vendors' own clients then use the fakes with nothing changed but the base address.

Usage: models.py PATH_OF_THE_EXAMPLE_fake_providers
"""

import asyncio
import base64
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse
import urllib.request

import googleapiclient.discovery
import googleapiclient.errors
from google.oauth2.credentials import Credentials
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.calendar_collection_response import CalendarCollectionResponse
from msgraph.generated.models.event import Event
from msgraph.generated.models.event_collection_response import EventCollectionResponse
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.user import User
from msgraph.generated.users.item.calendar_view.delta.delta_get_response import DeltaGetResponse
from msgraph.generated.users.item.calendar_view.delta.delta_request_builder import DeltaRequestBuilder

DANA, EVA = "dana@northwind.example", "eva@northwind.example"
checked = 0


def call(url, data=None, headers=None, follow=True):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    opener = urllib.request.build_opener(*([] if follow else [Stay]))
    try:
        with opener.open(urllib.request.Request(url, data=data, headers=headers or {})) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def act(base, **act):
    status, _, body = call(f"{base}/_control", json.dumps(act).encode(), {"content-type": "application/json"})
    assert status == 200, body
    return json.loads(body)


def sign_in(authorize, token, scope):
    """The code flow, with the consent scripted."""
    query = {"client_id": "app", "redirect_uri": "http://127.0.0.1:1/x", "response_type": "code", "scope": scope, "state": "s", "access_type": "offline"}
    _, headers, _ = call(f"{authorize}?{urllib.parse.urlencode(query)}", follow=False)
    code = urllib.parse.parse_qs(urllib.parse.urlparse(headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "client_id": "app", "redirect_uri": query["redirect_uri"]}
    _, _, body = call(token, urllib.parse.urlencode(form).encode())
    answer = json.loads(body)
    if "id_token" in answer:
        claims = answer["id_token"].split(".")[1]
        issuer = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["iss"]
        assert issuer in ("https://accounts.google.com", "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"), issuer
        assert ("google" in issuer) == authorize.endswith("/v2/auth"), issuer
    return answer["access_token"]


def device(base, begin, token, unknown):
    """A code that nobody typed in ends, and one that never was is another error."""
    act(base, act="consent", consent="page")
    act(base, act="policy", policy={"device_seconds": 0})
    codes = json.loads(call(begin, urllib.parse.urlencode({"client_id": "app", "scope": "openid"}).encode())[2])
    for code, error in [(codes["device_code"], "expired_token"), ("none", unknown)]:
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": code, "client_id": "app"}
        status, _, body = call(token, urllib.parse.urlencode(form).encode())
        assert status == 400 and json.loads(body)["error"] == error, body


def against(schemas, name, value, at=""):
    """Google's discovery document: every field is known and of its type."""
    global checked
    checked += 1
    schema = schemas[name] if isinstance(name, str) else name
    if "$ref" in schema:
        return against(schemas, schema["$ref"], value, at)
    kind = schema.get("type")
    types = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list, "object": dict}
    assert kind == "any" or isinstance(value, types[kind]), f"{at}: {value!r} is no {kind}"
    if kind == "object":
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        for key, inner in value.items():
            assert key in known or more, f"{at}.{key} is no field of {schema.get('id')}"
            against(schemas, known.get(key, more), inner, f"{at}.{key}")
    for place, inner in enumerate(value if kind == "array" else []):
        against(schemas, schema["items"], inner, f"{at}[{place}]")


def known(model, at=""):
    """Microsoft's models: what they do not know lands in additional_data, which must stay empty but for what OData adds."""
    global checked
    checked += 1
    extra = {key for key in (getattr(model, "additional_data", None) or {}) if not key.startswith("@")}
    assert not extra, f"{at}: Microsoft's model knows no {extra}"
    for key in model.get_field_deserializers() if hasattr(model, "get_field_deserializers") else []:
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower().replace("@odata._", "odata_").replace("i_cal_u_id", "i_cal_u_id")
        value = getattr(model, snake, None)
        for inner in value if isinstance(value, list) else [value]:
            if hasattr(inner, "get_field_deserializers"):
                known(inner, f"{at}.{key}")


def parsed(kind, body):
    node = JsonParseNodeFactory().get_root_parse_node("application/json", body)
    model = node.get_object_value(kind)
    known(model, kind.__name__)
    return model


def google(base):
    act(base, act="policy", policy={"page_max": 2, "empty_pages": True})
    act(base, act="consent", consent={"auto": {"email": DANA, "withhold": []}})
    series = {"summary": "Series", "start": {"dateTime": "2026-03-02T09:00:00+01:00", "timeZone": "Europe/Berlin"},
              "end": {"dateTime": "2026-03-02T10:00:00+01:00", "timeZone": "Europe/Berlin"}, "recurrence": ["RRULE:FREQ=DAILY;COUNT=4"],
              "attendees": [{"email": DANA, "responseStatus": "accepted"}, {"email": "tom@acme.example", "responseStatus": "needsAction"}]}
    master = act(base, act="add", calendar=DANA, event=series)["id"]
    act(base, act="add", calendar=DANA, event={"summary": "Away", "start": {"date": "2026-03-05"}, "end": {"date": "2026-03-07"}, "eventType": "outOfOffice"})
    act(base, act="delete", calendar=DANA, id=f"{master}_20260303T080000Z")
    act(base, act="edit", calendar=DANA, id=f"{master}_20260304T080000Z", patch={"summary": "Moved", "start": {"dateTime": "2026-03-04T15:00:00+01:00"},
        "end": {"dateTime": "2026-03-04T16:00:00+01:00"}})
    token = sign_in(f"{base}/o/oauth2/v2/auth", f"{base}/token", "openid email https://www.googleapis.com/auth/calendar.readonly")
    folder = pathlib.Path(googleapiclient.discovery.__file__).parent / "discovery_cache" / "documents"
    document = json.loads((folder / "calendar.v3.json").read_text())
    schemas = document["schemas"]
    document["rootUrl"] = f"{base}/"
    document.pop("mtlsRootUrl", None)
    document["baseUrl"] = f"{base}/calendar/v3/"
    service = googleapiclient.discovery.build_from_document(document, credentials=Credentials(token))
    against(schemas, "Calendar", service.calendars().get(calendarId="primary").execute())
    lists = service.calendarList().list().execute()
    against(schemas, "CalendarList", lists)
    assert lists["items"][0]["id"] == DANA

    def pages(**query):
        items, last = [], None
        request = service.events().list(calendarId=DANA, **query)
        while request is not None:
            last = request.execute()
            against(schemas, "Events", last)
            assert ("nextPageToken" in last) != ("nextSyncToken" in last), "one token or the other"
            items += last["items"]
            request = service.events().list_next(request, last)
        return items, last["nextSyncToken"]

    def refused(request, status):
        try:
            request.execute()
        except googleapiclient.errors.HttpError as error:
            assert error.resp.status == status, error
            return
        raise AssertionError(f"{request.uri} was taken")

    window = {"timeMin": "2026-03-01T00:00:00Z", "timeMax": "2026-04-01T00:00:00Z"}
    shown, _ = pages(singleEvents=True, orderBy="startTime", **window)
    assert [event["summary"] for event in shown] == ["Series", "Moved", "Away", "Series"], [event["summary"] for event in shown]
    parameters(base, service, pages, refused, schemas, window, master)
    masters, sync = pages(singleEvents=False)
    assert any(event.get("recurrence") for event in masters)
    assert pages(singleEvents=False, syncToken=sync)[0] == []
    act(base, act="delete", calendar=DANA, id=f"{master}_20260302T080000Z")
    changed, sync = pages(singleEvents=False, syncToken=sync)
    assert [event["status"] for event in changed if event["id"] != master and "T080000Z" in event["id"]].count("cancelled") == 1, changed
    act(base, act="delete", calendar=DANA, id=master)
    changed, _ = pages(singleEvents=False, syncToken=sync)
    assert changed[0]["status"] == "cancelled" and set(changed[0]) <= {"kind", "etag", "id", "status"}, changed
    for query, status in [({"syncToken": sync, "timeMin": window["timeMin"]}, 400), ({"syncToken": sync, "showDeleted": False}, 400),
                          ({"syncToken": "nonsense"}, 410), ({"updatedMin": "2020-01-01T00:00:00Z"}, 410)]:
        refused(service.events().list(calendarId=DANA, singleEvents=False, **query), status)
    refused(service.events().delete(calendarId=DANA, eventId=master), 410)
    shared(base, service, pages, refused, schemas)


def parameters(base, service, pages, refused, schemas, window, master):
    """What the parameters of events.list and events.get promise, over a series with one occurrence moved and one taken out."""
    def titles(**query):
        return [event.get("summary") for event in pages(singleEvents=True, **window, **query)[0]]

    assert titles(showDeleted=True).count(None) == 1, "the one that was taken out"
    assert titles(q="moved") == ["Moved"] and titles(q="tom@acme.example moved") == ["Moved"]
    assert titles(eventTypes="outOfOffice") == ["Away"]
    # Google's client cannot go on to the next page of a query that repeats a parameter.
    act(base, act="policy", policy={"page_max": 2500, "empty_pages": False})
    both = service.events().list(calendarId=DANA, singleEvents=True, eventTypes=["outOfOffice", "default"], **window).execute()
    assert len(both["items"]) == 4, both
    act(base, act="policy", policy={"page_max": 2, "empty_pages": True})
    assert titles(orderBy="updated")[-1] == "Moved" and titles(updatedMin="2030-01-01T00:00:00Z") == []
    few = [event for event in pages(singleEvents=True, maxAttendees=1, **window)[0] if "attendees" in event]
    assert all(event["attendeesOmitted"] and [one["email"] for one in event["attendees"]] == [DANA] for event in few) and few
    elsewhere = pages(singleEvents=True, timeZone="America/New_York", **window)[0][0]["start"]
    assert elsewhere == {"dateTime": "2026-03-02T03:00:00-05:00", "timeZone": "Europe/Berlin"}, elsewhere
    events = service.events()
    assert events.get(calendarId=DANA, eventId=f"{master}_20260304T080000Z").execute()["summary"] == "Moved"
    refused(events.get(calendarId=DANA, eventId=f"{master}_20260304T090000Z"), 404)
    refused(events.list(calendarId=DANA, orderBy="startTime"), 400)
    listed = events.instances(calendarId=DANA, eventId=master, maxResults=1).execute()
    against(schemas, "Events", listed)
    assert len(listed["items"]) <= 1 and "nextPageToken" in listed
    times = {"start": {"dateTime": "2027-03-02T09:00:00+01:00"}, "end": {"dateTime": "2027-03-02T10:00:00+01:00"}}
    against(schemas, "Event", events.insert(calendarId=DANA, body={"id": "mine1", **times}).execute())
    refused(events.insert(calendarId=DANA, body={"id": "mine1", **times}), 409)
    refused(events.insert(calendarId=DANA, body={"start": times["start"]}), 400)
    put = events.update(calendarId=DANA, eventId="mine1", body={"summary": "Put", **times}).execute()
    assert put["summary"] == "Put" and "location" not in put and put["id"] == "mine1"
    # Who lists instances is told of those that were taken out since.
    query = {"singleEvents": True, "showDeleted": True}
    _, sync = pages(**query)
    events.delete(calendarId=DANA, eventId=f"{master}_20260305T080000Z").execute()
    changed = [event["id"] for event in pages(**query, syncToken=sync)[0] if event["status"] == "cancelled"]
    assert f"{master}_20260305T080000Z" in changed, changed
    events.patch(calendarId=DANA, eventId=master, body={"location": "Room 4"}).execute()
    assert events.get(calendarId=DANA, eventId=master).execute()["location"] == "Room 4"


def shared(base, service, pages, refused, schemas):
    """A colleague's calendar: what is private stays so, and a change of rights ends what was known."""
    act(base, act="account", email="tom@northwind.example")
    calendar = act(base, act="calendar", email="tom@northwind.example", name="Team")["calendar"]
    hidden = {"summary": "Doctor", "visibility": "private", "start": {"dateTime": "2026-03-09T09:00:00Z"}, "end": {"dateTime": "2026-03-09T10:00:00Z"}}
    act(base, act="add", calendar=calendar, event=hidden)
    act(base, act="share", calendar=calendar, email=DANA, role="reader")
    listed = service.events().list(calendarId=calendar).execute()
    against(schemas, "Events", listed)
    while "nextPageToken" in listed and not listed["items"]:
        listed = service.events().list(calendarId=calendar, pageToken=listed["nextPageToken"]).execute()
    assert "summary" not in listed["items"][0] and listed["items"][0]["visibility"] == "private", listed
    assert listed["accessRole"] == "reader"
    refused(service.events().insert(calendarId=calendar, body=hidden), 403)
    act(base, act="share", calendar=calendar, email=DANA, role="owner")
    refused(service.events().list(calendarId=calendar, syncToken=listed["nextSyncToken"]), 410)
    assert [one["id"] for one in service.calendarList().list(minAccessRole="owner").execute()["items"]] == [DANA, calendar]


async def outlook(base):
    act(base, act="consent", consent={"auto": {"email": EVA, "withhold": []}})
    calendar = json.loads(call(f"{base}/_control/accounts")[2])[EVA][0]
    series = {"subject": "Series", "start": {"dateTime": "2026-03-02T09:00:00", "timeZone": "W. Europe Standard Time"},
              "end": {"dateTime": "2026-03-02T10:00:00", "timeZone": "W. Europe Standard Time"},
              "attendees": [{"type": "required", "status": {"response": "accepted", "time": "2026-03-01T00:00:00Z"}, "emailAddress": {"name": "Tom", "address": "tom@acme.example"}}],
              "recurrence": {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "numbered", "startDate": "2026-03-02", "numberOfOccurrences": 4}}}
    master = act(base, act="add", calendar=calendar, event=series)["id"]
    entra = f"{base}/common/oauth2/v2.0"
    token = sign_in(f"{entra}/authorize", f"{entra}/token", "openid offline_access https://graph.microsoft.com/Calendars.Read https://graph.microsoft.com/User.Read")
    bearer = {"authorization": f"Bearer {token}", "prefer": 'IdType="ImmutableId", outlook.timezone="UTC", odata.maxpagesize=2'}
    window = "startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-04-01T00:00:00Z"

    def get(path, kind):
        status, _, body = call(path if path.startswith("http") else f"{base}/v1.0/{path}", headers=bearer)
        assert status == 200, body
        return parsed(kind, body)

    get("me", User)
    get("me/calendars", CalendarCollectionResponse)
    assert len(get(f"me/calendarView?{window}&$top=50", EventCollectionResponse).value) == 4
    parsed(Event, call(f"{base}/v1.0/me/events/{master}", headers=bearer)[2])
    for way in ["delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()"]:
        page, items = get(f"me/calendarView/{way}?{window}", DeltaGetResponse), []
        while True:
            items += page.value
            if page.odata_delta_link:
                break
            page = get(page.odata_next_link, DeltaGetResponse)
        assert {item.type.value for item in items} == {"seriesMaster", "occurrence"} and len(items) == 5, items
    status, _, body = call(f"{base}/v1.0/me/calendarView/delta?{window}&$select=subject", headers=bearer)
    assert status == 400
    parsed(ODataError, body)
    await options(base, get, bearer, window, calendar, master)
    status, _, body = call(f"{base}/v1.0/me/calendars", headers={"authorization": "Bearer x"})
    assert status == 401
    parsed(ODataError, body)

    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider())
    adapter.base_url = f"{base}/v1.0"
    client = GraphServiceClient(request_adapter=adapter)
    query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(start_date_time="2026-03-01T00:00:00Z", end_date_time="2026-04-01T00:00:00Z")
    configuration = RequestConfiguration(query_parameters=query)
    configuration.headers.add("authorization", f"Bearer {token}")
    # The client of Microsoft asks for users/me-token-to-replace, and replaces it on the way.
    page = await client.me.calendar_view.delta.get(request_configuration=configuration)
    assert len(page.value) == 7, len(page.value)


async def options(base, get, bearer, window, calendar, master):
    """OData's options on lists and single events; events outside the main calendar; preferences that were followed."""
    def subjects(path):
        page = get(path.replace(" ", "%20").replace("'", "%27"), EventCollectionResponse)
        return [event.subject for event in page.value]

    other = act(base, act="calendar", email=EVA, name="Other")["calendar"]
    times = {"start": {"dateTime": "2026-03-10T09:00:00", "timeZone": "UTC"}, "end": {"dateTime": "2026-03-10T10:00:00", "timeZone": "UTC"}}
    elsewhere = act(base, act="add", calendar=other, event={"subject": "Elsewhere", **times})["id"]
    assert json.loads(call(f"{base}/v1.0/me/events/{elsewhere}", headers=bearer)[2])["subject"] == "Elsewhere"
    for day, title in [(11, "B's"), (12, "A")]:
        again = {key: {**value, "dateTime": value["dateTime"].replace("-10T", f"-{day}T")} for key, value in times.items()}
        act(base, act="add", calendar=calendar, event={"subject": title, "importance": "high", **again})
    assert subjects("me/events?$top=50&$orderby=subject&$filter=importance eq 'high'") == ["A", "B's"]
    assert subjects(f"me/calendarView?{window}&$top=50&$filter=contains(subject,'b''s') or subject eq 'A'") == ["B's", "A"]
    assert subjects(f"me/calendarView?{window}&$top=50&$orderby=start/dateTime desc")[:2] == ["A", "B's"]
    assert subjects(f"me/calendarView?{window}&$filter=start/dateTime ge '2026-03-11T00:00:00' and not (subject eq 'A')") == ["B's"]
    counted = get(f"me/calendarView?{window}&$count=true&$top=2", EventCollectionResponse)
    assert len(counted.value) == 2 and counted.odata_count == 6 and counted.odata_next_link, counted
    names = get("me/calendars?$top=1&$orderby=name%20desc&$count=true", CalendarCollectionResponse)
    assert names.value[0].name == "Other" and names.odata_count == 2 and "$orderby" in urllib.parse.unquote(names.odata_next_link)
    few = json.loads(call(f"{base}/v1.0/me/events/{master}?$select=subject", headers=bearer)[2])
    assert {key for key in few if not key.startswith("@")} == {"id", "subject"}, few
    for path, status in [("me/events?$top=0", 400), (f"me/calendarView?{window}&$filter=subject%20is%20x", 400), (f"me/events/{master}~1", 404)]:
        assert call(f"{base}/v1.0/{path}", headers=bearer)[0] == status, path
    only = {"authorization": bearer["authorization"]}
    applied = call(f"{base}/v1.0/me/calendarView?{window}", headers=bearer)[1].get("preference-applied", "")
    assert "ImmutableId" in applied and 'outlook.timezone="UTC"' in applied, applied
    assert "preference-applied" not in {key.lower() for key in call(f"{base}/v1.0/me/calendarView?{window}", headers=only)[1]}


def main():
    example = subprocess.Popen([sys.argv[1], "--google-port", "0", "--outlook-port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        bases = []
        for line in example.stdout:
            if "api_url:" in line:
                bases.append(re.search(r"http://[\d.:]+", line).group())
            if line.startswith("#"):
                break
        google(bases[0])
        asyncio.run(outlook(bases[1]))
        device(bases[0], f"{bases[0]}/device/code", f"{bases[0]}/token", "invalid_grant")
        entra = f"{bases[1]}/common/oauth2/v2.0"
        device(bases[1], f"{entra}/devicecode", f"{entra}/token", "bad_verification_code")
        print(f"{checked} objects of the fake providers are as Google and Microsoft publish them, and their own clients use them")
    finally:
        example.kill()


main()
