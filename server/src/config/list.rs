//! Values of settings that are several words.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Words: separated by commas in a flag or the environment, a list in the file.
#[derive(Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(from = "Form")]
pub struct List(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    One(String),
    Many(Vec<String>),
}

impl List {
    /// The words.
    pub fn iter(&self) -> std::slice::Iter<'_, String> {
        self.0.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = &'a String;
    type IntoIter = std::slice::Iter<'a, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<&str> for List {
    fn from(text: &str) -> Self {
        Self(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }
}

impl From<Form> for List {
    fn from(form: Form) -> Self {
        match form {
            Form::One(text) => Self::from(text.as_str()),
            Form::Many(words) => Self(words),
        }
    }
}

impl FromStr for List {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text))
    }
}

/// As it is written in a flag.
impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_from_a_flag_or_from_a_file() {
        #[derive(Deserialize)]
        struct File {
            all: List,
        }
        let read = |text: &str| toml::from_str::<File>(text).unwrap().all;
        let list = List::from("a, b,,c");
        assert_eq!(read("all = \"a,b,c\""), list);
        assert_eq!(read("all = [\"a\", \"b\", \"c\"]"), list);
        assert_eq!(format!("{list:?}"), "\"a,b,c\"");
        assert!(List::from(" ,").is_empty());
    }
}
