//! What is composed of several resources: alerts about what is late in the action programmes, scorecards that put what
//! voices say of the charter's commitments beside what can be counted, of one member and of the whole network, and the
//! figures of the network's indicators, for all members or any part of them. It reads all of them and is read by none.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

/// Mounts the operations on alerts, scorecards and the network's indicators.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::list_network_alerts)
        .service(http::list_member_alerts)
        .service(http::get_member_scorecard)
        .service(http::get_network_scorecard)
        .service(http::list_network_indicators)
        .service(http::get_network_indicator);
}
