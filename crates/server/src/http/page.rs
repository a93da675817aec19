//! Lists in pages: how long a page is, and where the next one goes on.

use super::{problem::Problem, query::Query};
use authmint_domain::{
    flow::admin::{self, LONGEST_PAGE, USUAL_PAGE},
    model::key_ring::sha256,
};
use authmint_protocol::{ErrorCode, wire::admin::Page};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use utoipa::{
    IntoParams,
    openapi::{
        Object, Type,
        path::{Parameter, ParameterIn},
    },
};

/// Bytes of a list's mark: enough that a cursor of another list is told apart; it guards nothing.
const MARK_LEN: usize = 4;

/// Which list a cursor belongs to: its name, and everything that was asked of it.
#[derive(Clone, Copy)]
pub(crate) struct List([u8; MARK_LEN]);

impl List {
    /// The list of a call: its name and its parameters, without those of the page.
    pub(crate) fn of(parts: &[&str]) -> Self {
        // A separator that stands in no parameter's text would be one more thing to know; a length is not.
        let text: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
        Self(*sha256(text.as_bytes()).first_chunk().expect("a hash has 32 bytes"))
    }
}

/// Which page is asked for.
pub(crate) struct Paging {
    list: List,
    /// How many items at most.
    pub(crate) limit: u32,
    after: Option<Vec<u8>>,
}

impl Paging {
    /// Reads `limit` and `cursor`.
    pub(crate) fn read(query: &Query, list: List) -> Result<Self, Problem> {
        let limit = match query.number("limit")? {
            None => USUAL_PAGE,
            Some(number) => u32::try_from(number)
                .ok()
                .filter(|number| (1..=LONGEST_PAGE).contains(number))
                .ok_or_else(|| invalid("the parameter limit is a number from 1 to 100"))?,
        };
        let after = query.optional("cursor")?.map(|text| open(list, text)).transpose()?;
        Ok(Self { list, limit, after })
    }

    /// Where to go on, as `read` understands the cursor's bytes.
    pub(crate) fn after<C>(&self, read: impl FnOnce(&[u8]) -> Option<C>) -> Result<Option<C>, Problem> {
        self.after.as_deref().map(|bytes| read(bytes).ok_or_else(foreign)).transpose()
    }

    /// The page as it goes out.
    pub(crate) fn answer<T, C, W>(
        &self,
        page: admin::Page<T, C>,
        show: impl Fn(&T) -> W,
        write: impl FnOnce(C) -> Vec<u8>,
    ) -> Page<W> {
        let next_cursor = page.next.map(|next| seal(self.list, &write(next)));
        Page { items: page.items.iter().map(show).collect(), next_cursor }
    }

    /// A page of a list that is short enough to be read whole; `name` tells its items apart.
    pub(crate) fn cut<T, W>(
        &self,
        items: &[T],
        show: impl Fn(&T) -> W,
        name: impl Fn(&T) -> Vec<u8>,
    ) -> Result<Page<W>, Problem> {
        let start = match &self.after {
            None => 0,
            Some(last) => items.iter().position(|item| name(item) == *last).ok_or_else(foreign)? + 1,
        };
        let rest = items.get(start..).unwrap_or_default();
        let shown = rest.get(..self.limit as usize).unwrap_or(rest);
        let more = shown.len() < rest.len();
        let next_cursor = shown.last().filter(|_| more).map(|last| seal(self.list, &name(last)));
        Ok(Page { items: shown.iter().map(show).collect(), next_cursor })
    }
}

fn seal(List(mark): List, position: &[u8]) -> String {
    BASE64URL.encode([&mark, position].concat())
}

fn open(List(mark): List, text: &str) -> Result<Vec<u8>, Problem> {
    let bytes = BASE64URL.decode(text).map_err(|_| foreign())?;
    bytes.strip_prefix(&mark).map(<[u8]>::to_vec).ok_or_else(foreign)
}

fn foreign() -> Problem {
    invalid(
        "this cursor is of another list: keep what you asked for as it was, or begin anew without a cursor",
    )
}

fn invalid(text: &'static str) -> Problem {
    Problem::new(ErrorCode::ParameterInvalid, text)
}

impl IntoParams for Paging {
    fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let number = Object::builder().schema_type(Type::Integer);
        let limit = number.minimum(Some(1)).maximum(Some(LONGEST_PAGE)).default(Some(USUAL_PAGE.into()));
        let cursor = Object::builder().schema_type(Type::String);
        vec![
            super::query::parameter("limit", "How many items at most.", limit.build()),
            super::query::parameter("cursor", "`next_cursor` of the page before; opaque.", cursor.build()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(query: &str, list: List) -> Result<Paging, Problem> {
        Paging::read(&Query::parse(query), list)
    }

    #[test]
    fn pages_of_a_short_list_join_up_to_the_whole() {
        let (all, list) = ((0..7_u8).collect::<Vec<_>>(), List::of(&["numbers"]));
        let (mut seen, mut query) = (Vec::new(), "limit=3".to_owned());
        loop {
            let page =
                paging(&query, list).unwrap().cut(&all, |number| *number, |number| vec![*number]).unwrap();
            seen.extend(page.items);
            let Some(cursor) = page.next_cursor else { break };
            query = format!("limit=3&cursor={cursor}");
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn threat_46_a_cursor_is_of_its_list_or_refused() {
        let list = List::of(&["users", "a"]);
        let cursor = seal(list, b"position");
        let position = |query: &str, list| paging(query, list)?.after(|bytes| Some(bytes.to_vec()));
        assert_eq!(position(&format!("cursor={cursor}"), list).unwrap(), Some(b"position".to_vec()));
        for (query, list) in [
            (format!("cursor={cursor}"), List::of(&["users", "b"])),
            (format!("cursor={cursor}"), List::of(&["users", "", "a"])),
            (format!("cursor={cursor}"), List::of(&["usersa"])),
            (format!("cursor={cursor}="), list),
            ("cursor=AAAA".to_owned(), list),
            ("cursor=%27%20OR%201%3D1".to_owned(), list),
        ] {
            assert_eq!(position(&query, list).unwrap_err().code(), ErrorCode::ParameterInvalid, "{query}");
        }
    }

    #[test]
    fn a_page_has_1_to_100_items_and_50_unless_said() {
        let list = List::of(&[]);
        for (query, limit) in [("", 50), ("limit=1", 1), ("limit=100", 100)] {
            assert_eq!(paging(query, list).ok().unwrap().limit, limit, "{query}");
        }
        for query in
            ["limit=", "limit=0", "limit=101", "limit=-1", "limit=%2B1", "limit=1.0", "limit=99999999999"]
        {
            assert!(paging(query, list).is_err(), "{query}");
        }
    }
}
