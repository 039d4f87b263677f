//! Reads the fields of a JSON object of a world or a snapshot. An error is to stand behind the place of the object:
//! `.files[3].name: is missing`. Each type of field is compiled once; forms with derived readers took 260 KB more.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The highest number that a saved counter can have: one that counts on from there never overflows.
const MAX_COUNT: u64 = 1 << 53;

/// What an absent field is read from.
const NULL: &Value = &Value::Null;

/// The fields of an object, while they are read. One that is `null` counts as absent.
#[derive(Debug)]
pub(crate) struct FieldReader<'a> {
    fields: &'a Map<String, Value>,
    /// The names of those that are read.
    read: Vec<&'static str>,
}

impl<'a> FieldReader<'a> {
    /// The fields of an object.
    pub(crate) fn of(value: &'a Value) -> Result<Self, String> {
        let fields = value.as_object().ok_or(": is no object")?;
        Ok(Self { fields, read: Vec::new() })
    }

    /// Reads an object; an error too if it has a field that is not read.
    pub(crate) fn read<T>(value: &'a Value, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        let mut fields = Self::of(value)?;
        let result = read(&mut fields)?;
        fields.end()?;
        Ok(result)
    }

    /// A field. Only an `Option` can be absent.
    pub(crate) fn take<T: Deserialize<'a>>(&mut self, name: &'static str) -> Result<T, String> {
        let value = self.value(name);
        T::deserialize(value.unwrap_or(NULL)).map_err(|error| unreadable(name, value.map(|_| error)))
    }

    /// A field that counts something.
    pub(in crate::store) fn count(&mut self, name: &'static str) -> Result<u64, String> {
        let count = self.take(name)?;
        if count <= MAX_COUNT { Ok(count) } else { Err(wrong(name, &format_args!("{count}: more than {MAX_COUNT}"))) }
    }

    /// An object of a client.
    pub(in crate::store) fn map(&mut self, name: &'static str) -> Result<Option<Map<String, Value>>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map.clone())),
            Some(_) => Err(wrong(name, &"is no object")),
        }
    }

    /// An object.
    pub(in crate::store) fn object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let object = self.value(name).map(|value| FieldReader::read(value, read));
        object.transpose().map_err(|problem| format!(".{name}{problem}"))
    }

    /// The objects of a list; none if it is absent.
    pub(in crate::store) fn list<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let items = self.items(name)?;
        let mut list = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let item = FieldReader::read(item, &mut read);
            list.push(item.map_err(|problem| format!(".{name}[{at}]{problem}"))?);
        }
        Ok(list)
    }

    fn items(&mut self, name: &'static str) -> Result<&'a [Value], String> {
        match self.value(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(wrong(name, &"is no list")),
        }
    }

    /// Any field.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.read.push(name);
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Refuses a field that is not read.
    fn end(self) -> Result<(), String> {
        let unknown = self.fields.keys().find(|name| !self.read.contains(&name.as_str()));
        unknown.map_or(Ok(()), |name| Err(wrong(name, &"is an unknown field")))
    }
}

/// What is wrong with a field that cannot be read, or that is absent.
#[cold]
fn unreadable(name: &str, error: Option<serde_json::Error>) -> String {
    error.map_or_else(|| wrong(name, &"is missing"), |error| wrong(name, &error))
}

/// What is wrong with a field.
#[cold]
fn wrong(name: &str, problem: &dyn fmt::Display) -> String {
    format!(".{name}: {problem}")
}
