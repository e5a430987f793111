//! The methods of the service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use prost::Message;
use tonic::{Request, Response, Status, Streaming};

use super::timeout::timeout;
use crate::long::{long_if, size_bytes};
use crate::protocols::oip::messages::pb::grpc_inference_service_server::GrpcInferenceService;
use crate::protocols::oip::messages::pb::{
    self, ModelInferRequest, ModelInferResponse, ModelStreamInferResponse,
};
use crate::protocols::oip::messages::{bodies, decode, encode};
use crate::served::inference::{self, InferenceError};
use crate::served::model::ServedModel;
use crate::server::Server;

/// The service over the models of a server.
#[derive(Clone)]
pub(super) struct Inference(pub(super) Server);

type Answer<T> = Result<Response<T>, Status>;

/// What a message names; an empty text is none.
fn version(version: &str) -> Option<&str> {
    (!version.is_empty()).then_some(version)
}

impl Inference {
    fn find(&self, name: &str, asked: &str) -> Result<Arc<ServedModel>, InferenceError> {
        inference::find(&self.0.models, name, version(asked))
    }

    async fn infer(
        &self,
        request: ModelInferRequest,
        timeout: Option<Duration>,
    ) -> Result<ModelInferResponse, InferenceError> {
        let received = Instant::now();
        let name = &request.model_name;
        let model = inference::find_ready(&self.0.models, name, version(&request.model_version))?;
        let interface = &model.interface;
        let request = long_if(request.encoded_len(), || decode::decode(request, interface))?;
        let patience = timeout.map_or(self.0.patience, |timeout| timeout.min(self.0.patience));
        let format = request.answer.clone();
        let predictions = inference::infer(&model, request, patience, received).await?;
        Ok(long_if(size_bytes(&predictions), || encode::encode(interface, &format, predictions))?)
    }

    /// Answers one after the other, the next request being read when the last was answered.
    fn stream(
        self,
        requests: impl Stream<Item = Result<ModelInferRequest, Status>> + Send + 'static,
    ) -> BoxStream<'static, Result<ModelStreamInferResponse, Status>> {
        let answer = move |request: Result<ModelInferRequest, Status>| {
            let service = self.clone();
            async move {
                let request = request?;
                let id = request.id.clone();
                Ok::<_, Status>(match service.infer(request, None).await {
                    Ok(response) => {
                        ModelStreamInferResponse { infer_response: Some(response), ..Default::default() }
                    }
                    Err(error) => ModelStreamInferResponse {
                        error_message: error.to_string(),
                        infer_response: Some(ModelInferResponse { id, ..Default::default() }),
                    },
                })
            }
        };
        requests.then(answer).boxed()
    }
}

#[tonic::async_trait]
impl GrpcInferenceService for Inference {
    type ModelStreamInferStream = BoxStream<'static, Result<ModelStreamInferResponse, Status>>;

    async fn server_live(&self, _: Request<pb::ServerLiveRequest>) -> Answer<pb::ServerLiveResponse> {
        Ok(Response::new(pb::ServerLiveResponse { live: true }))
    }

    async fn server_ready(&self, _: Request<pb::ServerReadyRequest>) -> Answer<pb::ServerReadyResponse> {
        Ok(Response::new(pb::ServerReadyResponse { ready: self.0.models.trouble().is_none() }))
    }

    async fn model_ready(&self, request: Request<pb::ModelReadyRequest>) -> Answer<pb::ModelReadyResponse> {
        let request = request.into_inner();
        let ready = inference::is_ready(&self.0.models, &request.name, version(&request.version))?;
        Ok(Response::new(pb::ModelReadyResponse { ready }))
    }

    async fn server_metadata(
        &self,
        _: Request<pb::ServerMetadataRequest>,
    ) -> Answer<pb::ServerMetadataResponse> {
        Ok(Response::new(bodies::server()))
    }

    async fn model_metadata(
        &self,
        request: Request<pb::ModelMetadataRequest>,
    ) -> Answer<pb::ModelMetadataResponse> {
        let request = request.into_inner();
        let model = self.find(&request.name, &request.version)?;
        Ok(Response::new(bodies::metadata(&model.interface)))
    }

    async fn model_infer(&self, request: Request<ModelInferRequest>) -> Answer<ModelInferResponse> {
        let timeout = timeout(request.metadata());
        Ok(Response::new(self.infer(request.into_inner(), timeout).await?))
    }

    async fn model_stream_infer(
        &self,
        request: Request<Streaming<ModelInferRequest>>,
    ) -> Answer<Self::ModelStreamInferStream> {
        Ok(Response::new(self.clone().stream(request.into_inner())))
    }

    async fn model_config(
        &self,
        request: Request<pb::ModelConfigRequest>,
    ) -> Answer<pb::ModelConfigResponse> {
        let request = request.into_inner();
        let model = self.find(&request.name, &request.version)?;
        Ok(Response::new(pb::ModelConfigResponse { config: Some(bodies::config(&model.interface)) }))
    }

    async fn model_statistics(
        &self,
        request: Request<pb::ModelStatisticsRequest>,
    ) -> Answer<pb::ModelStatisticsResponse> {
        let request = request.into_inner();
        let models = if request.name.is_empty() {
            self.0.models.list()
        } else {
            vec![self.find(&request.name, &request.version)?]
        };
        Ok(Response::new(bodies::statistics(&inference::statistics(&models))))
    }

    async fn repository_index(
        &self,
        request: Request<pb::RepositoryIndexRequest>,
    ) -> Answer<pb::RepositoryIndexResponse> {
        Ok(Response::new(bodies::index(inference::index(&self.0.models), request.into_inner().ready)))
    }

    async fn repository_model_load(
        &self,
        _: Request<pb::RepositoryModelLoadRequest>,
    ) -> Answer<pb::RepositoryModelLoadResponse> {
        Err(InferenceError::FixedModels.into())
    }

    async fn repository_model_unload(
        &self,
        _: Request<pb::RepositoryModelUnloadRequest>,
    ) -> Answer<pb::RepositoryModelUnloadResponse> {
        Err(InferenceError::FixedModels.into())
    }
}
