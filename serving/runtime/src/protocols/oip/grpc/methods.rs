//! The service: what each method answers.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use prost::Message;
use tonic::{Request, Response, Status, Streaming};

use super::super::backend::{Backend, ModelInfo, Wanted};
use super::super::error::{OipError, check_ready};
use super::super::work;
use super::pb::grpc_inference_service_server::GrpcInferenceService;
use super::pb::{self, ModelInferRequest, ModelInferResponse, ModelStreamInferResponse};
use super::timeout::timeout;
use super::{bodies, decode, encode};

/// The service over a backend.
#[derive(Clone)]
pub(super) struct Service(pub(super) Arc<dyn Backend>);

type Answer<T> = Result<Response<T>, Status>;

impl Service {
    fn find(&self, name: &str, version: &str) -> Result<ModelInfo, OipError> {
        let version = (!version.is_empty()).then_some(version);
        self.0.find(name, version).ok_or_else(|| OipError::unknown_model(name, version))
    }

    async fn infer(
        &self,
        request: ModelInferRequest,
        timeout: Option<Duration>,
    ) -> Result<ModelInferResponse, OipError> {
        let model = self.find(&request.model_name, &request.model_version)?;
        check_ready(&model)?;
        let interface = Arc::clone(&model.interface);
        let request =
            work::off_thread(request.encoded_len(), move || decode::decode(request, &interface)).await?;
        let timeout = timeout.into_iter().chain(request.timeout).min();
        let predictions = self.0.infer(&model, request.batch, request.params, timeout).await?;
        let (size, format) = (work::size_bytes(&predictions), request.answer);
        work::off_thread(size, move || encode::encode(&model, &format, predictions)).await
    }

    async fn set_loaded(&self, name: &str, wanted: Wanted, has_parameters: bool) -> Result<(), OipError> {
        if wanted == Wanted::Loaded && has_parameters {
            return Err(OipError::Invalid(
                "a model is loaded as it is registered, without parameters".to_owned(),
            ));
        }
        Ok(self.0.set_loaded(name, wanted).await?)
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
impl GrpcInferenceService for Service {
    type ModelStreamInferStream = BoxStream<'static, Result<ModelStreamInferResponse, Status>>;

    async fn server_live(&self, _: Request<pb::ServerLiveRequest>) -> Answer<pb::ServerLiveResponse> {
        Ok(Response::new(pb::ServerLiveResponse { live: true }))
    }

    async fn server_ready(&self, _: Request<pb::ServerReadyRequest>) -> Answer<pb::ServerReadyResponse> {
        Ok(Response::new(pb::ServerReadyResponse { ready: self.0.is_ready() }))
    }

    async fn model_ready(&self, request: Request<pb::ModelReadyRequest>) -> Answer<pb::ModelReadyResponse> {
        let request = request.into_inner();
        let model = self.find(&request.name, &request.version)?;
        Ok(Response::new(pb::ModelReadyResponse { ready: check_ready(&model).is_ok() }))
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
        let versions = work::versions(self.0.as_ref(), &model.name);
        Ok(Response::new(bodies::metadata(&model, versions)))
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
        Ok(Response::new(pb::ModelConfigResponse { config: Some(bodies::config(&model)) }))
    }

    async fn model_statistics(
        &self,
        request: Request<pb::ModelStatisticsRequest>,
    ) -> Answer<pb::ModelStatisticsResponse> {
        let request = request.into_inner();
        if request.name.is_empty() {
            return Ok(Response::new(bodies::statistics(self.0.statistics(None, None))));
        }
        let model = self.find(&request.name, &request.version)?;
        let counted = self.0.statistics(Some(&model.name), model.version.as_deref());
        Ok(Response::new(bodies::statistics(counted)))
    }

    async fn repository_index(
        &self,
        request: Request<pb::RepositoryIndexRequest>,
    ) -> Answer<pb::RepositoryIndexResponse> {
        Ok(Response::new(bodies::index(&self.0.models(), request.into_inner().ready)))
    }

    async fn repository_model_load(
        &self,
        request: Request<pb::RepositoryModelLoadRequest>,
    ) -> Answer<pb::RepositoryModelLoadResponse> {
        let request = request.into_inner();
        self.set_loaded(&request.model_name, Wanted::Loaded, !request.parameters.is_empty()).await?;
        Ok(Response::new(pb::RepositoryModelLoadResponse {}))
    }

    async fn repository_model_unload(
        &self,
        request: Request<pb::RepositoryModelUnloadRequest>,
    ) -> Answer<pb::RepositoryModelUnloadResponse> {
        let request = request.into_inner();
        self.set_loaded(&request.model_name, Wanted::Unloaded, !request.parameters.is_empty()).await?;
        Ok(Response::new(pb::RepositoryModelUnloadResponse {}))
    }
}
