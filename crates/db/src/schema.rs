//! The tables of both migration trees, as Diesel sees them. A test compares this file with the live schema
//! of both databases, so a column that is forgotten here does not stay forgotten.

#![expect(missing_docs, reason = "the columns are described where they are read: in the stores and the API's types")]

diesel::table! {
    sequence_counter (id) {
        id -> BigInt,
        value -> BigInt,
        forgotten -> BigInt,
        generation -> Text,
        claimed -> BigInt,
        representation -> BigInt,
        unannounced -> BigInt,
        publications -> BigInt,
    }
}

diesel::table! {
    document (id) {
        id -> Text,
        kind -> Text,
        slug -> Nullable<Text>,
        version -> BigInt,
        sequence -> BigInt,
        changed_at -> Timestamp,
        sha256 -> Binary,
        representation -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    withdrawn (id) {
        id -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    published_kind (kind) {
        kind -> Text,
        representation -> BigInt,
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
    write_probe (id) {
        id -> Text,
        updated_at -> Timestamp,
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
        latitude -> Nullable<BigInt>,
        longitude -> Nullable<BigInt>,
        geonames_id -> Nullable<BigInt>,
        location_matched_by -> Nullable<Text>,
        provenance -> Text,
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

diesel::table! {
    member (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        slug -> Text,
        kind -> Text,
        territory_code -> Text,
        territory_kind -> Text,
        name_fr -> Nullable<Text>,
        name_ar -> Nullable<Text>,
        name_en -> Nullable<Text>,
        name_fr_folded -> Text,
        name_ar_folded -> Text,
        search_text -> Text,
        status -> Text,
        joined_on -> Nullable<Date>,
        joined_on_precision -> Nullable<Text>,
        joined_on_key -> Text,
        left_on -> Nullable<Date>,
        left_on_precision -> Nullable<Text>,
        cohort -> Nullable<Text>,
        ogp_local_since -> Nullable<Date>,
        ogp_local_since_precision -> Nullable<Text>,
        website -> Nullable<Text>,
        provenance -> Text,
        source -> Text,
        confidence -> Nullable<Text>,
    }
}

diesel::table! {
    member_status (member_id, position) {
        member_id -> Text,
        position -> BigInt,
        status -> Text,
        from_on -> Nullable<Date>,
        from_on_precision -> Nullable<Text>,
        until_on -> Nullable<Date>,
        reason -> Nullable<Text>,
        evidence_reference -> Nullable<Text>,
        evidence_url -> Nullable<Text>,
    }
}

diesel::table! {
    member_external_id (member_id, scheme) {
        member_id -> Text,
        scheme -> Text,
        value -> Text,
    }
}

diesel::table! {
    account (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        kind -> Text,
        role -> Text,
        client_name -> Nullable<Text>,
        email -> Nullable<Text>,
        secret_hash -> Text,
        member_id -> Nullable<Text>,
        organisation -> Nullable<Text>,
        disabled_at -> Nullable<Timestamp>,
        former_secret_hash -> Nullable<Text>,
        epoch -> BigInt,
    }
}

diesel::table! {
    revoked_token (jti) {
        jti -> Text,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    idempotency_answer (account_id, operation, idempotency_key) {
        account_id -> Text,
        operation -> Text,
        idempotency_key -> Text,
        request_sha256 -> Text,
        answer -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    audit_entry (id) {
        id -> Text,
        occurred_at -> Timestamp,
        actor -> Text,
        account_id -> Nullable<Text>,
        role -> Nullable<Text>,
        task -> Nullable<Text>,
        request_id -> Nullable<Text>,
        action -> Text,
        resource -> Text,
        resource_id -> Nullable<Text>,
        version -> Nullable<BigInt>,
        before_values -> Nullable<Text>,
        after_values -> Nullable<Text>,
        remote_address -> Nullable<Text>,
        import_id -> Nullable<Text>,
    }
}

diesel::table! {
    member_adhesion (member_id, charter_version) {
        member_id -> Text,
        charter_version -> Text,
        adhered_on -> Date,
        adhered_on_precision -> Text,
        decision_reference -> Text,
        document_url -> Nullable<Text>,
    }
}

diesel::table! {
    import_report (id) {
        id -> Text,
        created_at -> Timestamp,
        account_id -> Nullable<Text>,
        resource -> Text,
        outcome -> Text,
        report -> Text,
        standing -> Nullable<Text>,
    }
}

diesel::table! {
    import_row (import_id, position) {
        import_id -> Text,
        position -> BigInt,
        row_number -> Nullable<BigInt>,
        line_number -> Nullable<BigInt>,
        action -> Text,
        natural_key -> Text,
        resource_id -> Nullable<Text>,
        differences -> Text,
    }
}

diesel::table! {
    session (id) {
        id -> Text,
        account_id -> Text,
        created_at -> Timestamp,
        used_at -> Timestamp,
        expires_at -> Timestamp,
        refresh_sha256 -> Text,
        user_agent -> Nullable<Text>,
        ended_at -> Nullable<Timestamp>,
        family_sha256 -> Nullable<Text>,
        sibling_sha256 -> Nullable<Text>,
        former_sha256 -> Nullable<Text>,
        former_sibling_sha256 -> Nullable<Text>,
    }
}

diesel::table! {
    password_reset (secret_sha256) {
        secret_sha256 -> Text,
        account_id -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    account_member (account_id, member_id) {
        account_id -> Text,
        member_id -> Text,
    }
}

diesel::table! {
    focal_point (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        member_id -> Text,
        full_name -> Text,
        email -> Text,
        phone -> Nullable<Text>,
        preferred_language -> Text,
        serves_from -> Nullable<Date>,
        serves_until -> Nullable<Date>,
    }
}

diesel::table! {
    action_program (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        slug -> Text,
        member_id -> Text,
        region_code -> Text,
        cycle -> BigInt,
        title -> Text,
        title_fr_folded -> Text,
        title_ar_folded -> Text,
        search_text -> Text,
        summary -> Nullable<Text>,
        publication -> Text,
        stage -> Text,
        stage_since -> Nullable<Date>,
        stage_since_precision -> Nullable<Text>,
        reached -> Text,
        planned -> Text,
        committee_validated_on -> Nullable<Date>,
        committee_validated_on_precision -> Nullable<Text>,
        council_session_on -> Nullable<Date>,
        council_session_on_precision -> Nullable<Text>,
        decision_reference -> Nullable<Text>,
        decision_url -> Nullable<Text>,
        implementation_from -> Nullable<Date>,
        implementation_until -> Nullable<Date>,
        committee -> Nullable<Text>,
        stakeholders -> Text,
        documents -> Text,
        provenance -> Text,
        source -> Nullable<Text>,
    }
}

diesel::table! {
    action_program_axis (id) {
        id -> Text,
        program_id -> Text,
        position -> BigInt,
        title -> Text,
    }
}

diesel::table! {
    action_program_axis_principle (axis_id, principle) {
        program_id -> Text,
        axis_id -> Text,
        principle -> Text,
    }
}

diesel::table! {
    action_program_deadline (program_id, what) {
        program_id -> Text,
        what -> Text,
        last_on -> Date,
    }
}

diesel::table! {
    action_program_commitment (program_id, commitment) {
        program_id -> Text,
        commitment -> Text,
    }
}

diesel::table! {
    action_program_move (program_id, position) {
        program_id -> Text,
        position -> BigInt,
        from_stage -> Text,
        to_stage -> Text,
        moved_on -> Date,
        moved_on_precision -> Text,
        role -> Nullable<Text>,
        reason -> Nullable<Text>,
        evidence_reference -> Nullable<Text>,
        evidence_url -> Nullable<Text>,
    }
}

diesel::table! {
    project (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        program_id -> Text,
        member_id -> Text,
        region_code -> Text,
        code -> Text,
        axis_id -> Nullable<Text>,
        title -> Text,
        title_fr_folded -> Text,
        title_ar_folded -> Text,
        search_text -> Text,
        problem -> Nullable<Text>,
        solution -> Nullable<Text>,
        expected_results -> Text,
        responsible_unit -> Nullable<Text>,
        partners -> Text,
        budget_centimes -> Nullable<BigInt>,
        budget_currency -> Nullable<Text>,
        budget_source -> Nullable<Text>,
        starts_on -> Nullable<Date>,
        ends_on -> Nullable<Date>,
        ogp_local_id -> Nullable<Text>,
        is_public -> Bool,
        phase -> Text,
        milestones_total -> BigInt,
        milestones_done -> BigInt,
        next_due_on -> Date,
    }
}

diesel::table! {
    milestone (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        project_id -> Text,
        position -> BigInt,
        title -> Text,
        due_on -> Date,
        done_on -> Nullable<Date>,
        evidence_reference -> Nullable<Text>,
        evidence_url -> Nullable<Text>,
    }
}

diesel::table! {
    consultation (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        program_id -> Text,
        member_id -> Text,
        region_code -> Text,
        round -> BigInt,
        kind -> Text,
        title -> Text,
        description -> Nullable<Text>,
        opens_on -> Date,
        closes_on -> Date,
        place -> Nullable<Text>,
        participants -> Nullable<BigInt>,
        participants_women -> Nullable<BigInt>,
        participants_men -> Nullable<BigInt>,
        participants_under_25 -> Nullable<BigInt>,
        participants_25_to_59 -> Nullable<BigInt>,
        participants_60_and_over -> Nullable<BigInt>,
        participants_of_associations -> Nullable<BigInt>,
        report_url -> Nullable<Text>,
        reported_on -> Nullable<Date>,
        is_public -> Bool,
    }
}

diesel::table! {
    contribution (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        consultation_id -> Text,
        axis_id -> Nullable<Text>,
        body -> Text,
        body_language -> Text,
        contact_name -> Nullable<Text>,
        contact_email -> Nullable<Text>,
        receipt_sha256 -> Text,
        receipt_mask -> Text,
        key_sha256 -> Text,
        request_sha256 -> Text,
        moderation -> Text,
        moderated_at -> Nullable<Timestamp>,
        withheld_because -> Nullable<Text>,
        decision -> Nullable<Text>,
        decided_on -> Nullable<Date>,
        decision_reason -> Nullable<Text>,
        project_id -> Nullable<Text>,
    }
}

diesel::table! {
    evaluation (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        program_id -> Text,
        project_id -> Nullable<Text>,
        kind -> Text,
        voice -> Text,
        organisation -> Text,
        is_independent -> Bool,
        independence -> Nullable<Text>,
        evaluated_on -> Date,
        completion -> Nullable<Text>,
        opened_government -> Nullable<Text>,
        answers -> Text,
        publication -> Text,
    }
}

diesel::table! {
    practice (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        member_id -> Text,
        territory_code -> Text,
        title -> Text,
        title_fr_folded -> Text,
        title_ar_folded -> Text,
        search_text -> Text,
        summary -> Nullable<Text>,
        story -> Text,
        documents -> Text,
        publication -> Text,
        published_on -> Nullable<Date>,
        provenance -> Text,
        source -> Nullable<Text>,
    }
}

diesel::table! {
    practice_principle (practice_id, principle) {
        practice_id -> Text,
        principle -> Text,
    }
}

diesel::table! {
    collaboration (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        lead_id -> Text,
        kind -> Text,
        title -> Text,
        title_fr_folded -> Text,
        title_ar_folded -> Text,
        search_text -> Text,
        purpose -> Text,
        starts_on -> Date,
        starts_on_precision -> Text,
        ends_on -> Nullable<Date>,
        ends_on_precision -> Nullable<Text>,
        runs_until -> Date,
        agreement_reference -> Nullable<Text>,
        agreement_url -> Nullable<Text>,
        documents -> Text,
        publication -> Text,
        published_on -> Nullable<Date>,
        provenance -> Text,
        source -> Nullable<Text>,
    }
}

diesel::table! {
    collaboration_member (collaboration_id, member_id) {
        collaboration_id -> Text,
        member_id -> Text,
        confirmed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    event (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        host_id -> Nullable<Text>,
        reach -> Text,
        title -> Text,
        title_fr_folded -> Text,
        title_ar_folded -> Text,
        search_text -> Text,
        description -> Nullable<Text>,
        is_online -> Bool,
        place -> Nullable<Text>,
        country -> Nullable<Text>,
        territory_code -> Nullable<Text>,
        starts_on -> Date,
        ends_on -> Date,
        organiser -> Nullable<Text>,
        url -> Nullable<Text>,
        documents -> Text,
        publication -> Text,
        published_on -> Nullable<Date>,
        provenance -> Text,
        source -> Nullable<Text>,
    }
}

diesel::table! {
    event_member (event_id, member_id) {
        event_id -> Text,
        member_id -> Text,
        confirmed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    assessment (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        member_id -> Text,
        commitment -> Text,
        year -> BigInt,
        voice -> Text,
        organisation -> Text,
        level -> BigInt,
        explanation -> Text,
        evidence -> Text,
        assessed_on -> Date,
        publication -> Text,
    }
}

diesel::table! {
    indicator (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        slug -> Text,
        scope -> Text,
        member_id -> Nullable<Text>,
        region_code -> Nullable<Text>,
        program_id -> Nullable<Text>,
        project_id -> Nullable<Text>,
        commitment -> Nullable<Text>,
        code -> Text,
        catalogue_code -> Nullable<Text>,
        title -> Text,
        title_fr_folded -> Text,
        title_ar_folded -> Text,
        search_text -> Text,
        definition -> Text,
        definition_version -> BigInt,
        unit -> Text,
        kind -> Text,
        direction -> Text,
        frequency -> Text,
        baseline_value -> Nullable<BigInt>,
        baseline_on -> Nullable<Date>,
        targets -> Text,
        publication -> Text,
        is_public -> Bool,
        provenance -> Text,
        latest_value -> Nullable<BigInt>,
        latest_period -> Nullable<Text>,
    }
}

diesel::table! {
    indicator_definition (indicator_id, version) {
        indicator_id -> Text,
        version -> BigInt,
        since -> Date,
        definition -> Text,
    }
}

diesel::table! {
    reporting_period (code) {
        code -> Text,
        version -> BigInt,
        updated_at -> Timestamp,
        state -> Text,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    measurement (id) {
        id -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        indicator_id -> Text,
        member_id -> Nullable<Text>,
        period -> Text,
        from_on -> Date,
        until_on -> Date,
        due_on -> Date,
        state -> Text,
        definition_version -> BigInt,
        value -> BigInt,
        report -> Text,
        reason -> Nullable<Text>,
        reported_by -> Nullable<Text>,
        reported_role -> Nullable<Text>,
        submitted_at -> Nullable<Timestamp>,
        first_submitted_at -> Nullable<Timestamp>,
        reviewed_at -> Nullable<Timestamp>,
        reviewed_role -> Nullable<Text>,
        review_note -> Nullable<Text>,
        approved_value -> Nullable<BigInt>,
        approved_report -> Nullable<Text>,
        approved_definition_version -> Nullable<BigInt>,
        approved_at -> Nullable<Timestamp>,
        revision -> BigInt,
        is_late -> Bool,
        is_public -> Bool,
        report_version -> BigInt,
        report_changed_at -> Timestamp,
        hands -> Text,
    }
}

diesel::table! {
    measurement_revision (measurement_id, number) {
        measurement_id -> Text,
        number -> BigInt,
        value -> BigInt,
        report -> Text,
        definition_version -> BigInt,
        approved_at -> Timestamp,
        replaced_at -> Timestamp,
        role -> Nullable<Text>,
        reason -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    member,
    action_program,
    action_program_axis,
    action_program_axis_principle,
    action_program_commitment,
    action_program_deadline,
    action_program_move,
    project,
    milestone,
    consultation,
    contribution,
    evaluation,
    assessment,
    territory,
    indicator,
    measurement,
    indicator_definition,
    measurement_revision,
);
diesel::allow_tables_to_appear_in_same_query!(focal_point, member);
diesel::allow_tables_to_appear_in_same_query!(account, revoked_token, member, session, password_reset, account_member);
diesel::allow_tables_to_appear_in_same_query!(account_member, measurement);
diesel::allow_tables_to_appear_in_same_query!(account_member, indicator);
diesel::allow_tables_to_appear_in_same_query!(practice, practice_principle);
diesel::allow_tables_to_appear_in_same_query!(practice, member);
diesel::allow_tables_to_appear_in_same_query!(practice, territory);
diesel::allow_tables_to_appear_in_same_query!(collaboration, collaboration_member);
diesel::allow_tables_to_appear_in_same_query!(collaboration, member);
diesel::allow_tables_to_appear_in_same_query!(collaboration, territory);
diesel::allow_tables_to_appear_in_same_query!(collaboration_member, member);
diesel::allow_tables_to_appear_in_same_query!(collaboration_member, territory);
diesel::allow_tables_to_appear_in_same_query!(event, event_member);
diesel::allow_tables_to_appear_in_same_query!(event, member);
diesel::allow_tables_to_appear_in_same_query!(event, territory);
diesel::allow_tables_to_appear_in_same_query!(event_member, member);
diesel::allow_tables_to_appear_in_same_query!(event_member, territory);
diesel::allow_tables_to_appear_in_same_query!(member_adhesion, member_status);
diesel::allow_tables_to_appear_in_same_query!(composition_statement, composition_figure);
diesel::allow_tables_to_appear_in_same_query!(charter_version, charter_item);
diesel::allow_tables_to_appear_in_same_query!(territory, member_status);
diesel::allow_tables_to_appear_in_same_query!(territory, member_external_id);
diesel::allow_tables_to_appear_in_same_query!(member, member_status, member_external_id);
diesel::allow_columns_to_appear_in_same_group_by_clause!(
    member::kind,
    territory::region_code,
    member::cohort,
    member::provenance,
    member::joined_on,
    member::joined_on_precision,
    member_status::status,
    member_status::from_on,
    member_status::until_on,
);
diesel::allow_columns_to_appear_in_same_group_by_clause!(territory::kind, territory::name_fr_folded);
diesel::allow_columns_to_appear_in_same_group_by_clause!(assessment::commitment, assessment::voice, assessment::level);
diesel::allow_columns_to_appear_in_same_group_by_clause!(consultation::member_id, consultation::kind);
