//! A reader for the JSON that cargo prints; only as much of it as the chores look at.

use std::{iter::Peekable, str::Chars};

/// A JSON value. Numbers and booleans are read over: no rule asks for one.
#[derive(Debug, PartialEq)]
pub(crate) enum Json {
    /// `null`, a boolean or a number.
    Other,
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, its members in order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one whole document; `None` when it is broken.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut rest = text.chars().peekable();
        let value = value(&mut rest)?;
        spaces(&mut rest);
        rest.next().is_none().then_some(value)
    }

    /// The member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The text of a member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a member that is an array; none when there is no such member.
    pub(crate) fn list(&self, name: &str) -> &[Self] {
        match self.get(name) {
            Some(Self::List(items)) => items,
            _ => &[],
        }
    }
}

type Rest<'a> = Peekable<Chars<'a>>;

fn spaces(rest: &mut Rest<'_>) {
    while rest.next_if(|c| c.is_ascii_whitespace()).is_some() {}
}

fn value(rest: &mut Rest<'_>) -> Option<Json> {
    spaces(rest);
    match rest.peek()? {
        '"' => string(rest).map(Json::Text),
        '[' => items(rest, ('[', ']'), value).map(Json::List),
        '{' => items(rest, ('{', '}'), member).map(Json::Object),
        _ => bare(rest),
    }
}

/// A literal or a number: a run of the characters that these are made of.
fn bare(rest: &mut Rest<'_>) -> Option<Json> {
    let mut seen = false;
    while rest.next_if(|c| c.is_ascii_alphanumeric() || "+-.".contains(*c)).is_some() {
        seen = true;
    }
    seen.then_some(Json::Other)
}

fn member(rest: &mut Rest<'_>) -> Option<(String, Json)> {
    spaces(rest);
    let name = string(rest)?;
    spaces(rest);
    rest.next_if_eq(&':')?;
    Some((name, value(rest)?))
}

fn items<T>(
    rest: &mut Rest<'_>,
    (open, close): (char, char),
    item: impl Fn(&mut Rest<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    rest.next_if_eq(&open)?;
    let mut all = Vec::new();
    spaces(rest);
    if rest.next_if_eq(&close).is_some() {
        return Some(all);
    }
    loop {
        all.push(item(rest)?);
        spaces(rest);
        match rest.next()? {
            ',' => {}
            c if c == close => return Some(all),
            _ => return None,
        }
    }
}

fn string(rest: &mut Rest<'_>) -> Option<String> {
    rest.next_if_eq(&'"')?;
    let mut text = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(text),
            '\\' => text.push(escape(rest)?),
            c => text.push(c),
        }
    }
}

fn escape(rest: &mut Rest<'_>) -> Option<char> {
    Some(match rest.next()? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => {
            let digits: String = rest.take(4).collect();
            // Half of a surrogate pair stands for itself: nothing that a rule compares lies beyond the first plane.
            u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
        }
        c @ ('"' | '\\' | '/') => c,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_cargo_prints() {
        let read =
            Json::read(r#"{"packages":[{"name":"a\"\u0041\\","deps":[],"n":-1.5e3,"x":null}],"v":true} "#)
                .unwrap();
        let package = &read.list("packages")[0];
        assert_eq!(package.text("name"), Some("a\"A\\"));
        assert_eq!(package.list("deps"), []);
        assert_eq!(package.get("n"), Some(&Json::Other));
        assert_eq!(package.text("missing"), None);
    }

    #[test]
    fn refuses_what_is_broken() {
        for broken in ["", "{", "[1,", "[1 2]", r#"{"a" 1}"#, r#""open"#, r#""\x""#, "{} {}", "[1,]"] {
            assert_eq!(Json::read(broken), None, "{broken}");
        }
    }
}
