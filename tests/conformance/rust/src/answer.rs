//! An answer, put together of a stream's events as the contract says.
use crate::failure::Failure;
use crate::form::sha256;
use crate::v1::stream_completion_response::Event;
use crate::v1::{
    Candidate, ChatMessage, CreateCompletionResponse, FinishReason, Image, Part, PartFinished, Role,
    StreamCompletionResponse, image, media, part, part_finished,
};

/// A whole answer. Files have their bytes where they came; ids are those of kept pictures, by part.
#[derive(Default)]
pub struct Answer {
    pub whole: CreateCompletionResponse,
    pub ids: Vec<String>,
}

impl Answer {
    pub fn parts(&self) -> &[Part] {
        self.message().map_or(&[], |message| &message.parts)
    }

    pub fn message(&self) -> Option<&ChatMessage> {
        self.whole.candidates.first()?.message.as_ref()
    }

    /// The finish reason, and the provider's word for it.
    pub fn ended(&self) -> (String, String) {
        let Some(candidate) = self.whole.candidates.first() else { return Default::default() };
        let name = candidate.finish_reason().as_str_name().trim_start_matches("FINISH_REASON_");
        (name.into(), candidate.native_finish_reason.clone())
    }

    /// The number of the part with the picture: the last one that is no draft, else the last draft.
    pub fn picture(&self) -> Result<usize, Failure> {
        let is_picture = |part: &Part| matches!(part.content, Some(part::Content::Image(_)));
        let parts = self.parts();
        let last = |drafts: bool| parts.iter().rposition(|part| is_picture(part) && (drafts || !part.thought));
        last(false).or_else(|| last(true)).ok_or_else(|| Failure::no_picture(self))
    }
}

/// How far a stream has been read.
#[derive(Default)]
pub struct Reading {
    pub answer: Answer,
    pub sequence: i64,
    pub finished: bool,
    text: String,
    data: Vec<u8>,
}

impl Reading {
    /// How many bytes have come of the file that the last event began.
    pub fn offset(&self) -> i64 {
        self.data.len() as i64
    }

    /// The answer, which must be whole.
    pub fn whole(self) -> Result<Answer, Failure> {
        if self.finished {
            Ok(self.answer)
        } else {
            Err(Failure::Corrupt("the stream ended before its last event".into()))
        }
    }

    /// Takes an event. Returns how many bytes of a file it brought.
    pub fn add(&mut self, message: StreamCompletionResponse) -> Result<usize, Failure> {
        let Some(event) = message.event else { return Ok(0) };
        let numbered = !matches!(event, Event::ImageChunk(_) | Event::MediaChunk(_) | Event::Heartbeat(_));
        if !matches!(event, Event::Heartbeat(_)) && message.sequence != self.sequence + i64::from(numbered) {
            return Err(Failure::Corrupt(format!("{} came behind {}", message.sequence, self.sequence)));
        }
        self.sequence += i64::from(numbered);
        let whole = &mut self.answer.whole;
        match event {
            Event::Started(started) => {
                whole.completion_id = started.completion_id;
                whole.model = started.model;
                whole.expire_time = started.expire_time;
            }
            Event::PartStarted(_) | Event::Heartbeat(_) => {}
            Event::TextDelta(delta) => self.text += &delta.text,
            Event::ImageChunk(chunk) => return self.chunk(chunk.offset, &chunk.data),
            Event::MediaChunk(chunk) => return self.chunk(chunk.offset, &chunk.data),
            Event::PartFinished(finished) => self.finish(finished)?,
            Event::CandidateFinished(finished) => {
                let candidate = candidate(whole);
                candidate.finish_reason = finished.finish_reason;
                candidate.native_finish_reason = finished.native_finish_reason;
            }
            Event::Finished(finished) => {
                whole.usage = finished.usage;
                whole.prompt_feedback = finished.prompt_feedback;
                whole.model_version = finished.model_version;
                whole.continuation_token = finished.continuation_token;
                whole.native_fields = finished.native_fields;
                whole.omitted_fields = finished.omitted_fields;
                self.finished = true;
            }
        }
        Ok(0)
    }

    fn chunk(&mut self, offset: i64, data: &[u8]) -> Result<usize, Failure> {
        if offset != self.offset() {
            return Err(Failure::Corrupt(format!("bytes from {offset} came behind {}", self.offset())));
        }
        self.data.extend_from_slice(data);
        Ok(data.len())
    }

    fn finish(&mut self, finished: PartFinished) -> Result<(), Failure> {
        let data = std::mem::take(&mut self.data);
        let text = std::mem::take(&mut self.text);
        let mut id = String::new();
        let content = match finished.content {
            None => part::Content::Text(text),
            Some(part_finished::Content::FunctionCall(call)) => part::Content::FunctionCall(call),
            Some(part_finished::Content::Native(native)) => part::Content::Native(native),
            Some(part_finished::Content::Media(mut media)) => {
                if media.source.is_none() {
                    check(&data, media.size_bytes, &media.sha256)?;
                    media.source = Some(media::Source::Data(data));
                }
                part::Content::Media(media)
            }
            Some(part_finished::Content::Image(mut image)) => {
                if !matches!(image.source, Some(image::Source::Uri(_))) {
                    check(&data, image.size_bytes, &image.sha256)?;
                    id = id_of(&image);
                    image.source = Some(image::Source::Data(data));
                }
                part::Content::Image(image)
            }
        };
        self.answer.ids.push(id);
        let message = candidate(&mut self.answer.whole).message.get_or_insert_default();
        message.parts.push(Part {
            content: Some(content),
            thought: finished.thought,
            thought_signature: finished.thought_signature,
            native_fields: finished.native_fields,
        });
        Ok(())
    }
}

/// The one candidate.
fn candidate(whole: &mut CreateCompletionResponse) -> &mut Candidate {
    if whole.candidates.is_empty() {
        let message = ChatMessage { role: Role::Assistant.into(), ..Default::default() };
        let finish_reason = FinishReason::Unspecified.into();
        whole.candidates.push(Candidate { message: Some(message), finish_reason, ..Default::default() });
    }
    &mut whole.candidates[0]
}

/// The id of a kept picture, "" of another.
pub fn id_of(image: &Image) -> String {
    match &image.source {
        Some(image::Source::ImageId(id)) => id.clone(),
        _ => String::new(),
    }
}

/// Checks a file whose bytes have all come.
pub fn check(data: &[u8], size: Option<i64>, hash: &[u8]) -> Result<(), Failure> {
    if size != Some(data.len() as i64) || sha256(data).as_slice() != hash {
        return Err(Failure::Corrupt("a file's size or sha256 differs".into()));
    }
    Ok(())
}
