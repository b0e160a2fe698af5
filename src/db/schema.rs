//! The tables of both migration trees, as Diesel sees them. A test compares this file with the live schema
//! of both databases, so a column that is forgotten here does not stay forgotten.

#![expect(missing_docs, reason = "the columns are described where they are read: in the stores and the API's types")]

diesel::table! {
    sequence_counter (id) {
        id -> BigInt,
        value -> BigInt,
    }
}

diesel::table! {
    change_entry (sequence) {
        sequence -> BigInt,
        resource -> Text,
        resource_id -> Text,
        op -> Text,
        version -> BigInt,
        changed_at -> Timestamp,
    }
}

diesel::table! {
    reference_load (name) {
        name -> Text,
        sha256 -> Text,
        loaded_at -> Timestamp,
    }
}

diesel::table! {
    territory (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        code -> Text,
        kind -> Text,
        area_type -> Nullable<Text>,
        parent_code -> Nullable<Text>,
        region_code -> Text,
        name_fr -> Text,
        name_ar -> Text,
        name_fr_folded -> Text,
        name_ar_folded -> Text,
        search_text -> Text,
        population_2024 -> BigInt,
        households_2024 -> BigInt,
        population_2014 -> Nullable<BigInt>,
    }
}

diesel::table! {
    network (id) {
        id -> Text,
        singleton -> BigInt,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        short_name -> Text,
        name -> Text,
        established_on -> Date,
        presentation -> Text,
        presentation_official -> Bool,
        programme_short_name -> Text,
        programme_name -> Text,
        programme_description -> Text,
        website -> Text,
    }
}

diesel::table! {
    network_item (network_id, kind, code) {
        network_id -> Text,
        kind -> Text,
        code -> Text,
        position -> BigInt,
        item_text -> Text,
        official -> Bool,
    }
}

diesel::table! {
    network_partner (network_id, code) {
        network_id -> Text,
        code -> Text,
        position -> BigInt,
        name -> Text,
        role -> Text,
        role_label -> Text,
        description -> Text,
    }
}

diesel::table! {
    composition_statement (code) {
        code -> Text,
        network_id -> Text,
        position -> BigInt,
        stated_on -> Nullable<Date>,
        stated_on_precision -> Nullable<Text>,
        source -> Text,
        source_url -> Nullable<Text>,
        note -> Nullable<Text>,
        total -> Nullable<BigInt>,
    }
}

diesel::table! {
    composition_figure (statement_code, position) {
        statement_code -> Text,
        position -> BigInt,
        member_count -> BigInt,
        label -> Text,
        read_as -> Text,
    }
}

diesel::table! {
    charter_version (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        code -> Text,
        is_current -> Bool,
        in_force_from -> Nullable<Date>,
        in_force_from_precision -> Nullable<Text>,
        title -> Text,
        summary -> Text,
        official -> Bool,
        full_text_url -> Text,
    }
}

diesel::table! {
    charter_item (charter_version_id, kind, code) {
        id -> Text,
        charter_version_id -> Text,
        kind -> Text,
        code -> Text,
        position -> BigInt,
        title -> Text,
        item_text -> Text,
        official -> Bool,
    }
}

diesel::allow_tables_to_appear_in_same_query!(composition_statement, composition_figure);
diesel::allow_tables_to_appear_in_same_query!(charter_version, charter_item);
