//! The services that are answered over gRPC.

use tonic::codec::CompressionEncoding;
use tonic::service::Routes;

use super::health::Health;
use super::methods::Inference;
use crate::protocols::oip::messages::pb::grpc_inference_service_server::GrpcInferenceServiceServer;
use crate::server::Server;

/// The description of the service, for reflection.
const DESCRIPTION: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/open_inference.bin"));

/// Why the services cannot be described to those who ask.
pub(super) type RoutesError = tonic_reflection::server::Error;

/// The inference service, health, and reflection in both of its versions. Requests may come compressed; what comes
/// out of them keeps to the limit too.
pub(crate) fn routes(server: &Server) -> Result<Routes, RoutesError> {
    let inference = GrpcInferenceServiceServer::new(Inference(server.clone()))
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Deflate)
        .max_decoding_message_size(server.body_bytes)
        .max_encoding_message_size(usize::MAX);
    Ok(Routes::new(inference)
        .add_service(tonic_health::pb::health_server::HealthServer::new(Health(server.models.clone())))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?))
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTION)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
