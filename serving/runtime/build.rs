//! Compiles the description of the Open Inference Protocol's gRPC service, without `protoc`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

const PROTO: &str = "proto/open_inference.proto";

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script in no other way")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PROTO}");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let described = protox::compile([PROTO], ["proto"])?;
    // The reflection service reads it.
    fs::write(out.join("open_inference.bin"), described.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .codec_path("crate::grpc::codec::BoundedCodec")
        .bytes(".inference.ModelInferRequest.raw_input_contents")
        .compile_fds(described)?;
    Ok(())
}
