//! What a runner prints, in the form of README.md.
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::protojson;
use crate::v1::{Image, Model, Part, image, media, part};

pub fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

pub fn hex(data: &[u8]) -> String {
    sha256(data).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn model(model: &Model) -> Value {
    json!({"name": model.name, "provider": model.provider, "native_id": model.native_id})
}

/// id: the picture's on the server, "" for none.
pub fn picture(image: &Image, id: &str) -> Value {
    let mut said = json!({
        "kind": "image", "mime_type": image.mime_type, "width": image.width, "height": image.height, "image_id": id,
    });
    match &image.source {
        Some(image::Source::Uri(uri)) => said["uri"] = json!(uri),
        Some(image::Source::Data(data)) => file(&mut said, data),
        _ => file(&mut said, &[]),
    }
    said
}

fn file(said: &mut Value, data: &[u8]) {
    said["size_bytes"] = json!(data.len());
    said["sha256"] = json!(hex(data));
}

pub fn part(part: &Part, id: &str) -> Value {
    let mut said = match &part.content {
        Some(part::Content::Image(image)) => picture(image, id),
        Some(part::Content::Media(media)) => {
            let mut said = json!({"kind": "media", "mime_type": media.mime_type});
            match &media.source {
                Some(media::Source::Uri(uri)) => said["uri"] = json!(uri),
                Some(media::Source::Data(data)) => file(&mut said, data),
                None => {}
            }
            said
        }
        Some(part::Content::FunctionCall(call)) => {
            let args = call.args.as_ref().map(|args| protojson::written("google.protobuf.Struct", args));
            json!({"kind": "function_call", "name": call.name, "args": args})
        }
        Some(part::Content::Native(native)) => {
            json!({"kind": "native", "native_kind": native.kind, "value": parsed(&native.value_json)})
        }
        Some(part::Content::Text(text)) => json!({"kind": "text", "text": text}),
        _ => json!({"kind": "text", "text": ""}),
    };
    said["thought"] = json!(part.thought);
    if !part.thought_signature.is_empty() {
        said["signature_sha256"] = json!(hex(&part.thought_signature));
    }
    if !part.native_fields.is_empty() {
        let fields: Map<_, _> = part.native_fields.iter().map(|(name, value)| (name.clone(), parsed(value))).collect();
        said["native_fields"] = Value::Object(fields);
    }
    said
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).expect("JSON")
}

pub fn answer(answer: &Answer) -> Value {
    let whole = &answer.whole;
    let (finish_reason, native_finish_reason) = answer.ended();
    let parts = answer.parts().iter().zip(&answer.ids);
    json!({
        "completion_id": whole.completion_id,
        "model": whole.model,
        "model_version": whole.model_version,
        "parts": parts.map(|(part, id)| self::part(part, id)).collect::<Vec<_>>(),
        "finish_reason": finish_reason,
        "native_finish_reason": native_finish_reason,
        "usage": whole.usage.as_ref().map(|usage| protojson::written("imagewire.v1.Usage", usage)),
        "kept": whole.expire_time.is_some(),
        "block_reason": whole.prompt_feedback.as_ref().map(|feedback| &feedback.block_reason),
        "has_continuation": !whole.continuation_token.is_empty(),
        "native_fields": whole.native_fields,
        "omitted_fields": whole.omitted_fields,
    })
}
