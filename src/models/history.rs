//! `forebay models history`.

use forebay_wire::promotions::{GateResult, GetPromotionHistory, GetPromotionHistoryResponse, HistoryEntry};

use super::promotion::result;
use super::{Outcome, Session};
use crate::cli::HistoryArgs;
use crate::shell::output::tell_of_more;
use crate::shell::table::Table;
use crate::shell::words::{holder, utc};

pub(super) async fn run(session: &Session, args: HistoryArgs) -> anyhow::Result<Outcome> {
    let question = GetPromotionHistory {
        name: Some(args.name),
        alias: args.holder.alias,
        stage: args.holder.stage,
        ..GetPromotionHistory::default()
    };
    let found = session.client.list_promotion_history(question).collect(args.limit.limit).await?;
    let answer = GetPromotionHistoryResponse { entries: found.items, next_page_token: None };
    session.output.show(&answer, || table(&answer.entries).to_string())?;
    tell_of_more(found.has_more);
    Ok(Outcome::Done)
}

fn table(entries: &[HistoryEntry]) -> Table {
    let mut table = Table::new(["WHEN", "WHO", "WHAT", "TARGET", "FROM", "TO", "WHY", "GATES", "APPROVALS"]);
    for entry in entries {
        let approvals = entry.approvals.iter().filter_map(|approval| approval.user.clone());
        table.row([
            utc(entry.timestamp).into(),
            entry.user.clone().into(),
            entry.kind.clone().into(),
            holder(entry.alias.as_deref(), entry.stage.as_deref()).into(),
            entry.from_version.clone().or_else(|| entry.from_name.clone()).into(),
            entry.to_version.clone().or_else(|| renamed_to(entry)).into(),
            entry.reason.clone().into(),
            entry.gates.iter().map(gate).collect::<Vec<_>>().into(),
            approvals.collect::<Vec<_>>().into(),
        ]);
    }
    table
}

fn renamed_to(entry: &HistoryEntry) -> Option<String> {
    entry.from_name.as_ref().and(entry.name.clone())
}

/// `passed: metrics.auc > 0.8 (0.91)`
fn gate(gate: &GateResult) -> String {
    let found = gate.found.as_ref().filter(|found| !found.is_empty());
    let found = found.map(|found| format!(" ({found})")).unwrap_or_default();
    format!("{}: {}{found}", result(gate), gate.gate.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_a_line_for_each_of_its_gates() {
        let gate = |passed, found: &str| GateResult {
            gate: Some("metrics.auc > 0.8".to_owned()),
            passed: Some(passed),
            found: Some(found.to_owned()),
            reason: None,
        };
        let entry = HistoryEntry {
            kind: Some("OVERRIDDEN".to_owned()),
            alias: Some("champion".to_owned()),
            to_version: Some("2".to_owned()),
            user: Some("ann".to_owned()),
            timestamp: Some(1_700_000_000_000.into()),
            gates: vec![gate(true, "0.9"), gate(false, "0.7")],
            ..HistoryEntry::default()
        };
        let shown = table(&[entry]).to_string();
        let lines: Vec<_> =
            shown.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            lines,
            [
                "2023-11-14T22:13:20Z ann OVERRIDDEN alias champion 2 passed: metrics.auc > 0.8 (0.9)",
                "FAILED: metrics.auc > 0.8 (0.7)"
            ]
        );
    }
}
