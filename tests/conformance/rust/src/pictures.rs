//! Pictures that the server keeps.
use serde_json::{Value, json};
use tokio_stream::iter;

use crate::answer::{check, id_of};
use crate::calls::limited;
use crate::failure::Failure;
use crate::form;
use crate::server::Keyed;
use crate::v1::image_service_client::ImageServiceClient;
use crate::v1::{
    DownloadImageRequest, Image, ImageData, Part, UploadImageRequest, download_image_response, image, part,
    upload_image_request,
};

type Images = ImageServiceClient<Keyed>;

/// The bytes of a chunk.
const PIECE: usize = 256 << 10;

/// Uploads a picture. Returns what the server knows of it, in the printed form.
pub async fn upload(images: &mut Images, step: &Value, given: Image) -> Result<Value, Failure> {
    let Some(image::Source::Data(data)) = given.source else { panic!("a picture without bytes") };
    let mime_type = if data.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" };
    let announced = Image {
        mime_type: mime_type.into(),
        size_bytes: Some(data.len() as i64),
        sha256: form::sha256(&data).into(),
        ..Default::default()
    };
    let chunks: Vec<_> = data
        .chunks(PIECE)
        .enumerate()
        .map(|(index, chunk)| ImageData { offset: (index * PIECE) as i64, data: chunk.into() })
        .map(upload_image_request::Event::Chunk)
        .collect();
    let events = std::iter::once(upload_image_request::Event::Image(announced)).chain(chunks);
    let messages = iter(events.map(|event| UploadImageRequest { event: Some(event) }));
    let stored = images.upload_image(limited(step, messages)).await?.into_inner().image.unwrap_or_default();
    let mut said = form::picture(&stored, &id_of(&stored));
    said["size_bytes"] = json!(stored.size_bytes);
    said["sha256"] = json!(form::hex(&data));
    Ok(said)
}

/// Downloads a picture over as many connections as it takes. frame: the most bytes in a message, 0 for the default.
pub async fn download(images: &mut Images, step: &Value, id: &str, frame: i32) -> Result<Image, Failure> {
    let mut image = Image::default();
    let mut data = vec![];
    loop {
        let before = data.len();
        let request = DownloadImageRequest { image_id: id.into(), offset: before as i64, max_frame_bytes: frame };
        match piece(images, limited(step, request), &mut image, &mut data).await {
            Err(failure) if failure.broke() && data.len() > before => {}
            Err(failure) => return Err(failure),
            Ok(()) => break,
        }
    }
    check(&data, image.size_bytes, &image.sha256)?;
    image.source = Some(image::Source::Data(data));
    Ok(image)
}

async fn piece(
    images: &mut Images,
    request: tonic::Request<DownloadImageRequest>,
    image: &mut Image,
    data: &mut Vec<u8>,
) -> Result<(), Failure> {
    let mut messages = images.download_image(request).await?.into_inner();
    while let Some(message) = messages.message().await? {
        match message.event {
            Some(download_image_response::Event::Image(known)) => *image = known,
            Some(download_image_response::Event::Chunk(chunk)) => {
                if chunk.offset != data.len() as i64 {
                    return Err(Failure::Corrupt(format!("bytes from {} came behind {}", chunk.offset, data.len())));
                }
                data.extend(chunk.data);
            }
            None => {}
        }
    }
    Ok(())
}

/// Puts the picture where a part of a unary answer refers to it. last: the message's picture. Returns its id, if any.
pub async fn fill(
    images: &mut Images,
    step: &Value,
    part: &mut Part,
    last: Option<&Image>,
    frame: i32,
) -> Result<String, Failure> {
    let Some(part::Content::Image(image)) = &mut part.content else { return Ok(String::new()) };
    if let (None, Some(last)) = (&image.source, last)
        && last.sha256 == image.sha256
    {
        image.source = last.source.clone();
    }
    let id = id_of(image);
    if !id.is_empty() {
        image.source = download(images, step, &id, frame).await?.source;
    }
    Ok(id)
}
