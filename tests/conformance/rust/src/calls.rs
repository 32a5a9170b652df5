//! The calls of a case, each made on the stubs.
use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Map, Value, json};
use tonic::{Request, Streaming};

use crate::answer::{Answer, Reading};
use crate::failure::Failure;
use crate::health::{HealthCheckRequest, health_check_response::ServingStatus};
use crate::server::Server;
use crate::v1::resume_completion_request::Id;
use crate::v1::{
    ChatMessage, CreateCompletionRequest, DeleteImageRequest, GetModelRequest, Image, ListModelsRequest, OnDisconnect,
    Part, ResumeCompletionRequest, ResumeCompletionResponse, Role, Spec, StreamCompletionRequest, image, part,
};
use crate::{form, pictures, protojson};

const MIB: usize = 1 << 20;
/// The server's default size of a frame.
const USUAL_FRAME: usize = 256 << 10;

/// The least to wait before a call is repeated.
const FREE_REPEATS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

/// One case: its server, what its steps printed, and the bytes and chats that later steps name.
pub struct Runner {
    server: Server,
    pub seen: Vec<Value>,
    bytes: HashMap<(usize, usize), Vec<u8>>,
    chats: HashMap<String, Spec>,
}

fn text<'a>(step: &'a Value, name: &str) -> &'a str {
    step[name].as_str().unwrap_or_default()
}

/// A call's request, with the step's time limit.
pub fn limited<T>(step: &Value, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(ms) = step["timeout_ms"].as_u64() {
        request.set_timeout(Duration::from_millis(ms));
    }
    request
}

impl Runner {
    pub fn new(client: &Value) -> Self {
        Self { server: Server::new(client), seen: vec![], bytes: HashMap::new(), chats: HashMap::new() }
    }

    /// Makes a step's call, and twice more where the server says that nothing was charged, as late as it asks.
    pub async fn call(&mut self, mut step: Value) -> Result<Value, Failure> {
        for wait in FREE_REPEATS {
            let began = Instant::now();
            let failure = match self.attempt(&step).await {
                Err(failure) if failure.free() => failure,
                other => return other,
            };
            let wait = wait.max(failure.wait().unwrap_or_default());
            if let Some(ms) = step["timeout_ms"].as_u64() {
                match Duration::from_millis(ms).checked_sub(began.elapsed() + wait) {
                    Some(left) => step["timeout_ms"] = json!(left.as_millis() as u64),
                    None => return Err(failure),
                }
            }
            tokio::time::sleep(wait).await;
        }
        self.attempt(&step).await
    }

    async fn attempt(&mut self, step: &Value) -> Result<Value, Failure> {
        match text(step, "call") {
            "draw" => {
                let answer = self.stream(step, self.spec(step)).await?;
                let index = answer.picture()?;
                self.keep(0, &answer.parts()[index]);
                Ok(json!({"parts": [form::part(&answer.parts()[index], &answer.ids[index])]}))
            }
            "stream" => {
                let answer = self.stream(step, self.spec(step)).await?;
                Ok(self.answered(&answer))
            }
            "create" => {
                let answer = self.create(step).await?;
                Ok(self.answered(&answer))
            }
            "write" => {
                let answer = self.stream(step, self.spec(step)).await?;
                let said = form::part(&answer.parts()[answer.picture()?], "");
                Ok(json!({"size_bytes": said["size_bytes"], "sha256": said["sha256"]}))
            }
            "chat" => self.chat(step).await,
            "resume" | "get" => {
                let id = match text(step, "completion_id") {
                    "" => Id::RequestId(text(step, "request_id").into()),
                    id => Id::CompletionId(id.into()),
                };
                let answer = self.resume(step, id, Reading::default()).await?;
                Ok(self.answered(&answer))
            }
            "upload" => {
                let given = self.images(step).remove(0);
                let image = pictures::upload(&mut self.server.images, step, given).await?;
                Ok(json!({"image": image}))
            }
            "download" => {
                let (id, frame) = (text(step, "image_id"), self.frame(step));
                let image = pictures::download(&mut self.server.images, step, id, frame).await?;
                Ok(json!({"image": form::picture(&image, id)}))
            }
            "delete" => {
                let request = DeleteImageRequest { image_id: text(step, "image_id").into() };
                self.server.images.delete_image(request).await?;
                Ok(json!({}))
            }
            "list_models" => {
                let mut models = Map::new();
                let mut request = ListModelsRequest::default();
                loop {
                    let page = self.server.models.list_models(request.clone()).await?.into_inner();
                    models.extend(page.models.iter().map(|model| (model.name.clone(), form::model(model))));
                    request.page_token = page.next_page_token;
                    if request.page_token.is_empty() {
                        return Ok(json!({"models": models}));
                    }
                }
            }
            "get_model" => {
                let request = GetModelRequest { name: text(step, "model").into() };
                let response = self.server.models.get_model(request).await?.into_inner();
                Ok(json!({"model": response.model.as_ref().map(form::model)}))
            }
            "ping" => {
                // The health check needs no key, and tells no version.
                let request = ListModelsRequest { page_size: 1, ..Default::default() };
                let listed = self.server.models.list_models(request).await?;
                let version = listed.metadata().get("x-imagewire-version").and_then(|version| version.to_str().ok());
                let health = self.server.health.check(HealthCheckRequest::default()).await?.into_inner();
                let status = ServingStatus::try_from(health.status).unwrap_or_default().as_str_name();
                Ok(json!({"status": status, "version": version}))
            }
            other => panic!("there is no call {other}"),
        }
    }

