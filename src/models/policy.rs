//! `forebay models policy …`.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use forebay_wire::empty::Empty;
use forebay_wire::promotions::{KeptPolicy, NamedPolicies, PromotionPoliciesResponse};

use super::{Outcome, Session};
use crate::cli::{ApplyArgs, DeletePolicyArgs, NamedPolicyArgs, PolicyCommand, PolicyListArgs};
use crate::shell::table::{Cell, Table};
use crate::shell::words::{holder, utc};

pub(super) async fn run(session: &Session, command: PolicyCommand) -> anyhow::Result<Outcome> {
    match command {
        PolicyCommand::Apply(args) => apply(session, args).await?,
        PolicyCommand::List(args) => list(session, args).await?,
        PolicyCommand::Show(args) => show(session, args).await?,
        PolicyCommand::Delete(args) => delete(session, args).await?,
    }
    Ok(Outcome::Done)
}

async fn apply(session: &Session, args: ApplyArgs) -> anyhow::Result<()> {
    let shown = args.file.display();
    let yaml = read(&args.file).with_context(|| format!("{shown} cannot be read"))?;
    let kept = session.client.apply_promotion_policies(&yaml).await.with_context(|| shown.to_string())?;
    tell(session, kept, |policies| {
        let mut table = Table::new(["MODEL", "TARGET", "VERSION", "SINCE", "BY", "CHANGED"]);
        for policy in policies {
            let changed = if policy.is_unchanged == Some(true) { "no" } else { "yes" };
            let [name, holder, version, since, by] = row(policy);
            table.row([name, holder, version, since, by, changed.into()]);
        }
        table.to_string()
    })
}

/// The whole file, or standard input for `-`.
fn read(file: &Path) -> std::io::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        return std::io::stdin().read_to_string(&mut text).map(|_| text);
    }
    std::fs::read_to_string(file)
}

async fn list(session: &Session, args: PolicyListArgs) -> anyhow::Result<()> {
    let message = NamedPolicies { name: args.name, ..NamedPolicies::default() };
    let kept = session.client.list_promotion_policies(&message).await?;
    tell(session, kept, |policies| {
        let mut table = Table::new(["MODEL", "TARGET", "VERSION", "SINCE", "BY"]);
        for policy in policies {
            table.row(row(policy));
        }
        table.to_string()
    })
}

async fn show(session: &Session, args: NamedPolicyArgs) -> anyhow::Result<()> {
    let name = args.name.clone();
    let kept = session.client.list_promotion_policies(&named(args)).await?;
    if kept.is_empty() {
        bail!("there is no such policy of {name}; `forebay models policy list` shows those there are");
    }
    tell(session, kept, yaml)
}

async fn delete(session: &Session, args: DeletePolicyArgs) -> anyhow::Result<()> {
    let holder = holder(args.holder.alias.as_deref(), args.holder.stage.as_deref());
    let text = format!("The policy of {holder} of {} is deleted; the history keeps it.", args.name);
    let message = NamedPolicies { name: Some(args.name), alias: args.holder.alias, stage: args.holder.stage };
    session.client.delete_promotion_policy(&message).await?;
    session.output.show(&Empty {}, || text)
}

fn named(args: NamedPolicyArgs) -> NamedPolicies {
    NamedPolicies { name: Some(args.name), alias: args.holder.alias, stage: args.holder.stage }
}

fn tell(
    session: &Session,
    policies: Vec<KeptPolicy>,
    text: impl FnOnce(&[KeptPolicy]) -> String,
) -> anyhow::Result<()> {
    let answer = PromotionPoliciesResponse { policies };
    session.output.show(&answer, || text(&answer.policies))
}

fn row(policy: &KeptPolicy) -> [Cell; 5] {
    [
        policy.name.clone().into(),
        holder(policy.alias.as_deref(), policy.stage.as_deref()).into(),
        policy.version.map(|version| version.0.to_string()).into(),
        utc(policy.creation_timestamp).into(),
        policy.created_by.clone().into(),
    ]
}

/// One file of all, which `apply` takes.
fn yaml(policies: &[KeptPolicy]) -> String {
    let texts = policies.iter().filter_map(|policy| policy.yaml.as_deref());
    texts.map(|text| text.trim_start_matches("---\n").trim_end()).collect::<Vec<_>>().join("\n---\n")
}
