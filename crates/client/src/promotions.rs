//! Promotions: Forebay's own; MLflow's server does not know them.

use forebay_wire::empty::Empty;
use forebay_wire::promotions::{
    DecidePromotion, GetPromotionHistory, GetPromotionHistoryResponse, HistoryEntry, ListPromotions,
    ListPromotionsResponse, Promotion, PromotionResponse, RequestPromotion, RollBack,
};
use percent_encoding::utf8_percent_encode;

use crate::artifacts::SEGMENT;
use crate::pages::question;
use crate::{Client, Error, Pages};

const PROMOTIONS: &str = "/api/2.0/forebay/promotions";
const ROLLBACK: &str = "/api/2.0/forebay/promotions/rollback";

question!(
    GET "/api/2.0/forebay/promotions",
    ListPromotions => ListPromotionsResponse,
    promotions: Promotion
);
question!(
    GET "/api/2.0/forebay/promotion-history",
    GetPromotionHistory => GetPromotionHistoryResponse,
    entries: HistoryEntry
);

/// What may be said of a promotion that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It has the caller's consent.
    Approve,
    /// It must not be done.
    Reject,
    /// It is no longer asked for.
    Cancel,
}

impl Decision {
    fn verb(self) -> &'static str {
        match self {
            Decision::Approve => "approve",
            Decision::Reject => "reject",
            Decision::Cancel => "cancel",
        }
    }
}

impl Client {
    /// Asks for a promotion. One whose gates fail is no error but has the status `REFUSED`.
    pub async fn request_promotion(&self, message: &RequestPromotion) -> Result<Promotion, Error> {
        the_promotion(PROMOTIONS, self.post(PROMOTIONS, message).await?)
    }

    /// A promotion by its id.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` when there is none.
    pub async fn get_promotion(&self, promotion_id: &str) -> Result<Promotion, Error> {
        let path = path_of(promotion_id);
        the_promotion(&path, self.get(&path, &Empty {}).await?)
    }

    /// Approves, rejects or cancels a promotion that waits.
    pub async fn decide_promotion(
        &self,
        promotion_id: &str,
        decision: Decision,
        message: &DecidePromotion,
    ) -> Result<Promotion, Error> {
        let path = format!("{}/{}", path_of(promotion_id), decision.verb());
        the_promotion(&path, self.post(&path, message).await?)
    }

    /// Gives an alias or a stage back to the version that held it before, at once.
    pub async fn roll_back(&self, message: &RollBack) -> Result<Promotion, Error> {
        the_promotion(ROLLBACK, self.post(ROLLBACK, message).await?)
    }

    /// Promotions, the latest first.
    pub fn list_promotions(&self, question: ListPromotions) -> Pages<'_, ListPromotions> {
        self.pages(question)
    }

    /// What happened to the aliases and stages of a model, the latest first.
    pub fn list_promotion_history(&self, question: GetPromotionHistory) -> Pages<'_, GetPromotionHistory> {
        self.pages(question)
    }
}

fn path_of(promotion_id: &str) -> String {
    format!("{PROMOTIONS}/{}", utf8_percent_encode(promotion_id, SEGMENT))
}

fn the_promotion(endpoint: &str, answer: PromotionResponse) -> Result<Promotion, Error> {
    answer.promotion.ok_or_else(|| Error::missing(endpoint, "promotion"))
}