    /// Draws by a stream. An answer that is cut and that the server keeps is read on from where it was cut.
    async fn stream(&mut self, step: &Value, spec: Spec) -> Result<Answer, Failure> {
        let request = StreamCompletionRequest {
            spec: Some(spec),
            request_id: text(step, "request_id").into(),
            max_frame_bytes: self.frame(step),
            on_disconnect: on_disconnect(step),
            cache_ttl: cache_ttl(step),
            ..Default::default()
        };
        let mut reading = Reading::default();
        let most = step["cancel_after_bytes"].as_u64();
        let mut size = 0;
        let mut messages = self.server.chat.stream_completion(limited(step, request)).await?.into_inner();
        loop {
            match messages.message().await {
                Ok(Some(message)) => size += reading.add(message)? as u64,
                Ok(None) => return reading.whole(),
                Err(status) => {
                    let failure = Failure::from(status);
                    if reading.finished {
                        return reading.whole();
                    }
                    if !failure.broke() || reading.answer.whole.expire_time.is_none() {
                        return Err(failure);
                    }
                    let id = Id::CompletionId(reading.answer.whole.completion_id.clone());
                    return self.resume(step, id, reading).await;
                }
            }
            if most.is_some_and(|most| size >= most) {
                return Err(Failure::Left);
            }
        }
    }

    /// Reads a kept answer to its end, over any connections, from where `reading` is.
    async fn resume(&mut self, step: &Value, id: Id, mut reading: Reading) -> Result<Answer, Failure> {
        loop {
            let request = ResumeCompletionRequest {
                id: Some(id.clone()),
                after_sequence: reading.sequence,
                offset: reading.offset(),
                max_frame_bytes: self.frame(step),
            };
            let before = (reading.sequence, reading.offset());
            let failure = match self.server.chat.resume_completion(limited(step, request)).await {
                Ok(response) => match read(response.into_inner(), &mut reading).await {
                    Ok(()) => return reading.whole(),
                    Err(failure) => failure,
                },
                Err(status) => status.into(),
            };
            if reading.finished {
                return reading.whole();
            }
            if !failure.broke() || before == (reading.sequence, reading.offset()) {
                return Err(failure);
            }
        }
    }

    /// Draws by a unary call, and gets the pictures that came by their ids.
    async fn create(&mut self, step: &Value) -> Result<Answer, Failure> {
        let most = self.server.most - MIB.min(self.server.most / 2);
        let request = CreateCompletionRequest {
            spec: Some(self.spec(step)),
            request_id: text(step, "request_id").into(),
            max_inline_bytes: Some(step["max_inline_bytes"].as_i64().map_or(most as i32, |most| most as i32)),
            on_disconnect: on_disconnect(step),
            cache_ttl: cache_ttl(step),
        };
        let whole = self.server.chat.create_completion(limited(step, request)).await?.into_inner();
        let mut answer = Answer { whole, ids: vec![] };
        let frame = self.frame(step);
        let message = answer.whole.candidates.first_mut().and_then(|candidate| candidate.message.as_mut());
        if let Some(ChatMessage { image: last, parts, .. }) = message {
            for part in parts {
                answer.ids.push(pictures::fill(&mut self.server.images, step, part, last.as_ref(), frame).await?);
            }
        }
        Ok(answer)
    }

