//! What must be known of a model's file that ONNX Runtime does not tell: whether it has operators that look at all rows
//! of a batch at once, and which other files hold its weights.
//!
//! The file is a protocol buffer of up to 2 GB. Read are the few bytes that answer this; weights are skipped.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Component, Path};

/// Operators that scale by the smallest and largest value of all rows of a batch.
const DYNAMIC_OPERATORS: [&[u8]; 3] =
    [b"DynamicQuantizeLinear", b"DynamicQuantizeMatMul", b"DynamicQuantizeLSTM"];

/// Longest text that is read: a name of an operator or of a file, or its key.
const MAX_TEXT_LEN: u64 = 4096;

/// Most messages within one another; graphs stand in attributes of nodes of graphs.
const MAX_DEPTH: usize = 100;

/// What a model's file tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Graph {
    /// Whether what comes out of a row depends on the others in its batch.
    pub(super) is_dynamically_quantised: bool,
    /// The files that hold weights, as paths beside the model's.
    pub(super) external_files: BTreeSet<String>,
}

/// Messages on the way to what is looked for.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Function,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Entry,
}

/// What a field of a message holds.
#[derive(Clone, Copy)]
enum Content {
    Message(Message),
    Operator,
    Key,
    Value,
}

impl Message {
    /// What stands in a field that matters. The numbers are those of `onnx.proto`.
    fn field(self, number: u64) -> Option<Content> {
        Some(match (self, number) {
            (Message::Model, 7) | (Message::Attribute, 6 | 11) => Content::Message(Message::Graph),
            (Message::Model, 25) => Content::Message(Message::Function),
            (Message::Graph, 1) | (Message::Function, 7) => Content::Message(Message::Node),
            (Message::Graph, 5) | (Message::Attribute, 5 | 10) | (Message::SparseTensor, 1 | 2) => {
                Content::Message(Message::Tensor)
            }
            (Message::Graph, 15) | (Message::Attribute, 22 | 23) => Content::Message(Message::SparseTensor),
            (Message::Node, 5) => Content::Message(Message::Attribute),
            (Message::Tensor, 13) => Content::Message(Message::Entry),
            (Message::Node, 4) => Content::Operator,
            (Message::Entry, 1) => Content::Key,
            (Message::Entry, 2) => Content::Value,
            _ => return None,
        })
    }
}

impl Graph {
    /// Reads a model's file.
    ///
    /// # Errors
    /// Where it cannot be read, is no model, or names a file outside of its folder.
    pub(super) fn read(file: &Path) -> io::Result<Self> {
        let file = File::open(file)?;
        let len = file.metadata()?.len();
        Graph::skim(BufReader::new(file), len)
    }

    fn skim(source: impl Read + Seek, len: u64) -> io::Result<Self> {
        let mut skimmer = Skimmer { source, at: 0, graph: Graph::default(), key: Vec::new() };
        skimmer.message(Message::Model, len, MAX_DEPTH)?;
        Ok(skimmer.graph)
    }
}

/// Reads a file from its beginning to its end, most of it by skipping.
struct Skimmer<R> {
    source: R,
    /// Bytes that were read or skipped.
    at: u64,
    graph: Graph,
    /// The key of the entry that is read.
    key: Vec<u8>,
}

