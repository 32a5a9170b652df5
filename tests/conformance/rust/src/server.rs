//! The server that the environment names: a channel, and what goes with every call.
use std::{env, fs};

use serde_json::Value;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::{Interceptor, interceptor::InterceptedService};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

use crate::health::health_client::HealthClient;
use crate::v1::chat_service_client::ChatServiceClient;
use crate::v1::image_service_client::ImageServiceClient;
use crate::v1::model_service_client::ModelServiceClient;

/// Adds the key to a call.
#[derive(Clone)]
pub struct Key(Option<MetadataValue<Ascii>>);

impl Interceptor for Key {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(key) = &self.0 {
            request.metadata_mut().insert("authorization", key.clone());
        }
        Ok(request)
    }
}

pub type Keyed = InterceptedService<Channel, Key>;

pub struct Server {
    pub chat: ChatServiceClient<Keyed>,
    pub images: ImageServiceClient<Keyed>,
    pub models: ModelServiceClient<Keyed>,
    pub health: HealthClient<Keyed>,
    /// The most bytes of a message.
    pub most: usize,
}

fn variable(name: &str) -> Option<String> {
    env::var(format!("CONFORMANCE_{name}")).ok().filter(|value| !value.is_empty())
}

fn file(name: &str) -> Option<Vec<u8>> {
    variable(name).map(|path| fs::read(&path).expect(&path))
}

impl Server {
    /// client: what the case wants otherwise.
    pub fn new(client: &Value) -> Self {
        let target = variable("TARGET").expect("CONFORMANCE_TARGET");
        let channel = match file("CA") {
            None => Endpoint::from_shared(format!("http://{target}")).unwrap(),
            Some(ca) => {
                let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca));
                if let (Some(cert), Some(key), None) = (file("CERT"), file("KEY"), client["anonymous"].as_bool()) {
                    tls = tls.identity(Identity::from_pem(cert, key));
                }
                Endpoint::from_shared(format!("https://{target}")).unwrap().tls_config(tls).unwrap()
            }
        }
        .connect_lazy();
        let key = client["api_key"].as_str().map(String::from).or(variable("API_KEY")).unwrap_or_default();
        let key = Key((!key.is_empty()).then(|| format!("Bearer {key}").parse().unwrap()));
        let most = client["max_message_bytes"].as_u64().unwrap_or(64 << 20) as usize;
        let keyed = || InterceptedService::new(channel.clone(), key.clone());
        Self {
            chat: ChatServiceClient::new(keyed()).max_decoding_message_size(most),
            images: ImageServiceClient::new(keyed()).max_decoding_message_size(most),
            models: ModelServiceClient::new(keyed()),
            health: HealthClient::new(keyed()),
            most,
        }
    }
}
