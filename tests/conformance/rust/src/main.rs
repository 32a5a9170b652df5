//! Runs conformance cases on tonic's stubs of the contract, with no client of ours, as tests/conformance/README.md says.
mod answer;
mod calls;
mod failure;
mod form;
mod pictures;
mod protojson;
mod server;

use std::{env, fs};

use serde_json::{Value, json};

pub mod v1 {
    tonic::include_proto!("imagewire.v1");
}
pub mod health {
    tonic::include_proto!("grpc.health.v1");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for path in env::args().skip(1) {
        let case: Value = serde_json::from_str(&fs::read_to_string(&path).expect(&path)).expect(&path);
        let mut runner = calls::Runner::new(&case["client"]);
        for (index, step) in case["steps"].as_array().expect("steps").iter().enumerate() {
            let step = filled(step, &runner.seen);
            let said = match runner.call(step).await {
                Ok(said) => said,
                Err(failure::Failure::Left) => json!({"cancelled": true}),
                Err(failure) => json!({"error": failure.form()}),
            };
            runner.seen.push(said.clone());
            let mut line = json!({"case": case["name"], "step": index});
            line.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
            println!("{}", ascii(&line.to_string()));
        }
    }
}

/// A value with each "$N.path" replaced by what step N printed there.
fn filled(value: &Value, seen: &[Value]) -> Value {
    match value {
        Value::Object(items) => items.iter().map(|(name, item)| (name.clone(), filled(item, seen))).collect(),
        Value::Array(items) => items.iter().map(|item| filled(item, seen)).collect(),
        Value::String(text) if text.starts_with('$') => {
            let (step, path) = text[1..].split_once('.').expect("a path");
            let pointer = format!("/{}", path.replace('.', "/"));
            seen[step.parse::<usize>().unwrap()].pointer(&pointer).cloned().unwrap_or_default()
        }
        _ => value.clone(),
    }
}

/// JSON without the characters that some readers take for ends of lines.
fn ascii(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            made.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                made.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    made
}
