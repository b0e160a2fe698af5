"""Hooks of schemathesis: what an OpenAPI document can't say, so that schemathesis (see .ci/run) doesn't take a right refusal for a wrong one.

Only requests that are meant to be accepted are touched; those that are meant to be refused go out as generated.
"""
import re

import schemathesis

# Every date and timestamp is of the years 1900 to 2200.
DATE = re.compile(r"\d{4}-\d\d-\d\d(T.*)?")
TABLES = ("csv", "ndjson")


# A column of the register of each collection that has one.
REGISTERS = {"members": "territory_code", "territories": "code"}


def fit_digest(query):
    """What of a digest's parameters goes with its collection and profile."""
    resource = query.get("resource")
    if resource not in REGISTERS:
        query.pop("by", None)
        query.pop("profile", None)
    is_register = query.get("profile") == "register"
    if "fields" in query:
        query["fields"] = REGISTERS.get(resource)
    for name, fits in (("fields", is_register), ("status", resource == "members"), ("provenance", resource == "members")):
        if not (is_register and fits):
            query.pop(name, None)


def fit_decimals(value):
    """Numbers with at most six places: `multipleOf` would refuse 0.1 in validators that compute in floating point."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {name: fit_decimals(part) for name, part in value.items()}
    return [fit_decimals(part) for part in value] if isinstance(value, list) else value


def fit_dates(value):
    """Dates and timestamps of years that are taken."""
    if isinstance(value, str) and DATE.fullmatch(value) and not "1900" <= value[:4] <= "2200":
        return "2020" + value[4:]
    if isinstance(value, dict):
        return {name: fit_dates(part) for name, part in value.items()}
    return [fit_dates(part) for part in value] if isinstance(value, list) else value


@schemathesis.hook
def before_call(context, case, kwargs):
    mode = case.meta.generation.mode if case.meta else None
    if mode is not None and mode.is_negative:
        return
    if isinstance(case.body, (dict, list)):
        case.body = fit_dates(fit_decimals(case.body))
    # A secret says nothing without whose it is.
    if isinstance(case.body, dict) and "client_secret" in case.body:
        case.body.setdefault("client_id", "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    query = case.query
    if not query:
        return
    query.update(fit_dates(dict(query)))
    # A stretch of time ends after it begins.
    for first in ("from", "since"):
        if first in query and "until" in query:
            query[first], query["until"] = sorted((str(query[first]), str(query["until"])))
    if case.path.endswith("/changes/digest"):
        fit_digest(query)
    # A cursor comes from the page before, and is bound to all other parameters of its list.
    query.pop("cursor", None)
    # Waiting works, and takes its time.
    if "wait" in query:
        query["wait"] = "0"
    # Figures are of a day that has come.
    if "as_of" in query and (case.path.endswith("/scorecard") or "/network/indicators/" in case.path):
        query["as_of"] = min(str(query["as_of"]), "2026-01-01")
    # The columns are those of a table, and what is included stands beside the rows of a JSON page.
    if "fields" in query:
        query.pop("include", None)
        if query.get("format") not in TABLES:
            query["format"] = "csv"
    if "include" in query and query.get("format") in TABLES:
        query["format"] = "geojson"


# What HTTP itself says of a message, which OpenAPI leaves out.
FRAMING = {"connection", "content-encoding", "content-length", "content-type", "date", "transfer-encoding"}


@schemathesis.check
def documented_headers(ctx, response, case):
    """An answer has no header that the document doesn't describe."""
    if case.method.upper() == "OPTIONS":
        return  # It is not the operation that answers.
    definition = case.operation.responses.find_by_status_code(response.status_code)
    if definition is None:
        return  # Another check speaks about undocumented statuses.
    described = {name.lower() for name, _ in definition.headers.items()}
    unknown = sorted(set(response.headers) - described - FRAMING)
    assert not unknown, f"undocumented headers: {', '.join(unknown)}"