impl<R: Read + Seek> Skimmer<R> {
    fn message(&mut self, message: Message, end: u64, depth: usize) -> io::Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(|| invalid("it is nested too deeply"))?;
        while self.at < end {
            let tag = self.varint()?;
            match tag & 7 {
                0 => {
                    self.varint()?;
                }
                1 => self.skip(8, end)?,
                5 => self.skip(4, end)?,
                2 => {
                    let len = self.varint()?;
                    let field_end = self.at.checked_add(len).filter(|field_end| *field_end <= end);
                    let field_end =
                        field_end.ok_or_else(|| invalid("a field is longer than what holds it"))?;
                    self.field(message.field(tag >> 3), field_end, depth)?;
                }
                _ => return Err(invalid("it is not a protocol buffer")),
            }
        }
        Ok(())
    }

    fn field(&mut self, content: Option<Content>, end: u64, depth: usize) -> io::Result<()> {
        match content {
            Some(Content::Message(message)) => self.message(message, end, depth),
            Some(Content::Operator) => {
                let operator = self.text(end)?;
                self.graph.is_dynamically_quantised |= DYNAMIC_OPERATORS.contains(&operator.as_slice());
                Ok(())
            }
            Some(Content::Key) => {
                self.key = self.text(end)?;
                Ok(())
            }
            Some(Content::Value) => {
                let value = self.text(end)?;
                if self.key == b"location" {
                    self.graph.external_files.insert(location(value)?);
                }
                Ok(())
            }
            None => self.skip(end - self.at, end),
        }
    }

    fn text(&mut self, end: u64) -> io::Result<Vec<u8>> {
        let len = end - self.at;
        if len > MAX_TEXT_LEN {
            return Err(invalid("a name in it is too long"));
        }
        let mut text = Vec::new();
        self.source.by_ref().take(len).read_to_end(&mut text)?;
        if text.len() as u64 != len {
            return Err(invalid("it is cut off"));
        }
        self.at = end;
        Ok(text)
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let mut byte = [0];
            self.source.read_exact(&mut byte)?;
            self.at += 1;
            number |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] < 0x80 {
                return Ok(number);
            }
        }
        Err(invalid("it is not a protocol buffer"))
    }

    fn skip(&mut self, len: u64, end: u64) -> io::Result<()> {
        if len > end.saturating_sub(self.at) {
            return Err(invalid("it is cut off"));
        }
        let offset = i64::try_from(len).map_err(|_| invalid("it is cut off"))?;
        self.source.seek_relative(offset)?;
        self.at += len;
        Ok(())
    }
}

/// The path of a file with weights; only one beside the model or in a folder there.
fn location(value: Vec<u8>) -> io::Result<String> {
    let path = String::from_utf8(value).map_err(|_| invalid("the name of a file with weights is no text"))?;
    let is_beside =
        Path::new(&path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if is_beside {
        return Ok(path);
    }
    Err(invalid(&format!("the file with weights '{path}' is outside of the model's folder")))
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn model(name: &str) -> io::Result<Graph> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models");
        Graph::read(&Path::new(folder).join(name))
    }

    #[test]
    fn dynamic_quantisation_is_found_also_in_a_branch() {
        assert!(model("quantised.onnx").unwrap().is_dynamically_quantised);
        assert!(model("quantised_inside.onnx").unwrap().is_dynamically_quantised);
        for name in ["plain.onnx", "logistic.onnx", "forest.onnx", "by_column.onnx"] {
            assert_eq!(model(name).unwrap(), Graph::default(), "{name}");
        }
    }

    #[test]
    fn files_with_weights_are_found_and_must_be_beside_the_model() {
        let graph = model("external.onnx").unwrap();
        assert_eq!(graph.external_files, BTreeSet::from(["external.onnx.data".to_owned()]));
        let error = model("outside.onnx").unwrap_err();
        let told = "the file with weights '../outside.data' is outside of the model's folder";
        assert_eq!(error.to_string(), told);
    }

    #[test]
    fn every_cut_of_a_model_is_an_error_or_a_shorter_model_and_never_a_panic() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models");
        let bytes = std::fs::read(Path::new(folder).join("quantised_inside.onnx")).unwrap();
        for len in 0..bytes.len() {
            let _ = Graph::skim(Cursor::new(&bytes[..len]), len as u64);
            let mut broken = bytes.clone();
            broken[len] ^= 0xff;
            let _ = Graph::skim(Cursor::new(&broken), broken.len() as u64);
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused_before_anything_is_allocated() {
        let endless = [0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        let error = Graph::skim(Cursor::new(&endless), endless.len() as u64).unwrap_err();
        assert_eq!(error.to_string(), "a field is longer than what holds it");
        let endless_number = [0xff; 11];
        assert!(Graph::skim(Cursor::new(&endless_number), 11).is_err());
    }
}
