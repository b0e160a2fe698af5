-- Morocco's territorial units as the Haut-Commissariat au Plan codes them. Parents are stated, never
-- cut from a code's prefix: 06.141.01.0 (a commune) and 06.141.01.00 (a prefecture of
-- arrondissements, which overlays 06.141 and has no parent) are two units.
CREATE TABLE territory (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    code TEXT NOT NULL UNIQUE CHECK (length(code) BETWEEN 2 AND 12),
    kind TEXT NOT NULL CHECK (kind IN ('region', 'prefecture', 'province', 'prefecture_of_arrondissements', 'commune', 'arrondissement')),
    area_type TEXT CHECK (area_type IN ('urban', 'rural')),
    parent_code TEXT REFERENCES territory (code),
    region_code TEXT NOT NULL REFERENCES territory (code),
    name_fr TEXT NOT NULL CHECK (name_fr <> ''),
    name_ar TEXT NOT NULL CHECK (name_ar <> ''),
    name_fr_folded TEXT NOT NULL,
    name_ar_folded TEXT NOT NULL,
    search_text TEXT NOT NULL,
    population_2024 INTEGER NOT NULL CHECK (population_2024 >= 0),
    households_2024 INTEGER NOT NULL CHECK (households_2024 >= 0),
    population_2014 INTEGER CHECK (population_2014 >= 0),
    CHECK ((parent_code IS NULL) = (kind IN ('region', 'prefecture_of_arrondissements'))),
    CHECK ((kind = 'region') = (code = region_code)),
    CHECK ((kind = 'commune') = (area_type IS NOT NULL)),
    CHECK (parent_code <> code)
) STRICT;
CREATE INDEX territory_code_id ON territory (code, id);
CREATE INDEX territory_name_fr_folded_id ON territory (name_fr_folded, id);
CREATE INDEX territory_name_ar_folded_id ON territory (name_ar_folded, id);
CREATE INDEX territory_population_2024_id ON territory (population_2024, id);
CREATE INDEX territory_parent_code ON territory (parent_code);
CREATE INDEX territory_region_code ON territory (region_code);
CREATE INDEX territory_updated_at ON territory (updated_at);
