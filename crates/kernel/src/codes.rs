//! Codes: the few words that a property can be, with one spelling in JSON, parameters and both databases.

/// A value that a regular expression describes exactly, as far as parsing it goes: documents show it.
pub trait Pattern {
    /// The regular expression (ECMA 262) of the value's text, without anchors.
    fn pattern() -> String;

    /// All values, where they are a few codes: documents list them instead of the pattern.
    #[must_use]
    fn codes() -> Option<&'static [&'static str]> {
        None
    }
}

/// Gives an enum its codes: `ALL`, `as_str`, [`Pattern`] and `FromStr`, whose error lists them as a predicate for a sentence
/// about the field. `serde` must rename the variants to the same words; [`assert_codes`] holds that in a test.
#[macro_export]
macro_rules! codes {
    ($name:ident { $first:ident => $first_code:literal $(, $variant:ident => $code:literal)* $(,)? }) => {
        #[allow(dead_code, reason = "not every list of codes is walked through or written down")]
        impl $name {
            /// Every value, in the order in which documents list them.
            pub const ALL: &'static [Self] = &[Self::$first $(, Self::$variant)*];

            /// The name that stands in JSON and in the databases.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_code,
                    $(Self::$variant => $code,)*
                }
            }
        }

        impl $crate::codes::Pattern for $name {
            fn pattern() -> String {
                concat!("(", $first_code $(, "|", $code)*, ")").to_owned()
            }

            fn codes() -> Option<&'static [&'static str]> {
                Some(&[$first_code $(, $code)*])
            }
        }

        impl std::str::FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $first_code => Ok(Self::$first),
                    $($code => Ok(Self::$variant),)*
                    _ => Err(concat!("is none of ", $first_code $(, ", ", $code)*)),
                }
            }
        }
    };
}
pub use codes;

/// Whether something is so, as parameters say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Flag {
    /// It is.
    True,
    /// It is not.
    False,
}

codes!(Flag { True => "true", False => "false" });

/// Asserts that JSON spells a value as the databases do; for the tests of every crate that has codes.
///
/// # Panics
/// Where it does not.
pub fn assert_codes<T: serde::Serialize + Copy>(all: &[T], as_str: impl Fn(T) -> &'static str) {
    for value in all {
        assert_eq!(serde_json::to_value(value).ok(), Some(as_str(*value).into()));
    }
}
