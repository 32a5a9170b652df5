//! What a call can come to instead of an answer.
use std::error::Error;
use std::time::Duration;

use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::answer::Answer;

/// The server says that these will not pass within any reasonable wait.
const LASTING: [&str; 2] = ["UPSTREAM_QUOTA_EXHAUSTED", "BUDGET_EXHAUSTED"];

pub enum Failure {
    /// The step left its stream on purpose.
    Left,
    /// What came is not what was sent: in which way.
    Corrupt(String),
    /// The answer is whole, and without the picture that was asked for.
    NoPicture {
        blocked: bool,
        reason: String,
    },
    Status(Box<Status>),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}

impl Failure {
    pub fn no_picture(answer: &Answer) -> Self {
        let (finish_reason, reason) = answer.ended();
        let blocked = answer.whole.prompt_feedback.is_some() || finish_reason == "CONTENT_FILTER";
        Self::NoPicture { blocked, reason }
    }

    /// Whether the connection was lost, as opposed to an error that the server sent.
    pub fn broke(&self) -> bool {
        matches!(self, Self::Status(status) if status.source().is_some() && status.code() != Code::OutOfRange)
    }

    /// Whether the server says that the call may be repeated, and nothing was charged.
    pub fn free(&self) -> bool {
        let Self::Status(status) = self else { return false };
        let charged = status.metadata().get("grpc-retry-pushback-ms").is_some_and(|ms| ms == "-1");
        let refused = matches!(status.code(), Code::Unavailable | Code::ResourceExhausted);
        refused && !charged && !self.broke() && !LASTING.contains(&reason(status).as_str())
    }

    /// How long to wait before that.
    pub fn wait(&self) -> Option<Duration> {
        let Self::Status(status) = self else { return None };
        status.get_error_details().retry_info()?.retry_delay
    }

    pub fn form(&self) -> Value {
        let (code, reason, fields) = match self {
            Self::Left => Default::default(),
            Self::Corrupt(what) => {
                eprintln!("{what}");
                ("DATA_LOSS".into(), String::new(), vec![])
            }
            Self::NoPicture { blocked, reason } => {
                (if *blocked { "BLOCKED" } else { "NO_PICTURE" }.into(), reason.clone(), vec![])
            }
            Self::Status(_) if self.broke() => ("UNAVAILABLE".into(), String::new(), vec![]),
            Self::Status(status) => (name(status.code()), reason(status), fields(status)),
        };
        let wait = self.wait().map(|delay| delay.as_secs_f64());
        json!({
            "code": code, "reason": reason, "fields": fields, "retryable": self.free(), "retry_after_seconds": wait,
        })
    }
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map_or(&[][..], |bad| &bad.field_violations);
    violations.iter().map(|violation| violation.field.clone()).collect()
}

/// gRPC's name of a code.
fn name(code: Code) -> String {
    let mut made = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !made.is_empty() {
            made.push('_');
        }
        made.push(letter.to_ascii_uppercase());
    }
    made
}
