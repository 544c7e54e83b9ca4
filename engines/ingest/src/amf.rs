//! AMF0 (Action Message Format, 2007): the values of commands and metadata.

use bytes::{BufMut, Bytes, BytesMut};

use crate::Error;
use crate::limits::{AMF_DEPTH, AMF_STRING_BYTES, AMF_VALUES};

mod marker {
    pub(super) const NUMBER: u8 = 0;
    pub(super) const BOOLEAN: u8 = 1;
    pub(super) const STRING: u8 = 2;
    pub(super) const OBJECT: u8 = 3;
    pub(super) const NULL: u8 = 5;
    pub(super) const UNDEFINED: u8 = 6;
    pub(super) const REFERENCE: u8 = 7;
    pub(super) const ECMA_ARRAY: u8 = 8;
    pub(super) const OBJECT_END: u8 = 9;
    pub(super) const STRICT_ARRAY: u8 = 10;
    pub(super) const DATE: u8 = 11;
    pub(super) const LONG_STRING: u8 = 12;
    pub(super) const UNSUPPORTED: u8 = 13;
    pub(super) const XML: u8 = 15;
    pub(super) const TYPED_OBJECT: u8 = 16;
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Number(f64),
    Boolean(bool),
    String(String),
    Object(Vec<(String, Value)>),
    Array(Vec<Value>),
    /// Null, undefined, and what no command needs.
    Null,
}

impl Value {
    pub(crate) fn string(&self) -> Option<&str> {
        if let Value::String(text) = self { Some(text) } else { None }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }

    /// A property of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let Value::Object(properties) = self else { return None };
        properties.iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }
}

/// All values of a message. An AMF3 value ends the reading: nothing that matters comes after it.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Value>, Error> {
    let mut reader = Reader { rest: bytes, values: 0 };
    let mut values = Vec::new();
    while let Some(&first) = reader.rest.first() {
        if first > marker::TYPED_OBJECT {
            break;
        }
        values.push(reader.value(0)?);
    }
    Ok(values)
}

struct Reader<'a> {
    rest: &'a [u8],
    values: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(Error::Amf)?;
        self.rest = rest;
        Ok(taken)
    }

    fn uint(&mut self, bytes: usize) -> Result<usize, Error> {
        Ok(self.take(bytes)?.iter().fold(0, |value, &byte| value << 8 | usize::from(byte)))
    }

    fn text(&mut self, length_bytes: usize) -> Result<String, Error> {
        let length = self.uint(length_bytes)?;
        if length > AMF_STRING_BYTES {
            return Err(Error::AmfLimit);
        }
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        self.values += 1;
        if depth > AMF_DEPTH || self.values > AMF_VALUES {
            return Err(Error::AmfLimit);
        }
        match self.uint(1)? as u8 {
            marker::NUMBER => {
                let bytes = self.take(8)?.try_into().map_err(|_| Error::Amf)?;
                Ok(Value::Number(f64::from_be_bytes(bytes)))
            }
            marker::BOOLEAN => Ok(Value::Boolean(self.uint(1)? != 0)),
            marker::STRING => Ok(Value::String(self.text(2)?)),
            marker::LONG_STRING | marker::XML => Ok(Value::String(self.text(4)?)),
            marker::OBJECT => self.properties(depth, false),
            marker::ECMA_ARRAY => {
                // The count is a hint that some encoders get wrong: the end marker decides.
                self.take(4)?;
                self.properties(depth, depth == 0)
            }
            marker::TYPED_OBJECT => {
                self.text(2)?;
                self.properties(depth, false)
            }
            marker::STRICT_ARRAY => {
                let count = self.uint(4)?;
                let mut items = Vec::new();
                for _ in 0..count {
                    items.push(self.value(depth + 1)?);
                }
                Ok(Value::Array(items))
            }
            marker::DATE => self.take(10).map(|_| Value::Null),
            marker::REFERENCE => self.take(2).map(|_| Value::Null),
            marker::NULL | marker::UNDEFINED | marker::UNSUPPORTED => Ok(Value::Null),
            _ => Err(Error::Amf),
        }
    }

    /// `open`: they may end with the message, as the metadata of old encoders does.
    fn properties(&mut self, depth: usize, open: bool) -> Result<Value, Error> {
        let mut properties = Vec::new();
        loop {
            if open && self.rest.is_empty() {
                break;
            }
            let name = self.text(2)?;
            if name.is_empty() && self.rest.first() == Some(&marker::OBJECT_END) {
                self.take(1)?;
                break;
            }
            properties.push((name, self.value(depth + 1)?));
        }
        Ok(Value::Object(properties))
    }
}

/// Writes the values of a message one after the other.
#[derive(Default)]
pub(crate) struct Writer {
    out: BytesMut,
}

