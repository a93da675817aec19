//! What pages and mails say, in every language there is: Fluent files in `locales/`, part of the program.

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
#[cfg(test)]
use std::collections::BTreeSet;
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

/// The files; the first speaks where nobody says otherwise.
const FILES: [(&str, &str); 2] =
    [("en", include_str!("../locales/en.ftl")), ("es", include_str!("../locales/es.ftl"))];

/// All of them, read when the first page or mail is written.
static TEXTS: LazyLock<Texts> = LazyLock::new(Texts::read);

/// Every language.
pub(crate) struct Texts(Vec<(&'static str, FluentBundle<FluentResource>)>);

/// One language of them.
#[derive(Clone, Copy)]
pub(crate) struct Language {
    code: &'static str,
    bundle: &'static FluentBundle<FluentResource>,
}

impl Texts {
    /// Every language there is.
    pub(crate) fn all() -> &'static Self {
        &TEXTS
    }

    /// Reads the files; a test holds each of them sound and whole.
    fn read() -> Self {
        Self(FILES.map(|(code, file)| (code, bundle(code, file))).into())
    }

    /// The language that is asked for: by `ui_locales` (a list with spaces between, the most wanted first), else by the
    /// header `Accept-Language`, whose weights are ignored, since browsers list by them.
    pub(crate) fn choose(&'static self, wanted: Option<&str>, accepted: Option<&str>) -> Language {
        let named = wanted.unwrap_or_default().split(' ');
        let listed =
            accepted.unwrap_or_default().split(',').map(|part| part.split(';').next().unwrap_or_default());
        let known = |tag: &str| {
            let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
            self.0.iter().find(|(code, _)| code.eq_ignore_ascii_case(primary))
        };
        let (code, bundle) = named.chain(listed).find_map(known).unwrap_or(&self.0[0]);
        Language { code, bundle }
    }
}

fn bundle(code: &str, file: &str) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = code.parse().expect("the code is one of the list above");
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Marks around each argument would be copied along with an address.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(file.to_owned()).map_err(|(_, errors)| errors);
    bundle.add_resource(resource.expect("a test read it")).expect("no message stands twice: a test looked");
    bundle
}

impl Language {
    /// Its code, for `lang`.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// A text without arguments.
    pub(crate) fn get(&self, id: &str) -> String {
        self.format(id, None)
    }

    /// A text with one argument.
    pub(crate) fn with(&self, id: &str, name: &'static str, value: &str) -> String {
        self.with_all(id, &[(name, value)])
    }

    /// A text with arguments.
    pub(crate) fn with_all(&self, id: &str, values: &[(&'static str, &str)]) -> String {
        let args: FluentArgs<'_> = values.iter().copied().collect();
        self.format(id, Some(&args))
    }

    fn format(&self, id: &str, args: Option<&FluentArgs<'_>>) -> String {
        let pattern = self.bundle.get_message(id).and_then(|message| message.value());
        let Some(pattern) = pattern else { return id.to_owned() };
        self.bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned()
    }
}

/// Names and arguments of the messages of a file, as they stand there.
#[cfg(test)]
fn messages(file: &str) -> BTreeSet<(String, BTreeSet<String>)> {
    file.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(id, text)| {
            let arguments = text.split("{ $").skip(1).filter_map(|part| part.split(' ').next());
            (id.to_owned(), arguments.map(str::to_owned).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_the_same_things_of_the_same_arguments() {
        let texts = Texts::all();
        let first = messages(FILES[0].1);
        assert!(first.len() > 40);
        for ((code, file), (_, bundle)) in FILES.iter().zip(&texts.0) {
            let found = messages(file);
            assert_eq!(found, first, "{code}");
            for (id, _) in found {
                assert!(
                    bundle.get_message(&id).and_then(|message| message.value()).is_some(),
                    "{code}: {id}"
                );
            }
        }
    }

    #[test]
    fn a_language_is_chosen_by_wish_then_by_the_browser_then_by_default() {
        let texts = Texts::all();
        for (wanted, accepted, expected) in [
            (None, None, "en"),
            (Some("es"), Some("en"), "es"),
            (Some("fr es-MX"), None, "es"),
            (None, Some("es-ES,es;q=0.9,en;q=0.8"), "es"),
            (None, Some("de,fr;q=0.9"), "en"),
            (Some("ES"), None, "es"),
            (Some(""), Some(""), "en"),
            (None, Some("*"), "en"),
        ] {
            assert_eq!(texts.choose(wanted, accepted).code(), expected, "{wanted:?} {accepted:?}");
        }
        let spanish = texts.choose(Some("es"), None);
        assert_eq!(spanish.with("heading-email", "project", "Ana <3"), "Inicia sesión en Ana <3");
    }
}
