//! A unit of work for the writer: runs in a transaction that the writer opens, answers after the commit.

use std::any::{Any, TypeId};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::database::{Merge, WriteFn};
use crate::{Error, Tx};

/// What the writer does with the transaction after a job ran in it.
pub(crate) enum Outcome {
    /// Commit, then let the job answer.
    Commit,
    /// Nothing is to be kept; the job knows its answer.
    RollBack,
    /// A statement failed and took the transaction with it.
    Failed(Error),
}

/// A job of any type, as the writer sees it.
pub(crate) trait Job: Send {
    /// Runs the statements and remembers the answers.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Outcome>;
    /// Sends the answers; `Err` replaces those that claimed success.
    fn answer(self: Box<Self>, ended: Result<(), Error>);
    /// Whether everyone who waits for the answer has gone.
    fn is_abandoned(&self) -> bool;
    /// Takes another job in, so that both run in the same statements; gives it back if that cannot be.
    fn absorb(&mut self, other: Box<dyn Job>) -> Result<(), Box<dyn Job>>;
    /// How many callers wait for it.
    fn len(&self) -> usize;
    /// The members of a merged job, each to be run alone.
    fn split(self: Box<Self>) -> Vec<Box<dyn Job>>;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
    fn group(&self) -> Option<TypeId>;
}

/// A use case with a transaction of its own.
pub(crate) struct Single<I, T, E> {
    pub(crate) input: I,
    pub(crate) run: WriteFn<I, T, E>,
    pub(crate) result: Option<Result<T, E>>,
    pub(crate) reply: oneshot::Sender<Result<T, E>>,
}

impl<I, T, E> Job for Single<I, T, E>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let result = (self.run)(tx, &self.input).await;
            let outcome = if result.is_ok() { Outcome::Commit } else { Outcome::RollBack };
            self.result = Some(result);
            outcome
        })
    }

    fn answer(self: Box<Self>, ended: Result<(), Error>) {
        let result = match (ended, self.result) {
            (Ok(()), Some(result)) | (Err(_), Some(result @ Err(_))) => result,
            (Ok(()), None) => Err(Error::NoOutcome.into()),
            (Err(error), _) => Err(error.into()),
        };
        // The caller may have gone; the write stands all the same.
        let _ = self.reply.send(result);
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn absorb(&mut self, other: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
        Err(other)
    }

    fn len(&self) -> usize {
        1
    }

    fn split(self: Box<Self>) -> Vec<Box<dyn Job>> {
        vec![self]
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn group(&self) -> Option<TypeId> {
        None
    }
}

type MemberReply<M> = oneshot::Sender<Result<<M as Merge>::Reply, <M as Merge>::Error>>;

/// Writes of one type that share their statements.
pub(crate) struct Group<M: Merge> {
    members: Vec<M>,
    replies: Vec<MemberReply<M>>,
    results: Vec<Result<M::Reply, M::Error>>,
    weight: usize,
}

impl<M: Merge> Group<M> {
    pub(crate) fn of_one(member: M, reply: MemberReply<M>) -> Self {
        Group { weight: member.weight(), members: vec![member], replies: vec![reply], results: Vec::new() }
    }
}

/// Rows that one merged transaction writes at most, so that those behind it do not wait long.
const MAX_WEIGHT: usize = 4_000;

impl<M: Merge> Job for Group<M> {
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            self.results.clear();
            match M::apply(tx, &self.members).await {
                Ok(results) => {
                    self.results = results;
                    Outcome::Commit
                }
                Err(error) => Outcome::Failed(error),
            }
        })
    }

    fn answer(self: Box<Self>, ended: Result<(), Error>) {
        let mut results = self.results.into_iter();
        for reply in self.replies {
            let result = match (results.next(), &ended) {
                (Some(result @ Err(_)), _) | (Some(result), Ok(())) => result,
                (_, Err(error)) => Err(error.clone().into()),
                (None, Ok(())) => Err(Error::NoOutcome.into()),
            };
            // The caller may have gone; the write stands all the same.
            let _ = reply.send(result);
        }
    }

    fn is_abandoned(&self) -> bool {
        self.replies.iter().all(oneshot::Sender::is_closed)
    }

    fn absorb(&mut self, other: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
        if other.group() != self.group() || self.weight >= MAX_WEIGHT {
            return Err(other);
        }
        // The types are equal, so the downcast cannot fail; a job lost here would answer `NoOutcome`.
        if let Ok(mut other) = other.into_any().downcast::<Self>() {
            self.weight += other.weight;
            self.members.append(&mut other.members);
            self.replies.append(&mut other.replies);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.members.len()
    }

    fn split(self: Box<Self>) -> Vec<Box<dyn Job>> {
        let members = self.members.into_iter().zip(self.replies);
        members.map(|(member, reply)| Box::new(Group::of_one(member, reply)) as Box<dyn Job>).collect()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn group(&self) -> Option<TypeId> {
        Some(TypeId::of::<M>())
    }
}
