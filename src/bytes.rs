//! Arguments of PHP functions as bytes: a Latin-1 referrer is a fact of life, not a `TypeError`.

use ext_php_rs::{
    convert::{FromZval, StubLiteral},
    flags::DataType,
    types::Zval,
};
use qahm_event::SiteId;

use crate::error::Mistake;

/// A PHP string of any bytes, borrowed for the call.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    /// Reads the string as a site id.
    ///
    /// # Errors
    /// `ValueError` when it is not 16 lower-case hexadecimal digits: the site comes from the application.
    pub(crate) fn site(self) -> Result<SiteId, Mistake> {
        SiteId::parse(self.0).ok_or(Mistake::Value("$site must be 16 lower-case hexadecimal digits"))
    }

    /// Reads the string as UTF-8 text.
    ///
    /// # Errors
    /// `ValueError` with `mistake` when it is not.
    pub(crate) fn text(self, mistake: &'static str) -> Result<&'a str, Mistake> {
        std::str::from_utf8(self.0).map_err(|_| Mistake::Value(mistake))
    }
}

impl<'a> FromZval<'a> for Bytes<'a> {
    const TYPE: DataType = DataType::String;

    fn from_zval(zval: &'a Zval) -> Option<Self> {
        zval.zend_str().map(|text| Self(text.as_bytes()))
    }
}

impl From<&'static str> for Bytes<'_> {
    fn from(text: &'static str) -> Self {
        Self(text.as_bytes())
    }
}

impl StubLiteral for Bytes<'_> {
    fn stub_literal(&self) -> String {
        String::from_utf8_lossy(self.0).as_ref().stub_literal()
    }
}
