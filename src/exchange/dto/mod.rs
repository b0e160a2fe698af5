//! Practices, collaborations and events as the API shows and takes them.

mod collaboration_input;
mod collaborations;
mod event_input;
mod events;
mod practice_input;
mod practices;

pub use self::{
    collaboration_input::{CollaborationIn, CollaborationPatch},
    collaborations::{CollaborationOut, CollaborationPageOut, CollaborationQuery},
    event_input::{EventIn, EventPatch},
    events::{EventOut, EventPageOut, EventQuery},
    practice_input::{PracticeIn, PracticePatch},
    practices::{PracticeOut, PracticePageOut, PracticeQuery},
};
use super::rules::{Confirmed, Party};
use crate::{
    action_programs::{Document, DocumentIn},
    kernel::violation::Violations,
    web::params::{Lang, Several, query},
};

query! {
    /// The parameters of a single practice, collaboration or event.
    pub struct SharedViewQuery {
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// The longest title, in characters.
const TITLE_CHARS: usize = 200;
/// The longest text of some sentences, likewise.
const TEXT_CHARS: usize = 2_000;
/// The longest story of each language, likewise.
const STORY_CHARS: usize = 5_000;

/// The values of a parameter as texts.
fn texts<T: ToString>(values: Option<Several<T>>) -> Vec<String> {
    Several::values(values).iter().map(ToString::to_string).collect()
}

/// The documents, with what is wrong with them.
fn read_documents(documents: Vec<DocumentIn>, violations: &mut Violations) -> Vec<Document> {
    let numbered = documents.into_iter().enumerate();
    numbered.map(|(at, document)| document.read(&format!("/documents/{at}"), violations)).collect()
}

/// Documents in the form in which they would be added.
fn written(documents: Vec<Document>) -> Vec<DocumentIn> {
    documents.into_iter().map(DocumentIn::from).collect()
}

/// The slugs of members.
fn slugs(members: &[Party]) -> Vec<String> {
    members.iter().map(|party| party.slug.to_string()).collect()
}

/// The slugs of those of whom it is certain that they take part.
fn certain(members: &[Party], confirmed: &Confirmed) -> Vec<String> {
    members
        .iter()
        .filter(|party| confirmed.contains_key(party.id.as_str()))
        .map(|party| party.slug.to_string())
        .collect()
}

/// Where members are.
fn addresses(members: &[Party]) -> Vec<String> {
    members.iter().map(|party| format!("/api/v1/members/{}", party.slug)).collect()
}
