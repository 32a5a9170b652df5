//! Makes the stubs, and what tells protobuf's JSON of them.
use std::{env, io, path::Path};

fn main() -> io::Result<()> {
    let protos = Path::new("../../../protos");
    // gRPC's own check of a server is no part of the contract.
    let health = Path::new("../../../clients/typescript/protos");
    let files = ["chat_service", "image_service", "model_service"];
    let mut named: Vec<_> = files.iter().map(|name| protos.join(format!("imagewire/v1/{name}.proto"))).collect();
    named.push(health.join("grpc/health/v1/health.proto"));
    tonic_prost_build::configure()
        .build_server(false)
        .file_descriptor_set_path(Path::new(&env::var("OUT_DIR").unwrap()).join("contract.bin"))
        .compile_protos(&named, &[protos.to_path_buf(), health.to_path_buf()])
}
