//! The services that are answered over gRPC.

use std::sync::Arc;

use tonic::codec::CompressionEncoding;
use tonic::service::Routes;

use super::super::Limits;
use super::super::backend::Backend;
use super::DESCRIPTION;
use super::health::Health;
use super::methods::Service;
use super::pb::grpc_inference_service_server::GrpcInferenceServiceServer;

/// Why the services cannot be described to those who ask.
pub(super) type RoutesError = tonic_reflection::server::Error;

/// The inference service, health, and reflection in both of its versions. Requests may come compressed; what comes
/// out of them keeps to the limit too.
pub(crate) fn routes(backend: Arc<dyn Backend>, limits: Limits) -> Result<Routes, RoutesError> {
    let inference = GrpcInferenceServiceServer::new(Service(Arc::clone(&backend)))
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Deflate)
        .max_decoding_message_size(limits.max_body_bytes)
        .max_encoding_message_size(usize::MAX);
    Ok(Routes::new(inference)
        .add_service(tonic_health::pb::health_server::HealthServer::new(Health(backend)))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?))
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTION)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
