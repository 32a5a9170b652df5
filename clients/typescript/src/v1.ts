/** The contract's messages and services, as protoc-gen-es makes them; `Spec` and `ChatMessage` for example. */
export * from "./gen/imagewire/v1/chat_service_pb.js";
export * from "./gen/imagewire/v1/error_reason_pb.js";
export * from "./gen/imagewire/v1/image_pb.js";
export * from "./gen/imagewire/v1/image_service_pb.js";
export * from "./gen/imagewire/v1/message_pb.js";
export * from "./gen/imagewire/v1/model_service_pb.js";
export * from "./gen/imagewire/v1/spec_pb.js";
export * from "./gen/imagewire/v1/usage_pb.js";
