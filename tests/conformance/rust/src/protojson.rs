//! Protobuf's JSON, from the descriptors that the compiler wrote beside the stubs.
use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::Value;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let set = include_bytes!(concat!(env!("OUT_DIR"), "/contract.bin"));
    DescriptorPool::decode(set.as_ref()).unwrap()
});

/// A message of the contract. name: such as "Spec".
pub fn read<T: Message + Default>(name: &str, json: &Value) -> T {
    let descriptor = POOL.get_message_by_name(&format!("imagewire.v1.{name}")).unwrap();
    DynamicMessage::deserialize(descriptor, json).unwrap().transcode_to().unwrap()
}

/// Its JSON, with the contract's field names.
pub fn written(name: &str, message: &impl Message) -> Value {
    let mut made = DynamicMessage::new(POOL.get_message_by_name(name).unwrap());
    made.transcode_from(message).unwrap();
    let options = SerializeOptions::new().use_proto_field_name(true);
    made.serialize_with_options(serde_json::value::Serializer, &options).unwrap()
}
