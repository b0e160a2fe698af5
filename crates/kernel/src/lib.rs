//! The words every floor of the house shares: identifiers, time, languages, dates of known precision,
//! fixed-point numbers, exact fractions, searchable text, links, patches and what is wrong with content. Pure values without
//! I/O, so that rules and stores can both
//! speak them; nothing here knows HTTP or a database.

pub mod audit;
pub mod bounded;
pub mod canonical;
pub mod clock;
pub mod codes;
pub mod date;
pub mod decimal;
pub mod delimited;
pub mod evidence;
pub mod fold;
pub mod fraction;
pub mod generation;
pub mod http_url;
pub mod id;
pub mod kind;
pub mod language;
pub mod number;
pub mod paging;
pub mod patch;
pub mod register;
pub mod spreadsheet;
pub mod text;
pub mod violation;
