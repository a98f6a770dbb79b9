//! The mistakes of a programmer. Nothing a visitor sends ends here.

use ext_php_rs::{exception::PhpException, zend::ce};

/// What is thrown at the application that calls a function wrongly.
#[derive(Debug)]
pub(crate) enum Mistake {
    /// `ValueError`: the type is right, the value can never be.
    Value(&'static str),
    /// `TypeError`: the named member has the wrong type.
    Type(&'static str),
}

impl From<Mistake> for PhpException {
    fn from(mistake: Mistake) -> Self {
        match mistake {
            Mistake::Value(text) => Self::new(text.to_owned(), 0, ce::value_error()),
            Mistake::Type(text) => Self::new(text.to_owned(), 0, ce::type_error()),
        }
    }
}
