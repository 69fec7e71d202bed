//! What a manifest may have, for editors: a JSON schema, made of the keys themselves.

use super::Key;
use super::key::Form;
use super::keys;
use serde_json::{Map, Value, json};

/// The schema of a manifest, with these tables besides its own.
#[must_use]
pub fn manifest(others: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let asked = json!({ "grants": object(&keys::grants()), "limits": object(&keys::limits()) });
    let profile = closed(asked.clone());
    let mut tables = Map::new();
    if let Value::Object(own) = asked {
        tables.extend(own);
    }
    tables.insert("profile".into(), json!({ "type": "object", "additionalProperties": profile }));
    tables.extend(others.into_iter().map(|(name, table)| (name.to_owned(), table)));
    let mut schema = closed(Value::Object(tables));
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "wayleave.toml".into();
    schema
}

/// A table with these keys and no others.
#[must_use]
pub fn object<T: 'static>(keys: &[Key<T>]) -> Value {
    let property = |key: &Key<T>| (key.name.to_owned(), value(key));
    closed(Value::Object(keys.iter().map(property).collect()))
}

/// A table with these properties and no others.
#[must_use]
pub fn closed(properties: Value) -> Value {
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn value<T: 'static>(key: &Key<T>) -> Value {
    let mut schema = match key.form {
        Form::List => json!({ "type": "array", "items": { "type": "string" } }),
        Form::Text => json!({ "type": "string" }),
        Form::Amount => json!({ "type": ["string", "integer"] }),
        Form::Number => json!({ "type": "integer", "minimum": 0 }),
        Form::Flag => json!({ "type": "boolean" }),
    };
    let written = if key.written.is_empty() { "" } else { " Written: " };
    schema["description"] = format!("{}{written}{}", key.about, key.written).into();
    schema
}