    async fn chat(&mut self, step: &Value) -> Result<Value, Failure> {
        let name = text(step, "chat").to_string();
        let mut spec = match (self.chats.get(&name), step["load"].as_str()) {
            (Some(spec), _) => spec.clone(),
            (None, Some(path)) => {
                protojson::read("Spec", &serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
            }
            (None, None) => self.begun(step),
        };
        spec.messages.push(self.asked(step));
        let answer = self.stream(step, spec.clone()).await?;
        spec.messages.extend(answer.message().cloned());
        if let Some(path) = step["save"].as_str() {
            let Spec { model, messages, .. } = spec.clone();
            let saved = Spec { model, messages, ..Default::default() };
            std::fs::write(path, protojson::written("imagewire.v1.Spec", &saved).to_string()).unwrap();
        }
        self.chats.insert(name, spec);
        Ok(self.answered(&answer))
    }

    fn answered(&mut self, answer: &Answer) -> Value {
        for (index, part) in answer.parts().iter().enumerate() {
            self.keep(index, part);
        }
        form::answer(answer)
    }

    fn keep(&mut self, index: usize, part: &Part) {
        if let Some(part::Content::Image(Image { source: Some(image::Source::Data(data)), .. })) = &part.content {
            self.bytes.insert((self.seen.len(), index), data.clone());
        }
    }

    /// The most bytes of a picture in a message.
    fn frame(&self, step: &Value) -> i32 {
        let most = self.server.most / 2;
        let usual = if most < USUAL_FRAME { most as i64 } else { 0 };
        step["max_frame_bytes"].as_i64().unwrap_or(usual) as i32
    }

    /// The Spec of a step, without what it asks.
    fn begun(&self, step: &Value) -> Spec {
        let mut spec = if step["spec"].is_null() { Spec::default() } else { protojson::read("Spec", &step["spec"]) };
        if let Some(model) = step["model"].as_str() {
            spec.model = model.into();
        }
        spec
    }

    fn spec(&self, step: &Value) -> Spec {
        let mut spec = self.begun(step);
        if !step["prompt"].is_null() || !step["images"].is_null() {
            spec.messages.push(self.asked(step));
        }
        spec
    }

    /// The user's message of a step.
    fn asked(&self, step: &Value) -> ChatMessage {
        let images = self.images(step).into_iter().map(part::Content::Image);
        let prompt = step["prompt"].as_str().map(|prompt| part::Content::Text(prompt.into()));
        let parts = images.chain(prompt).map(|content| Part { content: Some(content), ..Default::default() });
        ChatMessage { role: Role::User.into(), parts: parts.collect(), ..Default::default() }
    }

    fn images(&self, step: &Value) -> Vec<Image> {
        let given = step["images"].as_array().into_iter().flatten();
        given.map(|given| Image { source: Some(self.source(given)), ..Default::default() }).collect()
    }

    fn source(&self, given: &Value) -> image::Source {
        if let Some(id) = given["image_id"].as_str() {
            return image::Source::ImageId(id.into());
        }
        if let Some(uri) = given["uri"].as_str() {
            return image::Source::Uri(uri.into());
        }
        image::Source::Data(match given["data"].as_str() {
            Some(data) => BASE64_STANDARD.decode(data).unwrap(),
            None => {
                let number = |name: &str| given[name].as_u64().unwrap_or_default() as usize;
                self.bytes[&(number("step"), number("part"))].clone()
            }
        })
    }
}

async fn read(mut messages: Streaming<ResumeCompletionResponse>, reading: &mut Reading) -> Result<(), Failure> {
    while let Some(message) = messages.message().await? {
        if let Some(event) = message.event {
            reading.add(event)?;
        }
    }
    Ok(())
}

fn on_disconnect(step: &Value) -> i32 {
    let wanted = match text(step, "on_disconnect") {
        "keep" => OnDisconnect::Keep,
        "cancel" => OnDisconnect::Cancel,
        _ => OnDisconnect::Unspecified,
    };
    wanted.into()
}

fn cache_ttl(step: &Value) -> Option<prost_types::Duration> {
    step["cache_ttl_ms"]
        .as_i64()
        .map(|ms| prost_types::Duration { seconds: ms / 1000, nanos: (ms % 1000 * 1_000_000) as i32 })
}
