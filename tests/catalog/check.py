#!/usr/bin/env python3
"""Checks what `remacto export --to DIR` made: the data package, the catalogue, and that both are true of the files.

    tests/catalog/check.py DIR

Needs frictionless, rdflib and pyshacl; .ci/run names their versions. Prints all faults; exits with 1 if there are any.
"""
import hashlib
import json
import os
import sys
from urllib.parse import urlsplit

import pyshacl
from frictionless import validate
from rdflib import DCAT, DCTERMS, RDF, Graph, Namespace

SPDX = Namespace("http://spdx.org/rdf/terms#")
SHAPES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shapes.ttl")
LANGUAGES = {"ar", "fr", "en"}
DATA_SETS = 15


def facts(path):
    """Size and SHA-256 of a file, as text; None where it is missing."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return None
    return str(len(content)), hashlib.sha256(content).hexdigest()


def package_faults(folder):
    path = os.path.join(folder, "datapackage.json")
    with open(path, encoding="utf-8") as file:
        resources = json.load(file)["resources"]
    if len(resources) != DATA_SETS:
        yield f"{len(resources)} resources, not {DATA_SETS}"
    for resource in resources:
        told = str(resource.get("bytes")), str(resource.get("hash")).removeprefix("sha256:")
        found = facts(os.path.join(folder, str(resource["path"])))
        if told != found:
            yield f"{resource['path']} is {found}, told is {told}"
    report = validate(path, type="package", basepath=folder)
    yield from (f"{error.type}: {error.message}" for error in report.errors)
    for task in report.tasks:
        yield from (f"{task.name}: {error.type}: {error.message}" for error in task.errors)
    if not report.valid:
        yield "frictionless does not accept it"


def catalogue_faults(folder):
    graph = Graph().parse(os.path.join(folder, "catalog.jsonld"), format="json-ld")
    for kind, number in ((DCAT.Catalog, 1), (DCAT.Dataset, DATA_SETS)):
        found = len(set(graph.subjects(RDF.type, kind)))
        if found != number:
            yield f"{found} of {graph.qname(kind)}, not {number}"
    for property in (DCTERMS.title, DCTERMS.description):
        for subject in set(graph.subjects(property)):
            languages = {text.language for text in graph.objects(subject, property) if text.strip()}
            if languages != LANGUAGES:
                yield f"{graph.qname(property)} of {subject} is in {', '.join(sorted(map(str, languages)))}"
    conforms, _, text = pyshacl.validate(graph, shacl_graph=Graph().parse(SHAPES))
    if not conforms:
        yield text

    exports = os.path.join(folder, "exports")
    missing = set(os.listdir(exports))
    for distribution in set(graph.subjects(RDF.type, DCAT.Distribution)):
        name = os.path.basename(urlsplit(str(graph.value(distribution, DCAT.downloadURL))).path)
        missing.discard(name)
        size = graph.value(distribution, DCAT.byteSize)
        checksum = graph.value(graph.value(distribution, SPDX.checksum), SPDX.checksumValue)
        told = str(size), str(checksum).lower()
        found = facts(os.path.join(exports, name))
        if told != found:
            yield f"{name} is {found}, told is {told}"
    yield from (f"{name} is in no distribution" for name in sorted(missing))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = os.path.abspath(sys.argv[1])
    faults = [f"datapackage.json: {fault}" for fault in package_faults(folder)]
    faults += [f"catalog.jsonld: {fault}" for fault in catalogue_faults(folder)]
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{len(faults)} faults" if faults else "the data package and the catalogue hold")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
