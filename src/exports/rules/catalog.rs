//! The DCAT-AP description (version 3.0), as JSON-LD that needs nothing from elsewhere: its context stands in it.

use serde_json::{Map, Value, json};

use super::{Described, FILES, File, Licence, Name, file_name};
use crate::kernel::{clock, language::Language, text::hex};

const AUTHORITY: &str = "http://publications.europa.eu/resource/authority";

/// The catalogue of some data sets. `home` is the address of the site, without a slash at its end; `licence` that of the
/// network's own data.
#[must_use]
pub fn catalog(sets: &[Described], home: &str, licence: Licence) -> Value {
    let base = format!("{home}/api/v1");
    let modified = sets.iter().map(|set| set.edition.modified).max().unwrap_or_default();
    let publisher = format!("{base}/network#publisher");
    let sets: Vec<Value> = sets.iter().map(|set| dataset(set, &base, &publisher)).collect();
    json!({
        "@context": context(),
        "@id": format!("{base}/catalog#catalog"),
        "@type": "dcat:Catalog",
        "dct:title": {
            "ar": "البيانات المفتوحة للشبكة المغربية للجماعات الترابية المنفتحة",
            "fr": "Données ouvertes du Réseau Marocain des Collectivités Territoriales Ouvertes",
            "en": "Open data of the Moroccan Network of Open Local Governments",
        },
        "dct:description": {
            "ar": "أعضاء الشبكة والوحدات الترابية للمغرب والميثاق وبرامج عمل الانفتاح واستشارات العموم",
            "fr": "Les membres du réseau, les unités territoriales du Maroc, la charte, les programmes d'action d'ouverture et les consultations du public",
            "en": "Members of the network, Morocco's territorial units, the charter, the open action programmes and the consultations of the public",
        },
        "dct:publisher": {
            "@id": publisher,
            "@type": "foaf:Agent",
            "foaf:name": {
                "ar": "الشبكة المغربية للجماعات الترابية المنفتحة",
                "fr": "Réseau Marocain des Collectivités Territoriales Ouvertes",
                "en": "Moroccan Network of Open Local Governments",
            },
        },
        "dct:license": document(licence),
        "dct:language": languages(),
        "dct:spatial": spatial(),
        "dct:modified": clock::text(modified),
        "dcat:themeTaxonomy": format!("{AUTHORITY}/data-theme"),
        "foaf:homepage": {"@id": format!("{home}/"), "@type": "foaf:Document"},
        "dcat:dataset": sets,
    })
}

fn dataset(set: &Described, base: &str, publisher: &str) -> Value {
    let edition = &set.edition;
    let name = edition.name;
    let files: Vec<Value> = edition.files.iter().map(|file| distribution(set, file, base)).collect();
    json!({
        "@id": format!("{base}/{FILES}#{}", name.as_str()),
        "@type": "dcat:Dataset",
        "dct:identifier": name.as_str(),
        "dct:title": name.title(),
        "dct:description": name.description(),
        "dct:publisher": publisher,
        "dct:language": languages(),
        "dct:spatial": spatial(),
        "dct:accessRights": format!("{AUTHORITY}/access-right/PUBLIC"),
        "dct:modified": clock::text(edition.modified),
        "dcat:version": edition.sequence.to_string(),
        "dcat:theme": format!("{AUTHORITY}/data-theme/GOVE"),
        "dcat:keyword": {
            "ar": ["حكومة منفتحة", "جماعات ترابية"],
            "fr": ["gouvernement ouvert", "collectivités territoriales"],
            "en": ["open government", "local government"],
        },
        "dcat:distribution": files,
    })
}

fn distribution(set: &Described, file: &File, base: &str) -> Value {
    let name: Name = set.edition.name;
    let address = format!("{base}/{FILES}/{}", file_name(name, file.format));
    let mut title = name.title();
    for text in [&mut title.ar, &mut title.fr, &mut title.en].into_iter().flatten() {
        *text = format!("{text} ({})", file.format.as_str().to_uppercase());
    }
    let mut described = json!({
        "@id": format!("{address}#distribution"),
        "@type": "dcat:Distribution",
        "dct:title": title,
        "dcat:accessURL": address,
        "dcat:downloadURL": address,
        "dcat:mediaType": format!("https://www.iana.org/assignments/media-types/{}", file.format.media_type()),
        "dct:format": format!("{AUTHORITY}/file-type/{}", file.format.authority()),
        "dct:license": document(set.licence),
        "dcat:byteSize": file.bytes.to_string(),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": "spdx:checksumAlgorithm_sha256",
            "spdx:checksumValue": hex(&file.sha256),
        },
    });
    // At most one statement is allowed, so all credits stand in it.
    if let (false, Some(described)) = (set.credits.is_empty(), described.as_object_mut()) {
        let joined = |language| set.credits.iter().map(|credit| credit.read(language)).collect::<Vec<_>>().join("; ");
        let label: Map<String, Value> =
            Language::ALL.iter().map(|language| (language.as_str().to_owned(), joined(*language).into())).collect();
        described.insert("dct:rights".to_owned(), json!({"@type": "dct:RightsStatement", "rdfs:label": label}));
    }
    described
}

fn document(licence: Licence) -> Value {
    json!({"@id": licence.url, "@type": "dct:LicenseDocument"})
}

fn languages() -> Value {
    ["ARA", "FRA", "ENG"].map(|language| format!("{AUTHORITY}/language/{language}")).to_vec().into()
}

fn spatial() -> String {
    format!("{AUTHORITY}/country/MAR")
}

/// What the names above stand for.
fn context() -> Value {
    let mut context = json!({
        "dcat": "http://www.w3.org/ns/dcat#",
        "dct": "http://purl.org/dc/terms/",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "spdx": "http://spdx.org/rdf/terms#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "dct:modified": {"@type": "xsd:dateTime"},
        "dcat:byteSize": {"@type": "xsd:nonNegativeInteger"},
        "spdx:checksumValue": {"@type": "xsd:hexBinary"},
    });
    let in_languages = ["dct:title", "dct:description", "dcat:keyword", "foaf:name", "rdfs:label"];
    let addresses = [
        "dct:publisher",
        "dct:language",
        "dct:spatial",
        "dct:format",
        "dct:accessRights",
        "dcat:theme",
        "dcat:themeTaxonomy",
        "dcat:accessURL",
        "dcat:downloadURL",
        "dcat:mediaType",
        "spdx:algorithm",
    ];
    if let Some(context) = context.as_object_mut() {
        context.extend(in_languages.map(|name| (name.to_owned(), json!({"@container": "@language"}))));
        context.extend(addresses.map(|name| (name.to_owned(), json!({"@type": "@id"}))));
    }
    context
}