impl Writer {
    pub(crate) fn string(mut self, text: &str) -> Writer {
        self.out.put_u8(marker::STRING);
        self.name(text);
        self
    }

    pub(crate) fn number(mut self, number: f64) -> Writer {
        self.out.put_u8(marker::NUMBER);
        self.out.put_f64(number);
        self
    }

    pub(crate) fn null(mut self) -> Writer {
        self.out.put_u8(marker::NULL);
        self
    }

    pub(crate) fn object(mut self, properties: &[(&str, Value)]) -> Writer {
        self.out.put_u8(marker::OBJECT);
        for (name, value) in properties {
            self.name(name);
            self = self.value(value);
        }
        self.name("");
        self.out.put_u8(marker::OBJECT_END);
        self
    }

    pub(crate) fn finish(self) -> Bytes {
        self.out.freeze()
    }

    fn value(mut self, value: &Value) -> Writer {
        match value {
            Value::Number(number) => self.number(*number),
            Value::String(text) => self.string(text),
            Value::Boolean(value) => {
                self.out.put_slice(&[marker::BOOLEAN, u8::from(*value)]);
                self
            }
            Value::Object(properties) => {
                let properties: Vec<_> =
                    properties.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
                self.object(&properties)
            }
            Value::Array(items) => {
                self.out.put_u8(marker::STRICT_ARRAY);
                self.out.put_u32(items.len() as u32);
                items.iter().fold(self, Writer::value)
            }
            Value::Null => self.null(),
        }
    }

    fn name(&mut self, text: &str) {
        // The server's own words are short; the length has 2 bytes all the same.
        let text = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
        self.out.put_u16(text.len() as u16);
        self.out.put_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Value {
        Value::Object(vec![
            ("app".to_owned(), Value::String("live".to_owned())),
            ("fpad".to_owned(), Value::Boolean(false)),
            ("list".to_owned(), Value::Array(vec![Value::Number(1.5), Value::Null])),
        ])
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = Writer::default().string("connect").number(1.0).null().value(&sample()).finish();
        let read = read(&bytes).unwrap();
        assert_eq!(read, [Value::String("connect".to_owned()), Value::Number(1.0), Value::Null, sample()]);
        assert_eq!(read[3].get("app").and_then(Value::string), Some("live"));
    }

    #[test]
    fn every_cut_is_an_error_or_fewer_values() {
        let bytes = Writer::default().string("connect").number(1.0).value(&sample()).finish();
        let whole = read(&bytes).unwrap();
        for length in 0..bytes.len() {
            if let Ok(values) = read(&bytes[..length]) {
                assert!(values.len() < whole.len(), "cut at {length}");
            }
        }
    }

    #[test]
    fn an_array_may_end_with_its_message_and_lie_of_its_count() {
        let mut bytes = vec![marker::ECMA_ARRAY, 0xff, 0xff, 0xff, 0xff, 0, 1, b'a', marker::NULL];
        let array = Value::Object(vec![("a".to_owned(), Value::Null)]);
        assert_eq!(read(&bytes), Ok(vec![array.clone()]));
        bytes.extend([0, 0, marker::OBJECT_END]);
        assert_eq!(read(&bytes), Ok(vec![array]));
    }

    #[test]
    fn amf3_values_end_the_reading() {
        assert_eq!(read(&[marker::NULL, 0x11, 0x0a, 0xff]), Ok(vec![Value::Null]));
    }

    #[test]
    fn limits_hold_one_past() {
        let nested = |depth: usize| {
            let mut bytes: Vec<u8> = [marker::STRICT_ARRAY, 0, 0, 0, 1].repeat(depth);
            bytes.push(marker::NULL);
            read(&bytes)
        };
        assert!(nested(AMF_DEPTH).is_ok());
        assert_eq!(nested(AMF_DEPTH + 1), Err(Error::AmfLimit));

        assert_eq!(read(&vec![marker::NULL; AMF_VALUES]).map(|values| values.len()), Ok(AMF_VALUES));
        assert_eq!(read(&vec![marker::NULL; AMF_VALUES + 1]), Err(Error::AmfLimit));

        let text = |length: usize| {
            let mut bytes = vec![marker::LONG_STRING];
            bytes.extend((length as u32).to_be_bytes());
            bytes.extend(vec![b'x'; length]);
            read(&bytes)
        };
        assert!(text(AMF_STRING_BYTES).is_ok());
        assert_eq!(text(AMF_STRING_BYTES + 1), Err(Error::AmfLimit));
        // Said to be long, and nothing there: nothing is reserved for it.
        assert_eq!(read(&[marker::STRICT_ARRAY, 0xff, 0xff, 0xff, 0xff]), Err(Error::Amf));
    }
}
