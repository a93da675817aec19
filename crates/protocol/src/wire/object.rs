//! Messages are objects, and nothing else stands for one.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, marker::PhantomData};

/// Reads a message from an object alone: serde would also take an array of its fields in their order.
///
/// # Errors
/// Whatever the deserializer says of what came instead.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(Members(PhantomData))
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::admin::{NewOperatorToken, NewProject};

    fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
        object(&mut serde_json::Deserializer::from_str(text)).ok()
    }

    #[test]
    fn an_array_of_the_fields_is_no_message() {
        assert!(read::<NewOperatorToken>(r#"{"name":"x","lives_for":60}"#).is_some());
        for no in [r#"["x",60]"#, r#""x""#, "null", "1", r#"{"name":"x","name":"y"}"#] {
            assert!(read::<NewOperatorToken>(no).is_none(), "{no}");
        }
        let project = |settings: &str| {
            read::<NewProject>(&format!(r#"{{"name":"x","environment":"staging","settings":{settings}}}"#))
        };
        assert!(project(r#"{"grace":1}"#).is_some());
        for no in ["[1]", "[]", "null", "[null,null]"] {
            assert!(project(no).is_none(), "{no}");
        }
    }
}
