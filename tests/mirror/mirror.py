#!/usr/bin/env python3
"""Keeps a copy of REMACTO's open data and proves that it is equal: the example for everybody who wants a mirror.

A run pulls what changed since the last one; its exit code is 0 when all is equal. Deleting the file begins anew.
"""
import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

LISTS = ("members", "territories")

def get(url):
    return json.load(urlopen(url, timeout=60))

def begin(api, names, from_lists=False):
    """An empty copy, or one from the lists: what changes meanwhile comes after `since`."""
    latest = get(f"{api}/changes/latest")
    copy = {"since": latest["sequence"] if from_lists else 0, "generation": latest["generation"], "resources": {name: {} for name in names}}
    for name in LISTS if from_lists else ():
        cursor = ""
        while cursor is not None and name in names:
            page = get(f"{api}/{name}?limit=200" + (f"&cursor={cursor}" if cursor else ""))
            copy["resources"][name].update((item["id"], item) for item in page["data"])
            cursor = page["page"]["next_cursor"]
    return copy

def pull(api, names, copy):
    more = True
    while more:
        try:
            page = get(f"{api}/changes?since={copy['since']}&generation={copy['generation']}&resource={','.join(names)}&limit=1000")
        except HTTPError as error:
            if error.code not in (409, 410):
                raise
            # 410: what follows `since` is no longer kept. 409: the server was restored from a backup, or is another one.
            copy = begin(api, names, from_lists=error.code == 410)
            continue
        for change in page["data"]:
            copy["resources"][change["resource"]][change["id"]] = change["data"]
            if change["data"] is None:
                del copy["resources"][change["resource"]][change["id"]]
        copy["since"], more = page["page"]["next_since"], page["page"]["has_more"]
    return copy

def canonical(value):
    """RFC 8785. Numbers here have at most 9 digits and 6 decimals: 1e-05 is written 0.00001, and 34.0 is written 34."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        return f"{value + 0.0:.6f}".rstrip("0").rstrip(".")
    return json.dumps(value, ensure_ascii=False)

def digest(items):
    lines = "".join(canonical(item) + "\n" for item in sorted(items, key=lambda item: item["id"]))
    return len(items), hashlib.sha256(lines.encode()).hexdigest()

def compare(name, items, told):
    count, sha256 = digest(items)
    if (count, sha256) == (told["count"], told["sha256"]):
        return f"{name} {count} equal {sha256}"
    theirs = {part["region_code"]: part["sha256"] for part in told["by_region"] or []}
    codes = {item["region_code"] for item in items} if name in LISTS else ()
    ours = {code: digest([item for item in items if item["region_code"] == code])[1] for code in codes}
    differ = sorted({code for code, _ in ours.items() ^ theirs.items()})
    return f"{name} differs" + (f" in regions {', '.join(differ)}" if differ else "")

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url")
    parser.add_argument("state_file")
    parser.add_argument("--resource", default=",".join(LISTS), help="several by comma: also network, charter")
    arguments = parser.parse_args()
    api, names = arguments.base_url.rstrip("/") + "/api/v1", arguments.resource.split(",")
    file, new = Path(arguments.state_file), Path(arguments.state_file + ".new")
    copy = json.loads(file.read_text("utf-8")) if file.exists() else begin(api, names)
    copy = copy if "generation" in copy and copy["resources"].keys() == set(names) else begin(api, names)
    lines = []
    for name in names:
        for attempt in range(20):  # Where others write, the server can be ahead again when it tells its digest.
            copy = pull(api, names, copy)
            told = get(f"{api}/changes/digest?resource={name}&profile=mirror" + "&by=region" * (name in LISTS))
            line = compare(name, list(copy["resources"][name].values()), told)
            if " equal " in line or told["sequence"] <= copy["since"]:
                break
            time.sleep(attempt / 20)
        lines.append(line)
    new.write_text(json.dumps(copy, ensure_ascii=False), "utf-8")
    new.replace(file)
    print(*lines, sep="\n")
    sys.exit(any(" equal " not in line for line in lines))

if __name__ == "__main__":
    main()
